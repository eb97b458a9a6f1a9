/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measuring tools of the benchmark programs: clocks, resident memory, and
 * measurements in a child process. Every failure ends the program (die() in
 * flags.h).
 */
#ifndef LUNAR_BENCH_PARTS_MEASURE_H
#define LUNAR_BENCH_PARTS_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* malloc(3) that dies on failure. Ownership: the caller frees the memory. */
void *parts_allocate(size_t size);

/* The monotonic clock, in nanoseconds. */
uint64_t parts_now(void);

/* The CPU time of the calling thread, in nanoseconds. */
uint64_t parts_thread_time(void);

/*
 * The resident memory of this process in bytes, from smaps_rollup, for which
 * the kernel counts the pages. The counters in statm are inexact by some
 * hundred kilobytes.
 */
uint64_t parts_resident(void);

/*
 * Call `measure` in a child process, which inherits this process's heap, and
 * copy the `count` numbers that it stores in `results` to this process. Dies
 * if the child fails.
 */
void parts_in_child(void (*measure)(const void *context, double results[]),
                    const void *context, double results[], size_t count);

#endif
