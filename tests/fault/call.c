/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of the server, in one thread: open, then take and finish of a sink,
 * or answer; then a deferred response; then the stream.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "base/workers.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"

enum { MAX_STREAM = 1024 * 1024 };

/* Jobs run at once, in this thread, so a wake comes before any wait. */
static void note_wake(struct http_waiter *waiter)
{
    waiter->wake = NULL;
}

/* Link-time optimisation does not see that the linker will need it. */
__attribute__((used)) void __wrap_workers_submit(struct workers *workers,
                                                 struct worker_job *job);

void __wrap_workers_submit(struct workers *workers, struct worker_job *job)
{
    (void)workers;
    job->run(job);
}

static void feed_sink(struct http_sink *sink, struct text body, size_t part)
{
    while (body.length > 0) {
        size_t length = part == 0 || part > body.length ? body.length : part;
        struct text piece = {body.data, length};
        if (sink->take(sink, &piece, NULL) != HTTP_MORE || piece.length > 0)
            abort();
        body = text_skip(body, length);
    }
}

static void finish_deferred(struct http_response *response)
{
    struct http_deferred *deferred = response->deferred;
    struct http_waiter waiter = {note_wake};

    deferred->start(deferred, &waiter);
    if (waiter.wake != NULL)
        abort();
    response->deferred = NULL;
    deferred->finish(deferred, response);
}

/* Make the response, which may be a stream. */
static void make_response(struct api *api, const struct call *call,
                          struct http_response *response)
{
    struct http_request request = {.method = call->method,
                                   .fields = call->fields};
    char decoded[HTTP_MAX_TARGET];

    http_request_set_target(&request, text_of(call->target), decoded);
    request.body = call->body == NULL ? TEXT("") : text_of(call->body);
    struct http_sink *sink = routes_open(api, &request, response);
    if (sink != NULL) {
        feed_sink(sink, request.body, call->part);
        sink->finish(sink, response);
    } else if (response->status == 0) {
        routes_answer(api, &request, response);
    }
    if (response->deferred != NULL)
        finish_deferred(response);
}

/*
 * Append the whole stream to `all`, which has enough room. False if the stream
 * fails.
 */
static bool read_stream(struct http_stream *stream, struct buffer *all)
{
    struct buffer block = BUFFER_INIT;
    struct http_waiter waiter = {note_wake};
    enum http_flow flow = HTTP_MORE;

    while (flow == HTTP_MORE) {
        buffer_clear(&block);
        flow = stream->next(stream, &block, &waiter);
        if (flow != HTTP_FAILED)
            buffer_append(all, buffer_text(&block));
    }
    buffer_release(&block);
    return flow == HTTP_DONE;
}

static char *string_of(const struct buffer *buffer)
{
    char *string = malloc(buffer->length + 1);

    if (string == NULL)
        abort();
    *buffer_put(string, (struct text){buffer->length == 0 ? "" : buffer->data,
                                      buffer->length}) = '\0';
    return string;
}

static char *headers_of(const struct http_response *response)
{
    struct buffer lines = BUFFER_INIT;

    for (size_t i = 0; i < response->header_count; i++) {
        buffer_append(&lines, text_of(response->headers[i].name));
        buffer_append(&lines, TEXT(": "));
        buffer_append(&lines, text_of(response->headers[i].value));
        buffer_append(&lines, TEXT("\n"));
    }
    char *headers = string_of(&lines);
    buffer_release(&lines);
    return headers;
}

/* Make the response, and read its stream. */
static void run_call(struct api *api, const struct call *call,
                     struct http_response *response, struct buffer *streamed,
                     struct outcome *outcome)
{
    make_response(api, call, response);
    /* The server does the same if there was no memory for the body. */
    if (buffer_failed(&response->body))
        problem_set_no_memory(response);
    if (response->stream != NULL)
        outcome->truncated = !read_stream(response->stream, streamed);
}

struct outcome call_make(struct api *api, const struct call *call,
                         const struct allocations_end *end, bool *ended)
{
    struct http_response response;
    struct outcome outcome = {0};
    struct buffer body = BUFFER_INIT;

    /* Room for every stream of the tests, so that no append allocates. */
    if (!buffer_reserve(&body, MAX_STREAM))
        abort();
    http_response_init(&response);
    if (end != NULL)
        allocations_limit(end);
    run_call(api, call, &response, &body, &outcome);
    bool failed = allocations_restore();
    if (ended != NULL)
        *ended = failed;

    if (response.stream == NULL)
        buffer_append(&body, response.fixed.data != NULL
                                 ? response.fixed
                                 : buffer_text(&response.body));
    outcome.status = response.status;
    outcome.body = string_of(&body);
    outcome.headers = headers_of(&response);
    http_response_release(&response);
    buffer_release(&body);
    return outcome;
}

void outcome_release(struct outcome *outcome)
{
    free(outcome->headers);
    free(outcome->body);
    *outcome = (struct outcome){0};
}

char *call_state(struct api *api)
{
    struct outcome outcome = call_make(api, &CALL_GET("/rockets"), NULL, NULL);
    char *state = outcome.body;

    outcome.body = NULL;
    outcome_release(&outcome);
    return state;
}
