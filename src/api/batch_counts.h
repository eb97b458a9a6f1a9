/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of the lines of a batch: counted, and added to the metrics.
 */
#ifndef LUNAR_API_BATCH_COUNTS_H
#define LUNAR_API_BATCH_COUNTS_H

#include <stdint.h>

#include "batch.h"

struct batch_settled;
struct metric;

/*
 * `count` more lines were not taken, the first of them `line`, for the
 * `reason`, which is static. Lines behind them may have been counted before.
 */
void batch_counts_not_taken(struct batch_counts *counts, uint64_t count,
                            uint64_t line, const char *reason);

/* Add the lines that the store has settled. */
void batch_counts_add_settled(struct batch_counts *counts,
                              const struct batch_settled *settled);

/*
 * Add to the metric of messages what it does not have yet: `counted` says what
 * was added before.
 */
void batch_counts_publish(const struct batch_counts *counts,
                          struct batch_counts *counted,
                          struct metric *messages);

#endif
