/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of the table that has a lock of its own: the rockets whose ids
 * hash to it, how they are found, what they are sorted by, and the strings
 * that they share.
 *
 * Locking: none; the table locks the stripe as a whole.
 */
#ifndef LUNAR_TABLE_STRIPE_H
#define LUNAR_TABLE_STRIPE_H

#include <stdint.h>

#include "base/quota.h"
#include "columns.h"
#include "domain/message.h"
#include "interned.h"
#include "table_entry.h"

struct stripe_slot;
struct stripe_ids;

/* Memory in pieces that never move; the last one may not be in use yet. */
struct stripe_pieces {
    void **pieces;
    uint32_t count, capacity;
};

struct stripe {
    struct quota *quota;
    uint32_t number;           /* of the stripe; its entries keep it */
    uint32_t count;            /* rockets */
    uint32_t slot_count;       /* 0, or 2^n or 3 * 2^n */
    struct stripe_slot *slots; /* at most three quarters are in use */
    struct stripe_pieces entries, columns;
    struct stripe_ids *ids; /* blocks; the one being filled first */
    int64_t reference;      /* for times in columns: that of the first rocket */
    struct interned_set strings;
};

/* `key` is for hashing interned strings. */
void stripe_init(struct stripe *stripe, uint32_t number, struct quota *quota,
                 const uint8_t key[16]);
void stripe_release(struct stripe *stripe);

/*
 * The rocket with `id`, or NULL. `tag` is a hash of the id, always the same
 * for the same id.
 */
struct table_entry *stripe_find(const struct stripe *stripe, uint32_t tag,
                                struct text id);

/* The rocket that came as number `index`, from 0, below `count`. */
struct table_entry *stripe_at(const struct stripe *stripe, uint32_t index);

/* The columns of the rockets from number `block` * COLUMNS_ROCKETS on. */
const struct columns *stripe_columns(const struct stripe *stripe,
                                     uint32_t block);

/*
 * Apply `message` to its rocket, which is added at the end if it is new.
 * `applied` is then its entry, if the outcome is MESSAGE_APPLIED.
 */
enum message_outcome stripe_apply(struct stripe *stripe, uint32_t tag,
                                  const struct message *message,
                                  struct table_entry **applied);

#endif
