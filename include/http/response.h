/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response as plain data, so that handlers do not depend on the HTTP library.
 */
#ifndef LUNAR_HTTP_RESPONSE_H
#define LUNAR_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "http/body.h"
#include "http/deferred.h"

enum {
    HTTP_MAX_HEADERS = 12, /* without those that the server adds */
    HTTP_MAX_NOTE = 1024,  /* bytes of a note; longer ones are truncated */
};

struct http_header {
    const char *name;  /* static */
    const char *value; /* static, or owned */
    bool owned;
};

struct http_response {
    unsigned status;
    /* An error that refuses nothing, as it was asked for: it is not logged. */
    bool requested;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_count;
    /*
     * The body is one of these three, or empty if none is set. A 304 has the
     * body of the 200, if it is available: only its length is sent.
     */
    struct buffer body;
    struct text fixed; /* static bytes */
    struct http_stream *stream;
    uint64_t stream_length; /* bytes of the stream; 0: not known */
    bool is_problem; /* problem details (http/problem.h), if it has a body */
    /*
     * For the log, not sent: what was refused, as a sentence; NULL: nothing
     * was, or memory is exhausted. Owned.
     */
    char *note;
    /*
     * If set, the response is not complete: all other members are ignored, but
     * `long_lived`.
     */
    struct http_deferred *deferred;
    /*
     * The stream or the deferred response mostly waits, for as long as its
     * client likes. Its connection does not count among those that decide
     * whether others are kept alive. Its wait is cancelled when the client has
     * ended, or has not acknowledged for half a minute what was sent to it. A
     * client that only shuts down its sending side looks as one that has gone:
     * a stream is cut, and a deferred response is sent at once.
     */
    bool long_lived;
};

/* An empty response with status 0. */
void http_response_init(struct http_response *response);

/*
 * Let the response come later. Ownership: `deferred` belongs to the response,
 * and one of its functions frees it; see deferred.h.
 */
void http_response_defer(struct http_response *response,
                         struct http_deferred *deferred);

/* Free what the response owns, and make it empty with status 0. */
void http_response_release(struct http_response *response);

/*
 * The same, but keep the memory of a body of at most `kept` bytes for the next
 * response.
 */
void http_response_clear(struct http_response *response, size_t kept);

/*
 * Make `to` what `from` is, and `from` empty with status 0. The previous
 * content of `to` is released: it may be empty, but with the memory of an
 * earlier body.
 */
void http_response_move(struct http_response *to, struct http_response *from);

/* Add a header. `name` and `value` are static. */
void http_response_header(struct http_response *response, const char *name,
                          const char *value);

/* Add a header with a copy of `value`. False if memory is exhausted. */
bool http_response_header_copy(struct http_response *response, const char *name,
                               struct text value);

/*
 * Replace the note by a text that printf(3) formats; its arguments may point
 * into the old one.
 */
__attribute__((format(printf, 2, 3))) void
http_response_note(struct http_response *response, const char *format, ...);

#endif
