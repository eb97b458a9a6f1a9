/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which messages of a rocket are missing: the gaps between its runs, and below
 * the first.
 */
#ifndef LUNAR_TABLE_TABLE_GAPS_H
#define LUNAR_TABLE_TABLE_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct table;

/* Numbers that have not arrived, both ends included. */
struct table_gap {
    uint64_t from, to;
};

struct table_gaps {
    uint64_t revision; /* of the rocket */
    uint64_t missing;  /* as in struct rocket_view: also those given up */
    /* Numbers that are no longer waited for, and the highest; 0: none. */
    uint64_t given_up, given_up_to;
    size_t count;
    bool more; /* there are gaps behind these */
};

/*
 * Copy the first `max` gaps whose `to` is above `after` to `gaps`, in order, of
 * the rocket with `id`. Numbers that were given up are in no gap. False, with
 * `*result` untouched, if there is no such rocket.
 * Locking: read-locks one stripe, for about 10 ns a gap; if the rocket has
 * given up numbers, also for some nanoseconds for each of its runs.
 */
bool table_gaps(struct table *table, struct text id, uint64_t after,
                struct table_gap *gaps, size_t max, struct table_gaps *result);

#endif
