/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over all rockets of the table for one field that they are to be
 * sorted by. The caller may narrow a window of the order that it is
 * interested in, also while it walks: rockets outside are counted, but not
 * copied out, and mostly not even looked at. The window is kept by
 * abbreviated values, so some rockets just outside may still come.
 *
 * Here is what a walk looks for and where it stands; the walk itself is
 * table_scan_next() in table.h.
 *
 * Locking: none of its own; one thread has a walk, and the table holds the
 * stripe's lock where one is passed.
 */
#ifndef LUNAR_TABLE_TABLE_SCAN_H
#define LUNAR_TABLE_TABLE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "table/table_types.h"

struct stripe;

enum { TABLE_SCAN_ROWS = 64 /* that a step has, at most */ };

/* A rocket that matches. */
struct table_row {
    const struct table_entry *entry;
    /*
     * What it is sorted by. A name is told by its place in the scan's
     * `names`, in `major`; `name` is absent.
     */
    struct table_value value;
    uint32_t id_start; /* abbreviation_of_text() of its id */
};

/* A value and an id in the order of a list. */
struct table_place {
    bool set;
    struct table_value value; /* its name is the caller's */
    struct text id;           /* the caller's */
};

struct table_scan {
    /* Set at start, then read-only. */
    enum table_field field;
    bool descending;
    struct table_filter filter;
    /* Results of a step. */
    size_t matched; /* rockets that match the filter, in the window or not */
    size_t count;   /* of them, in the window */
    struct table_row rows[TABLE_SCAN_ROWS];
    size_t name_count; /* different names among these rows */
    struct text names[TABLE_SCAN_ROWS];
    /* Private: the window, where the walk stands, the names' bytes. */
    struct table_place first, last;
    uint32_t stripe, block;
    char text[TABLE_SCAN_ROWS * MESSAGE_MAX_NAME];
};

/* `filter` is borrowed, with its texts, until the end of the walk. */
void table_scan_init(struct table_scan *scan, enum table_field field,
                     bool descending, const struct table_filter *filter);

/*
 * What comes before (after) `value` and `id` in the order is not wanted.
 * Ids order rockets of one value, always ascending, but for lists by id.
 * Ownership: texts are borrowed until the end of the walk, or the next
 * call.
 */
void table_scan_from(struct table_scan *scan, const struct table_value *value,
                     struct text id);
void table_scan_to(struct table_scan *scan, const struct table_value *value,
                   struct text id);

/*
 * Go on in `stripe`, from block `scan->block` on, until rows are found or
 * enough rockets have been looked at for one lock. The caller holds it.
 */
void table_scan_stripe(struct table_scan *scan, const struct stripe *stripe);

#endif
