/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a service by its lists and events, and connects again by itself.
 *
 * A table of rockets, sorted by a field, cannot be followed as a whole: of a
 * million rockets each could get into it. So the list of its rows is read, then
 * the events of exactly these rockets are asked for, from the list's position
 * on, so that no change between the two is lost. The list is read again every
 * few seconds; if it then has other rockets, the stream is replaced by one with
 * their ids, which goes on from the id of the last event.
 *
 * A connection that ends, or cannot be made, is made again as an EventSource of
 * a browser does it: after the time that the service has set (`retry:`), with
 * the last event's id; later after each further failure, and not before the
 * Retry-After of a response. Only if the first response refuses the request is
 * that final, as the URL is wrong.
 *
 * Locking: none; one thread uses it. It has no thread of its own.
 */
#ifndef ROCKETS_WATCH_CLIENT_H
#define ROCKETS_WATCH_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event_stream.h"
#include "fetch.h"
#include "watch_options.h"

enum {
    WATCH_LIST_MS = 3000,       /* between two reads of the list */
    WATCH_LIST_SOON_MS = 500,   /* if there is a reason to expect news */
    WATCH_SILENCE_MS = 45000,   /* the service sends something each 15 s */
    WATCH_RETRY_MS = 2000,      /* until the service sets another time */
    WATCH_MAX_RETRY_MS = 10000, /* after several failures */
    WATCH_MAX_RETRY_AFTER_MS = 60000,
    WATCH_MAX_LIST = 4 << 20, /* bytes of a list of WATCH_MAX_IDS rockets */
};

enum watch_state {
    WATCH_CONNECTING,
    WATCH_LIVE,
    WATCH_WAITING, /* to connect again */
    WATCH_REFUSED, /* it will not work: `cause` and `advice` say why */
};

struct watch_client_options {
    const char *url;
    const struct access *access;
    const char *events; /* a list with commas */
    unsigned interval_ms;
    /* Whether rows are wanted: those of a list, or of `ids` if there are. */
    bool rows;
    const char *sort, *order;
    const char *const *ids;
    size_t id_count;

    void *context; /* of what follows; none may call the client but for
                      watch_client_read_soon() and _lost() */
    void (*take_event)(void *context, const struct event_stream_event *event);
    /* A response with a rocket, or with an array of all rows. */
    void (*take_rows)(void *context, const char *body, size_t length);
    /* The ids of the rows now. Returns how many. */
    size_t (*row_ids)(void *context, const char *ids[static WATCH_MAX_IDS]);
};

struct watch_client {
    struct watch_client_options options; /* set at start, then read-only */
    CURLM *multi;
    struct fetch stream, list;
    struct event_stream events;

    enum watch_state state;
    char cause[TRANSPORT_CAUSE_SIZE]; /* of WATCH_WAITING and WATCH_REFUSED */
    const char *advice;
    int64_t retry_at;  /* of WATCH_WAITING */
    unsigned failures; /* since the last event */
    bool was_live;
    bool out_of_memory; /* nothing works any more */

    size_t limit;             /* rows to read */
    size_t next_id;           /* of `ids`, while they are read */
    int64_t list_due;         /* when to read the rows again */
    bool wants_list;          /* the rows are needed before the stream */
    struct bytes url;         /* of the stream, with its NUL */
    struct bytes other;       /* scratch */
    const char *stream_error; /* why the parser has ended the stream */
};

/*
 * Returns false if out of memory. Ownership: what `options` has is borrowed;
 * the caller calls watch_client_release() in any case.
 */
bool watch_client_init(struct watch_client *client,
                       const struct watch_client_options *options);
void watch_client_release(struct watch_client *client);

/* Read this many rows from now on, at most WATCH_MAX_IDS. */
void watch_client_set_limit(struct watch_client *client, size_t limit);

/* The rows have probably changed: read them before it would be time. */
void watch_client_read_soon(struct watch_client *client, int64_t delay_ms);

/*
 * Changes were missed, and the stream has no position any more (a reset): read
 * the rows now, and go on from their position.
 */
void watch_client_lost(struct watch_client *client);

/*
 * Do what is due, and return when the next thing is (clock_now()). Then call it
 * again, also when curl_multi_poll(3) with `multi` returns.
 */
int64_t watch_client_step(struct watch_client *client);

#endif
