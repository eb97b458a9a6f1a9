/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes deliveries of messages from bytes: any message of any of a few rockets,
 * with any number, any number of times. Every input is a history, and a similar
 * input is a similar history. Four bytes make a delivery, or a burst of some
 * dozens, so that a short input makes many runs.
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
    DELIVERIES_MAX = 600, /* per input; the rest of it is ignored */
};

struct deliveries {
    /* Set by the caller. */
    struct text bytes; /* the input that has not been read */
    /*
     * The type, mission or reason for a number from 0 to 15. The text must
     * outlive the messages.
     */
    struct text (*name)(void *context, unsigned number);
    void *context;
    /* Private, initially zero. */
    uint64_t last[DELIVERIES_ROCKETS]; /* highest number delivered */
    size_t made;
    unsigned burst_left;
    bool burst_down;
    uint64_t burst_stride;
    const unsigned char *burst; /* its four bytes */
    uint64_t burst_number;
};

extern const char *const deliveries_channels[DELIVERIES_ROCKETS];

/* Make the next message. False, with `message` undefined, after the last. */
bool deliveries_next(struct deliveries *deliveries, struct message *message);

#endif
