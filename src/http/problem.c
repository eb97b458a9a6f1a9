/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problem details. All have the type "about:blank": the kind of problem is
 * fully described by the status (RFC 9457 section 4.2.1). `detail` says what
 * was wrong with this request.
 */
#include "http/problem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format/json_write.h"
#include "http/fields.h"

enum { MAX_DETAIL = 1024 /* bytes; longer ones are truncated */ };

/* Precedes the value of a problem's last member. */
static const char request_id[] = ",\"requestId\":";

static void append_problem(struct buffer *out, unsigned status,
                           const char *detail, struct text members)
{
    buffer_append(out, TEXT("{\"type\":\"about:blank\",\"title\":"));
    json_append(out, text_of(problem_title(status)));
    buffer_append(out, TEXT(",\"status\":"));
    buffer_append_unsigned(out, status);
    buffer_append(out, TEXT(",\"detail\":"));
    json_append(out, text_of(detail));
    if (members.length > 0)
        buffer_append(out, TEXT(","));
    buffer_append(out, members);
    buffer_append(out, TEXT("}"));
    /* So that problem_add_request_id() cannot fail. */
    buffer_reserve(out, sizeof(request_id) + json_room(HTTP_MAX_REQUEST_ID));
}

void problem_add_request_id(struct http_response *response, struct text id)
{
    struct buffer *body = &response->body;

    assert(response->is_problem && http_is_request_id(id));
    if (body->length == 0)
        return;
    char *at = buffer_end(body) - 1; /* in place of the brace */
    at = buffer_put(at, text_of(request_id));
    at = json_put(at, id);
    at = buffer_put(at, TEXT("}"));
    buffer_set_end(body, at);
    assert(body->length <= body->capacity);
}

__attribute__((format(printf, 4, 0))) static void
set_problem(struct http_response *response, unsigned status,
            const struct buffer *members, const char *detail, va_list arguments)
{
    /* The arguments may point into the response: read them first. */
    char text[MAX_DETAIL] = "";
    vsnprintf(text, sizeof(text), detail, arguments);

    http_response_release(response);
    response->status = status;
    response->is_problem = true;
    http_response_note(response, "%s", text);
    append_problem(&response->body, status, text, buffer_text(members));
    if (buffer_failed(&response->body) || buffer_failed(members))
        buffer_release(&response->body);
    else
        http_response_header(response, "Content-Type",
                             "application/problem+json");
    /*
     * Caches may keep a 404, 405, 410, 414 or 501 as long as they like (RFC
     * 9110 section 15.1); browsers keep a 410 for good.
     */
    http_response_header(response, "Cache-Control", "no-store");
}

void problem_set(struct http_response *response, unsigned status,
                 const char *detail, ...)
{
    const struct buffer none = BUFFER_INIT;
    va_list arguments;
    va_start(arguments, detail);
    set_problem(response, status, &none, detail, arguments);
    va_end(arguments);
}

void problem_set_extended(struct http_response *response, unsigned status,
                          const struct buffer *members, const char *detail, ...)
{
    va_list arguments;
    va_start(arguments, detail);
    set_problem(response, status, members, detail, arguments);
    va_end(arguments);
}

void problem_set_no_memory(struct http_response *response)
{
    problem_set(response, 503,
                "the memory limit is reached; existing rockets are unchanged");
    http_response_header(response, "Retry-After", "10");
}

void problem_set_stopping(struct http_response *response)
{
    problem_set(response, 503, "the service is stopping");
    http_response_header(response, "Retry-After", "5");
}

const char *problem_title(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}
