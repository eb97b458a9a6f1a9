/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes the body while it is received: it may have no end.
 */
#include "lib/events.h"

#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 64 * 1024,
    MAX_HEAD = 64 * 1024,
    MAX_CHUNK_LINE = 18, /* sixteen digits */
};

/* What comes next of a chunked body. */
enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, LAST_END, BODY_END };

/* Remove the first bytes of what was received. */
static void drop_received(struct connection *connection, size_t length)
{
    connection->length -= length;
    memmove(connection->data, connection->data + length, connection->length);
}

static void append_body(struct event_stream *stream, const char *data,
                        size_t length)
{
    if (stream->is_cut) {
        length = length < stream->left ? length : stream->left;
        stream->left -= length;
    }
    if (length == 0)
        return;
    if (stream->capacity < stream->length + length) {
        stream->capacity = 2 * (stream->length + length);
        stream->body = realloc(stream->body, stream->capacity);
        if (stream->body == NULL)
            abort();
    }
    memcpy(stream->body + stream->length, data, length);
    stream->length += length;
}

/* False: the line is not complete yet, or is none, which sets `problem`. */
static bool take_chunk_size(struct event_stream *stream)
{
    struct connection *connection = &stream->connection;
    size_t length = connection->length;
    const char *end =
        length == 0 ? NULL : memmem(connection->data, length, "\r\n", 2);
    size_t digits = end != NULL ? (size_t)(end - connection->data) : length;

    if (digits > MAX_CHUNK_LINE ||
        (end != NULL &&
         (digits == 0 ||
          strspn(connection->data, "0123456789abcdefABCDEF") != digits)))
        stream->problem = "the size of a chunk is not hexadecimal";
    if (end == NULL || stream->problem != NULL)
        return false;
    stream->chunk = strtoul(connection->data, NULL, 16);
    stream->state = stream->chunk == 0 ? LAST_END : CHUNK_DATA;
    drop_received(connection, digits + 2);
    return true;
}

static bool take_chunk_data(struct event_stream *stream)
{
    struct connection *connection = &stream->connection;
    size_t length =
        connection->length < stream->chunk ? connection->length : stream->chunk;

    append_body(stream, connection->data, length);
    drop_received(connection, length);
    stream->chunk -= length;
    if (stream->chunk == 0)
        stream->state = CHUNK_END;
    return length > 0;
}

static bool take_line_end(struct event_stream *stream)
{
    struct connection *connection = &stream->connection;

    if (connection->length < 2)
        return false;
    if (memcmp(connection->data, "\r\n", 2) != 0) {
        stream->problem = "a chunk is longer than it said";
        return false;
    }
    stream->state = stream->state == LAST_END ? BODY_END : CHUNK_SIZE;
    drop_received(connection, 2);
    return true;
}

/* Decode the next part of what was received; false: it needs more. */
static bool take_part(struct event_stream *stream)
{
    switch (stream->state) {
    case CHUNK_SIZE:
        return take_chunk_size(stream);
    case CHUNK_DATA:
        return take_chunk_data(stream);
    case CHUNK_END:
    case LAST_END:
        return take_line_end(stream);
    default:
        return false;
    }
}

static void decode_received(struct event_stream *stream)
{
    struct connection *connection = &stream->connection;

    if (stream->head.framing == RESPONSE_CHUNKED) {
        while (take_part(stream))
            continue;
    } else if (connection->length > 0) {
        append_body(stream, connection->data, connection->length);
        connection->length = 0;
    }
}

bool events_begin(struct event_stream *stream)
{
    struct connection *connection = &stream->connection;
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    const char *end = NULL;

    do {
        if (connection->length > MAX_HEAD ||
            !connection_fill(connection, BLOCK, deadline))
            return false;
        end = memmem(connection->data, connection->length, "\r\n\r\n", 4);
    } while (end == NULL);
    size_t length = (size_t)(end - connection->data) + 4;
    response_release(&stream->head);
    if (!response_read_head(&stream->head, connection->data, length, false))
        return false;
    drop_received(connection, length);
    return true;
}

