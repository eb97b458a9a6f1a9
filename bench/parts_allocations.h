/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often, and for how many bytes, memory is asked for: by malloc(3) and
 * its like, anywhere in the program, its libraries included.
 */
#ifndef LUNAR_BENCH_PARTS_ALLOCATIONS_H
#define LUNAR_BENCH_PARTS_ALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct parts_allocations {
    uint64_t count;
    uint64_t bytes;   /* asked for; what is freed is not taken off */
    uint64_t largest; /* bytes asked for at a time */
};

/* False in a build with sanitizers, which have a malloc(3) of their own. */
bool parts_allocations_work(void);

/*
 * Count from here on, from nothing, in all threads. It costs some time
 * where much is asked for.
 */
void parts_allocations_start(void);

/* Stop counting; what was counted. */
struct parts_allocations parts_allocations_stop(void);

#endif
