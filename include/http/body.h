/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that are received or made bit by bit, so that they need no memory for
 * the whole and no limit of length. Both are parts of a larger struct of the
 * maker, and both may make the other side wait.
 *
 * Who answers HTTP_WAIT keeps the waiter and wakes it once (deferred.h); the
 * server suspends the connection and calls again after the wake. Who answers
 * anything else must not wake.
 */
#ifndef LUNAR_HTTP_BODY_H
#define LUNAR_HTTP_BODY_H

#include "base/buffer.h"
#include "base/text.h"
#include "http/deferred.h"

enum {
    HTTP_STREAM_BLOCK = 65536 /* bytes that a stream makes at a time, about */
};

enum http_flow {
    HTTP_MORE,   /* go on */
    HTTP_WAIT,   /* nothing yet, or no room yet */
    HTTP_DONE,   /* this was the last part */
    HTTP_FAILED, /* the rest cannot be made */
};

/*
 * A response's body that is made while the client takes it.
 * Locking: one thread at a time calls `next` and `free`, not always the same;
 * `cancel` comes from any thread.
 */
struct http_stream {
    /*
     * Make the next part: put into `block`, which is empty, about
     * HTTP_STREAM_BLOCK bytes, at least one before HTTP_MORE. Must not block.
     * HTTP_FAILED closes the connection; an HTTP/1.1 client notices by the
     * missing last chunk (RFC 9112 section 8).
     */
    enum http_flow (*next)(struct http_stream *stream, struct buffer *block,
                           struct http_waiter *waiter);
    /*
     * The service stops: end a wait soon, after which `next` answers
     * HTTP_FAILED or HTTP_DONE soon. Called at most once a wait, after `next`
     * has answered HTTP_WAIT, also while the wake is under way; never after
     * `free`. Must not block.
     */
    void (*cancel)(struct http_stream *stream);
    void (*free)(struct http_stream *stream);
};

/*
 * Takes a request's body while it arrives. Exactly one of `finish` and `free`
 * ends it.
 * Locking: one thread at a time calls all but `cancel`, which comes from any.
 */
struct http_sink {
    /*
     * Take bytes, cut anywhere, off the front of `part`: all of them, then
     * HTTP_MORE; or as many as there is room for, then HTTP_WAIT. The bytes
     * are gone after the call; what was not taken comes again. Must not block.
     * `waiter` is NULL where the connection cannot be suspended: the sink must
     * then take all. That is so for the last 16 KiB of a body or so; in a pool
     * of event loops, of a chunked body also wherever no more has arrived yet;
     * and once the service stops.
     */
    enum http_flow (*take)(struct http_sink *sink, struct text *part,
                           struct http_waiter *waiter);
    /* As a stream's; `take` then takes all soon. */
    void (*cancel)(struct http_sink *sink);
    /* The body is complete: fill in `response`, which may be deferred. */
    void (*finish)(struct http_sink *sink, struct http_response *response);
    /* The rest will not come. */
    void (*free)(struct http_sink *sink);
};

#endif
