/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the table share: its stripes with their locks, and what
 * the stripes share. See table.c.
 */
#ifndef LUNAR_TABLE_TABLE_PARTS_H
#define LUNAR_TABLE_TABLE_PARTS_H

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/quota.h"
#include "base/text.h"
#include "feed.h"
#include "stripe.h"
#include "table/table.h"

/* Aligned to a cache line, so that no two locks share one. */
struct locked_stripe {
    _Alignas(64) pthread_rwlock_t lock;
    struct stripe stripe; /* guarded by `lock` */
    /* Messages, also such that change nothing. Written under the lock. */
    _Atomic uint32_t messages;
};

struct table {
    /* Set at start, then read-only. */
    uint8_t key[crypto_shorthash_KEYBYTES];
    size_t max_memory; /* bytes */
    /*
     * Whether changes are listed: see table_changes.h. On this cache line, as
     * each change reads it and it is seldom written.
     */
    _Atomic bool watched;
    /* Atomics, not on the cache line of read-only data. */
    _Alignas(64) struct quota quota;
    _Atomic uint64_t revision;
    _Atomic size_t count;
    /* The memory held after the latest refusal; SIZE_MAX before the first. */
    _Atomic size_t full_at;
    /*
     * The number of rockets of each stripe, read without its lock, so that a
     * scan can skip empty stripes. Written under the stripe's lock, before the
     * change that added the rocket draws its revision: a scan that starts
     * after that revision was read does not miss the rocket.
     */
    _Atomic uint32_t sizes[TABLE_STRIPES];
    /* Of a watched table. A bit for each stripe: its list is not empty. */
    _Alignas(64) _Atomic uint64_t dirty[TABLE_STRIPES / 64];
    struct feed feed;
    struct locked_stripe stripes[TABLE_STRIPES];
};

/* The stripe of an id, and the tag that finds it in the stripe. */
struct table_location {
    uint32_t index;
    uint32_t tag;
};

struct table_location table_locate(const struct table *table, struct text id);

/*
 * Count the rocket that was added to the stripe last, if it is not counted yet.
 * Locking: the caller holds the stripe's lock for writing.
 */
void table_count_rocket_locked(struct table *table, uint32_t index);

/*
 * Relaxed order is enough: whether a change has to be listed was decided under
 * the lock of its stripe, see table_watch().
 */
static inline bool table_is_watched(const struct table *table)
{
    return atomic_load_explicit(&table->watched, memory_order_relaxed);
}

/*
 * List the rocket of `entry`, of the stripe at `index`, which changes, and had
 * `revision` before; 0: it is new. Its change has no revision yet.
 * Locking: the caller holds the stripe's lock for writing.
 */
void table_list_change_locked(struct table *table, uint32_t index,
                              const struct table_entry *entry,
                              uint64_t revision);

/*
 * If the table is watched, note that a rocket was launched or has exploded.
 * Locking: locks the feed; the caller holds no lock.
 */
void table_feed_change(struct table *table, const struct stripe_change *change);

/* Make the table's revision at least `revision`. Locking: none. */
void table_raise_revision(struct table *table, uint64_t revision);

#endif
