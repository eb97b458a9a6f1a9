/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expected state of each rocket: a plain fold over its messages in the
 * order of their numbers. It shares no code with the service on purpose, so
 * that a mistake of the service is not repeated here.
 */
#ifndef ROCKETS_EXPECTED_H
#define ROCKETS_EXPECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic.h"

struct expected {
    /* Static strings. */
    const char *type;    /* NULL if unknown */
    const char *mission; /* NULL if unknown */
    const char *reason;  /* NULL if the rocket has not exploded */
    int64_t speed;
    /* Borrowed from the traffic. */
    const struct traffic_message *launch; /* NULL if it was not sent */
    const struct traffic_message *last;   /* NULL if none was sent */
    uint32_t messages;                    /* sent, without duplicates */
};

/*
 * Make an array with one element for each rocket of the traffic, in the same
 * order. With `without_launch`, number 1 of each rocket was never sent.
 * Returns NULL if out of memory.
 * Ownership: the caller frees it with free(3) before the traffic.
 */
struct expected *expected_new(const struct traffic *traffic,
                              bool without_launch);

#endif
