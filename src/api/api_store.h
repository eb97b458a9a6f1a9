/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operations that wait for the store share: how they are woken, and what
 * they answer if it does not take their messages.
 */
#ifndef LUNAR_API_API_STORE_H
#define LUNAR_API_API_STORE_H

#include "api/api.h"

/*
 * Wake `waiter` with all others that the commit at hand settles. Locking: only
 * on the journal's thread, from `settled` of a ticket.
 */
void api_store_wake(struct api *api, struct http_waiter *waiter);

/* Why a message was not taken: the queue to the disk is full. */
#define API_STORE_BUSY "too many messages wait for the disk"

/* Retry-After, in seconds: if it is full, and if the disk cannot be written. */
#define API_STORE_BUSY_RETRY "1"
#define API_STORE_PROBLEM_RETRY "5"

/*
 * Why a message was not written, as a sentence that says what to do. Static.
 * Locking: any thread.
 */
const char *api_store_problem(const struct api *api);

#endif
