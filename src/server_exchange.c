/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One struct a connection, used again for each of its requests, so that a
 * request on a connection that is kept alive allocates next to nothing.
 *
 * Who owns it: the event loop's thread; while the connection is suspended,
 * the worker that runs its job. The hand-over to the worker is the queue's
 * lock, the one back MHD_resume_connection(), which takes the daemon's.
 */
#include "server_exchange.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "log.h"
#include "problem.h"
#include "routes.h"
#include "server_guard.h"
#include "server_stream.h"

enum {
    /* Memory for a body that a connection keeps from request to request. */
    KEPT_BODY = 4096,
    /*
     * For all that are longer than LONG_BODY together, or clients that take
     * nothing of many long pages could use up the machine's. A page has some
     * 13 MB at the most. Others are bounded by the number of connections, and
     * must not be put off because of long ones.
     */
    LONG_BODY = 64 * 1024,
    MAX_UNSENT = 128 * 1024 * 1024,
};

enum stage {
    STAGE_HEAD,  /* the head has not been looked at */
    STAGE_BODY,  /* the body is arriving */
    STAGE_READY, /* the response is there, but not queued */
};

/*
 * The last answer, as MHD has it. The next one, if it has the same length, the
 * same header and the same place in memory, as those of a sender of messages
 * do, is sent by it again: to make one takes MHD some six allocations.
 */
struct last_answer {
    struct MHD_Response *response; /* NULL: none that could be sent again */
    struct text body;
    struct http_header header;
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
    size_t unsent; /* what of the context's `unsent` is of this one */
    struct last_answer last;
    struct server_job job;
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
    connections_add(context->connections, &exchange->connection, socket);
    return exchange;
}

static void forget_answer(struct last_answer *last)
{
    if (last->response != NULL)
        MHD_destroy_response(last->response);
    last->response = NULL;
}

/* The body did not become complete. */
static void close_sink(struct server_exchange *exchange)
{
    if (exchange->sink != NULL)
        exchange->sink->free(exchange->sink);
    exchange->sink = NULL;
}

/* The answer has been sent, or will not be. */
static void leave_room(struct server_exchange *exchange)
{
    if (exchange->unsent > 0)
        atomic_fetch_sub(exchange->context->unsent, exchange->unsent);
    exchange->unsent = 0;
}

void server_exchange_free(struct server_exchange *exchange)
{
    if (exchange == NULL)
        return;
    connections_remove(exchange->context->connections, &exchange->connection);
    forget_answer(&exchange->last);
    leave_room(exchange);
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

static struct server_exchange *exchange_of(struct server_job *job)
{
    return (struct server_exchange *)((char *)job -
                                      offsetof(struct server_exchange, job));
}

/* Give the connection to a worker, which resumes it in the end. */
static void hand_over(struct server_exchange *exchange,
                      void (*run)(struct server_job *job, bool cancelled))
{
    connection_enter(&exchange->connection, CONNECTION_WORKING);
    exchange->job.run = run;
    exchange->job.slow = exchange->response.later->slow;
    MHD_suspend_connection(exchange->mhd);
    server_workers_submit(exchange->context->workers, &exchange->job);
}

/* A reader that is never called: for responses that have only a head. */
static ssize_t read_nothing(void *context, uint64_t position, char *out,
                            size_t size)
{
    (void)context;
    (void)position;
    (void)out;
    (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/*
 * Neither Content-Length, which would have to be that of a body we do not
 * make (RFC 9110 section 8.6), nor Transfer-Encoding, with which MHD 0.9.75
 * writes a last chunk even where there is no body. It then closes the
 * connection, as the price.
 */
static struct MHD_Response *head_without_length(void)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 1, read_nothing, NULL, NULL);

    if (response != NULL)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                 MHD_RO_END);
    return response;
}

static struct MHD_Response *stream_response(struct server_exchange *exchange)
{
    struct http_response *own = &exchange->response;
    struct MHD_Response *response;

    if (exchange->request.method == HTTP_HEAD)
        return head_without_length();
    response = server_stream_response(own->stream, exchange->mhd,
                                      &exchange->connection,
                                      exchange->context->workers);
    if (response != NULL)
        own->stream = NULL;
    return response;
}

/* A short body stays ours and in its place; a long one becomes MHD's. */
static struct MHD_Response *body_response(struct buffer *body)
{
    struct MHD_Response *response;

    if (body->capacity <= KEPT_BODY)
        return MHD_create_response_from_buffer(body->length, body->data,
                                               MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_buffer_with_free_callback(
        body->length, body->data, free);
    if (response != NULL)
        *body = BUFFER_INIT;
    return response;
}

/* MHD sends a body's length but not the body for HEAD and for 304. */
static struct MHD_Response *make_response(struct server_exchange *exchange)
{
    struct http_response *own = &exchange->response;

