/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks of clock_gettime(2) as one integer.
 */
#ifndef LUNAR_BASE_CLOCK_H
#define LUNAR_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds. `clock` is one that Linux has, so reading it cannot fail. */
static inline uint64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Milliseconds, of the same. */
static inline uint64_t clock_ms(clockid_t clock)
{
    return clock_us(clock) / 1000;
}

#endif
