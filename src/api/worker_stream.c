/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event loop has other connections to serve, so it makes no block itself.
 */
#include "worker_stream.h"

#include "base/sync.h"

/* Of the next block. */
enum state {
    STATE_MADE,      /* `block` is it */
    STATE_MAKING,    /* a worker makes it */
    STATE_WANTED,    /* the same, and wakes `waiter` when it is done */
    STATE_ABANDONED, /* the same, and frees the stream when it is done */
};

static struct worker_stream *stream_of(struct http_stream *stream)
{
    return container_of(stream, struct worker_stream, stream);
}

/*
 * On a worker. Once the state is MADE the stream is the connection's, and may
 * be gone, unless it was WANTED: then nothing happens to it before the wake.
 */
static void make_block(struct worker_job *job)
{
    struct worker_stream *stream = container_of(job, struct worker_stream, job);

    stream->flow = HTTP_FAILED;
    if (!atomic_load(&stream->cancelled))
        stream->flow = stream->make(stream, &stream->block);

    switch (atomic_exchange(&stream->state, STATE_MADE)) {
    case STATE_WANTED:
        http_wake(stream->waiter); /* which was set before the state */
        break;
    case STATE_ABANDONED:
        stream->free(stream);
        break;
    default:
        break;
    }
}

static void start_block(struct worker_stream *stream)
{
    buffer_clear(&stream->block);
    stream->job = (struct worker_job){.run = make_block,
                                      .kind = stream->kind,
                                      .reads_disk = stream->reads_disk};
    atomic_store(&stream->state, STATE_MAKING);
    workers_submit(stream->workers, &stream->job);
}

/* Hand out the block that was made, and have the one after it made. */
static enum http_flow next_block(struct http_stream *http, struct buffer *block,
                                 struct http_waiter *waiter)
{
    struct worker_stream *stream = stream_of(http);
    int making = STATE_MAKING;

    stream->waiter = waiter;
    if (waiter == NULL && atomic_load(&stream->state) != STATE_MADE)
        return HTTP_FAILED;
    if (atomic_compare_exchange_strong(&stream->state, &making, STATE_WANTED))
        return HTTP_WAIT;

    struct buffer made = stream->block;
    enum http_flow flow = stream->flow;
    stream->block = *block;
    *block = made;
    if (flow == HTTP_MORE)
        start_block(stream);
    return flow;
}

static void cancel_stream(struct http_stream *http)
{
    worker_stream_cancel(stream_of(http));
}

static void free_stream(struct http_stream *http)
{
    struct worker_stream *stream = stream_of(http);
    int making = STATE_MAKING;

    if (!atomic_compare_exchange_strong(&stream->state, &making,
                                        STATE_ABANDONED))
        stream->free(stream);
}

void worker_stream_init(struct worker_stream *stream)
{
    stream->stream =
        (struct http_stream){next_block, cancel_stream, free_stream};
    stream->block = BUFFER_INIT;
    stream->flow = HTTP_FAILED;
    atomic_init(&stream->state, STATE_MADE);
    atomic_init(&stream->cancelled, false);
}

void worker_stream_release(struct worker_stream *stream)
{
    buffer_release(&stream->block);
}

void worker_stream_make_first(struct worker_stream *stream)
{
    stream->flow = stream->make(stream, &stream->block);
}

void worker_stream_cancel(struct worker_stream *stream)
{
    atomic_store(&stream->cancelled, true);
}

bool worker_stream_is_cancelled(const struct worker_stream *stream)
{
    return atomic_load(&stream->cancelled);
}
