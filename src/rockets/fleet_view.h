/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rockets watch` knows of a fleet: the rockets of its table, the summary
 * with rates, and the last launches and explosions. It is fed by lists and
 * events, and says what is newer by the rockets' revisions, as after a resume
 * an event may repeat an older state.
 *
 * Times are those of clock_now(), unless said otherwise. Locking: none.
 */
#ifndef ROCKETS_FLEET_VIEW_H
#define ROCKETS_FLEET_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "rocket_state.h"

enum {
    FLEET_VIEW_MAX_ROWS = 100, /* ids that one stream of events may have */
    FLEET_VIEW_FEED = 128,     /* entries kept */
    /* Summaries closer together, or so early, give no rate. */
    FLEET_VIEW_MIN_RATE_MS = 500,
    /* Without a summary for so long, nothing has changed. */
    FLEET_VIEW_IDLE_MS = 3000,
};

enum feed_kind {
    FEED_LAUNCHED,
    FEED_EXPLODED,
    FEED_MORE_LAUNCHED, /* `count` more launches, which the service leaves out
                         */
    FEED_MORE_EXPLODED,
    FEED_NOTICE, /* `rocket.reason` says what happened to the view itself */
};

struct feed_entry {
    enum feed_kind kind;
    time_t time; /* of the calendar, when it arrived here */
    double count;
    struct rocket_state rocket;
};

struct fleet_rates {
    double messages;                   /* a second */
    double duplicate, stale, rejected; /* shares of these, 0 to 1 */
};

/* All zero: nothing is known. About 200 KB. */
struct fleet_view {
    struct rocket_state rows[FLEET_VIEW_MAX_ROWS];
    size_t row_count;

    bool has_summary;
    struct fleet_summary summary; /* the last one */
    /* The summary from which the next rate is counted, and its time. */
    struct fleet_summary base;
    int64_t base_at;       /* 0: none */
    int64_t summarized_at; /* when the last one arrived */
    int64_t connected_at;
    bool has_rates;
    struct fleet_rates rates;

    struct feed_entry feed[FLEET_VIEW_FEED]; /* a ring */
    size_t feed_count;                       /* of all, also those lost */
};

/* Replace the table's rows, in this order, by what a list has. */
void fleet_view_list(struct fleet_view *view, const struct rocket_state *rows,
                     size_t count);

/* A state of a rocket: it is for the row with this id, if there is one. */
void fleet_view_update(struct fleet_view *view,
                       const struct rocket_state *rocket);

/*
 * A connection begins: the summary that it gets at once may be an old one,
 * which says nothing about a rate. The counters may be those of another
 * instance of the service, so no rate is counted from the summaries before.
 */
void fleet_view_connected(struct fleet_view *view, int64_t now);

void fleet_view_summarize(struct fleet_view *view,
                          const struct fleet_summary *summary, int64_t now);

/*
 * The rates at this time; they are 0 if no summary has come for a while.
 * Returns false if they are not known.
 */
bool fleet_view_rates(const struct fleet_view *view, int64_t now,
                      struct fleet_rates *rates);

void fleet_view_feed(struct fleet_view *view, enum feed_kind kind,
                     const struct rocket_state *rocket, double count,
                     time_t time);

/* An entry of FEED_NOTICE. */
void fleet_view_notice(struct fleet_view *view, const char *text, time_t time);

/*
 * The entry `index`, 0 for the newest one; NULL if there is none, or it is not
 * kept any more.
 */
const struct feed_entry *fleet_view_entry(const struct fleet_view *view,
                                          size_t index);

/*
 * The service has another history of the state: revisions and counters of
 * before say nothing.
 */
void fleet_view_restart(struct fleet_view *view);

#endif
