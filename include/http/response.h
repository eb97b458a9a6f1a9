/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response as plain data, so that handlers do not depend on the HTTP library
 * that carries it.
 */
#ifndef LUNAR_HTTP_RESPONSE_H
#define LUNAR_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"
#include "http/body.h"
#include "http/deferred.h"

enum {
    HTTP_MAX_HEADERS = 12, /* that a response can have of its own */
};

struct http_header {
    const char *name;  /* static */
    const char *value; /* static, or owned */
    bool owned;
};

struct http_response {
    unsigned status;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_count;
    /*
     * The body is one of these three, or empty without any. A 304 has the
     * body that a 200 would have, if it is at hand: only its length is sent.
     */
    struct buffer body;
    struct text fixed; /* static bytes */
    struct http_stream *stream;
    /* If set, the response is not finished, and all else is ignored. */
    struct http_deferred *deferred;
};

/* An empty response with status 0. */
void http_response_init(struct http_response *response);

/* Free what it owns. It is as after http_response_init() then. */
void http_response_release(struct http_response *response);

/* Add a header whose value lives as long as the program. */
void http_response_header(struct http_response *response, const char *name,
                          const char *value);

/* Add a header whose value is copied. False where memory ends. */
bool http_response_header_copy(struct http_response *response, const char *name,
                               struct text value);

#endif
