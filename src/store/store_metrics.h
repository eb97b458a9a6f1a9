/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the store: they exist only while there is one.
 */
#ifndef LUNAR_STORE_STORE_METRICS_H
#define LUNAR_STORE_STORE_METRICS_H

#include <stdbool.h>

#include "sqlite_journal.h"

struct metrics;
struct store;

/* What the parts of a store count. All may be NULL. */
struct store_counts {
    struct journal_counts journal;
    struct metric *snapshots; /* by enum snapshots_result */
};

/*
 * Add the families of `store`, without those of commits and of bytes if its
 * journal is shared. Returns those that are counted.
 */
struct store_counts store_metrics_add(struct metrics *metrics,
                                      struct store *store, bool shared);

/* The time of the replay, in microseconds; 0 until it is complete. */
uint64_t store_recovery_us(const struct store *store);

#endif