    if (own->stream != NULL)
        return stream_response(exchange);
    if (own->body.length > 0)
        return body_response(&own->body);
    if (own->status == 304 && own->fixed.length == 0)
        return head_without_length();
    /* MHD only reads it; the type is not const for its own reasons. */
    return MHD_create_response_from_buffer(
        own->fixed.length, (void *)own->fixed.data, MHD_RESPMEM_PERSISTENT);
}

/* The response with its headers; NULL where memory ends. */
static struct MHD_Response *make_answer(struct server_exchange *exchange,
                                        bool close)
{
    const struct http_response *own = &exchange->response;
    struct MHD_Response *response = make_response(exchange);
    bool made = response != NULL;

    for (size_t i = 0; made && i < own->header_count; i++)
        made = MHD_add_response_header(response, own->headers[i].name,
                                       own->headers[i].value) == MHD_YES;
    if (made && close)
        made =
            MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    if (made || response == NULL)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

/* A short body, one header that is always the same: an ordinary answer. */
static bool can_be_last(const struct http_response *response, bool close)
{
    return !close && response->stream == NULL && response->body.length > 0 &&
           response->body.capacity <= KEPT_BODY &&
           response->header_count == 1 && !response->headers[0].owned;
}

static bool is_like_last(const struct last_answer *last,
                         const struct http_response *response)
{
    return last->response != NULL && last->body.data == response->body.data &&
           last->body.length == response->body.length &&
           last->header.name == response->headers[0].name &&
           last->header.value == response->headers[0].value;
}

/*
 * The answer as MHD wants it, made or made again. The last one's body was
 * sent before this request began, and is not read any more.
 * Ownership: the caller's, unless it is the last answer now.
 */
static struct MHD_Response *take_answer(struct server_exchange *exchange,
                                        bool close)
{
    const struct http_response *own = &exchange->response;
    struct last_answer *last = &exchange->last;

    if (!can_be_last(own, close)) {
        forget_answer(last);
        return make_answer(exchange, close);
    }
    if (!is_like_last(last, own)) {
        forget_answer(last);
        *last = (struct last_answer){make_answer(exchange, false),
                                     buffer_text(&own->body), own->headers[0]};
    }
    return last->response;
}

/* Memory ended: while the request came in, or while the body was written. */
static void no_memory(struct http_response *response)
{
    problem_set(response, 503, "out of memory; try again");
    http_response_header(response, "Retry-After", "1");
}

static bool take_room(struct server_exchange *exchange, size_t size)
{
    _Atomic size_t *unsent = exchange->context->unsent;

    if (atomic_fetch_add(unsent, size) + size > MAX_UNSENT) {
        atomic_fetch_sub(unsent, size);
        return false;
    }
    exchange->unsent += size;
    return true;
}

static void too_much_unsent(struct http_response *response)
{
    problem_set(response, 503,
                "too many long answers are being sent already; try again, or "
                "ask for less with limit");
    http_response_header(response, "Retry-After", "5");
}

/* Queue the response. `close`: whatever there is room for. */
static bool queue_response(struct server_exchange *exchange, bool close)
{
    const struct http_response *own = &exchange->response;

    if (buffer_failed(&own->body))
        no_memory(&exchange->response);
    else if (own->body.capacity > LONG_BODY &&
             !take_room(exchange, own->body.capacity))
        too_much_unsent(&exchange->response);
    if (!connections_keep_alive(exchange->context->connections,
                                &exchange->connection) ||
        (exchange->head.chunked && server_guard_has_trailers(exchange->mhd)))
        close = true;
    struct MHD_Response *response = take_answer(exchange, close);
    if (response == NULL)
        return false;
    log_answer(exchange);
    connection_enter(&exchange->connection, CONNECTION_SENDING);
    bool queued =
        MHD_queue_response(exchange->mhd, own->status, response) == MHD_YES;
    if (response != exchange->last.response)
        MHD_destroy_response(response);
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
        no_memory(&exchange->response);
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

static void run_later(struct server_job *job, bool cancelled)
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
        no_memory(response);
    } else {
        routes_dispatch(exchange->context->service, request, response);
    }
}

/* The request is complete: answer it, now or later. */
static bool answer(struct server_exchange *exchange)
{
    struct http_response *response = &exchange->response;
    struct http_sink *sink = exchange->sink;

    exchange->sink = NULL;
    if (sink != NULL)
        sink->finish(sink, response);
    else
        dispatch(exchange);
    if (response->later != NULL && exchange->context->workers != NULL) {
        hand_over(exchange, run_later);
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
    case STAGE_READY:
        break;
    }
    return queue_response(exchange, false);
}

/* Forget the answer, but keep the memory of a short one's body. */
static void clear_response(struct http_response *response)
{
    struct buffer body = BUFFER_INIT;

    if (response->body.capacity <= KEPT_BODY) {
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
    leave_room(exchange);
    clear_response(&exchange->response);
    if (exchange->body.capacity > KEPT_BODY)
        buffer_release(&exchange->body);
    if (exchange->target.capacity > KEPT_BODY)
        buffer_release(&exchange->target);
    connection_enter(&exchange->connection, CONNECTION_WAITING);
}
