/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses: ownership and headers.
 */
#include "http/response.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void http_response_init(struct http_response *response)
{
    *response = (struct http_response){.body = BUFFER_INIT};
}

void http_response_defer(struct http_response *response,
                         struct http_deferred *deferred)
{
    response->deferred = deferred;
}

void http_response_release(struct http_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        /* Owned values came from malloc(3); only the type is const. */
        if (response->headers[i].owned)
            free((char *)response->headers[i].value);
    }
    buffer_release(&response->body);
    if (response->stream != NULL)
        response->stream->free(response->stream);
    if (response->deferred != NULL)
        response->deferred->free(response->deferred);
    free(response->note);
    http_response_init(response);
}

void http_response_clear(struct http_response *response, size_t kept)
{
    struct buffer body = BUFFER_INIT;

    if (response->body.capacity <= kept) {
        body = response->body;
        response->body = BUFFER_INIT;
    }
    http_response_release(response);
    buffer_clear(&body);
    response->body = body;
}

void http_response_move(struct http_response *to, struct http_response *from)
{
    http_response_release(to);
    *to = *from;
    http_response_init(from);
}

static struct http_header *next_header(struct http_response *response)
{
    assert(response->header_count < HTTP_MAX_HEADERS);
    return &response->headers[response->header_count++];
}

void http_response_header(struct http_response *response, const char *name,
                          const char *value)
{
    *next_header(response) = (struct http_header){name, value, false};
}

bool http_response_header_copy(struct http_response *response, const char *name,
                               struct text value)
{
    char *copy = malloc(value.length + 1);
    if (copy == NULL)
        return false;
    if (value.length > 0)
        memcpy(copy, value.data, value.length);
    copy[value.length] = '\0';

    struct http_header *header = next_header(response);
    header->name = name;
    header->value = copy;
    header->owned = true;
    return true;
}

void http_response_note(struct http_response *response, const char *format, ...)
{
    char note[HTTP_MAX_NOTE] = "";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(note, sizeof(note), format, arguments);
    va_end(arguments);
    size_t size = strlen(note) + 1;
    free(response->note);
    response->note = malloc(size);
    if (response->note != NULL)
        memcpy(response->note, note, size);
}
