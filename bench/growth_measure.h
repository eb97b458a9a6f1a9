/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is measured of a table of one size, in one round.
 */
#ifndef LUNAR_BENCH_GROWTH_MEASURE_H
#define LUNAR_BENCH_GROWTH_MEASURE_H

#include <stdint.h>

enum growth_result {
    GROWTH_APPLIED,  /* ns a message, applied alone */
    GROWTH_PARSED,   /* ns a message, parsed and applied */
    GROWTH_RESIDENT, /* bytes a rocket */
    GROWTH_TOP,      /* ms, the top 50 by speed */
    GROWTH_MIDDLE,   /* ms, 50 in the middle, by speed */
    GROWTH_WHOLE,    /* ms, all by speed, written as JSON */
    /*
     * Microseconds of a message that launches a rocket, while the table
     * grows from a tenth of its size.
     */
    GROWTH_MEDIAN,
    GROWTH_P999,         /* 999 of 1,000 are faster */
    GROWTH_LONGEST_WALL, /* of all, as it took */
    GROWTH_LONGEST,      /* the same without waiting for a processor */
    /* Of those that made a stripe grow, without waiting; < 0: there are none */
    GROWTH_GROW_MEDIAN,
    GROWTH_GROW_LONGEST,
    GROWTH_RESULTS
};

struct growth_task {
    uint32_t rockets; /* 1,000 or more, a power of ten */
};

/* For parts_in_child(): `context` is a struct growth_task. */
void growth_measure(const void *context, double results[]);

#endif
