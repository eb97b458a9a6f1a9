/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a list must be, written plainly: which rockets, in which order. And how
 * a client reads it: page by page, each by the link in the one before.
 */
#ifndef LUNAR_TESTS_LISTS_H
#define LUNAR_TESTS_LISTS_H

#include "base/buffer.h"
#include "listing/list_page.h"

enum { LISTS_ROOM = 4096 };

/* Whether the filter selects the rocket. */
bool lists_match(const struct table_filter *filter,
                 const struct rocket_view *view);

/*
 * Compare the values that the query sorts by: less than, equal to or greater
 * than 0. Unknown values are always last.
 */
int lists_compare_values(const struct list_query *query,
                         const struct rocket_view *a,
                         const struct rocket_view *b);

/* Compare the places of two rockets in the list. */
int lists_compare(const struct list_query *query, const struct rocket_view *a,
                  const struct rocket_view *b);

/* The rockets that were listed, in order. */
struct listed {
    size_t count, total;
    struct text ids[LISTS_ROOM]; /* borrowed from the table */
};

/* The query of a reference that list_url_write() wrote. */
struct text lists_query_of(const struct buffer *reference);

/*
 * Read the page of `query` and all pages after it. `between`, unless NULL, is
 * called with `context` after each page but the last. Aborts if a page has more
 * rockets than its limit, or fewer although it is not the last.
 */
void lists_read(struct table *table, const struct list_query *query,
                void (*between)(void *context), void *context,
                struct listed *listed);

#endif
