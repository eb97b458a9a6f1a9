/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts allocations by malloc(3), calloc(3), realloc(3), aligned_alloc(3) and
 * posix_memalign(3), and their bytes, in the program and its libraries.
 */
#ifndef LUNAR_BENCH_PARTS_ALLOCATIONS_H
#define LUNAR_BENCH_PARTS_ALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct parts_allocations {
    uint64_t count;
    uint64_t bytes;   /* requested in total; free(3) does not reduce it */
    uint64_t largest; /* bytes of the largest request */
};

/* False in builds with sanitizers, which replace malloc(3) themselves. */
bool parts_allocations_work(void);

/*
 * Reset the counters and start counting, in all threads. Counting slows down
 * code with many allocations.
 */
void parts_allocations_start(void);

/* Stop counting. Returns the counters. */
struct parts_allocations parts_allocations_stop(void);

#endif
