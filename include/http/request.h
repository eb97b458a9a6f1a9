/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as plain data, so that handlers do not depend on the HTTP library
 * that carries it.
 */
#ifndef LUNAR_HTTP_REQUEST_H
#define LUNAR_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
    HTTP_MAX_TARGET = 8192, /* bytes; RFC 9112 section 3 asks for 8,000 */
    HTTP_MAX_BODY = 64 * 1024,
    /* A body longer than HTTP_MAX_BODY is read up to here, to answer 413. */
    HTTP_MAX_DRAIN = 1024 * 1024,
    /* Segments of a path that are decoded; no operation has more. */
    HTTP_MAX_SEGMENTS = 4,
};

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_OPTIONS = 8,
    HTTP_OTHER = 16,
};

/*
 * The header fields that some operation reads. A field that was not sent is
 * absent; of a field that was sent several times this is the first.
 */
struct http_fields {
    struct text host;
    struct text content_type;
    struct text accept_encoding;
    struct text if_none_match;
    struct text origin;
    struct text sec_fetch_site;
};

struct http_request {
    enum http_method method;
    /* Set by http_request_set_target(). */
    struct text path;  /* as sent, percent-encoded, without the query */
    struct text query; /* as sent, without the "?"; absent without one */
    bool malformed;    /* a "%" in them lacks two hexadecimal digits */
    /*
     * The path's segments, decoded: "/a/b" has two, "/" one that is empty.
     * A path that has more than HTTP_MAX_SEGMENTS or does not begin with "/"
     * has none.
     */
    size_t segment_count;
    struct text segments[HTTP_MAX_SEGMENTS];
    struct http_fields fields;
    struct text body;      /* absent while it is being received */
    const void *operation; /* the application's own */
};

enum http_method http_method_of(struct text name);

/*
 * Split `target` into path, query and segments.
 * Ownership: `target` and `decoded`, which has room for as many bytes as the
 * target, are borrowed for as long as the request is used.
 */
void http_request_set_target(struct http_request *request, struct text target,
                             char *decoded);

#endif
