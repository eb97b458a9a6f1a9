/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each rocket must look like after its messages: a plain fold over
 * them in the order of their numbers. It is kept apart from the rules of any
 * service on purpose, so that both can be compared.
 */
#ifndef ROCKETS_EXPECTED_H
#define ROCKETS_EXPECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic.h"

struct expected {
    const char *type; /* NULL while unknown, as the next two; static */
    const char *mission;
    const char *reason; /* not NULL: it has exploded */
    int64_t speed;
    /* NULL: there is none; they point into the traffic. */
    const struct traffic_message *launch;
    const struct traffic_message *last; /* NULL: nothing was sent */
    uint32_t messages;                  /* sent, duplicates not counted */
};

/*
 * One for each rocket of the traffic. `without_launch`: number 1 was never
 * sent. NULL where memory ends.
 * Ownership: the caller frees it with free(3), before the traffic.
 */
struct expected *expected_new(const struct traffic *traffic,
                              bool without_launch);

#endif
