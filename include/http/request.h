/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as plain data, so that handlers neither know nor care which
 * HTTP library carries it.
 */
#ifndef LUNAR_HTTP_REQUEST_H
#define LUNAR_HTTP_REQUEST_H

#include "base/text.h"

enum {
    HTTP_MAX_TARGET = 8192, /* bytes; RFC 9112 section 3 asks for 8,000 */
    HTTP_MAX_BODY = 64 * 1024,
    /* A body longer than HTTP_MAX_BODY is read up to here, to answer 413. */
    HTTP_MAX_DRAIN = 1024 * 1024,
};

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_OPTIONS = 8,
    HTTP_OTHER = 16,
};

/*
 * The header fields that some operation reads, each absent if it was not
 * sent; where a field was sent several times, the first.
 */
struct http_fields {
    struct text host;
    struct text content_type;
    struct text accept_encoding;
    struct text if_none_match;
    struct text origin;
    struct text sec_fetch_site;
};

struct route;

struct http_request {
    enum http_method method;
    struct text path;  /* as sent, percent-encoded, without the query */
    struct text query; /* as sent, without the "?"; absent without one */
    struct http_fields fields;
    const struct route *route; /* set and used by routes.h */
    struct text body;
};

enum http_method http_method_of(struct text name);

#endif
