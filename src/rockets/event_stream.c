/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines are cut out of the chunks first, then read as fields. A line that
 * arrives within one chunk is not copied.
 */
#include "event_stream.h"

#include <ctype.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A part of a line; it may contain NUL. */
struct part {
    const char *data;
    size_t length;
};

void event_stream_init(struct event_stream *stream,
                       void (*take)(void *context,
                                    const struct event_stream_event *event),
                       void *context)
{
    *stream = (struct event_stream){
        .take = take, .context = context, .retry_ms = -1, .first_line = true};
}

void event_stream_release(struct event_stream *stream)
{
    bytes_release(&stream->line);
    bytes_release(&stream->type);
    bytes_release(&stream->data);
    bytes_release(&stream->id);
    bytes_release(&stream->last_id);
}

void event_stream_restart(struct event_stream *stream)
{
    bytes_clear(&stream->line);
    bytes_clear(&stream->type);
    bytes_clear(&stream->data);
    bytes_clear(&stream->id);
    bytes_append_text(&stream->id, event_stream_last_id(stream));
    stream->first_line = true;
    stream->after_cr = false;
}

const char *event_stream_last_id(const struct event_stream *stream)
{
    return stream->last_id.length > 0 ? stream->last_id.data : "";
}

/* The length of the start, and the revision without zeros before it. */
static bool split_id(const char *id, size_t *start_length,
                     const char **revision)
{
    const char *dash = strrchr(id, '-');

    if (dash == NULL || dash[1] == '\0' ||
        dash[1 + strspn(dash + 1, "0123456789")] != '\0')
        return false;
    *start_length = (size_t)(dash - id);
    *revision = dash + 1 + strspn(dash + 1, "0");
    return true;
}

bool event_stream_is_earlier(const char *id, const char *other)
{
    const char *revision, *bound;
    size_t length, other_length;

    if (!split_id(id, &length, &revision) ||
        !split_id(other, &other_length, &bound) || length != other_length ||
        strncmp(id, other, length) != 0)
        return false;
    if (strlen(revision) != strlen(bound))
        return strlen(revision) < strlen(bound);
    return strcmp(revision, bound) < 0;
}

bool event_stream_set_last_id(struct event_stream *stream, const char *id)
{
    bytes_clear(&stream->id);
    bytes_clear(&stream->last_id);
    return bytes_append_text(&stream->id, id) &&
           bytes_append(&stream->last_id, id, strlen(id) + 1);
}

/* An event ends, also one without data, whose id counts nevertheless. */
static void dispatch_event(struct event_stream *stream)
{
    struct event_stream_event event = {.type = "message"};

    bytes_clear(&stream->last_id);
    bytes_append(&stream->last_id, stream->id.data, stream->id.length);
    bytes_append(&stream->last_id, "", 1);
    if (stream->data.length > 0) {
        /* Each line of data has added a LF; that of the last one goes. */
        stream->data.data[stream->data.length - 1] = '\0';
        event.data = stream->data.data;
        event.length = stream->data.length - 1;
        if (stream->type.length > 0 && bytes_append(&stream->type, "", 1))
            event.type = stream->type.data;
        stream->take(stream->context, &event);
    }
    bytes_clear(&stream->data);
    bytes_clear(&stream->type);
}

/* Decimal digits only; others are ignored. */
static void set_retry(struct event_stream *stream, struct part value)
{
    int64_t read = 0;

    for (size_t i = 0; i < value.length; i++) {
        if (!isdigit((unsigned char)value.data[i]))
            return;
        read = 10 * read + (value.data[i] - '0');
        if (read > EVENT_STREAM_MAX_RETRY_MS)
            read = EVENT_STREAM_MAX_RETRY_MS;
    }
    if (value.length > 0)
        stream->retry_ms = read;
}

static bool is_named(struct part field, const char *name)
{
    return field.length == strlen(name) &&
           memcmp(field.data, name, field.length) == 0;
}

