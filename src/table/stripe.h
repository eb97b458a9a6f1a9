/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stripe is a part of the table with its own lock: the rockets whose ids
 * hash to it, their hash table, their columns and their interned strings.
 *
 * Locking: none; the table locks a stripe as a whole.
 */
#ifndef LUNAR_TABLE_STRIPE_H
#define LUNAR_TABLE_STRIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash_index.h"
#include "base/quota.h"
#include "columns.h"
#include "domain/message.h"
#include "interned.h"
#include "stripe_changes.h"
#include "table_entry.h"

enum { STRIPE_CHUNK = 16 /* rockets of a piece of entries */ };

/* A block of ids. */
struct stripe_ids {
    struct stripe_ids *next;
    uint32_t used;
    unsigned char bytes[];
};

/* Memory in pieces that never move. The last piece may still be unused. */
struct stripe_pieces {
    void **pieces;
    uint32_t count, capacity;
};

struct stripe {
    /*
     * The highest revision of the rockets. First, so that it shares the cache
     * line of the lock before it: each change writes both.
     */
    uint64_t latest;
    struct quota *quota;
    uint32_t number;         /* of the stripe; stored in each entry */
    uint32_t count;          /* rockets */
    struct hash_index index; /* place: index of the rocket, plus one */
    struct stripe_pieces entries, columns;
    struct stripe_ids *ids; /* blocks of ids, the newest first */
    int64_t reference; /* of times in columns: seconds of the first message */
    struct interned_set strings;
    /* Rockets and missing messages, as in struct table_summary. */
    uint32_t exploded, unlaunched, incomplete;
    uint64_t missing, given_up;
    struct stripe_changes changes; /* empty if the table is not watched */
};

/*
 * An empty stripe. `key` is for hashing interned strings.
 * Ownership: `quota` is borrowed until the release; `key` is copied.
 */
void stripe_init(struct stripe *stripe, uint32_t number, struct quota *quota,
                 const uint8_t key[16]);

/* Free all rockets, their ids, columns and strings. */
void stripe_release(struct stripe *stripe);

/*
 * The rocket with `id`, or NULL. `tag` is a hash of the id, always the same
 * for the same id.
 */
struct table_entry *stripe_find(const struct stripe *stripe, uint32_t tag,
                                struct text id);

/*
 * The outcome that stripe_apply() would have if there were enough memory. If it
 * is MESSAGE_APPLIED, `*growth` is set to about how many bytes of the quota it
 * would use: see table_admit().
 * Locking: the caller holds the stripe's lock, at least for reading.
 */
enum message_outcome stripe_check(const struct stripe *stripe, uint32_t tag,
                                  const struct message *message,
                                  size_t *growth);

/* The rocket at `index`, below `count`, in the order of arrival. */
struct table_entry *stripe_at(const struct stripe *stripe, uint32_t index);

/* The columns of the rockets from index `block` * COLUMNS_ROCKETS on. */
const struct columns *stripe_columns(const struct stripe *stripe,
                                     uint32_t block);

struct stripe_change {
    struct table_entry *entry; /* of the rocket that has changed */
    struct rocket_change rocket;
    bool launched; /* it shows another launch than before */
    bool exploded; /* it was active before */
};

/*
 * Apply `message` to its rocket, which is added at the end if it is new. Only
 * MESSAGE_APPLIED changes the stripe's state, and sets `change`, in which the
 * strings are dropped already. `tag` is that of stripe_find().
 * Ownership: `message` is borrowed.
 * Locking: the caller holds the stripe's lock for writing.
 */
enum message_outcome stripe_apply(struct stripe *stripe, uint32_t tag,
                                  const struct message *message,
                                  struct stripe_change *change);

/*
 * Set the revision of a change to the rocket of `entry`. It may be below that
 * of a rocket that was loaded, if a journal is replayed.
 * Locking: the caller holds the stripe's lock for writing.
 */
static inline void stripe_set_revision(struct stripe *stripe,
                                       struct table_entry *entry,
                                       uint64_t revision)
{
    table_entry_set_revision(entry, revision);
    if (revision > stripe->latest)
        stripe->latest = revision;
}

enum stripe_loaded { STRIPE_LOADED, STRIPE_HAS_ID, STRIPE_LOAD_NO_MEMORY };

struct image;

/*
 * Add the rocket of `image`. `tag` is that of stripe_find(). If the result is
 * not STRIPE_LOADED, the stripe's state is unchanged.
 * Ownership: `image` is borrowed; `runs`, room for all its runs, is used.
 * Locking: the caller holds the stripe's lock for writing.
 */
enum stripe_loaded stripe_load(struct stripe *stripe, uint32_t tag,
                               const struct image *image, struct run *runs);

#endif
