/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waits of an exchange for its response: it is deferred, and the connection
 * waits in its own way (wait.h). For exchange.c only.
 */
#ifndef LUNAR_SERVER_EXCHANGE_DEFERRED_H
#define LUNAR_SERVER_EXCHANGE_DEFERRED_H

#include <stdbool.h>

struct exchange;

/*
 * The application has made a response. The response of a long wait that is over
 * leaves the connection as it is until the request ends: many may be over at a
 * time, and their clients are about to ask again.
 */
void exchange_note_life(struct exchange *exchange);

/*
 * Start what the response waits for. True if the connection is suspended; false
 * if the wait is over already, or the service stops.
 */
bool exchange_start_deferred(struct exchange *exchange);

/*
 * Finish a response whose wait is over, which may defer it again. False if the
 * connection is suspended.
 */
bool exchange_finish_deferred(struct exchange *exchange);

#endif