static void replace(struct bytes *bytes, struct part value)
{
    bytes_clear(bytes);
    bytes_append(bytes, value.data, value.length);
}

static void read_field(struct event_stream *stream, struct part field,
                       struct part value)
{
    if (is_named(field, "data")) {
        bytes_append(&stream->data, value.data, value.length);
        bytes_append(&stream->data, "\n", 1);
    } else if (is_named(field, "event")) {
        replace(&stream->type, value);
    } else if (is_named(field, "id")) {
        /* An id with a NUL is ignored. */
        if (value.length == 0 || memchr(value.data, '\0', value.length) == NULL)
            replace(&stream->id, value);
    } else if (is_named(field, "retry")) {
        set_retry(stream, value);
    }
}

static void read_line(struct event_stream *stream, struct part line)
{
    const size_t mark = strlen(BYTE_ORDER_MARK);
    const char *colon;
    struct part value = {"", 0};

    if (stream->first_line && line.length >= mark &&
        memcmp(line.data, BYTE_ORDER_MARK, mark) == 0) {
        line.data += mark;
        line.length -= mark;
    }
    stream->first_line = false;
    if (line.length == 0) {
        dispatch_event(stream);
        return;
    }
    colon = memchr(line.data, ':', line.length);
    if (colon == line.data)
        return; /* a comment */
    if (colon != NULL) {
        value.data = colon + 1;
        value.length = (size_t)(line.data + line.length - value.data);
        if (value.length > 0 && value.data[0] == ' ') {
            value.data++;
            value.length--;
        }
        line.length = (size_t)(colon - line.data);
    }
    read_field(stream, line, value);
}

/* Whether what is kept, and `more` bytes, are within the limits. */
static enum event_stream_result check_size(const struct event_stream *stream,
                                           size_t more)
{
    const size_t kept = stream->line.length + stream->data.length +
                        stream->type.length + stream->id.length;

    if (stream->line.failed || stream->data.failed || stream->type.failed ||
        stream->id.failed || stream->last_id.failed)
        return EVENT_STREAM_NO_MEMORY;
    if (kept > EVENT_STREAM_MAX_EVENT || more > EVENT_STREAM_MAX_EVENT - kept)
        return EVENT_STREAM_TOO_LARGE;
    return EVENT_STREAM_OK;
}

/* A line ends here; its beginning may have come with earlier chunks. */
static void end_line(struct event_stream *stream, struct part end)
{
    if (stream->line.length == 0) {
        read_line(stream, end);
        return;
    }
    if (bytes_append(&stream->line, end.data, end.length))
        read_line(stream,
                  (struct part){stream->line.data, stream->line.length});
    stream->line.length = 0; /* bytes_clear() would forget a failure */
}

static size_t find_end(const char *data, size_t length)
{
    const char *end = memchr(data, '\n', length);
    const char *cr;

    if (end != NULL)
        length = (size_t)(end - data);
    cr = memchr(data, '\r', length);
    return cr != NULL ? (size_t)(cr - data) : length;
}

enum event_stream_result event_stream_feed(struct event_stream *stream,
                                           const char *data, size_t length)
{
    enum event_stream_result result = EVENT_STREAM_OK;

    while (length > 0 && result == EVENT_STREAM_OK) {
        size_t end;

        if (stream->after_cr && *data == '\n') {
            data++;
            length--;
        }
        stream->after_cr = false;
        end = find_end(data, length);
        result = check_size(stream, end);
        if (result != EVENT_STREAM_OK || length == 0)
            break;
        if (end == length) {
            bytes_append(&stream->line, data, length);
            return check_size(stream, 0);
        }
        stream->after_cr = data[end] == '\r';
        end_line(stream, (struct part){data, end});
        data += end + 1;
        length -= end + 1;
        result = check_size(stream, 0);
    }
    return result;
}
