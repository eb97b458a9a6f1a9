/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response is completed here with what depends on its connection and its
 * request, rather than on what was asked: the request's id, the fields for
 * other sites, and whether the connection is kept alive.
 */
#include "exchange_response.h"

#include <microhttpd.h>
#include <stddef.h>

#include "connections.h"
#include "exchange_state.h"
#include "head.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "http/site_policy.h"
#include "mhd_responses.h"
#include "request_id.h"

struct request_line exchange_line(const struct exchange *exchange)
{
    return (struct request_line){
        exchange->client.address,     client_address_proxy(&exchange->client),
        exchange->request.method,     buffer_text(&exchange->target),
        exchange->response.status,    exchange->request.route,
        request_id_get(&exchange->id)};
}

void exchange_no_response(struct exchange *exchange, const char *reason)
{
    exchange->response.status = 0;
    const struct request_line line = exchange_line(exchange);

    exchange->connection.end = CONNECTION_END_ERROR;
    exchange->recorded = true;
    request_log_response(exchange->context->log, &line, reason);
}

/* The request gets its response now. */
static void record_response(struct exchange *exchange)
{
    const struct request_line line = exchange_line(exchange);

    exchange->recorded = true;
    if (exchange->response.requested)
        return;
    request_log_response(exchange->context->log, &line,
                         exchange->response.note);
}

/* The length of the response's body; of a stream, before its first byte. */
static size_t body_length(const struct exchange *exchange)
{
    const struct http_response *response = &exchange->response;

    if (exchange->request.method == HTTP_HEAD || response->status == 304)
        return 0;
    return response->body.length > 0 ? response->body.length
                                     : response->fixed.length;
}

/*
 * Too many are open, or a stop has begun; or the client sends no more; or the
 * response ends with the connection, being a stream without chunks, or a head
 * without the length of its body; or the request is chunked, and its end is not
 * certain: MHD takes a bare LF for the end of a chunk's line and of its data,
 * and a NUL for the end of the trailers, where others read on (RFC 9112
 * section 7.1). What they take for the rest of this request must not be read as
 * another one.
 */
static bool ends_connection(const struct exchange *exchange)
{
    const struct head *head = &exchange->head;

    return !connections_keep_alive(exchange->context->connections,
                                   &exchange->connection) ||
           head->chunked || head->last ||
           (head->old && exchange->response.stream != NULL) ||
           mhd_responses_end_connection(&exchange->response,
                                        exchange->request.method == HTTP_HEAD);
}

/*
 * A problem always has an id, so that what a user reports can be found in the
 * log.
 */
static void identify_problem(struct exchange *exchange)
{
    struct request_id *id = &exchange->id;

    if (request_id_get(id) == NULL)
        request_id_make(id);
    problem_add_request_id(&exchange->response, text_of(request_id_get(id)));
}

bool exchange_queue_response(struct exchange *exchange, bool close)
{
    const struct site_policy *sites = exchange->context->sites;

    mhd_responses_check(&exchange->responses, &exchange->response);
    bool last = close || ends_connection(exchange);
    struct mhd_response_use use = {
        .connection = &exchange->connection,
        .head = exchange->request.method == HTTP_HEAD,
        .old = exchange->head.old,
        .keep_alive = last ? NULL : exchange->context->keep_alive,
    };
    if (exchange->response.is_problem)
        identify_problem(exchange);
    use.request_id = request_id_get(&exchange->id);
    if (sites != NULL)
        site_policy_add_headers(sites, &exchange->request, &exchange->response);
    exchange->connection.response_bytes = body_length(exchange);
    struct MHD_Response *taken =
        mhd_responses_take(&exchange->responses, &exchange->response, &use);
    if (taken == NULL) {
        exchange_no_response(exchange, "memory is exhausted");
        return false;
    }
    record_response(exchange);
    connection_enter(&exchange->connection, CONNECTION_SENDING);
    bool queued = MHD_queue_response(exchange->mhd, exchange->response.status,
                                     taken) == MHD_YES;
    mhd_responses_drop(&exchange->responses, taken);
    if (!queued)
        exchange->connection.end = CONNECTION_END_ERROR;
    else if (last)
        exchange->connection.end = CONNECTION_END_ANSWERED;
    return queued;
}
