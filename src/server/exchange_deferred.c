/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a connection may be suspended. MHD 0.9.75 goes on, after a resume, with
 * what it was about to do at the suspension. If that is to read, and the client
 * has shut down its side and nothing is left to read, MHD takes this for the
 * end of the connection, and the response is lost. So for a response a
 * connection is suspended only in the call after the one in which the request
 * was complete: MHD by then waits for the application and does not read. For
 * the middle of a body see request_body.c.
 */
#include "exchange_deferred.h"

#include <assert.h>
#include <stddef.h>

#include "connections.h"
#include "exchange_state.h"
#include "http/deferred.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "mhd_responses.h"
#include "wait.h"

void exchange_note_life(struct exchange *exchange)
{
    const struct http_response *response = &exchange->response;
    enum connection_life life = CONNECTION_SHORT;

    if (response->deferred == NULL && response->stream == NULL)
        return;
    if (response->long_lived && response->deferred != NULL)
        life = CONNECTION_LONG_WAIT;
    else if (response->long_lived && exchange->request.method != HTTP_HEAD)
        life = CONNECTION_LONG_STREAM;
    connections_set_life(exchange->context->connections, &exchange->connection,
                         life);
}

static void cancel_deferred(void *target)
{
    struct http_deferred *deferred = target;

    deferred->cancel(deferred);
}

bool exchange_start_deferred(struct exchange *exchange)
{
    struct http_response *response = &exchange->response;
    struct http_deferred *deferred = response->deferred;
    struct wait *wait = &exchange->connection.wait;
    struct http_waiter *waiter =
        wait_begin(wait, cancel_deferred, deferred, true);

    if (waiter == NULL) {
        problem_set_stopping(response);
        exchange->stage = STAGE_READY;
        return false;
    }
    exchange->stage = STAGE_WAITING;
    /* A thread that sleeps must have started first what it waits for. */
    bool suspended = !wait_blocks(wait) && wait_sleep(wait);
    deferred->start(deferred, waiter);
    wait_allow_cancel(wait);
    return suspended || wait_sleep(wait);
}

bool exchange_finish_deferred(struct exchange *exchange)
{
    struct http_response *response = &exchange->response;

    while (exchange->stage == STAGE_WAITING) {
        struct http_deferred *deferred = response->deferred;
        assert(deferred != NULL);
        wait_end(&exchange->connection.wait);
        response->deferred = NULL;
        exchange->stage = STAGE_READY;
        http_response_clear(response, MHD_RESPONSES_KEPT);
        deferred->finish(deferred, response);
        exchange_note_life(exchange);
        if (response->deferred != NULL && exchange_start_deferred(exchange))
            return false;
    }
    return true;
}
