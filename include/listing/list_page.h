/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is the result of a list query: an ordered snapshot of rockets and
 * their sort values. Without a limit it is the whole list. The rockets
 * themselves are read from the table one by one, in their current state.
 *
 * A page continues after a value and an id, not after a position. A rocket
 * whose sort value does not change between two pages is listed exactly once,
 * whatever happens to other rockets.
 *
 * Locking: a page has no lock; one thread at a time uses it. It locks the
 * table as table.h says, and holds no lock between calls.
 */
#ifndef LUNAR_LISTING_LIST_PAGE_H
#define LUNAR_LISTING_LIST_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "listing/list_query.h"
#include "table/table.h"

enum {
    /* Bytes for the distinct types or missions of a list sorted by them. */
    LIST_PAGE_MAX_STRINGS = 128 * 1024 * 1024,
};

struct list_page;

/*
 * Scan the table and sort the rockets that the query selects. This takes as
 * long as a scan of all rockets, so an event loop must not do it if there are
 * many. NULL if memory is exhausted, or if strings need more than
 * LIST_PAGE_MAX_STRINGS.
 * Ownership: `table` and `query` are borrowed until the page is freed.
 */
struct list_page *list_page_new(struct table *table,
                                const struct list_query *query);

/* NULL does nothing. */
void list_page_free(struct list_page *page);

/* The number of rockets that match the filter, on this page or not. */
size_t list_page_total(const struct list_page *page);

/* The number of rockets on this page. */
size_t list_page_count(const struct list_page *page);

/*
 * Copy the rocket at `position`, below list_page_count(), to `view`, in its
 * current state.
 */
void list_page_read(const struct list_page *page, size_t position,
                    struct rocket_view *view);

/*
 * If there are rockets after this page, set `next` to the query of the next
 * page, and return true. Otherwise `next` is untouched.
 * Ownership: the texts in `next` are borrowed from the page and its query.
 */
bool list_page_next(const struct list_page *page, struct list_query *next);

#endif
