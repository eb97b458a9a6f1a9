/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths of the service, a row each, with the operations of a path and the
 * scope that they need.
 */
#ifndef LUNAR_API_ROUTE_TABLE_H
#define LUNAR_API_ROUTE_TABLE_H

#include <assert.h>
#include <stddef.h>

#include "api/api.h"
#include "auth/scopes.h"
#include "http/request.h"
#include "http/response.h"
#include "routes.h"

enum {
    ROUTE_SEGMENTS = 3,
    /*
     * The scope of an operation that needs none. Not 0: a row that does not say
     * what it needs is a mistake, of which the compiler warns.
     */
    ROUTE_OPEN = 1 << 8,
};

static_assert((ROUTE_OPEN & SCOPE_ALL) == 0, "no scope");

struct route {
    /* NULL after the last; "{" begins one that stands for any text. */
    const char *segments[ROUTE_SEGMENTS + 1];
    /* Names of query parameters, as parameters_check(); NULL: not checked. */
    const char *(*parameter)(size_t index);
    void (*get)(struct api *api, const struct http_request *request,
                struct http_response *response); /* for HEAD too */
    void (*post)(struct api *api, const struct http_request *request,
                 struct http_response *response);
    /* For bodies that are taken as they arrive; NULL: for none. */
    struct http_sink *(*open_post)(struct api *api,
                                   const struct http_request *request,
                                   struct http_response *response);
    enum route_number number; /* of its operation */
    unsigned scope;           /* one of enum scope, or ROUTE_OPEN */
};

/* All rows but the one of the files. */
extern const struct route route_table[];
extern const size_t route_table_count;

/* NULL if there is nothing at the path. */
const struct route *route_table_find(const struct http_request *request);

#endif
