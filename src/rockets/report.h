/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user is told about the sending: progress meanwhile, figures at
 * the end.
 */
#ifndef ROCKETS_REPORT_H
#define ROCKETS_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "sender.h"

enum { REPORT_COUNT_SIZE = 32 };

/* Write `count` as "100,000" and return `text`. */
const char *report_count(size_t count, char text[static REPORT_COUNT_SIZE]);

/* Show on a terminal how far the sending is. */
void report_progress(const struct plan *plan,
                     const struct sender_counts *counts);

/*
 * Print the figures on stdout. `latencies` as of sender_latencies().
 * Returns 0, or -1 where memory ends.
 */
int report_sent(const struct plan *plan, const struct sender_counts *counts,
                const uint32_t *latencies);

/*
 * The value at `per_mille` of 1000 (500: the median, 1000: the largest) by
 * nearest rank, of `count` > 0 values that are sorted upwards.
 */
uint32_t report_percentile(const uint32_t *sorted, size_t count,
                           unsigned per_mille);

#endif
