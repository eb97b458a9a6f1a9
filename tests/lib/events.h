/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that follows GET /events, as an EventSource does, but strictly
 * (lib/event_parser.h).
 *
 * As in lib/connection.h, functions that return a result can be called from any
 * thread of a test; the others fail the test themselves.
 */
#ifndef LUNAR_TEST_EVENTS_H
#define LUNAR_TEST_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/connection.h"
#include "lib/event_parser.h"
#include "lib/instance.h"
#include "lib/response.h"

enum { EVENTS_MAX_ID = 64 };

struct event_stream {
    struct connection connection;
    struct response head;        /* its body is not used */
    char last_id[EVENTS_MAX_ID]; /* of the latest event with one, or "" */
    size_t comments;             /* how many have come */
    const char *problem;         /* after EVENTS_INVALID */
    /*
     * May be set after events_connect(): the connection is taken as cut off
     * behind the next `left` bytes of the body.
     */
    bool is_cut;
    size_t left;
    /* Private. */
    char *body; /* decoded, not parsed yet */
    size_t length, capacity;
    size_t chunk; /* bytes of the chunk that have not come */
    int state;    /* of the chunks */
};

enum events_result {
    EVENTS_EVENT,
    EVENTS_END,     /* the response is complete */
    EVENTS_CUT,     /* the connection ended before that */
    EVENTS_LATE,    /* nothing came in time */
    EVENTS_INVALID, /* what came is no event, or no response; `problem` */
};

/*
 * Connect, and send "GET <target>"; `fields` are header lines, each with its
 * CRLF. True once there is a head, with any status. Ownership: the caller calls
 * events_close(), also after false.
 */
bool events_connect(struct event_stream *stream, uint16_t port,
                    const char *target, const char *fields);

/*
 * Receive the head of the response on `stream->connection`, which the caller
 * has opened, and on which it has sent a request.
 */
bool events_begin(struct event_stream *stream);

/* Wait for the next event. Ownership: the caller releases it. */
enum events_result events_receive(struct event_stream *stream,
                                  struct event *event);

/* Close the connection, and free the rest. Can be called more than once. */
void events_close(struct event_stream *stream);

/* Connect to the service, and expect the head of a stream of events. */
void events_open(const struct instance *instance, struct event_stream *stream,
                 const char *target, const char *fields);

/* Expect an event of this type. Ownership: the caller releases it. */
void events_expect(struct event_stream *stream, const char *type,
                   struct event *event);

/* The same, and ignore what it says. */
void events_skip(struct event_stream *stream, const char *type);

/* Expect the end of the response, without another event. */
void events_expect_end(struct event_stream *stream);

/* Parse the data, which must be JSON. Ownership: the caller deletes it. */
cJSON *events_json(const struct event *event);

#endif
