/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draws the full-screen view of a fleet as lines of text: a head of three lines
 * with the connection, the totals and the rates; a table of rockets; the feed
 * of launches and explosions. What does not fit is left out from the right and
 * from the bottom, as a whole where it is a figure or a column.
 *
 * Locking: none.
 */
#ifndef ROCKETS_WATCH_SCREEN_H
#define ROCKETS_WATCH_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "fleet_view.h"

enum { WATCH_SCREEN_COUNT_SIZE = 48 };

struct watch_screen {
    unsigned columns, rows;
    bool utf8;
    bool colours;        /* control sequences (ECMA-48 SGR) within the lines */
    const char *service; /* its base URL */
    const char *sort;    /* the field of the table; NULL: it has no order */
    bool descending;
    bool live;
    const char *state;  /* of the connection, and what is wrong with it */
    const char *advice; /* what to do about that, or "" */
    int64_t uptime;     /* of the view, nanoseconds */
    int64_t now;        /* clock_now() */
};

/*
 * Append at most `rows` lines of at most `columns` columns, each with a LF.
 */
void watch_screen_draw(struct bytes *out, const struct watch_screen *screen,
                       const struct fleet_view *view);

/* How many rockets the table has room for, at most FLEET_VIEW_MAX_ROWS. */
size_t watch_screen_table_rows(unsigned rows);

#endif