bool events_connect(struct event_stream *stream, uint16_t port,
                    const char *target, const char *fields)
{
    *stream = (struct event_stream){.connection.socket = -1};
    return connection_open(&stream->connection, port) &&
           connection_request(&stream->connection, "GET", target, fields) &&
           events_begin(stream);
}

/* How the stream has ended, with all events received. */
static enum events_result end_result(struct event_stream *stream)
{
    bool chunked = stream->head.framing == RESPONSE_CHUNKED;

    if (stream->problem != NULL)
        return EVENTS_INVALID;
    if (chunked ? stream->state != BODY_END : !stream->connection.ended)
        return stream->connection.ended ? EVENTS_CUT : EVENTS_LATE;
    if (stream->length == 0)
        return EVENTS_END;
    /* Without chunks nothing tells the end from a cut. */
    if (!chunked)
        return EVENTS_CUT;
    stream->problem = "the response ends within an event";
    return EVENTS_INVALID;
}

/* Take an event from the body that was received. */
static enum event_parsed take_event(struct event_stream *stream,
                                    struct event *event)
{
    enum event_parsed parsed;
    size_t used;

    do {
        parsed = event_parse(stream->body, stream->length, &used, event,
                             &stream->problem);
        stream->length -= used;
        if (used > 0)
            memmove(stream->body, stream->body + used, stream->length);
        stream->comments += parsed == EVENT_COMMENT;
    } while (parsed == EVENT_COMMENT);
    return parsed;
}

enum events_result events_receive(struct event_stream *stream,
                                  struct event *event)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    for (;;) {
        decode_received(stream);
        enum event_parsed parsed = take_event(stream, event);
        if (parsed == EVENT_INVALID)
            return EVENTS_INVALID;
        if (parsed == EVENT_PARSED)
            break;
        if (stream->is_cut && stream->left == 0)
            return EVENTS_CUT;
        if (stream->problem != NULL || stream->state == BODY_END ||
            !connection_fill(&stream->connection, BLOCK, deadline))
            return end_result(stream);
    }
    if (event->id != NULL)
        snprintf(stream->last_id, sizeof(stream->last_id), "%s", event->id);
    return EVENTS_EVENT;
}

void events_close(struct event_stream *stream)
{
    connection_close(&stream->connection);
    response_release(&stream->head);
    free(stream->body);
    *stream = (struct event_stream){.connection.socket = -1};
}

void events_open(const struct instance *instance, struct event_stream *stream,
                 const char *target, const char *fields)
{
    if (!events_connect(stream, instance->port, target, fields))
        fail_msg("no response to GET %s", target);
    if (stream->head.status != 200)
        fail_msg("GET %s: status %u: %.*s", target, stream->head.status,
                 (int)stream->connection.length, stream->connection.data);
    response_expect_header(&stream->head, "Content-Type", "text/event-stream");
    response_expect_header(&stream->head, "Cache-Control",
                           "no-cache, no-transform");
    response_expect_header(&stream->head, "X-Accel-Buffering", "no");
    response_expect_header(&stream->head, "Content-Encoding", NULL);
}

void events_expect(struct event_stream *stream, const char *type,
                   struct event *event)
{
    enum events_result result = events_receive(stream, event);

    if (result != EVENTS_EVENT)
        fail_msg("expected the event %s, got result %d: %s", type, result,
                 stream->problem != NULL ? stream->problem : "");
    if (strcmp(event->type, type) != 0)
        fail_msg("expected the event %s, got %s: %s", type, event->type,
                 event->data);
}

void events_skip(struct event_stream *stream, const char *type)
{
    struct event event;

    events_expect(stream, type, &event);
    event_release(&event);
}

void events_expect_end(struct event_stream *stream)
{
    struct event event;
    enum events_result result = events_receive(stream, &event);

    if (result == EVENTS_EVENT)
        fail_msg("expected the end, got the event %s: %s", event.type,
                 event.data);
    if (result != EVENTS_END)
        fail_msg("expected the end, got result %d: %s", result,
                 stream->problem != NULL ? stream->problem : "");
}

cJSON *events_json(const struct event *event)
{
    cJSON *json = cJSON_ParseWithOpts(event->data, NULL, true);

    if (json == NULL)
        fail_msg("the data is not JSON: %.200s", event->data);
    return json;
}
