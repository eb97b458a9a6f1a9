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
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "log.h"
#include "problem.h"
#include "routes.h"
#include "server_guard.h"

enum {
    /* Memory for bodies that a connection keeps from request to request. */
    KEPT_BODY = 4096,
};

enum stage {
    STAGE_HEAD,  /* the head has not been looked at */
    STAGE_BODY,  /* the body is arriving */
    STAGE_READY, /* the response is there, but not queued */
};

struct server_exchange {
    struct connection connection;
    const struct server_context *context;
    struct MHD_Connection *mhd;

    enum stage stage;
    struct http_request request;
    struct server_head head;
    struct buffer target; /* what `request.path` and `query` point into */
    struct buffer body;
    size_t received; /* bytes of the body, also those that were dropped */
    struct http_response response;
    struct server_job job;

    /* A stream: `block` is what has been made and not been sent. */
    struct http_stream *stream;
    struct buffer block;
    size_t block_sent;
    int stream_state; /* as http_stream's `next` said */
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

void server_exchange_free(struct server_exchange *exchange)
{
    if (exchange == NULL)
        return;
    connections_remove(exchange->context->connections, &exchange->connection);
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

/* Make the next block of the stream. Not on an event loop. */
static void fill_block(struct server_exchange *exchange)
{
    buffer_clear(&exchange->block);
    exchange->block_sent = 0;
    exchange->stream_state =
        exchange->stream->next(exchange->stream, &exchange->block);
}

static struct server_exchange *exchange_of(struct server_job *job)
{
    return (struct server_exchange *)((char *)job -
                                      offsetof(struct server_exchange, job));
}

/* After the resume the exchange is the event loop's: not to be touched. */
static void run_fill(struct server_job *job, bool cancelled)
{
    struct server_exchange *exchange = exchange_of(job);

    if (cancelled)
        exchange->stream_state = -1;
    else
        fill_block(exchange);
    connection_enter(&exchange->connection, CONNECTION_SENDING);
    MHD_resume_connection(exchange->mhd);
}

/* Give the connection to a worker, which resumes it in the end. */
static void hand_over(struct server_exchange *exchange,
                      void (*run)(struct server_job *job, bool cancelled))
{
    connection_enter(&exchange->connection, CONNECTION_WORKING);
    exchange->job.run = run;
    MHD_suspend_connection(exchange->mhd);
    server_workers_submit(exchange->context->workers, &exchange->job);
}

/* MHD's content reader, under MHD's lock of this response, which is ours. */
static ssize_t read_stream(void *context, uint64_t position, char *out,
                           size_t size)
{
    struct server_exchange *exchange = context;
    size_t left = exchange->block.length - exchange->block_sent;

    (void)position;
    if (left == 0 && exchange->stream_state > 0) {
        if (exchange->context->workers != NULL) {
            hand_over(exchange, run_fill);
            return 0;
        }
        fill_block(exchange);
        left = exchange->block.length;
    }
    if (exchange->stream_state < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (size > left)
        size = left;
    memcpy(out, exchange->block.data + exchange->block_sent, size);
    exchange->block_sent += size;
    return (ssize_t)size;
}

static void free_stream(void *context)
{
    struct server_exchange *exchange = context;

    exchange->stream->free(exchange->stream);
    exchange->stream = NULL;
    buffer_release(&exchange->block);
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
    struct MHD_Response *response;

    if (exchange->request.method == HTTP_HEAD)
        return head_without_length();
    response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_STREAM_BLOCK,
                                          read_stream, exchange, free_stream);
    if (response != NULL) {
        exchange->stream = exchange->response.stream;
        exchange->response.stream = NULL;
        exchange->block = BUFFER_INIT;
        exchange->block_sent = 0;
        exchange->stream_state = 1;
    }
    return response;
}

/* MHD sends a body's length but not the body for HEAD and for 304. */
static struct MHD_Response *make_response(struct server_exchange *exchange)
{
    struct http_response *own = &exchange->response;
    struct MHD_Response *response;

    if (own->stream != NULL)
        return stream_response(exchange);
    if (own->body.length > 0) {
        response = MHD_create_response_from_buffer_with_free_callback(
            own->body.length, own->body.data, free);
        if (response != NULL)
            own->body = BUFFER_INIT;
        return response;
    }
    if (own->status == 304 && own->fixed.length == 0)
        return head_without_length();
    /* MHD only reads it; the type is not const for its own reasons. */
    return MHD_create_response_from_buffer(
        own->fixed.length, (void *)own->fixed.data, MHD_RESPMEM_PERSISTENT);
}

/* Memory ended: while the request came in, or while the body was written. */
static void no_memory(struct http_response *response)
{
    problem_set(response, 503, "out of memory; try again");
    http_response_header(response, "Retry-After", "1");
}

/* Queue the response. `close`: whatever there is room for. */
static bool queue_response(struct server_exchange *exchange, bool close)
{
    const struct http_response *own = &exchange->response;

    if (buffer_failed(&own->body))
        no_memory(&exchange->response);
    struct MHD_Response *response = make_response(exchange);
    bool queued = response != NULL;

    if (!connections_keep_alive(exchange->context->connections,
                                &exchange->connection))
        close = true;
    for (size_t i = 0; queued && i < own->header_count; i++)
        queued = MHD_add_response_header(response, own->headers[i].name,
                                         own->headers[i].value) == MHD_YES;
    if (queued && close)
        queued =
            MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    if (queued) {
        log_answer(exchange);
        connection_enter(&exchange->connection, CONNECTION_SENDING);
        queued =
            MHD_queue_response(exchange->mhd, own->status, response) == MHD_YES;
    }
    if (response != NULL)
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

/* The first call of a request: its head is complete. */
static bool take_head(struct server_exchange *exchange, const char *method,
                      const char *version)
{
    struct http_request *request = &exchange->request;
    struct text target = buffer_text(&exchange->target);

    exchange->stage = STAGE_BODY;
    exchange->received = 0;
    buffer_clear(&exchange->body);
    request->method = http_method_of(text_of(method));
    const char *objection = server_guard_read(
        exchange->mhd, version, &request->fields, &exchange->head);
    if (objection != NULL)
        return refuse(exchange, 400, objection);
    if (buffer_failed(&exchange->target)) {
        no_memory(&exchange->response);
        return queue_response(exchange, true);
    }
    if (target.length == 0 || memchr(target.data, ' ', target.length) != NULL)
        return refuse(exchange, 400,
                      "the request's first line is not of "
                      "the form \"GET /path HTTP/1.1\"");
    if (target.length > HTTP_MAX_TARGET)
        return refuse(exchange, 414, "the target is longer than 8192 bytes");
    if (exchange->head.expects_continue &&
        exchange->head.content_length > HTTP_MAX_BODY)
        return refuse(exchange, 413, body_too_long);
    http_target_split(target, &request->path, &request->query);
    return true;
}

/* Keep the body, or drop it where it is too long; but not for ever. */
static bool take_body(struct server_exchange *exchange, const char *data,
                      size_t size)
{
    exchange->received += size;
    if (exchange->received > HTTP_MAX_DRAIN)
        return false;
    if (is_too_long(exchange))
        buffer_release(&exchange->body);
    else if (buffer_reserve(&exchange->body, size + 1))
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

    /* Room for the NUL was reserved with each part. */
    if (exchange->body.data != NULL)
        exchange->body.data[exchange->body.length] = '\0';
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
        if (part == 0)
            return answer(exchange);
        *size = 0;
        return take_body(exchange, data, part);
    case STAGE_READY:
        break;
    }
    return queue_response(exchange, false);
}

void server_exchange_end(struct server_exchange *exchange)
{
    http_response_release(&exchange->response);
    if (exchange->body.capacity > KEPT_BODY)
        buffer_release(&exchange->body);
    if (exchange->target.capacity > KEPT_BODY)
        buffer_release(&exchange->target);
    connection_enter(&exchange->connection, CONNECTION_WAITING);
}
