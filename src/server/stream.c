/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block at a time between http_stream and libmicrohttpd's content reader.
 * All of it belongs to the connection's thread.
 *
 * A stream that waits may lead the group with which it is woken (wait.h). It is
 * suspended in the call of its reader, which libmicrohttpd makes only when all
 * that came before is with the kernel: so after the resume it has nothing to do
 * for this connection but to call the reader again, whether the socket is ready
 * or not; or it finds that the client has gone, and frees the response. The
 * wait ends in both.
 */
#include "stream.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

enum {
    /*
     * Bytes of MHD's own buffer, which it uses for streams of known length, and
     * for HTTP/1.0: chunks go through the connection's memory.
     */
    MHD_BLOCK = 4096,
    MHD_SIZED_BLOCK = 64 * 1024,
    /* Bytes of a block that a long-lived stream keeps while it waits. */
    KEPT = 1024,
};

struct stream {
    struct http_stream *source;
    struct connection *connection;
    struct buffer block; /* what is being sent */
    size_t sent;         /* of it */
    enum http_flow flow; /* what came with the block */
    bool waits;          /* the connection is suspended, or was until now */
    bool old; /* of HTTP/1.0: the end of the connection is that of the body */
};

static void cancel_source(void *target)
{
    struct http_stream *source = target;

    source->cancel(source);
}

/*
 * The application makes the stream wait. A long-lived one mostly does that, and
 * its last block may have been a large one; others need as much again at once.
 */
static void begin_pause(struct stream *stream)
{
    struct connection *connection = stream->connection;

    stream->waits = true;
    if (stream->block.capacity > KEPT &&
        atomic_load(&connection->life) == CONNECTION_LONG_STREAM)
        buffer_release(&stream->block);
    connection_enter(connection, CONNECTION_WORKING);
    wait_allow_cancel(&connection->wait);
}

/* Get the next block. False if the connection is suspended until it is made. */
static bool next_block(struct stream *stream)
{
    struct connection *connection = stream->connection;
    struct wait *wait = &connection->wait;

    buffer_clear(&stream->block);
    stream->sent = 0;
    do {
        if (stream->waits) {
            wait_end(wait);
            connection_enter(connection, CONNECTION_SENDING);
        }
        stream->waits = false;
        struct http_waiter *waiter =
            wait_begin(wait, cancel_source, stream->source, true);
        stream->flow =
            stream->source->next(stream->source, &stream->block, waiter);
        if (waiter == NULL)
            return true;
        if (stream->flow != HTTP_WAIT) {
            wait_end(wait);
            return true;
        }
        begin_pause(stream);
    } while (!wait_sleep(wait));
    return false;
}

/*
 * libmicrohttpd closes the connection right after this call; but it frees it
 * only when the socket is ready once more, and after a resume it does not watch
 * the socket.
 */
static ssize_t close_after(struct stream *stream, ssize_t end)
{
    wait_revisit(&stream->connection->wait);
    return end;
}

/* The response is cut off. */
static ssize_t fail_stream(struct stream *stream)
{
    stream->connection->end = CONNECTION_END_ERROR;
    return close_after(stream, MHD_CONTENT_READER_END_WITH_ERROR);
}

static ssize_t end_stream(struct stream *stream)
{
    ssize_t end = MHD_CONTENT_READER_END_OF_STREAM;

    return stream->old ? close_after(stream, end) : end;
}

/* As read_stream(). */
static ssize_t read_part(struct stream *stream, char *out, size_t size)
{
    if (stream->sent == stream->block.length) {
        if (stream->flow == HTTP_DONE)
            return end_stream(stream);
        if (!next_block(stream))
            return 0;
        if (buffer_failed(&stream->block) ||
            (stream->flow != HTTP_MORE && stream->flow != HTTP_DONE))
            return fail_stream(stream);
        if (stream->block.length == 0)
            return stream->flow == HTTP_DONE ? end_stream(stream)
                                             : fail_stream(stream);
    }
    size_t left = stream->block.length - stream->sent;
    if (size > left)
        size = left;
    memcpy(out, stream->block.data + stream->sent, size);
    stream->sent += size;
    stream->connection->response_bytes += size;
    return (ssize_t)size;
}

/* MHD's content reader, under MHD's lock of this response, which is ours. */
static ssize_t read_stream(void *context, uint64_t position, char *out,
                           size_t size)
{
    struct stream *stream = context;
    struct activity *activity = &stream->connection->wait.activity;

    (void)position;
    activity_enter(activity);
    ssize_t result = read_part(stream, out, size);
    activity_leave(activity);
    return result;
}

/* The last block has been sent, or the connection has ended before. */
static void free_stream(void *context)
{
    struct stream *stream = context;

    if (stream->waits)
        wait_end(&stream->connection->wait);
    stream->source->free(stream->source);
    buffer_release(&stream->block);
    free(stream);
}

struct MHD_Response *stream_response(struct http_stream *source,
                                     uint64_t length,
                                     struct connection *connection, bool old)
{
    bool sized = length > 0;
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return NULL;

    struct MHD_Response *response = MHD_create_response_from_callback(
        sized ? length : MHD_SIZE_UNKNOWN, sized ? MHD_SIZED_BLOCK : MHD_BLOCK,
        read_stream, stream, free_stream);
    if (response == NULL) {
        free(stream);
        return NULL;
    }
    *stream = (struct stream){.source = source,
                              .connection = connection,
                              .block = BUFFER_INIT,
                              .flow = HTTP_MORE,
                              .old = old};
    return response;
}
