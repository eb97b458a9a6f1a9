/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /fleet: from the cache, at once; or after a worker has counted, while the
 * response is deferred.
 */
#include <stdlib.h>

#include "after_read.h"
#include "base/sync.h"
#include "fleet_cache.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "operations.h"

struct fleet_read {
    struct http_deferred deferred;
    struct fleet_cache *cache;
    uint64_t position; /* that the result must have */
};

static struct fleet_read *read_of(struct http_deferred *deferred)
{
    return container_of(deferred, struct fleet_read, deferred);
}

static void start_read(struct http_deferred *deferred,
                       struct http_waiter *waiter)
{
    struct fleet_read *read = read_of(deferred);

    fleet_cache_wait_at(read->cache, read->position, waiter);
}

/*
 * `response` has the body. "private": without it a cache of several clients
 * would give what one may read, by its session, to all (RFC 9111 section 3.5
 * protects Authorization only).
 */
static void put_headers(struct http_response *response)
{
    response->status = 200;
    http_response_header(response, "Content-Type", "application/json");
    http_response_header(response, "Cache-Control", "private, max-age=1");
}

static void finish_read(struct http_deferred *deferred,
                        struct http_response *response)
{
    struct fleet_read *read = read_of(deferred);

    if (fleet_cache_is_behind(read->cache, read->position)) {
        http_response_defer(response, deferred);
        return;
    }
    if (fleet_cache_read_last(read->cache, &response->body))
        put_headers(response);
    else
        problem_set_no_memory(response);
    free(read);
}

/* The count ends soon. */
static void cancel_read(struct http_deferred *deferred)
{
    (void)deferred;
}

static void free_deferred(struct http_deferred *deferred)
{
    free(read_of(deferred));
}

void fleet_get(struct api *api, const struct http_request *request,
               struct http_response *response)
{
    uint64_t position = 0;

    /* It is applied by now. */
    if (api->shared && !after_read_parse(request, &position, response))
        return;
    if (fleet_cache_read_at(api->fleet, position, &response->body)) {
        put_headers(response);
        return;
    }
    struct fleet_read *read = malloc(sizeof(*read));
    if (read == NULL) {
        problem_set_no_memory(response);
        return;
    }
    *read = (struct fleet_read){
        {start_read, finish_read, cancel_read, free_deferred},
        api->fleet,
        position};
    http_response_defer(response, &read->deferred);
}
