/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of GET /rockets?since=...: which rockets have changed after a
 * revision.
 */
#ifndef LUNAR_API_CHANGES_URL_H
#define LUNAR_API_CHANGES_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "http/response.h"
#include "revisions.h"

enum {
    CHANGES_URL_LIMIT = 1000, /* rockets of a page, if there is no `limit` */
    CHANGES_URL_MAX_LIMIT = 10000,
    CHANGES_URL_MAX_WAIT = 30, /* seconds */
};

struct changes_query {
    struct revision_name since;
    size_t limit;
    unsigned wait; /* seconds to wait for a change; 0: answer at once */
};

/*
 * Whether `raw`, the query of GET /rockets, asks for changes and not for a
 * list: it has one of the parameters that only changes have.
 */
bool changes_url_matches(struct text raw);

/*
 * Read such a query. False, with a 400 in `response`, if it is invalid.
 * Parameters of GET /rockets that go with lists only are refused, unless they
 * have their default values; all others are ignored (parameters.h).
 */
bool changes_url_parse(struct text raw, struct changes_query *query,
                       struct http_response *response);

/*
 * Append a relative reference to the query, without its `wait`: that is not for
 * a page behind which there are more. It has no path, as those of list_url.h.
 */
void changes_url_write(const struct changes_query *query, struct buffer *out);

/* The name of a parameter that only changes have; NULL after the last. */
const char *changes_url_parameter(size_t index);

#endif
