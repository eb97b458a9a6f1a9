/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response as plain data, so that handlers neither know nor care which
 * HTTP library carries it.
 */
#ifndef LUNAR_HTTP_RESPONSE_H
#define LUNAR_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"

enum {
    HTTP_MAX_HEADERS = 12,    /* that a response can have of its own */
    HTTP_STREAM_BLOCK = 65536 /* about as much is made at a time */
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

#endif
