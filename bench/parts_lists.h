/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of rockets as GET /rockets makes them, but for HTTP: timed.
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
    uint64_t took; /* nanoseconds to collect and to sort it */
};

/*
 * Make the list that `query` asks for ("sort=speed&limit=50"), a string;
 * `count` is how many rockets it must have. Dies if it has not.
 */
void parts_list_open(struct parts_list *list, struct table *table,
                     const char *query, size_t count);
void parts_list_close(struct parts_list *list);

/* Make it and forget it: the nanoseconds that it took. */
uint64_t parts_list_time(struct table *table, const char *query, size_t count);

/*
 * Read all of its rockets, in order, and write them as JSON, in blocks as
 * for a stream. Returns the nanoseconds; `bytes` is how much was written.
 */
uint64_t parts_list_write(const struct parts_list *list, uint64_t *bytes);

/*
 * The query of the page of 50 that begins in the middle of the list `sorted`
 * ("sort=speed&order=desc").
 */
void parts_list_middle(struct table *table, const char *sorted,
                       char query[static PARTS_MAX_QUERY]);

/* Launch rockets into an empty table, and send each up to three messages. */
void parts_list_populate(struct table *table, uint32_t rockets);

#endif
