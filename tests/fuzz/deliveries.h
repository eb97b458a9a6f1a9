/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as deliveries of messages: any message to any of a few rockets, with
 * any number, any number of times. Every input is some history, and a small
 * change of it a similar one: four bytes make a delivery, or a burst of some
 * dozens, so that few bytes make many runs.
 */
#ifndef LUNAR_TESTS_DELIVERIES_H
#define LUNAR_TESTS_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"

enum {
    DELIVERIES_ROCKETS = 4,
    DELIVERIES_MAX = 600, /* of an input; the rest is left out */
};

struct deliveries {
    /* Set by the caller. */
    struct text bytes; /* what has not been read yet */
    /* The name for a number from 0 to 15; the text must stay. */
    struct text (*name)(void *context, unsigned number);
    void *context;
    /* Private, zero at first. */
    uint64_t last[DELIVERIES_ROCKETS]; /* highest number delivered */
    size_t made;
    unsigned burst_left;
    bool burst_down;
    uint64_t burst_stride;
    const unsigned char *burst; /* its four bytes */
    uint64_t burst_number;
};

extern const char *const deliveries_channels[DELIVERIES_ROCKETS];

/* Make the next one. False, with `message` undefined, after the last. */
bool deliveries_next(struct deliveries *deliveries, struct message *message);

#endif
