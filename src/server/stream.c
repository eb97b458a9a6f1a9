/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns what: `sending` is the event loop's. `made`, `result` and the
 * stream are the worker's while the state is MAKING, WANTED or ABANDONED,
 * and the loop's while it is MADE. Each change of the state hands them over.
 */
#include "stream.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum state {
    STATE_MADE,      /* `made` is the next block */
    STATE_MAKING,    /* a worker is at it */
    STATE_WANTED,    /* and the connection is suspended until it is done */
    STATE_ABANDONED, /* and when it is done, nobody wants it */
};

struct server_stream {
    /* Set at start, then read-only. */
    struct http_stream *stream;
    struct MHD_Connection *mhd;
    struct connection *connection;
    struct workers *workers;
    struct worker_job job;
    struct buffer sending;
    size_t sent; /* of it */
    struct buffer made;
    int result; /* as http_stream's `next` said */
    _Atomic int state;
};

static void release(struct server_stream *stream)
{
    stream->stream->free(stream->stream);
    buffer_release(&stream->sending);
    buffer_release(&stream->made);
    free(stream);
}

static void make_block(struct server_stream *stream)
{
    buffer_clear(&stream->made);
    stream->result = stream->stream->next(stream->stream, &stream->made);
}

static struct server_stream *stream_of(struct worker_job *job)
{
    return (struct server_stream *)((char *)job -
                                    offsetof(struct server_stream, job));
}

/*
 * After the state is MADE the stream is the loop's, and may be gone; unless
 * it was WANTED: then nothing happens to it before the resume.
 */
static void run_job(struct worker_job *job, bool cancelled)
{
    struct server_stream *stream = stream_of(job);
    struct MHD_Connection *mhd = stream->mhd;
    struct connection *connection = stream->connection;

    if (cancelled)
        stream->result = -1;
    else
        make_block(stream);

    int before = atomic_exchange(&stream->state, STATE_MADE);
    if (before == STATE_ABANDONED) {
        release(stream);
    } else if (before == STATE_WANTED) {
        connection_enter(connection, CONNECTION_SENDING);
        MHD_resume_connection(mhd);
    }
}

/* Have the next block made, unless there is none. */
static void start_block(struct server_stream *stream)
{
    if (stream->result <= 0)
        return;
    if (stream->workers == NULL) {
        make_block(stream);
        return;
    }
    stream->job.run = run_job;
    atomic_store(&stream->state, STATE_MAKING);
    workers_submit(stream->workers, &stream->job);
}

/*
 * Whether the connection has to wait for the next block. It is suspended
 * before the worker may know, as a resume that comes first would be lost.
 */
static bool must_wait(struct server_stream *stream)
{
    int making = STATE_MAKING;

    if (atomic_load(&stream->state) == STATE_MADE)
        return false;
    connection_enter(stream->connection, CONNECTION_WORKING);
    MHD_suspend_connection(stream->mhd);
    if (!atomic_compare_exchange_strong(&stream->state, &making,
                                        STATE_WANTED)) {
        connection_enter(stream->connection, CONNECTION_SENDING);
        MHD_resume_connection(stream->mhd);
    }
    return true;
}

/* The next block becomes what is sent, and the one after it is begun. */
static void turn(struct server_stream *stream)
{
    struct buffer sent = stream->sending;

    stream->sending = stream->made;
    stream->sent = 0;
    stream->made = sent;
    buffer_clear(&stream->made);
    start_block(stream);
}

/* MHD's content reader, under MHD's lock of this response, which is ours. */
static ssize_t read_stream(void *context, uint64_t position, char *out,
                           size_t size)
{
    struct server_stream *stream = context;

    (void)position;
    if (stream->sent == stream->sending.length) {
        if (must_wait(stream))
            return 0;
        if (stream->result < 0)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (stream->result == 0 && stream->made.length == 0)
            return MHD_CONTENT_READER_END_OF_STREAM;
        turn(stream);
    }
    size_t left = stream->sending.length - stream->sent;
    if (size > left)
        size = left;
    memcpy(out, stream->sending.data + stream->sent, size);
    stream->sent += size;
    return (ssize_t)size;
}

/* The last block has been sent, or the connection has ended before. */
static void free_stream(void *context)
{
    struct server_stream *stream = context;
    int making = STATE_MAKING;

    if (!atomic_compare_exchange_strong(&stream->state, &making,
                                        STATE_ABANDONED))
        release(stream);
}

struct MHD_Response *server_stream_response(struct http_stream *stream,
                                            struct MHD_Connection *mhd,
                                            struct connection *connection,
                                            struct workers *workers)
{
    struct server_stream *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;

    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, HTTP_STREAM_BLOCK, read_stream, made, free_stream);
    if (response == NULL) {
        free(made);
        return NULL;
    }
    made->stream = stream;
    made->mhd = mhd;
    made->connection = connection;
    made->workers = workers;
    made->sending = made->made = BUFFER_INIT;
    made->result = 1;
    start_block(made);
    return response;
}
