/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the query of a target as name-value pairs, in the format of HTML forms
 * (application/x-www-form-urlencoded): "&" separates pairs, "+" is a space,
 * %XX is a byte. A pair without "=" has an empty value; empty pairs are
 * skipped.
 */
#ifndef LUNAR_HTTP_QUERY_STRING_H
#define LUNAR_HTTP_QUERY_STRING_H

#include "base/text.h"
#include "http/request.h"

struct query {
    struct text rest;              /* not parsed yet */
    char decoded[HTTP_MAX_TARGET]; /* the latest pair */
};

struct query_pair {
    struct text name, value; /* point into `decoded`, until the next pair */
};

/* `raw` may be absent. Ownership: it is borrowed until the last pair. */
void query_init(struct query *query, struct text raw);

enum query_result {
    QUERY_PAIR,
    QUERY_END,
    QUERY_INVALID, /* a "%" without two hex digits, or longer than a target */
};

/* Get the next pair. Only QUERY_PAIR sets `pair`. */
enum query_result query_next(struct query *query, struct query_pair *pair);

#endif
