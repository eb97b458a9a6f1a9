/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of `rockets watch` share: watch.c connects the service with
 * the view, watch_show.c brings the view to stdout.
 */
#ifndef ROCKETS_WATCH_PARTS_H
#define ROCKETS_WATCH_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "fleet_view.h"
#include "terminal.h"
#include "watch_client.h"
#include "watch_events.h"
#include "watch_options.h"

struct watch {
    const struct watch_options *options;
    bool plain;
    struct watch_client client;
    struct watch_events events;
    struct fleet_view view;
    struct bytes lines; /* of --plain, to be written */
    struct bytes frame, out;
    struct terminal terminal;
    bool utf8, colours;
    char service[FLAGS_MAX_URL + 1];
    int signals; /* a signalfd(2) */
    int64_t started;
    int64_t end; /* by --max-time */
    int64_t drawn_at;
    bool draw_again; /* all of the frame, as after a change of the size */
    bool changed;    /* there is something to draw */
    bool ended;
    int status; /* of the exit */
    /* The state that the screen shows, or that a line on stderr has told. */
    enum watch_state told;
};

/* Have signals come through `watch->signals`. Returns false if it fails. */
bool watch_open_signals(struct watch *watch);

/* Take those that have come: sizes, stops, and the end. */
void watch_take_signals(struct watch *watch);

/* For poll(2): milliseconds until then, and not before; at most a minute. */
int watch_wait_ms(int64_t until);

/* Write what there is. Returns when to do it again (clock_now()). */
int64_t watch_show(struct watch *watch);

/* Whether whoever reads stdout has gone. A pipe tells that without a write. */
bool watch_is_output_closed(void);

#endif
