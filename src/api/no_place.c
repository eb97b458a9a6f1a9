/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places are few, as each holds a connection for as long as its client likes.
 */
#include "no_place.h"

#include "http/problem.h"

void no_place_answer(enum hub_added added, struct http_response *response)
{
    switch (added) {
    case HUB_ADDED:
        break;
    case HUB_TOO_MANY:
        problem_set(response, 503,
                    "as many streams of events and waiting reads are open as "
                    "the service allows; try again later");
        http_response_header(response, "Retry-After", "5");
        break;
    case HUB_STOPPING:
        problem_set_stopping(response);
        break;
    case HUB_NO_MEMORY:
        problem_set_no_memory(response);
        break;
    }
}
