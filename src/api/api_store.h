/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operations that wait for the store share: how they are woken, what they
 * answer if it does not take their messages, and positions.
 */
#ifndef LUNAR_API_API_STORE_H
#define LUNAR_API_API_STORE_H

#include <stdint.h>

#include "api/api.h"
#include "http/response.h"

struct message;

/*
 * Wake `waiter` with all others that the commit at hand settles. Locking: only
 * on the journal's thread, from `settled` of a ticket.
 */
void api_store_wake(struct api *api, struct http_waiter *waiter);

/*
 * Retry-After, in seconds: if too much waits, or it is not known whether a
 * message is written; and if it cannot be written.
 */
#define API_STORE_BUSY_RETRY "1"
#define API_STORE_PROBLEM_RETRY "5"

/* What becomes of a message that nobody has confirmed in time. */
#define API_STORE_UNKNOWN                                                      \
    "the brokers have not confirmed in time that it is written, so it is "     \
    "perhaps applied, now or later; it is safe to send it again"

/* Why a message was not taken, and when it may be sent again. */
struct api_store_refusal {
    const char *reason;      /* a sentence that says what to do; static */
    const char *retry_after; /* seconds; static */
};

/*
 * The store did not take a message: too many wait, or none can be written.
 * Locking: any thread.
 */
struct api_store_refusal api_store_not_taken(const struct api *api);

/* It was taken, but then not written. Locking: any thread. */
struct api_store_refusal api_store_not_written(const struct api *api);

/*
 * The position up to which all records of the journal are applied. Locking: any
 * thread.
 */
uint64_t api_store_position(const struct api *api);

/*
 * A position at which `message`, which is a duplicate or stale in the table, is
 * so in every instance. Only if the journal is shared. Locking: any thread.
 */
uint64_t api_store_position_of(const struct api *api,
                               const struct message *message);

/*
 * Add Lunar-Position, if the journal is shared: who reads behind this position
 * from any instance finds what was posted. If memory is exhausted the header is
 * left out.
 */
void api_store_put_position(const struct api *api, uint64_t position,
                            struct http_response *response);

#endif
