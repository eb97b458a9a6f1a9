/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service has done since its start, counted. Counting costs next to
 * nothing: each thread counts in memory of its own, and only a reader adds the
 * threads together.
 */
#ifndef LUNAR_BASE_COUNTERS_H
#define LUNAR_BASE_COUNTERS_H

#include <stdint.h>

enum counter {
    COUNTER_REQUESTS, /* that are over, whether they got a response or not */
    COUNTER_REFUSED,  /* those of them that are logged as refused */
    /* Messages, each one of a batch as well, by what became of them. */
    COUNTER_APPLIED,
    COUNTER_DUPLICATE,
    COUNTER_STALE,
    COUNTER_REJECTED, /* not a message */
    COUNTER_NO_MEMORY,
    COUNTER_COUNT
};

struct counters;

/* All of them 0. NULL if memory is exhausted. */
struct counters *counters_new(void);

/* No other thread may count any more. NULL does nothing. */
void counters_free(struct counters *counters);

/*
 * Add `number`. If `counters` is NULL, nothing is counted.
 * Locking: safe from any thread.
 */
void counters_add(struct counters *counters, enum counter counter,
                  uint64_t number);

/*
 * The sum of all threads, of those that have ended as well. It includes all
 * that was added before by this thread, or by a thread that it has joined.
 * Locking: safe from any thread.
 */
uint64_t counters_read(struct counters *counters, enum counter counter);

#endif
