/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One struct a connection, used again for each of its requests, so that a
 * request on a connection that is kept alive allocates next to nothing.
 */
#include "exchange.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/metrics.h"
#include "exchange_client.h"
#include "exchange_deferred.h"
#include "exchange_response.h"
#include "exchange_state.h"
#include "head.h"
#include "http/body.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "linger.h"
#include "mhd_responses.h"
#include "request_body.h"
#include "request_id.h"
#include "request_log.h"
#include "server_metrics.h"

struct exchange *exchange_new(const struct server_context *context,
                              struct MHD_Connection *mhd, int socket)
{
    struct exchange *exchange =
        calloc(1, sizeof(*exchange) + context->app.request_memory);
    if (exchange == NULL)
        return NULL;

    exchange->request.memory = exchange->memory;
    exchange->context = context;
    exchange_client_init(exchange, MHD_get_connection_info(
                                       mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
                                       ->client_addr);
    exchange->mhd = mhd;
    http_response_init(&exchange->response);
    mhd_responses_init(&exchange->responses, context->unsent);
    request_body_init(&exchange->body, &exchange->connection, &exchange->tls,
                      &exchange->head);
    connections_prepare(
        context->connections, &exchange->connection, mhd, socket,
        exchange->request.by_unix_socket ? PEER_UNIX : PEER_TCP);
    tls_session_init(&exchange->tls,
                     exchange->request.by_unix_socket ? NULL : context->tls,
                     context->handshakes, &exchange->connection);
    /* Last: an eviction has to know whether there is a handshake. */
    connections_add(context->connections, &exchange->connection);
    return exchange;
}

/* End the request's wait, if it has one, and its body. */
static void drop_request(struct exchange *exchange)
{
    if (exchange->stage == STAGE_WAITING)
        wait_end(&exchange->connection.wait);
    exchange->stage = STAGE_HEAD;
    connections_set_life(exchange->context->connections, &exchange->connection,
                         CONNECTION_SHORT);
    request_body_end(&exchange->body);
}

/*
 * Whether the connection, which is about to be closed, has to linger for its
 * last response to arrive: if bytes are unread, in the socket or in TLS, or
 * more may come, as the request was refused, by us or by MHD itself, before all
 * of it was there. Not if a limit closes the connection, or the client has. Of
 * a handshake that has failed there is no response; it must not take the place
 * of one.
 */
static bool has_to_linger(const struct exchange *exchange)
{
    const struct connection *connection = &exchange->connection;

    if (atomic_load(&connection->closing) || exchange->cut ||
        connection_is_handshaking(connection))
        return false;
    switch (peer_last_input(connection->peer, connection->socket)) {
    case PEER_INPUT_SOME:
        return true;
    case PEER_INPUT_NONE:
        return exchange->incomplete || exchange->unread;
    case PEER_INPUT_END:
        break;
    }
    return false;
}

void exchange_free(struct exchange *exchange)
{
    if (exchange == NULL)
        return;
    activity_enter(&exchange->connection.wait.activity);
    if (has_to_linger(exchange))
        linger_keep(exchange->context->linger, exchange->connection.socket);
    drop_request(exchange);
    http_response_release(&exchange->response);
    connections_remove(exchange->context->connections, &exchange->connection);
    tls_session_release(&exchange->tls);
    metric_add(exchange->context->metrics->closed,
               connection_end(&exchange->connection), 1);
    mhd_responses_release(&exchange->responses);
    buffer_release(&exchange->target);
    request_body_release(&exchange->body);
    head_release(&exchange->head);
    free(exchange);
}

void exchange_begin(struct exchange *exchange, const char *target)
{
    size_t length = target == NULL ? 0 : strnlen(target, HTTP_MAX_TARGET + 1);

    exchange->begun =
        connection_enter(&exchange->connection, CONNECTION_RECEIVING);
    exchange->stage = STAGE_HEAD;
    exchange->incomplete = true;
    exchange->recorded = false;
    exchange->connection.response_bytes = 0;
    client_address_begin(&exchange->client);
    exchange->request.method = 0; /* MHD does not tell it before the head */
    exchange->request.route = 0;
    request_id_clear(&exchange->id);
    buffer_clear(&exchange->target);
    /* MHD decodes its own copy in place, so ours is made now. */
    if (buffer_reserve(&exchange->target, 2 * length + 1))
        buffer_append(&exchange->target, (struct text){target, length});
}

/*
 * The request ends without a response of ours: MHD has refused it, or a limit
 * closes the connection; if neither is so, the client has left.
 */
static void record_refusal(struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);

