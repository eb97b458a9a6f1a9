/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last line of the log: what the service has done since its start.
 */
#ifndef LUNAR_CONSOLE_TOTALS_H
#define LUNAR_CONSOLE_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "api/api.h"

struct totals {
    uint64_t seconds; /* since the start */
    uint64_t requests, refused;
    uint64_t messages[API_RESULT_COUNT];
    size_t rockets;
    const char *data;  /* the folder that has them; NULL: they are lost */
    const char *topic; /* that has them, if it is not the folder; or NULL */
};

/*
 * Log them:
 *
 *     stopped after 3 h 12 min: 100,003 requests, 4 refused; messages: 100,000
 *     applied, 3 duplicate, 0 stale, 2 rejected, 0 without memory, 0 not
 *     written; 20 rockets, kept in /var/lib/lunar
 */
void totals_log(const struct totals *totals);

#endif
