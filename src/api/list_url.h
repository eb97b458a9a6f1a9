/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List queries as URLs: reads the query of GET /rockets, and writes the
 * reference to a page, for the Link header (RFC 8288).
 *
 * The `cursor` parameter holds a query's `after` (list_cursor.h).
 */
#ifndef LUNAR_API_LIST_URL_H
#define LUNAR_API_LIST_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"
#include "listing/list_query.h"

enum {
    LIST_URL_MAX_LIMIT = 10000, /* rockets of a page */
    LIST_URL_DETAIL = 256,      /* bytes; enough for every `detail` */
};

struct list_url {
    struct list_query query; /* its texts point into `storage` */
    struct buffer storage;
};

/*
 * Parse `raw`, the query of a target, into `url->query`. Parameters that
 * list_url_parameter() does not name are ignored (parameters.h). False if the
 * query is invalid: `detail` is then a sentence that names the parameter and
 * the values that are allowed. Also false, with an empty `detail`, if memory is
 * exhausted.
 * Ownership: `raw` is copied. On success the caller calls list_url_release();
 * otherwise there is nothing to release.
 */
bool list_url_parse(struct list_url *url, struct text raw, char *detail,
                    size_t detail_size);

/* Free the texts of the query. A second call does nothing. */
void list_url_release(struct list_url *url);

/*
 * Append a relative reference to `query`, "?sort=...", with a cursor if its
 * `after` is set. It has no path, so it leads to the list at whatever path a
 * proxy serves it (RFC 3986 section 5.2.2; RFC 8288 section 3.1). If memory is
 * exhausted, `out` fails (buffer_failed()).
 */
void list_url_write(const struct list_query *query, struct buffer *out);

/*
 * The name of a parameter of lists, in the order of openapi.yaml; NULL after
 * the last. Static.
 */
const char *list_url_parameter(size_t index);

/* The value of the `sort` parameter for a field. Static. */
const char *list_url_sort_name(enum table_field field);

#endif
