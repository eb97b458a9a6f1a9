/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of the API: one function each, request in, response out.
 * One that may take long (a list of many rockets) only sets
 * `response->later` and has the rest done where that hurts nobody.
 */
#ifndef LUNAR_API_HANDLERS_H
#define LUNAR_API_HANDLERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "http/request.h"
#include "http/response.h"
#include "table/table.h"

enum {
    /* Tables of up to so many rockets are listed at once, others later. */
    HANDLERS_LIST_AT_ONCE = 256,
    /* Lists streamed at a time: each keeps a snapshot in memory. */
    HANDLERS_MAX_STREAMS = 16,
};

/* What the operations work on. */
struct service {
    struct table *table;
    uint64_t start;           /* random, of this start: part of every ETag */
    _Atomic unsigned streams; /* lists being streamed now */
};

/* `table` is borrowed. */
void service_init(struct service *service, struct table *table);

void handle_post_message(struct service *service,
                         const struct http_request *request,
                         struct http_response *response);
/*
 * Where the body of a batch (application/x-ndjson) goes; NULL for all others,
 * and where memory ends: then `response` says so.
 */
struct http_sink *handle_open_batch(struct service *service,
                                    const struct http_request *request,
                                    struct http_response *response);
void handle_list_rockets(struct service *service,
                         const struct http_request *request,
                         struct http_response *response);
/* `request->path` ends in the id, still encoded. */
void handle_get_rocket(struct service *service,
                       const struct http_request *request,
                       struct http_response *response);
void handle_health(struct service *service, const struct http_request *request,
                   struct http_response *response);
/* Serves the asset at the request's path. */
void handle_asset(struct service *service, const struct http_request *request,
                  struct http_response *response);
void handle_root(struct service *service, const struct http_request *request,
                 struct http_response *response);

#endif
