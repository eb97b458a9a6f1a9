/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of a target, as name-value pairs in the manner of HTML forms
 * (application/x-www-form-urlencoded): pairs are joined by "&", "+" is a
 * space, %XX a byte. A pair without "=" has an empty value; empty pairs do
 * not count.
 */
#ifndef LUNAR_HTTP_QUERY_STRING_H
#define LUNAR_HTTP_QUERY_STRING_H

#include "base/text.h"
#include "http/request.h"

struct query {
    struct text rest;              /* what has not been read yet */
    char decoded[HTTP_MAX_TARGET]; /* of the latest pair */
};

struct query_pair {
    struct text name, value; /* point into `decoded`, until the next pair */
};

/* `raw` is borrowed for as long as pairs are read; it may be absent. */
void query_init(struct query *query, struct text raw);

enum query_result {
    QUERY_PAIR,
    QUERY_END,
    QUERY_INVALID, /* a "%" without two hex digits, or longer than a target */
};

enum query_result query_next(struct query *query, struct query_pair *pair);

#endif
