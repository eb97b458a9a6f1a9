/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared strings with counts. Thousands of rockets fly a handful of types
 * and missions; each is stored once and a rocket holds a pointer. A name
 * whose count falls to zero is freed at once, so memory follows what is
 * live and not what was ever seen.
 *
 * Locking: none; the caller guards a set of names as a whole.
 */
#ifndef LUNAR_TABLE_INTERNED_H
#define LUNAR_TABLE_INTERNED_H

#include <stdint.h>

#include "base/quota.h"
#include "base/text.h"

struct name;

/* A hash set, open addressing, linear probing. */
struct names {
    struct quota *quota;
    struct name **slots; /* capacity of them, NULL where free */
    uint32_t capacity;   /* a power of two, or 0 */
    uint32_t count;
    uint8_t key[16]; /* of the hash; set at start, then read-only */
};

/* `key` is for SipHash, so that chosen names can't collide on purpose. */
void names_init(struct names *names, struct quota *quota,
                const uint8_t key[16]);

/* Free all names, whatever their counts. */
void names_release(struct names *names);

/* The name with one count more; made if new. NULL where memory ends. */
struct name *names_take(struct names *names, struct text text);

/* The name, its count unchanged; NULL if nobody holds it. */
struct name *names_find(const struct names *names, struct text text);

/* Give one count back; the last one frees the name. NULL does nothing. */
void names_drop(struct names *names, struct name *name);

/* Its text, which lives as long as the name; absent for NULL. */
struct text name_text(const struct name *name);

#endif
