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
#include "http/response.h"
#include "lib/inflated.h"

enum { MAX_RESPONSE = 256 * 1024 };

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
        size_t length = part > body.length ? body.length : part;
        struct text piece = {body.data, length};
        if (sink->take(sink, &piece, NULL) != HTTP_MORE || piece.length > 0)
            abort();
        body = text_skip(body, length);
    }
}

static void finish_deferred(struct http_response *response)
{
    struct http_deferred *deferred = response->deferred;
    struct http_waiter waiter = {.wake = note_wake};

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
    if (call->length > 0)
        request.body.length = call->length;
    struct http_sink *sink = routes_open(api, &request, response);
    if (sink != NULL) {
        feed_sink(sink, request.body, call->part);
        sink->finish(sink, response);
    } else if (response->status == 0) {
        routes_answer(api, &request, response);
    }
    if (response->deferred != NULL)
        finish_deferred(response);
    /* The server does the same if there was no memory for the body. */
    if (buffer_failed(&response->body))
        problem_set_no_memory(response);
}

static void write_headers(const struct http_response *response,
                          struct buffer *text)
{
    for (size_t i = 0; i < response->header_count; i++)
        buffer_append_format(text, "%s: %s\n", response->headers[i].name,
                             response->headers[i].value);
    buffer_append(text, TEXT("\n"));
}

/* Write the whole body. False if it is a stream that fails. */
static bool write_body(const struct http_response *response,
                       struct buffer *text)
{
    struct buffer block = BUFFER_INIT;
    struct http_waiter waiter = {.wake = note_wake};
    enum http_flow flow = HTTP_MORE;

    if (response->stream == NULL) {
        buffer_append(text, response->fixed.data != NULL
                                ? response->fixed
                                : buffer_text(&response->body));
        return true;
    }
    while (flow == HTTP_MORE) {
        buffer_clear(&block);
        flow = response->stream->next(response->stream, &block, &waiter);
        if (flow != HTTP_FAILED)
            buffer_append(text, buffer_text(&block));
    }
    buffer_release(&block);
    return flow == HTTP_DONE;
}

static bool is_gzipped(const struct http_response *response)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, "Content-Encoding") == 0)
            return true;
    return false;
}

/* Replace the body at `start` by what it was compressed from. */
static void decompress_body(struct outcome *outcome, struct buffer *text,
                            size_t start)
{
    size_t length;
    bool whole;
    char *plain =
        inflated(text->data + start, text->length - start, &length, &whole);

    outcome->truncated = outcome->truncated || !whole;
    text->length = start;
    buffer_append(text, (struct text){plain, length});
    free(plain);
}

struct outcome call_make(struct api *api, const struct call *call,
                         const struct scarcity_limit *limit)
{
    struct http_response response;
    struct outcome outcome = {0};
    struct buffer text = BUFFER_INIT;

    /* Room for every response of the tests, so that no append allocates. */
    if (!buffer_reserve(&text, MAX_RESPONSE))
        abort();
    http_response_init(&response);
    if (limit != NULL)
        scarcity_begin(scarcity, limit);
    make_response(api, call, &response);
    write_headers(&response, &text);
    size_t head = text.length;
    outcome.truncated = !write_body(&response, &text);
    outcome.failed = limit == NULL ? 0 : scarcity_end(scarcity);
    outcome.status = response.status;
    if (is_gzipped(&response))
        decompress_body(&outcome, &text, head);
    buffer_append(&text, (struct text){"", 1});
    outcome.text = text.data;
    outcome.body = text.data + head;
    http_response_release(&response);
    return outcome;
}

void outcome_release(struct outcome *outcome)
{
    free(outcome->text);
    *outcome = (struct outcome){0};
}
