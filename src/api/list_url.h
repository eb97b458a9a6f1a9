/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List queries as URLs: reads the query of GET /rockets, and writes the
 * target of a page, for the Link header.
 *
 * The `cursor` parameter is a query's `after`: the value and id of the last
 * rocket of the page before. It also holds sort, order and filters, and is
 * refused together with any others. It is opaque to clients.
 */
#ifndef LUNAR_API_LIST_URL_H
#define LUNAR_API_LIST_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"
#include "listing/list_query.h"

enum {
    LIST_URL_MAX_LIMIT = 10000,
    LIST_URL_DETAIL = 256, /* bytes for any `detail` */
};

struct list_url {
    struct list_query query; /* its texts point into `storage` */
    struct buffer storage;
};

/*
 * Parse `raw`, the query of a target, into `url->query`. False if it is
 * invalid: `detail` is then a sentence that names the parameter and what is
 * allowed, or an empty string if memory ended.
 * Ownership: on success the caller calls list_url_release().
 */
bool list_url_parse(struct list_url *url, struct text raw, char *detail,
                    size_t detail_size);
void list_url_release(struct list_url *url);

/*
 * Append the target of `query`, "/rockets?sort=...", with a cursor if its
 * `after` is set.
 */
void list_url_write(const struct list_query *query, struct buffer *out);

/* The value of the `sort` parameter for a field. */
const char *list_url_sort_name(enum table_field field);

#endif
