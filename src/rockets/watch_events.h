/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the events and lists of a service mean for the view, and for the lines
 * of --plain.
 *
 * Locking: none.
 */
#ifndef ROCKETS_WATCH_EVENTS_H
#define ROCKETS_WATCH_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "event_stream.h"
#include "fleet_view.h"

enum { WATCH_EVENTS_START_SIZE = 64 };

/* What the caller has to do after an event. */
enum watch_news {
    WATCH_NEWS_NONE,
    WATCH_NEWS_ROCKETS, /* rockets were launched: the table may have others */
    WATCH_NEWS_LOST,    /* changes were missed: read the table again */
};

struct watch_events {
    struct fleet_view *view;
    const char *const *ids; /* of the rows, if they are always these */
    size_t id_count;
    struct bytes *lines; /* of --plain; NULL: none are wanted */
    uint64_t max_shown;  /* 0: no limit */
    uint64_t shown;      /* rockets, launches, explosions, summaries, and what
                            says from where they come */
    char start[WATCH_EVENTS_START_SIZE]; /* of the state; "": not known */
    bool restarted; /* the last hello had another start than the one before */
};

/* Forget all rockets but the ids of the rows. Call it before all others. */
void watch_events_start(struct watch_events *events);

/* Take an event. What is not known, or is no JSON, is ignored. */
enum watch_news watch_events_take(struct watch_events *events,
                                  const struct event_stream_event *event);

/* Take a response: an array is all rows, an object is a rocket of one row. */
void watch_events_take_rows(struct watch_events *events, const char *body,
                            size_t length);

/* Whether `max_shown` events were shown. */
bool watch_events_ended(const struct watch_events *events);

#endif
