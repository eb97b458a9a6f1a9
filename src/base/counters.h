/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that only grow, counted by many threads. Counting costs next to
 * nothing: each thread counts in memory of its own, and only a reader adds the
 * threads together.
 */
#ifndef LUNAR_BASE_COUNTERS_H
#define LUNAR_BASE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

enum {
    COUNTERS_MAX = 640, /* counters; their numbers are below it */
};

struct counters;

/* All of them 0. NULL if memory is exhausted. */
struct counters *counters_new(void);

/* No other thread may count any more. NULL does nothing. */
void counters_free(struct counters *counters);

/*
 * Add `number` to one counter.
 * Locking: safe from any thread.
 */
void counters_add(struct counters *counters, size_t counter, uint64_t number);

/*
 * Read `count` counters from `first` on: the sums of all threads, of those that
 * have ended as well. They include all that was added before by this thread, or
 * by a thread that it has joined.
 * Locking: safe from any thread.
 */
void counters_read(struct counters *counters, size_t first, size_t count,
                   uint64_t sums[]);

#endif