    if (info != NULL) {
        exchange->connection.end = CONNECTION_END_ANSWERED;
        exchange->response.status = info->http_status;
        const struct request_line line = exchange_line(exchange);
        request_log_refused(exchange->context->log, &line);
    } else if (connection_is_over_limit(&exchange->connection)) {
        exchange_no_response(exchange, "the request took too long, or too many "
                                       "connections are open");
    }
}

/* The one reading of the clock is that of the connection's next phase. */
static void record_end(struct exchange *exchange, bool sent)
{
    struct connection *connection = &exchange->connection;

    /* First, as MHD says of all its own responses that they were not sent. */
    if (!sent && connection->end != CONNECTION_END_ERROR)
        connection->end = CONNECTION_END_CLIENT;
    if (!exchange->recorded)
        record_refusal(exchange);
    const struct request_line line = exchange_line(exchange);
    const struct request_end end = {
        .received = exchange->body.received,
        .response = connection->response_bytes,
        .duration =
            connection_enter(connection, CONNECTION_IDLE) - exchange->begun,
        .sent = sent,
    };
    request_log_end(exchange->context->log, &line, &end);
}

/*
 * Refuse without reading the body: the connection cannot go on. `detail` is
 * NULL if memory is exhausted.
 */
static bool refuse_request(struct exchange *exchange, unsigned status,
                           const char *detail)
{
    if (detail == NULL)
        problem_set_no_memory(&exchange->response);
    else
        problem_set(&exchange->response, status, "%s", detail);
    return exchange_queue_response(exchange, true);
}

static const char misdirected[] =
    "the request's host must be localhost, an IP address, or a name that the "
    "service allows by its flag -allow-host=NAME";

/* Decide where the body goes. False if the connection is to be closed. */
static bool open_body(struct exchange *exchange)
{
    const struct http_app *app = &exchange->context->app;
    const struct head *head = &exchange->head;
    struct http_response *response = &exchange->response;

    struct http_sink *sink =
        app->open(app->context, &exchange->request, response);
    assert(exchange->request.route < app->route_count);
    request_body_begin(&exchange->body, sink, exchange->request.kept_body);
    if (sink != NULL)
        return true;
    if (response->status != 0)
        return exchange_queue_response(exchange, true);
    if (head->content_length >
        (head->expects_continue ? HTTP_MAX_BODY : HTTP_MAX_DRAIN))
        return refuse_request(exchange, 413, app->too_long);
    return true;
}

/* The first call of a request: its head is complete. */
static bool take_head(struct exchange *exchange, const char *method,
                      const char *version)
{
    struct http_request *request = &exchange->request;
    struct head_line line = {method, version, buffer_text(&exchange->target)};
    const char *objection = NULL;

    exchange->stage = STAGE_BODY;
    request->method = http_method_of(text_of(method));
    request->body = (struct text){NULL, 0};
    request->kept_body = HTTP_MAX_BODY;
    request->operation = NULL;
    /* First, as every response depends on the fields of its request. */
    unsigned status = head_read(exchange->mhd, &line, &request->fields,
                                &exchange->head, &objection);
    request_id_set(&exchange->id, request->fields.request_id);
    struct text received = request->fields.host;
    if (exchange->client.trusted || exchange->connection.peer == PEER_UNIX)
        exchange_client_read(exchange);
    if (buffer_failed(&exchange->target))
        return refuse_request(exchange, 503, NULL);
    static_assert(HTTP_MAX_TARGET == 8192, "the text below");
    if (line.target.length > HTTP_MAX_TARGET)
        return refuse_request(exchange, 414,
                              "the target is longer than 8192 bytes");
    if (status != 0)
        return refuse_request(exchange, status, objection);
    if (exchange->context->checks_host &&
        exchange_client_is_misdirected(exchange, received))
        return refuse_request(exchange, 421, misdirected);
    request->site = site_policy_site(exchange->context->sites, &request->fields,
                                     request->scheme);
    http_request_set_target(request, line.target,
                            buffer_end(&exchange->target));
    return open_body(exchange);
}

