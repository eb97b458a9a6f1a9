/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benchmark programs measure with: clocks, resident memory, and
 * children that measure in a process of their own.
 */
#ifndef LUNAR_BENCH_PARTS_MEASURE_H
#define LUNAR_BENCH_PARTS_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* malloc(3) that dies: ends the program with 1. */
void *parts_allocate(size_t size);

/* Nanoseconds that have passed, since some time or other. */
uint64_t parts_now(void);

/* Nanoseconds that this thread has run, without those that it waited. */
uint64_t parts_thread_time(void);

/*
 * Resident bytes of this process, by the kernel's walk over its pages: the
 * counters of statm are some hundred kilobytes behind.
 */
uint64_t parts_resident(void);

/*
 * Call `measure` in a child process, whose heap is as clean as ours, and
 * have the `count` numbers that it leaves in `results` here. Dies if the
 * child fails.
 */
void parts_in_child(void (*measure)(const void *context, double results[]),
                    const void *context, double results[], size_t count);

#endif
