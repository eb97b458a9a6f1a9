/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches the memory of a message into the cache before the message is applied.
 * In a large table nearly every access is a cache miss, which costs more than
 * all work on the message, and most depend on each other: the slot has the
 * place of the rocket, the piece at that place has the address of the entry,
 * which has that of the id. So the accesses of one message are divided into
 * steps, and the steps of many messages are interleaved. Then the misses of
 * different messages overlap.
 *
 * What a step finds is a hint. If the stripe changes between two steps, or two
 * hashes are equal, memory is fetched in vain, and the result is the same.
 */
#ifndef LUNAR_TABLE_PREFETCH_H
#define LUNAR_TABLE_PREFETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interned.h"
#include "stripe.h"

enum {
    PREFETCH_STEPS = 3,
    PREFETCH_STRINGS = 2, /* of a message, at most */
};

struct prefetch {
    const struct message *message;
    uint32_t tag; /* of stripe_find() */
    bool changes; /* the message is applied, not only admitted */
    /* Private. */
    uint32_t place; /* of the rocket; if it is new, the next one */
    const struct table_entry *entry;
    unsigned string_count;
    struct interned_prefetch strings[PREFETCH_STRINGS];
};

/*
 * What table_apply() needs; the caller may clear `changes`.
 * Ownership: `message` is borrowed until the last step.
 */
void prefetch_init(struct prefetch *prefetch, uint32_t tag,
                   const struct message *message);

/* Fetch `size` bytes, to be written. */
void prefetch_memory(const void *memory, size_t size);

/*
 * Run a step, from 0 to PREFETCH_STEPS - 1, each of which reads what the one
 * before has fetched; the first reads the stripe itself.
 * Locking: the caller holds the stripe's lock, at least for reading.
 */
void prefetch_step(struct prefetch *prefetch, const struct stripe *stripe,
                   unsigned step);

/* The step behind the last one, which needs no lock: the rocket's id. */
void prefetch_id(const struct prefetch *prefetch);

#endif
