/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's part, played by one thread: open, take, finish or dispatch,
 * run what is to be done later, draw the stream.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"

enum { MAX_STREAM = 1024 * 1024 };

static void feed(struct http_sink *sink, struct text body, size_t part)
{
    while (body.length > 0) {
        size_t length = part == 0 || part > body.length ? body.length : part;
        sink->take(sink, (struct text){body.data, length});
        body.data += length;
        body.length -= length;
    }
}

/* As far as the response, which may be a stream. */
static void answer(struct service *service, const struct call *call,
                   struct http_response *response)
{
    struct http_request request = {.method = call->method,
                                   .fields = call->fields};

    http_target_split(text_of(call->target), &request.path, &request.query);
    request.body = call->body == NULL ? TEXT("") : text_of(call->body);
    struct http_sink *sink = routes_open(service, &request, response);
    if (sink != NULL) {
        feed(sink, request.body, call->part);
        sink->finish(sink, response);
    } else if (response->status == 0) {
        routes_dispatch(service, &request, response);
    }
    struct http_work *work = response->later;
    if (work != NULL) {
        response->later = NULL;
        work->run(work, response);
    }
}

/* False if the stream breaks off. `all` is not part of what may fail. */
static bool draw(struct http_stream *stream, struct buffer *all)
{
    struct buffer block = BUFFER_INIT;
    int more = 1;

    while (more == 1) {
        buffer_clear(&block);
        more = stream->next(stream, &block);
        if (more >= 0)
            buffer_append(all, buffer_text(&block));
    }
    buffer_release(&block);
    return more == 0;
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

/* The answer, and what is drawn of a stream. */
static void run(struct service *service, const struct call *call,
                struct http_response *response, struct buffer *streamed,
                struct outcome *outcome)
{
    answer(service, call, response);
    /* As the server does where the body could not be written. */
    if (buffer_failed(&response->body))
        problem_set_full(response);
    if (response->stream != NULL)
        outcome->cut = !draw(response->stream, streamed);
}

struct outcome call_make(struct service *service, const struct call *call,
                         const struct allocations_end *end, bool *ended)
{
    struct http_response response;
    struct outcome outcome = {0};
    struct buffer body = BUFFER_INIT;

    /* Room for any stream of the tests, so that this never fails. */
    if (!buffer_reserve(&body, MAX_STREAM))
        abort();
    http_response_init(&response);
    if (end != NULL)
        allocations_limit(end);
    run(service, call, &response, &body, &outcome);
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

char *call_state(struct service *service)
{
    struct outcome outcome =
        call_make(service, &CALL_GET("/rockets"), NULL, NULL);
    char *state = outcome.body;

    outcome.body = NULL;
    outcome_release(&outcome);
    return state;
}
