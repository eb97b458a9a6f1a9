/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of a list of rockets: which rockets, in which order, and which
 * part of the list. Plain data; how a client writes a query is not known here.
 */
#ifndef LUNAR_LISTING_LIST_QUERY_H
#define LUNAR_LISTING_LIST_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "table/table_types.h"

/*
 * A query that is all zero selects all rockets, sorted by id. Rockets with
 * unknown values come last, in either order. Rockets with equal values are in
 * ascending order of their ids.
 * Ownership: its texts are borrowed.
 */
struct list_query {
    enum table_field sort;
    bool descending;
    struct table_filter filter;
    size_t limit;             /* number of rockets; 0: no limit */
    struct table_bound after; /* if set: only rockets after it */
};

#endif
