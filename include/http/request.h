/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as plain data, so that handlers do not depend on the HTTP library.
 */
#ifndef LUNAR_HTTP_REQUEST_H
#define LUNAR_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
    HTTP_MAX_TARGET = 8192, /* bytes; RFC 9112 section 3: at least 8,000 */
    HTTP_MAX_BODY = 64 * 1024,
    /*
     * A longer body is read and discarded before the 413, up to this length. A
     * Content-Length past it gets the 413 at once, and the connection is
     * closed; so is that of a chunked body past it, without a response.
     */
    HTTP_MAX_DRAIN = 1024 * 1024,
    /* Path segments that are decoded; no operation has more. */
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
 * The header fields that operations read, without white space around them. A
 * field that was not sent is absent. A list that was sent in several fields is
 * one list (RFC 9110 section 5.3).
 */
struct http_fields {
    struct text host; /* behind a trusted proxy: the one that it forwards */
    struct text authorization;
    struct text cookie; /* several are one, with "; " between them */
    struct text content_type;
    struct text content_encoding;
    struct text accept_encoding;
    struct text if_none_match;
    struct text last_event_id;
    struct text origin;
    struct text sec_fetch_site;
    struct text lunar_after; /* of several it is no number */
    struct text request_id;  /* absent if it is invalid (http/fields.h) */
};

/* The page of a browser that sent a request (http/site_policy.h). */
enum http_site {
    HTTP_SITE_OWN,     /* a page of this service, or no page at all */
    HTTP_SITE_ALLOWED, /* of another origin, which is allowed to post */
    HTTP_SITE_OTHER,   /* of another origin, which may not post */
};

/* How a request came from the client, to the first proxy that is trusted. */
enum http_scheme {
    HTTP_SCHEME_UNKNOWN, /* in plain text; a proxy may have taken TLS off */
    HTTP_SCHEME_HTTP,
    HTTP_SCHEME_HTTPS,
};

struct http_request {
    enum http_method method;
    /* Set by the server. */
    enum http_site site;
    enum http_scheme scheme;
    /*
     * By the Unix socket, and for whoever has connected to it: not what a
     * proxy, trusted or not, says that it forwards for another client.
     */
    bool by_unix_socket;
    /* Set by http_request_set_target(). */
    struct text path;  /* as sent, percent-encoded, without the query */
    struct text query; /* as sent, without the "?"; absent without one */
    /* Has a "%" without two hexadecimal digits. */
    bool malformed_path;
    bool malformed_query;
    /*
     * The decoded path segments: "/a/b" has two; "/" has one, which is empty.
     * A path with more than HTTP_MAX_SEGMENTS, or without a leading "/", has
     * none.
     */
    size_t segment_count;
    struct text segments[HTTP_MAX_SEGMENTS];
    struct http_fields fields;
    struct text body; /* absent while it is being received */
    /*
     * How much of the body is kept: HTTP_MAX_BODY, if the application sets no
     * less in `open`. The rest of it is read and discarded.
     */
    size_t kept_body;
    /*
     * For the application, so that a deferred response needs no allocation:
     * `request_memory` bytes (app.h), aligned for any type, from `open` until
     * the response is complete or its deferred response is freed. Undefined
     * at first.
     */
    void *memory;
    /* Set by the application. */
    const void *operation;
    unsigned route; /* of http_app.routes; 0 until it is known */
};

enum http_method http_method_of(struct text name);

/*
 * Split `target` into path, query and segments.
 * Ownership: `target` and `decoded`, which has room for `target.length` bytes,
 * are borrowed while the request is used.
 */
void http_request_set_target(struct http_request *request, struct text target,
                             char *decoded);

#endif
