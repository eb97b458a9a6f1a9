/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags of `rockets watch`.
 */
#ifndef ROCKETS_WATCH_OPTIONS_H
#define ROCKETS_WATCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "flags.h"

enum {
    /* Limits of the service. */
    WATCH_MAX_IDS = 100, /* rockets of one stream of events */
    WATCH_MAX_ID = 128,  /* bytes of an id */
    WATCH_MIN_INTERVAL_MS = 100,
    WATCH_MAX_INTERVAL_MS = 10000,
};

struct watch_options {
    const char *url;
    bool plain;
    const char *events; /* a list with commas; NULL: not given */
    const char *ids[WATCH_MAX_IDS];
    size_t id_count;
    const char *sort, *order;
    int64_t interval;    /* nanoseconds, a multiple of 100 ms; 0: not given */
    uint32_t max_events; /* 0: no limit */
    int64_t max_time;    /* nanoseconds; 0: no limit */
    struct access access;
};

extern const struct flag_table watch_options_flags;

/*
 * Read the arguments. `reader` has them, and the error. Returns false if one is
 * invalid. If help is asked for, the rest may be incomplete.
 * Ownership: `options` borrows from the arguments.
 */
bool watch_options_read(struct watch_options *options,
                        struct flag_reader *reader);

#endif
