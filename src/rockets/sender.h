/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends the messages of a plan with a number of workers. Each worker is a
 * thread that sends one message at a time.
 *
 * A failed message is sent again after SENDER_RETRY_MS, repeatedly, and does
 * not block other messages. The sender gives up on a message that has failed
 * for SENDER_GIVE_UP_MS. If in addition no message has been delivered for
 * that time, it stops. If the service refuses all that is sent to it
 * (health.h), it stops at once.
 *
 * It logs the first failure of each kind, and the start and end of each
 * outage.
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
     * While this many messages wait for a retry, no new messages are sent.
     * This avoids flooding a service that is down, and bounds the disorder
     * at a service that fails now and then.
     */
    SENDER_MAX_WAITING = 1000,
};

/* The latency of a message that was not delivered. */
#define SENDER_UNDELIVERED UINT32_MAX

struct sender_options {
    const char *url;
    const struct access *access;
    const struct traffic *traffic;
    const struct plan *plan;
    uint32_t workers;
    int64_t message_delay; /* pause of a worker after a message, nanoseconds */
    bool keep_alive;
};

struct sender_counts {
    size_t delivered;
    size_t retries; /* attempts after a failure */
    /*
     * The highest position that the service has given a message: any of its
     * instances that has reached it has all messages that were delivered. 0: it
     * gives none, as it is a single instance.
     */
    uint64_t position;
    size_t waiting; /* messages that wait for a retry */
    double seconds; /* from the start to now, or to the end */
    double outage;  /* seconds that the present one has lasted, 0: none */
    long status;    /* of the last failure in the outage; 0: no response */
    bool refused;   /* stopped, as the service refuses all messages */
};

struct sender;

/*
 * Start the workers. On failure, returns NULL and sets errno.
 * Ownership: `options` is copied. What it points to is borrowed until
 * sender_free().
 */
struct sender *sender_start(const struct sender_options *options);

/* Wait for at most `milliseconds`. True if all workers have ended. */
bool sender_wait(struct sender *sender, int milliseconds);

/*
 * Abort the requests that are in progress and end the workers, although
 * messages are left. Does not wait.
 */
void sender_stop(struct sender *sender);

struct sender_counts sender_counts(struct sender *sender);

/*
 * The duration of the successful request in microseconds, or
 * SENDER_UNDELIVERED, for each element of the plan's order. Read it only
 * after all workers have ended.
 * Ownership: the array belongs to the sender.
 */
const uint32_t *sender_latencies(const struct sender *sender);

/* Stop the sender if it still runs, wait for the workers and free it. */
void sender_free(struct sender *sender);

#endif
