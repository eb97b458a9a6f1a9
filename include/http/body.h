/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that are received or made in parts, so that they need no memory for
 * the whole and have no length limit. Both structs are embedded in a larger
 * struct of the application, and both can make the server wait.
 *
 * A function that returns HTTP_WAIT keeps the waiter and wakes it once
 * (deferred.h). The server suspends the connection, and calls the function
 * again after the wake. A function that returns anything else must not wake
 * the waiter.
 */
#ifndef LUNAR_HTTP_BODY_H
#define LUNAR_HTTP_BODY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/text.h"
#include "http/deferred.h"

enum {
    /*
     * Approximate bytes of one part of a stream. The server sends it in pieces
     * of what a request's head leaves of its 16 KiB (CONNECTION_MEMORY): this
     * is four of them, without a small one behind them, which would cost as
     * many calls as a large one.
     */
    HTTP_STREAM_BLOCK = 60000
};

enum http_flow {
    HTTP_MORE,   /* go on */
    HTTP_WAIT,   /* no data yet, or no room yet */
    HTTP_DONE,   /* this was the last part */
    HTTP_FAILED, /* the rest cannot be made */
};

/*
 * A response body that is made while it is sent.
 * Locking: one thread at a time calls `next` and `free`, not always the same
 * thread; any thread may call `cancel`.
 */
struct http_stream {
    /*
     * Make the next part: append about HTTP_STREAM_BLOCK bytes to `block`,
     * which is empty; at least one byte for HTTP_MORE. Must not block.
     * HTTP_DONE may come without a byte. HTTP_FAILED closes the connection,
     * and so does HTTP_MORE without a byte;
     * an HTTP/1.1 client detects that by the missing last chunk (RFC 9112
     * section 8).
     * `waiter` is NULL once the service stops: HTTP_WAIT is an error then.
     */
    enum http_flow (*next)(struct http_stream *stream, struct buffer *block,
                           struct http_waiter *waiter);
    /*
     * The service stops, or the stream is long-lived (response.h) and its
     * client has ended: end the wait soon. Called at most once per wait, after
     * `next` has returned HTTP_WAIT, possibly during the wake; never after
     * `free`. Must not block. May do nothing if the wait ends soon by itself.
     */
    void (*cancel)(struct http_stream *stream);
    void (*free)(struct http_stream *stream);
};

/*
 * Receives a request body as it arrives. Exactly one of `finish` and `free`
 * ends it.
 * Locking: one thread at a time calls all functions but `cancel`, which any
 * thread may call.
 */
struct http_sink {
    /* Whether `take` may return HTTP_WAIT; if not, `waiter` is always NULL. */
    bool waits;
    /*
     * Remove bytes from the front of `part`, which may end anywhere in the
     * body: all of them, then HTTP_MORE; or as many as there is room for, then
     * HTTP_WAIT. Anything else, or HTTP_MORE with bytes left, closes the
     * connection. The bytes are valid only during the call; those not taken
     * are passed again. Must not block.
     * `waiter` is NULL if the connection cannot wait: the sink must then take
     * all bytes, or return HTTP_FAILED, which closes the connection without a
     * response. That is so
     * - once the service stops;
     * - with event loops, for a part that ends a body with a Content-Length:
     *   its last 16 KiB at most, once a request;
     * - with event loops, for each part of a chunked body of which nothing more
     *   has arrived yet, as the client may have shut down its side behind it.
     *   So a sender that is slower than the service cannot be held back, and
     *   the sum of what it sends has no bound; one that is faster can.
     * With a thread for each connection only a stop makes it NULL.
     */
    enum http_flow (*take)(struct http_sink *sink, struct text *part,
                           struct http_waiter *waiter);
    /* As `cancel` of a stream. NULL if the sink never waits. */
    void (*cancel)(struct http_sink *sink);
    /*
     * The body is complete: fill in `response`, which may be deferred,
     * whatever `take` was told: so a sink that could not wait for its last
     * parts waits here. The client gets the response also if it has shut down
     * its side behind the body.
     */
    void (*finish)(struct http_sink *sink, struct http_response *response);
    /* The rest of the body will not arrive. */
    void (*free)(struct http_sink *sink);
};

#endif
