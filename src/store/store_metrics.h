/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of the store: they exist only while there is one.
 */
#ifndef LUNAR_STORE_STORE_METRICS_H
#define LUNAR_STORE_STORE_METRICS_H

#include "sqlite_journal.h"

struct metrics;
struct store;

/* Add the families of `store`. Returns those that its journal counts. */
struct journal_counts store_metrics_add(struct metrics *metrics,
                                        struct store *store);

/* The time of the replay, in microseconds; 0 until it is complete. */
uint64_t store_recovery_us(const struct store *store);

#endif
