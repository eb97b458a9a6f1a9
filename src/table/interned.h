/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interned strings: each distinct type, mission or reason of a stripe is
 * stored once, and rockets hold pointers to it. A string counts its
 * references and is freed with the last one, so memory follows the strings
 * in use, not all that were ever received. A string also counts the rockets
 * that have it now, as type or as mission. These are fewer: the runs of a
 * rocket have references, too, to strings that later messages have replaced.
 *
 * Locking: none; the caller guards a set as a whole.
 */
#ifndef LUNAR_TABLE_INTERNED_H
#define LUNAR_TABLE_INTERNED_H

#include <stdint.h>

#include "base/hash_index.h"
#include "base/quota.h"
#include "base/text.h"

/* One string of a set. Equal strings of one set have the same address. */
struct interned;

struct interned_set {
    struct quota *quota;
    struct interned **strings; /* `count` of them, in any order */
    uint32_t count, capacity;
    struct hash_index index; /* place: in `strings`, plus one */
    uint8_t key[16];         /* of the hash; set at start, then read-only */
};

/*
 * `key` is the secret key of SipHash: without it, clients cannot choose strings
 * that collide.
 * Ownership: `quota` is borrowed until the release; `key` is copied.
 */
void interned_set_init(struct interned_set *set, struct quota *quota,
                       const uint8_t key[16]);

/* Free all strings, even those with references. */
void interned_set_release(struct interned_set *set);

/*
 * Take a reference to the string with this text, which is added if it is
 * new. NULL if memory is exhausted.
 * Ownership: `text` is copied. The caller gives the reference back with
 * interned_drop().
 */
struct interned *interned_take(struct interned_set *set, struct text text);

/*
 * The string with this text, or NULL if there is none.
 * Ownership: no reference is taken; the string is borrowed.
 */
struct interned *interned_find(const struct interned_set *set,
                               struct text text);

/*
 * About how many bytes of the quota interned_take() would use: 0 if the string
 * is there.
 */
size_t interned_growth(const struct interned_set *set, struct text text);

/* The steps of prefetch.h for one string. */
struct interned_prefetch {
    uint32_t hash;
    uint32_t place; /* 0: there is no such string */
};

void interned_prefetch_slot(const struct interned_set *set, struct text text,
                            struct interned_prefetch *prefetch);
void interned_prefetch_place(const struct interned_set *set,
                             struct interned_prefetch *prefetch);
void interned_prefetch_string(const struct interned_set *set,
                              const struct interned_prefetch *prefetch);

/* Drop a reference; the last one frees the string. NULL does nothing. */
void interned_drop(struct interned_set *set, struct interned *string);

/* What rockets may have a string as, and are counted for. */
enum interned_role { INTERNED_TYPE, INTERNED_MISSION };

enum { INTERNED_ROLES = INTERNED_MISSION + 1 };

/*
 * Count a rocket whose state has `to` in this role, after it had `from`; NULL:
 * none. The state has a reference to `to`, and that to `from` is not dropped
 * yet.
 */
void interned_move_rocket(struct interned *from, struct interned *to,
                          enum interned_role role);

/* How many rockets have the string in this role. */
uint32_t interned_rockets(const struct interned *string,
                          enum interned_role role);

/* The string's text, valid as long as the string; absent for NULL. */
struct text interned_text(const struct interned *string);

#endif
