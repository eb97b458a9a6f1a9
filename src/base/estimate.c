/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In floating point, as products of bytes and microseconds are long numbers.
 */
#include "base/estimate.h"

struct estimate estimate_of(uint64_t done, uint64_t total, uint64_t elapsed)
{
    double part = total > 0 ? (double)done / (double)total : 1;
    double seconds = (double)elapsed / 1e6;
    struct estimate estimate = {.percent = 100};

    if (part < 1)
        estimate.percent = (unsigned)(100 * part);
    if (part > 0 && part <= 1 && seconds >= ESTIMATE_AFTER)
        estimate.seconds_left = (uint64_t)(seconds * (1 - part) / part) + 1;
    return estimate;
}
