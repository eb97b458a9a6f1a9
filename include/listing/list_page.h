/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of rockets: filtered, sorted, cut into pages. A listing is one
 * ordered snapshot of places and sort values; the rockets themselves are
 * read from the table when they are wanted, as they are by then.
 *
 * Pages follow values and ids, not positions: a rocket whose sort value did
 * not change between two pages is neither listed twice nor skipped,
 * whatever happens to the others.
 */
#ifndef LUNAR_LISTING_LIST_PAGE_H
#define LUNAR_LISTING_LIST_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "listing/listing_query.h"
#include "table/table.h"

enum {
    /* Bytes for different types or missions in a list sorted by them. */
    LIST_PAGE_MAX_STRINGS = 128 * 1024 * 1024,
};

struct list_page;

/*
 * Take the snapshot. Runs in the time of a pass over the table: not for an
 * event loop where rockets are many. NULL where memory ends, or more than
 * LIST_PAGE_MAX_STRINGS is needed.
 * Ownership: `query` is borrowed for as long as the listing lives.
 */
struct list_page *list_page_new(struct table *table,
                                const struct listing_query *query);
void list_page_free(struct list_page *listing);

/* Rockets that match the filters, whatever cursor and limit. */
size_t list_page_total(const struct list_page *listing);

/* Rockets in this listing. */
size_t list_page_count(const struct list_page *listing);

/* Read the rocket at `position`, below list_page_count(). */
void list_page_read(const struct list_page *listing, size_t position,
                    struct rocket_view *view);

/*
 * If there is more after this page, append the target of the next one
 * ("/rockets?sort=...&cursor=...") and return true.
 */
bool list_page_next(const struct list_page *listing, struct buffer *out);

#endif
