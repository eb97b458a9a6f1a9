/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses a stream of server-sent events as the HTML standard says (WHATWG HTML,
 * 9.2.6 "Interpreting an event stream"), whatever the chunks in which it
 * arrives. Bytes are not decoded: what is not valid UTF-8 is handed on, and
 * whoever shows it must take care.
 *
 * Locking: none; one thread uses it.
 */
#ifndef ROCKETS_EVENT_STREAM_H
#define ROCKETS_EVENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

enum {
    /*
     * Bytes of one event, and of one line. The largest event of the service
     * has 1,000 rockets with less than 6 KB each.
     */
    EVENT_STREAM_MAX_EVENT = 16 << 20,
    EVENT_STREAM_MAX_RETRY_MS = 24 * 60 * 60 * 1000, /* longer is this long */
};

struct event_stream_event {
    const char *type; /* "message" if the stream has none */
    const char *data; /* terminated, and may contain NUL */
    size_t length;    /* of `data` */
};

enum event_stream_result {
    EVENT_STREAM_OK,
    EVENT_STREAM_TOO_LARGE, /* an event exceeds EVENT_STREAM_MAX_EVENT */
    EVENT_STREAM_NO_MEMORY,
};

struct event_stream {
    /* Set at start, then read-only. Called for each event with data. */
    void (*take)(void *context, const struct event_stream_event *event);
    void *context;

    struct bytes line; /* the beginning of a line whose end is to come */
    struct bytes type, data;
    struct bytes id;      /* the "last event ID buffer" */
    struct bytes last_id; /* of the last event that ended, and a NUL */
    int64_t retry_ms;     /* -1: the stream has not said so */
    bool first_line;      /* which may begin with a byte order mark */
    bool after_cr;        /* a LF would belong to the CR before it */
};

/* Ownership: the caller calls event_stream_release(). */
void event_stream_init(struct event_stream *stream,
                       void (*take)(void *context,
                                    const struct event_stream_event *event),
                       void *context);
void event_stream_release(struct event_stream *stream);

/*
 * A new connection: what was incomplete is discarded. The last id stays, as it
 * does for an EventSource of a browser.
 */
void event_stream_restart(struct event_stream *stream);

/* After a failure nothing more may be fed before event_stream_restart(). */
enum event_stream_result event_stream_feed(struct event_stream *stream,
                                           const char *data, size_t length);

/*
 * What to send as Last-Event-ID, or "": nothing. Valid until the next call of
 * another function.
 */
const char *event_stream_last_id(const struct event_stream *stream);

/*
 * Whether `id` is of the same history as `other`, and earlier. An id is a
 * start,
 * "-", and a revision in decimal digits.
 */
bool event_stream_is_earlier(const char *id, const char *other);

/* Go on from another id, such as that of a list. Returns false if no memory. */
bool event_stream_set_last_id(struct event_stream *stream, const char *id);

#endif
