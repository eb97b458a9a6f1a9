/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the replies so far say about the service: whether it refuses all that
 * is sent to it, so that sending again is useless, and whether it has stopped
 * to answer for a while, which is an outage.
 *
 * Only the first replies can show that the URL is wrong. A service that has
 * accepted a message, or has answered with a status that may pass, such as
 * 503, is the right one. A certificate that is not trusted is such a reply.
 *
 * Times are those of clock_now(). Locking: none; the sender's lock guards it.
 */
#ifndef ROCKETS_HEALTH_H
#define ROCKETS_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport.h"

enum {
    /*
     * If as many first replies are refusals, the service refuses all. More
     * than one, as a load balancer may have one bad server among others.
     */
    HEALTH_FIRST_REPLIES = 3,
    HEALTH_OUTAGE_MS = 1000, /* a shorter pause is no outage */
};

struct health {
    size_t first_replies; /* how many decide, set at start */
    size_t refusals;      /* counted until `usable` */
    bool usable;          /* a reply was not a refusal */

    uint32_t in_flight;   /* requests without a result so far */
    int64_t silent_since; /* start of the first request since the last
                             delivery that is not delivered; 0: none */
    long status;          /* of the last failure since; 0: no response */
    uint32_t known;       /* kinds of failures that were reported: a bit for
                             each enum transport_result */
    bool reported;        /* a failure was, since `silent_since` */
};

enum health_report {
    HEALTH_QUIET,   /* nothing new */
    HEALTH_FAILURE, /* report it: the first of its kind, or of an outage */
    HEALTH_REFUSED, /* the service refuses all: report it and stop */
};

/*
 * With fewer workers or messages than HEALTH_FIRST_REPLIES, as many replies
 * decide, so that a run with a pause after each message also ends at once.
 */
struct health health_start(size_t workers, size_t messages);

void health_requested(struct health *health, int64_t now);

/*
 * A message was delivered. Returns how long the outage lasted that ends with
 * it, in nanoseconds; 0 if there was none or its start was not reported.
 */
int64_t health_delivered(struct health *health, int64_t now);

enum health_report health_failed(struct health *health,
                                 enum transport_result result, long status,
                                 int64_t now);

/* How long the present outage has lasted, in nanoseconds; 0: there is none. */
int64_t health_outage(const struct health *health, int64_t now);

#endif
