/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monotonic clock (CLOCK_MONOTONIC) in nanoseconds, as one integer.
 */
#ifndef ROCKETS_CLOCK_H
#define ROCKETS_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND INT64_C(1000000000)
#define CLOCK_MILLISECOND INT64_C(1000000)

static inline int64_t clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * CLOCK_SECOND + now.tv_nsec;
}

static inline struct timespec clock_timespec(int64_t nanoseconds)
{
    return (struct timespec){.tv_sec = nanoseconds / CLOCK_SECOND,
                             .tv_nsec = nanoseconds % CLOCK_SECOND};
}

#endif
