/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the rockets from the service and compares them with the expected
 * state. A read that fails is repeated as a message is sent again: every
 * SENDER_RETRY_MS, for at most SENDER_GIVE_UP_MS.
 *
 * A service may have several instances, each with the whole state, behind one
 * address. One that lags has not yet what another one has acknowledged. So each
 * read names the position up to which all must be there, and an instance that
 * is not there in time answers 503, which is such a failure.
 */
#ifndef ROCKETS_VERIFY_H
#define ROCKETS_VERIFY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expected.h"
#include "traffic.h"

struct verify_options {
    const char *messages_url; /* ends in "/messages" */
    const struct access *access;
    const struct traffic *traffic;
    const struct expected *expected;
    uint64_t after;          /* position that the instances must have reached;
                                0: the service gives none */
    const atomic_bool *stop; /* true ends it early */
};

struct verify_result {
    size_t rockets;     /* those of which messages were sent */
    size_t compared;    /* of them; fewer if it was stopped or gave up */
    size_t differences; /* fields that differ, rockets that can't be read */
    /* Rockets with a difference; one may be in both `lost` and `extra`. */
    size_t lost;    /* messages are missing that were delivered */
    size_t extra;   /* messages are there that were not sent */
    size_t changed; /* neither, by the numbers of its messages */
    size_t unread;  /* the service refuses to show it, does not answer, or
                       answers with something else than a rocket */
};

/*
 * Compare all rockets of which messages were sent, and print the differences
 * on stdout, at most COMPARE_MAX_SHOWN. The rockets are read from
 * ".../rockets/ID". Returns 0, or -1 if out of memory.
 */
int verify_rockets(struct verify_result *result,
                   const struct verify_options *options);

#endif
