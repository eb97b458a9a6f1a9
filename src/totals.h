/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last line of the log: what the service has done since its start.
 */
#ifndef LUNAR_TOTALS_H
#define LUNAR_TOTALS_H

#include <stddef.h>
#include <stdint.h>

struct counters;

/*
 * Log the totals of `counters`, after `seconds`, with `rockets` at the end:
 *
 *     stopped after 3 h 12 min: 100,003 requests, 4 refused; messages: 100,000
 *     applied, 3 duplicate, 0 stale, 2 rejected, 0 without memory; 20 rockets
 */
void totals_log(struct counters *counters, uint64_t seconds, size_t rockets);

#endif
