/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors of lists: a place in a list as a text that is opaque to clients. It
 * holds the value and the id of the last rocket of a page, and a hash of the
 * list's scope. The scope is a text that is the same for two queries if their
 * sort, order and filters are; it is made by list_url.c. With another scope a
 * cursor is invalid.
 */
#ifndef LUNAR_API_LIST_CURSOR_H
#define LUNAR_API_LIST_CURSOR_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "table/table_types.h"

/*
 * Append the cursor for the rockets behind `after`. It has only unreserved
 * characters (RFC 3986 section 2.3) and needs no percent-encoding. `scope` may
 * be a part of `out`. If memory is exhausted, `out` fails (buffer_failed()).
 */
void list_cursor_write(struct text scope, enum table_field sort,
                       const struct table_bound *after, struct buffer *out);

enum list_cursor_result {
    LIST_CURSOR_OK,
    LIST_CURSOR_INVALID,     /* nothing that list_cursor_write() writes */
    LIST_CURSOR_OTHER_SCOPE, /* written for a list with another scope */
};

/*
 * Read a cursor; only LIST_CURSOR_OK sets `after`. Its texts then point into
 * `room`, which has as many bytes as `cursor`.
 */
enum list_cursor_result list_cursor_read(struct text cursor, struct text scope,
                                         enum table_field sort, char *room,
                                         struct table_bound *after);

/* For tests, which make cursors: the hash of a scope. */
uint64_t list_cursor_hash(struct text scope);

#endif
