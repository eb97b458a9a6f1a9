/* SPDX-License-Identifier: Apache-2.0 */
#include "throttle.h"

#include <stddef.h>
#include <time.h>

#include "base/clock.h"

void throttle_begin(struct throttle *throttle, const _Atomic bool *stop)
{
    throttle->stop = stop;
    throttle->begin = clock_us(CLOCK_MONOTONIC);
}

void throttle_rest(struct throttle *throttle)
{
    if (throttle->stop == NULL || atomic_load(throttle->stop))
        return;
    uint64_t took = clock_us(CLOCK_MONOTONIC) - throttle->begin;
    if (took < THROTTLE_WORK_US)
        return;
    uint64_t rest = took / THROTTLE_SHARE;
    if (rest > THROTTLE_MAX_US)
        rest = THROTTLE_MAX_US;
    const struct timespec duration = {.tv_nsec = (long)rest * 1000};
    nanosleep(&duration, NULL);
    throttle->begin = clock_us(CLOCK_MONOTONIC);
}
