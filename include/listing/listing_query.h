/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GET /rockets is asked for, and cursors. A cursor holds the sort, the
 * order, the filters, and the value and id of the last rocket of a page; it
 * is opaque to clients, and refused with any other sort, order or filters.
 */
#ifndef LUNAR_LISTING_LISTING_QUERY_H
#define LUNAR_LISTING_LISTING_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"
#include "table/table_types.h"

enum { LISTING_MAX_LIMIT = 10000 };

/* What is asked for. */
struct listing_query {
    enum table_field sort;
    bool descending;
    struct table_filter filter; /* texts point into `storage` */
    size_t limit;               /* 0: all */
    bool after;                 /* continue after this value and id: */
    struct table_value after_value;
    struct text after_id;
    struct buffer storage; /* what the texts above point into */
};

/*
 * Read the query of GET /rockets. False for a query that is wrong: then
 * `detail` is a sentence that names the parameter and what is allowed, or
 * an empty string where memory ended.
 * Ownership: on success the caller calls listing_query_release().
 */
bool listing_query_parse(struct listing_query *query, struct text raw,
                         char *detail, size_t detail_size);

void listing_query_release(struct listing_query *query);

/* Whether it sorts by a name (type, mission) and not by a number. */
bool listing_query_by_name(const struct listing_query *query);

/*
 * Append the target of the page that continues after the rocket `id` with
 * `value`: "/rockets?sort=...&cursor=...".
 */
void listing_query_write_next(const struct listing_query *query,
                              const struct table_value *value, struct text id,
                              struct buffer *out);

#endif