static void dispatch_request(struct exchange *exchange)
{
    const struct http_app *app = &exchange->context->app;
    struct http_request *request = &exchange->request;
    struct http_response *response = &exchange->response;
    const struct buffer *body = &exchange->body.collected;

    request->body = body->data == NULL ? TEXT("") : buffer_text(body);
    if (request_body_is_too_long(&exchange->body))
        problem_set(response, 413, "%s", app->too_long);
    else if (buffer_failed(body))
        problem_set_no_memory(response);
    else
        app->answer(app->context, request, response);
}

/* The request is complete: answer it, now or later. */
static bool answer_request(struct exchange *exchange)
{
    struct http_response *response = &exchange->response;
    struct http_sink *sink = request_body_complete(&exchange->body);

    /* From here on the client is not what is slow. */
    connection_enter(&exchange->connection, CONNECTION_WORKING);
    exchange->incomplete = false;
    if (sink != NULL)
        sink->finish(sink, response);
    else
        dispatch_request(exchange);
    exchange_note_life(exchange);
    exchange->stage = response->deferred == NULL ? STAGE_READY : STAGE_DEFERRED;
    if (response->deferred != NULL) {
        /* In a pool MHD has to call once more before it may be suspended. */
        if (!wait_blocks(&exchange->connection.wait))
            return true;
        exchange_start_deferred(exchange);
        exchange_finish_deferred(exchange);
    }
    return exchange_queue_response(exchange, false);
}

/* Pass on a part of the body. False if the connection is to be closed. */
static bool take_part(struct exchange *exchange, const char *data, size_t *size)
{
    if (request_body_take(&exchange->body, data, size))
        return true;
    exchange->cut = true;
    exchange_no_response(exchange,
                         exchange->body.sink == NULL
                             ? exchange->context->app.too_long
                             : "the rest of the body cannot be taken");
    return false;
}

/* As exchange_step(). */
static bool take_step(struct exchange *exchange, const char *method,
                      const char *version, const char *data, size_t *size)
{
    switch (exchange->stage) {
    case STAGE_HEAD:
        return take_head(exchange, method, version);
    case STAGE_BODY:
        if (request_body_waits(&exchange->body))
            return true;
        /* An empty part, which MHD offers after a 100, is not the end. */
        if (data == NULL)
            return answer_request(exchange);
        return take_part(exchange, data, size);
    case STAGE_DEFERRED:
        if (exchange_start_deferred(exchange))
            return true;
        break;
    case STAGE_WAITING:
    case STAGE_READY:
        break;
    }
    return exchange_finish_deferred(exchange)
               ? exchange_queue_response(exchange, false)
               : true;
}

bool exchange_step(struct exchange *exchange, const char *method,
                   const char *version, const char *data, size_t *size)
{
    struct activity *activity = &exchange->connection.wait.activity;

    activity_enter(activity);
    bool kept = take_step(exchange, method, version, data, size);
    activity_leave(activity);
    return kept;
}

void exchange_end(struct exchange *exchange, bool sent)
{
    struct activity *activity = &exchange->connection.wait.activity;

    activity_enter(activity);
    record_end(exchange, sent);
    exchange->unread = tls_session_has_unread(&exchange->tls);
    drop_request(exchange);
    mhd_responses_end(&exchange->responses);
    http_response_clear(&exchange->response, MHD_RESPONSES_KEPT);
    head_release(&exchange->head);
    if (exchange->target.capacity > MHD_RESPONSES_KEPT)
        buffer_release(&exchange->target);
    activity_leave(activity);
}
