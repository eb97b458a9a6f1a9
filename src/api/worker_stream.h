/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response body whose blocks a worker makes: the next one while one is being
 * sent.
 *
 * Who owns it: the connection's thread, and while a block is being made the
 * worker. The queue of the workers hands it over; what hands it back is the
 * exchange of `state`, or the wake.
 */
#ifndef LUNAR_API_WORKER_STREAM_H
#define LUNAR_API_WORKER_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/workers.h"
#include "http/body.h"

/* Embedded in a larger struct. */
struct worker_stream {
    /* Set by the caller. */
    struct workers *workers;
    enum worker_kind kind; /* of the jobs */
    bool reads_disk;       /* the same */
    /*
     * Append the next block to `block`, which is empty: see `next` of
     * http_stream, but without HTTP_WAIT, and it may block for milliseconds. On
     * a worker.
     */
    enum http_flow (*make)(struct worker_stream *stream, struct buffer *block);
    /* Nothing uses it any more: call worker_stream_release(), and free it. */
    void (*free)(struct worker_stream *stream);
    /* Set by worker_stream_init(): of the response. */
    struct http_stream stream;
    /* Private. */
    struct worker_job job;
    struct http_waiter *waiter;
    struct buffer block;
    enum http_flow flow; /* what comes with the block */
    _Atomic int state;
    _Atomic bool cancelled;
};

/* What the caller sets is set. */
void worker_stream_init(struct worker_stream *stream);

/* Also of one that is all zero. */
void worker_stream_release(struct worker_stream *stream);

/* On a worker, before the response: make the first block. */
void worker_stream_make_first(struct worker_stream *stream);

/* Make no more blocks: the stream fails then. Locking: any thread. */
void worker_stream_cancel(struct worker_stream *stream);
bool worker_stream_is_cancelled(const struct worker_stream *stream);

#endif
