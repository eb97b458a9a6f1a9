/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes and times lists of rockets as GET /rockets does, without HTTP.
 */
#ifndef LUNAR_BENCH_PARTS_LISTS_H
#define LUNAR_BENCH_PARTS_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/list_url.h"
#include "listing/list_page.h"
#include "table/table.h"

enum { PARTS_MAX_QUERY = 512 };

struct parts_list {
    struct list_url url;
    struct list_page *page;
    uint64_t took; /* nanoseconds to collect and sort the list */
};

/*
 * Make the list of `query`, a query string such as "sort=speed&limit=50".
 * Dies if the list does not have `count` rockets.
 * Ownership: the caller calls parts_list_close().
 */
void parts_list_open(struct parts_list *list, struct table *table,
                     const char *query, size_t count);
void parts_list_close(struct parts_list *list);

/* Make a list and release it. Returns its `took`, in nanoseconds. */
uint64_t parts_list_time(struct table *table, const char *query, size_t count);

/*
 * Read all rockets of the list, in order, and write them as JSON, in blocks
 * as for a streamed list. Returns the time in nanoseconds and sets `*bytes`
 * to the number of bytes written.
 */
uint64_t parts_list_write(const struct parts_list *list, uint64_t *bytes);

/*
 * Write the query of a page of 50 that starts in the middle of the list
 * `sorted`, which is a query such as "sort=speed&order=desc".
 */
void parts_list_middle(struct table *table, const char *sorted,
                       char query[static PARTS_MAX_QUERY]);

/* Launch rockets in an empty table, and apply 0 to 3 more messages of each. */
void parts_list_populate(struct table *table, uint32_t rockets);

#endif
