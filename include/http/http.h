/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request and its response as plain data, so that handlers neither know
 * nor care which HTTP library carries them.
 */
#ifndef LUNAR_HTTP_HTTP_H
#define LUNAR_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
    HTTP_MAX_TARGET = 8192, /* bytes; RFC 9112 section 3 asks for 8,000 */
    HTTP_MAX_BODY = 64 * 1024,
    /* A body longer than HTTP_MAX_BODY is read up to here, to answer 413. */
    HTTP_MAX_DRAIN = 1024 * 1024,
    HTTP_MAX_HEADERS = 12,    /* that a response can have of its own */
    HTTP_STREAM_BLOCK = 65536 /* about as much is made at a time */
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

/*
 * A body that is made while the client takes it. Part of a larger struct of
 * the maker.
 */
struct http_stream {
    /*
     * Append the next part to `block`, about HTTP_STREAM_BLOCK bytes.
     * Returns 1 if there may be more, 0 after the last part, -1 if the rest
     * can't be made (the connection is then cut; an HTTP/1.1 client knows by
     * the missing last chunk).
     * Called by one thread at a time, not always the same.
     */
    int (*next)(struct http_stream *stream, struct buffer *block);
    void (*free)(struct http_stream *stream);
};

struct http_response;

/*
 * A body that is taken as it arrives, instead of being collected. Part of a
 * larger struct of the maker. Ended by exactly one of `finish` and `free`.
 * Called by one thread at a time.
 */
struct http_sink {
    /* The next bytes, cut anywhere; they are gone after the call. */
    void (*take)(struct http_sink *sink, struct text part);
    /* The body is complete: fill in `response`. */
    void (*finish)(struct http_sink *sink, struct http_response *response);
    /* The rest will not come. */
    void (*free)(struct http_sink *sink);
};

struct http_header {
    const char *name;  /* static */
    const char *value; /* static, or owned */
    bool owned;
};

/*
 * The rest of an operation that takes long. Part of a larger struct of the
 * maker, as the stream. Ended by exactly one of the two calls.
 */
struct http_work {
    /* Fill in `response`, which is as the operation left it. */
    void (*run)(struct http_work *work, struct http_response *response);
    /* It will not be run. */
    void (*free)(struct http_work *work);
    bool slow; /* others should not have to wait for it */
};

struct http_response {
    unsigned status;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_count;
    /*
     * The body is one of these three; none of them: empty. That of a 304 is
     * what a 200 would have, if it is at hand: only its length is sent.
     */
    struct buffer body;
    struct text fixed; /* static bytes */
    struct http_stream *stream;
    /*
     * If set, the response is not finished: whoever called the operation
     * runs this where it may take its time.
     */
    struct http_work *later;
};

/* An empty response with status 0. */
void http_response_init(struct http_response *response);

/* Free what it owns. It can be initialised again. */
void http_response_release(struct http_response *response);

/* Add a header whose value lives as long as the program. */
void http_response_header(struct http_response *response, const char *name,
                          const char *value);

/* Add a header whose value is copied. False where memory ends. */
bool http_response_header_copy(struct http_response *response, const char *name,
                               struct text value);

enum http_method http_method_of(struct text name);

/* Whether methods and names of fields may be so (RFC 9110 section 5.6.2). */
bool http_is_token(struct text text);

/*
 * Whether this is a host, with or without a port (RFC 9110 section 7.2). One
 * that is empty is; what is in brackets need not be an address.
 */
bool http_is_host(struct text text);

/*
 * Cut a request target into path and query (RFC 9112 section 3.2). Of an
 * absolute-form target the scheme and authority are left out; the
 * asterisk-form gives the path "*".
 */
void http_target_split(struct text target, struct text *path,
                       struct text *query);

/*
 * Host and port of an absolute-form target, which go before what Host says
 * (RFC 9112 section 3.2.2). Absent for all other targets.
 */
struct text http_target_authority(struct text target);

/*
 * Decode %XX in place (RFC 3986 section 2.1), and `+` to a space where
 * `plus_is_space`. Returns the new length, or -1 for a `%` without two
 * hexadecimal digits; then the text is partly decoded.
 */
ptrdiff_t http_percent_decode(char *text, size_t length, bool plus_is_space);

/*
 * Whether a Content-Type is of the media type `type` ("text/plain"): case
 * and parameters do not count (RFC 9110 section 8.3.1).
 */
bool http_media_type_is(struct text content_type, struct text type);

/*
 * Whether Accept-Encoding lets us send `coding` (RFC 9110 section 12.5.3):
 * it is named, or else "*" is, with a weight above 0. Absent: false, as
 * the plain form is then the safe one.
 */
bool http_accepts_encoding(struct text accept_encoding, struct text coding);

/*
 * Whether this comes from a page of another site, which a browser tells by
 * Sec-Fetch-Site (neither "same-origin" nor "none") or, where that is not
 * sent, by an Origin whose authority is not Host.
 */
bool http_is_cross_site(const struct http_fields *fields);

#endif
