/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of a run: progress and outages while messages are sent, figures at
 * the end.
 */
#ifndef ROCKETS_REPORT_H
#define ROCKETS_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "sender.h"

enum {
    REPORT_COUNT_SIZE = 32,
    REPORT_INTERVAL_MS = 100, /* between updates of the progress */
};

/* Write `count` as "100,000" and return `text`. */
const char *report_count(size_t count, char text[static REPORT_COUNT_SIZE]);

/*
 * Write messages per second, with three digits or more ("0.52", "12.5",
 * "6,485"), and return `text`.
 */
const char *report_rate(size_t messages, double seconds,
                        char text[static REPORT_COUNT_SIZE]);

/* Write "15.42 s", or "8.3 ms" for less than a second. Returns `text`. */
const char *report_duration(double seconds,
                            char text[static REPORT_COUNT_SIZE]);

/* "s" for a plural, "" for one. */
const char *report_plural(size_t count);

/* Log that requests to `url` fail, and are repeated. `advice` may be "". */
void report_retrying(const char *url, const char *cause, const char *advice);

/* Log that an outage of so many nanoseconds has ended; 0: there was none. */
void report_answered(const char *url, int64_t outage);

/* Show the progress on a terminal. */
void report_progress(const struct plan *plan,
                     const struct sender_counts *counts);

/*
 * Show on a terminal how many of the rockets have been read for --verify.
 */
void report_verify_progress(size_t read, size_t rockets);

/*
 * Print the figures on stdout. `latencies` is what sender_latencies()
 * returns. Returns 0, or -1 if out of memory.
 */
int report_sent(const struct plan *plan, const struct sender_counts *counts,
                const uint32_t *latencies);

/*
 * The percentile `per_mille` / 10 by nearest rank (500: the median, 1000: the
 * maximum) of `count` values in ascending order. `count` must be > 0.
 */
uint32_t report_percentile(const uint32_t *sorted, size_t count,
                           unsigned per_mille);

#endif
