/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is the answer to a list query: an ordered snapshot of rockets and
 * their sort values. Without a limit it is the whole list. The rockets
 * themselves are read from the table one by one, in their current state.
 *
 * Pages continue after a value and an id, not after a position. A rocket
 * whose sort value stays the same between two pages is listed exactly once,
 * whatever happens to the others.
 */
#ifndef LUNAR_LISTING_LIST_PAGE_H
#define LUNAR_LISTING_LIST_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "listing/list_query.h"
#include "table/table.h"

enum {
    /* Bytes for distinct types or missions in a list sorted by them. */
    LIST_PAGE_MAX_STRINGS = 128 * 1024 * 1024,
};

struct list_page;

/*
 * Scan the table and sort what the query asks for. This takes as long as a
 * scan, so an event loop must not do it for many rockets. NULL if memory
 * ends or more than LIST_PAGE_MAX_STRINGS is needed.
 * Ownership: `query` is borrowed until the page is freed.
 */
struct list_page *list_page_new(struct table *table,
                                const struct list_query *query);
void list_page_free(struct list_page *page);

/* Rockets that match the filter, on this page or not. */
size_t list_page_total(const struct list_page *page);

/* Rockets on this page. */
size_t list_page_count(const struct list_page *page);

/* Read the rocket at `position`, below list_page_count(). */
void list_page_read(const struct list_page *page, size_t position,
                    struct rocket_view *view);

/*
 * If there are rockets behind this page, set `next` to the query of the page
 * that continues it, and return true.
 * Ownership: the texts in `next` are borrowed from the page and its query.
 */
bool list_page_next(const struct list_page *page, struct list_query *next);

#endif
