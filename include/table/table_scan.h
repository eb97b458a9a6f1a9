/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan reads all rockets of the table, in no particular order, for a list
 * that is sorted by one field. It runs in steps (table_scan_next() in
 * table.h), each under the lock of one stripe. A step copies out rows: the
 * rockets that match the filter and lie in the window.
 *
 * The window is the part of the list that the caller wants, between two
 * bounds in the list's order. The caller may narrow it during the scan.
 * Rockets outside are counted but not copied out, and most of them are not
 * read. The scan compares abbreviated values, so rows may also lie just
 * outside of the window.
 *
 * Locking: none; one thread at a time uses a scan.
 */
#ifndef LUNAR_TABLE_TABLE_SCAN_H
#define LUNAR_TABLE_TABLE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "table/table_types.h"

enum { TABLE_SCAN_ROWS = 64 /* of a step, at most */ };

/* A rocket that matches the filter and lies in the window. */
struct table_row {
    const struct table_entry *entry;
    /*
     * The rocket's value of the scan's field. For a string, `major` is its
     * index in the scan's `strings`, and `string` is absent.
     */
    struct table_value value;
    uint32_t id_start; /* table_scan_id_start() of its id */
};

struct table_scan {
    /* Set at start, then read-only. */
    enum table_field field;
    bool descending;
    struct table_filter filter;
    /* Results of the latest step. */
    size_t matched; /* rockets that match the filter, in the window or not */
    size_t count;   /* rows */
    struct table_row rows[TABLE_SCAN_ROWS];
    size_t string_count; /* distinct strings among the values of the rows */
    struct text strings[TABLE_SCAN_ROWS];
    /* Private: the window, the next block to read, the strings' bytes. */
    struct table_bound first, last;
    uint32_t stripe, block;
    char bytes[TABLE_SCAN_ROWS * MESSAGE_MAX_NAME];
};

/*
 * Prepare a scan of all rockets that match `filter`, with a window that has
 * no bounds.
 * Ownership: `filter` and its texts are borrowed until the end of the scan.
 */
void table_scan_init(struct table_scan *scan, enum table_field field,
                     bool descending, const struct table_filter *filter);

/*
 * Set the first (last) bound of the window: leave out rockets that come before
 * (after) `value` and `id` in the order of the list. Rockets with equal values
 * are in ascending order of their ids; `descending` reverses the ids only if
 * the field is TABLE_ID. Each call replaces the bound of the call before.
 * Ownership: texts are borrowed until the end of the scan or the next call.
 */
void table_scan_from(struct table_scan *scan, const struct table_value *value,
                     struct text id);
void table_scan_to(struct table_scan *scan, const struct table_value *value,
                   struct text id);

/*
 * The first four bytes of an id as a number. If the numbers of two ids differ,
 * they are in the order of the ids.
 */
uint32_t table_scan_id_start(struct text id);

#endif
