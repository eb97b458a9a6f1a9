/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far long work is, and how long the rest of it will take if it goes on as
 * until now.
 */
#ifndef LUNAR_BASE_ESTIMATE_H
#define LUNAR_BASE_ESTIMATE_H

#include <stdint.h>

enum {
    /*
     * Seconds of work. Before, too little is known: the time left would be many
     * times too long.
     */
    ESTIMATE_AFTER = 1,
};

struct estimate {
    unsigned percent;      /* rounded down */
    uint64_t seconds_left; /* rounded up; 0: not known yet */
};

/* `done` of `total` units of work have taken `elapsed` microseconds. */
struct estimate estimate_of(uint64_t done, uint64_t total, uint64_t elapsed);

#endif
