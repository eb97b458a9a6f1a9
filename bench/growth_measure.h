/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All figures of one table size in one round of bench_growth.
 */
#ifndef LUNAR_BENCH_GROWTH_MEASURE_H
#define LUNAR_BENCH_GROWTH_MEASURE_H

#include <stdint.h>

enum growth_result {
    GROWTH_APPLIED,  /* ns per message, applied only */
    GROWTH_PARSED,   /* ns per message, parsed and applied */
    GROWTH_RESIDENT, /* resident bytes per rocket */
    GROWTH_TOP,      /* ms, top 50 by speed */
    GROWTH_MIDDLE,   /* ms, page of 50 in the middle, by speed */
    GROWTH_WHOLE,    /* ms, all by speed, written as JSON */
    /*
     * Microseconds for a launch, while the table grows from a tenth of its
     * size to its size.
     */
    GROWTH_MEDIAN,
    GROWTH_P999,         /* the 99.9th percentile */
    GROWTH_LONGEST_WALL, /* the longest, by wall clock */
    GROWTH_LONGEST,      /* the longest, without waiting for a CPU */
    /*
     * The launches that made a stripe grow, without waiting for a CPU; -1 if
     * there are none.
     */
    GROWTH_GROW_MEDIAN,
    GROWTH_GROW_LONGEST,
    GROWTH_RESULTS
};

struct growth_task {
    uint32_t rockets; /* a power of ten, at least 1,000 */
};

/* A callback for parts_in_child(). `context` is a struct growth_task. */
void growth_measure(const void *context, double results[]);

#endif
