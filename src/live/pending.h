/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has been collected for the readers of one interval, and is not written
 * yet: several collections, if the interval is longer than a tick.
 *
 * Locking: none; the hub's thread alone has it.
 */
#ifndef LUNAR_LIVE_PENDING_H
#define LUNAR_LIVE_PENDING_H

#include <stdbool.h>
#include <stddef.h>

#include "table/table_changes.h"

/* All zero: nothing. */
struct pending {
    const struct table_entry **entries; /* some may be there several times */
    size_t count, capacity;
    bool lost; /* they were too many, or memory is exhausted: none is there */
    struct table_feed launched, exploded;
};

/* Add a collection; its rockets only if `rockets`. */
void pending_add(struct pending *pending, const struct table_changes *changes,
                 bool rockets);

/* Leave each rocket once, in the order of their places in memory. */
void pending_sort(struct pending *pending);

bool pending_is_empty(const struct pending *pending);

/* Make it empty, and free its memory. */
void pending_clear(struct pending *pending);

#endif
