/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One struct a connection, used again for each of its requests, so that a
 * request on a connection that is kept alive allocates next to nothing.
 *
 * Who owns it: the event loop's thread; while the connection is suspended,
 * the worker that runs its job. The hand-over to the worker is the queue's
 * lock, the one back MHD_resume_connection(), which takes the daemon's.
 */
#include "exchange.h"

#include <microhttpd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "api/routes.h"
#include "base/log.h"
#include "head.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"

enum stage {
    STAGE_HEAD,  /* the head has not been looked at */
    STAGE_BODY,  /* the body is arriving */
    STAGE_LATER, /* there is work for a worker */
    STAGE_READY, /* the response is there, but not queued */
};

struct server_exchange {
    struct connection connection;
    const struct server_context *context;
    struct MHD_Connection *mhd;

    enum stage stage;
    struct http_request request;
    struct server_head head;
    struct buffer target;   /* what `request.path` and `query` point into */
    struct http_sink *sink; /* where the body goes, if it is not collected */
    struct buffer body;
    size_t received; /* bytes of the body, also those that were dropped */
    struct http_response response;
    struct server_answer answer;
    struct worker_job job;
};

struct server_exchange *
server_exchange_new(const struct server_context *context,
                    struct MHD_Connection *mhd, int socket)
{
    struct server_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL)
        return NULL;

    exchange->context = context;
    exchange->mhd = mhd;
    http_response_init(&exchange->response);
    server_answer_init(&exchange->answer, context->unsent);
    connections_add(context->connections, &exchange->connection, socket);
    return exchange;
}

/* The body did not become complete. */
static void close_sink(struct server_exchange *exchange)
{
    if (exchange->sink != NULL)
        exchange->sink->free(exchange->sink);
    exchange->sink = NULL;
}

void server_exchange_free(struct server_exchange *exchange)
{
    if (exchange == NULL)
        return;
    connections_remove(exchange->context->connections, &exchange->connection);
    server_answer_release(&exchange->answer);
    close_sink(exchange);
    http_response_release(&exchange->response);
    buffer_release(&exchange->target);
    buffer_release(&exchange->body);
    free(exchange);
}

void server_exchange_begin(struct server_exchange *exchange, const char *target)
{
    connection_enter(&exchange->connection, CONNECTION_RECEIVING);
    exchange->stage = STAGE_HEAD;
    buffer_clear(&exchange->target);
    /* MHD decodes its own copy in place, so ours is made now. */
    if (target != NULL)
        buffer_append(
            &exchange->target,
            (struct text){target, strnlen(target, HTTP_MAX_TARGET + 1)});
}

static void log_answer(const struct server_exchange *exchange)
{
    static const char *const methods[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",
        [HTTP_POST] = "POST",       [HTTP_OPTIONS] = "OPTIONS",
        [HTTP_OTHER] = "(another)",
    };
    char target[256];

    if (log_wants(LOG_DEBUG))
        log_line(
            LOG_DEBUG, "%s %s %u", methods[exchange->request.method],
            log_escape(buffer_text(&exchange->target), target, sizeof(target)),
            exchange->response.status);
}

static struct server_exchange *exchange_of(struct worker_job *job)
{
    return (struct server_exchange *)((char *)job -
                                      offsetof(struct server_exchange, job));
}

/*
 * Give the connection to a worker, which resumes it in the end.
 *
 * MHD 0.9.75 goes on, after a resume, with what it was about to do at the
 * suspension. That must not be to read: if the client has ended its side by
 * then, MHD takes that for the end of the connection, and the answer is never
 * asked for. So a connection is suspended only in a call in which MHD knows
 * already that it has read the request and waits for us: the one that follows
 * a call in which nothing was done.
 */
static void hand_over(struct server_exchange *exchange,
                      void (*run)(struct worker_job *job, bool cancelled))
{
    exchange->job.run = run;
    exchange->job.slow = exchange->response.later->slow;
    MHD_suspend_connection(exchange->mhd);
    workers_submit(exchange->context->workers, &exchange->job);
}

/* Too many are open, a stop has begun, or what is behind can't be told. */
static bool ends_connection(const struct server_exchange *exchange)
{
    return !connections_keep_alive(exchange->context->connections,
                                   &exchange->connection) ||
           (exchange->head.chunked && server_guard_has_trailers(exchange->mhd));
}

/* Queue the response. `close`: whatever there is room for. */
static bool queue_response(struct server_exchange *exchange, bool close)
{
    const struct server_answer_use use = {
        .mhd = exchange->mhd,
        .connection = &exchange->connection,
        .workers = exchange->context->workers,
        .head = exchange->request.method == HTTP_HEAD,
        .close = close || ends_connection(exchange),
    };
    struct MHD_Response *answer =
        server_answer_take(&exchange->answer, &exchange->response, &use);

    if (answer == NULL)
        return false;
    log_answer(exchange);
    connection_enter(&exchange->connection, CONNECTION_SENDING);
    bool queued = MHD_queue_response(exchange->mhd, exchange->response.status,
                                     answer) == MHD_YES;
    server_answer_drop(&exchange->answer, answer);
    return queued;
}

/* Refuse without a look at the body: the connection can't go on. */
static bool refuse(struct server_exchange *exchange, unsigned status,
                   const char *detail)
{
    problem_set(&exchange->response, status, "%s", detail);
    return queue_response(exchange, true);
}

static bool is_too_long(const struct server_exchange *exchange)
{
    return exchange->received > HTTP_MAX_BODY;
}

