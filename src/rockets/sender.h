/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends the messages of a plan with a number of workers, each of them a
 * thread that has one message under way at a time.
 *
 * What fails is sent again after SENDER_RETRY_MS, as often as needed, and
 * does not hold up the others meanwhile. A message is given up when it has
 * failed for SENDER_GIVE_UP_MS, and all are when none has been delivered for
 * so long.
 */
#ifndef ROCKETS_SENDER_H
#define ROCKETS_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "traffic.h"

enum {
    SENDER_RETRY_MS = 500,
    SENDER_GIVE_UP_MS = 60000,
    /*
     * While so many messages wait for their next try, no new ones are sent:
     * a service that is down is not flooded, and one that fails now and then
     * does not get messages out of all order.
     */
    SENDER_MAX_WAITING = 1000,
};

/* In `latencies`: not delivered. */
#define SENDER_UNDELIVERED UINT32_MAX

struct sender_options {
    const char *url;
    const struct traffic *traffic;
    const struct plan *plan;
    uint32_t workers;
    int64_t message_delay; /* pause between messages of a worker, nanoseconds */
    bool keep_alive;
};

struct sender_counts {
    size_t delivered;
    size_t retries; /* messages sent again because they had failed */
    size_t waiting; /* for their next try */
    double seconds; /* since the start, or from start to end */
};

struct sender;

/*
 * Start the workers. NULL, with errno set, where that fails.
 * Ownership: what the options point to is borrowed until sender_free().
 */
struct sender *sender_start(const struct sender_options *options);

/* Wait up to `milliseconds`. True once all workers are done. */
bool sender_wait(struct sender *sender, int milliseconds);

/* Have the workers end soon, whatever is left to send. */
void sender_stop(struct sender *sender);

struct sender_counts sender_counts(struct sender *sender);

/*
 * For each place in the plan's order, how long its successful request took
 * in microseconds. To be read when all workers are done; lives as long as
 * the sender.
 */
const uint32_t *sender_latencies(const struct sender *sender);

/* Stops, if need be, and waits for the workers. */
void sender_free(struct sender *sender);

#endif