static const char body_too_long[] =
    "the body is longer than the 65536 bytes that one message may have";

/* Decide where the body goes. False if the connection is to be closed. */
static bool open_body(struct server_exchange *exchange)
{
    const struct server_head *head = &exchange->head;
    struct http_response *response = &exchange->response;

    exchange->sink =
        routes_open(exchange->context->service, &exchange->request, response);
    if (exchange->sink == NULL && response->status != 0)
        return queue_response(exchange, true);
    if (exchange->sink == NULL && head->expects_continue &&
        head->content_length > HTTP_MAX_BODY)
        return refuse(exchange, 413, body_too_long);
    return true;
}

/* The first call of a request: its head is complete. */
static bool take_head(struct server_exchange *exchange, const char *method,
                      const char *version)
{
    struct http_request *request = &exchange->request;
    struct server_line line = {method, version, buffer_text(&exchange->target)};
    const char *objection = NULL;

    exchange->stage = STAGE_BODY;
    exchange->received = 0;
    buffer_clear(&exchange->body);
    request->method = http_method_of(text_of(method));
    if (buffer_failed(&exchange->target)) {
        server_answer_no_memory(&exchange->response);
        return queue_response(exchange, true);
    }
    if (line.target.length > HTTP_MAX_TARGET)
        return refuse(exchange, 414, "the target is longer than 8192 bytes");
    unsigned status = server_guard_read(exchange->mhd, &line, &request->fields,
                                        &exchange->head, &objection);
    if (status != 0)
        return refuse(exchange, status, objection);
    http_target_split(line.target, &request->path, &request->query);
    return open_body(exchange);
}

/*
 * Hand the part on; or keep it; or drop it, where the body is too long, but
 * not for ever.
 */
static bool take_body(struct server_exchange *exchange, const char *data,
                      size_t size)
{
    if (exchange->sink != NULL) {
        connection_progress(&exchange->connection);
        exchange->sink->take(exchange->sink, (struct text){data, size});
        return true;
    }
    exchange->received += size;
    if (exchange->received > HTTP_MAX_DRAIN)
        return false;
    if (is_too_long(exchange))
        buffer_release(&exchange->body);
    else
        buffer_append(&exchange->body, (struct text){data, size});
    return true;
}

static void run_later(struct worker_job *job, bool cancelled)
{
    struct server_exchange *exchange = exchange_of(job);
    struct http_response *response = &exchange->response;
    struct http_work *work = response->later;

    if (cancelled) {
        problem_set(response, 503, "the service is stopping");
        http_response_header(response, "Retry-After", "5");
    } else {
        response->later = NULL;
        work->run(work, response);
    }
    exchange->stage = STAGE_READY;
    MHD_resume_connection(exchange->mhd);
}

static void dispatch(struct server_exchange *exchange)
{
    struct http_request *request = &exchange->request;
    struct http_response *response = &exchange->response;

    request->body =
        exchange->body.data == NULL ? TEXT("") : buffer_text(&exchange->body);
    if (is_too_long(exchange)) {
        problem_set(response, 413, "%s", body_too_long);
    } else if (buffer_failed(&exchange->body)) {
        server_answer_no_memory(response);
    } else {
        routes_dispatch(exchange->context->service, request, response);
    }
}

/* The request is complete: answer it, now or later. */
static bool answer(struct server_exchange *exchange)
{
    struct http_response *response = &exchange->response;
    struct http_sink *sink = exchange->sink;

    /* The request is whole: from here on it is not the client that is slow. */
    connection_enter(&exchange->connection, CONNECTION_WORKING);
    exchange->sink = NULL;
    if (sink != NULL)
        sink->finish(sink, response);
    else
        dispatch(exchange);
    if (response->later != NULL && exchange->context->workers != NULL) {
        exchange->stage = STAGE_LATER;
        return true;
    }
    if (response->later != NULL) {
        struct http_work *work = response->later;
        response->later = NULL;
        work->run(work, response);
    }
    exchange->stage = STAGE_READY;
    return queue_response(exchange, false);
}

bool server_exchange_step(struct server_exchange *exchange, const char *method,
                          const char *version, const char *data, size_t *size)
{
    size_t part = *size;

    switch (exchange->stage) {
    case STAGE_HEAD:
        return take_head(exchange, method, version);
    case STAGE_BODY:
        /* An empty part, as MHD offers after an invitation, is no end. */
        if (data == NULL)
            return answer(exchange);
        *size = 0;
        return take_body(exchange, data, part);
    case STAGE_LATER:
        hand_over(exchange, run_later);
        return true;
    case STAGE_READY:
        break;
    }
    return queue_response(exchange, false);
}

/* Forget the answer, but keep the memory of a short one's body. */
static void clear_response(struct http_response *response)
{
    struct buffer body = BUFFER_INIT;

    if (response->body.capacity <= SERVER_ANSWER_KEPT) {
        body = response->body;
        response->body = BUFFER_INIT;
    }
    http_response_release(response);
    buffer_clear(&body);
    response->body = body;
}

void server_exchange_end(struct server_exchange *exchange)
{
    close_sink(exchange);
    server_answer_end(&exchange->answer);
    clear_response(&exchange->response);
    if (exchange->body.capacity > SERVER_ANSWER_KEPT)
        buffer_release(&exchange->body);
    if (exchange->target.capacity > SERVER_ANSWER_KEPT)
        buffer_release(&exchange->target);
    connection_enter(&exchange->connection, CONNECTION_WAITING);
}
