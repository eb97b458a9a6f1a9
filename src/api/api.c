/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the operations to the server, and to the store if there is one.
 */
#include "api/api.h"

#include <sodium.h>

#include "api_metrics.h"
#include "api_store.h"
#include "base/clock.h"
#include "operations.h"
#include "posting.h"
#include "recovery.h"
#include "routes.h"
#include "store/store.h"

void api_init(struct api *api, struct table *table, struct workers *workers,
              struct metrics *metrics)
{
    api->table = table;
    api->workers = workers;
    api->registry = metrics;
    api_metrics_add(api, metrics);
    api->access = NULL;
    api->store = NULL;
    api->shared = false;
    api->commit = NULL;
    api->settled = NULL;
    position_waits_init(&api->waits, API_MAX_WAITS);
    position_waits_init(&api->snapshot_waits, API_MAX_SNAPSHOTS);
    api->hub = NULL;
    api->fleet = NULL;
    randombytes_buf(&api->start, sizeof(api->start));
    atomic_init(&api->streams, 0);
    health_init(api);
    recovery_init(&api->recovery);
    quota_init(&api->decoding, API_MAX_DECODING, 0);
    quota_init(&api->pending, API_MAX_PENDING, 0);
}

/* Those whose wait for a position, or for a snapshot, is over. */
static struct http_waiter *take_waits(struct api *api,
                                      struct http_waiter *others)
{
    uint64_t now = clock_us(CLOCK_MONOTONIC);

    others =
        position_waits_reach(&api->waits, api_store_position(api), now, others);
    return snapshot_wake(api, now, others);
}

/*
 * On the journal's thread: a commit has settled its tickets, or a tick of a
 * shared journal is over. Those who wait for it in any way are woken together.
 */
static void wake_settled(void *context)
{
    struct api *api = context;
    struct http_waiter *first = api->settled;

    api->settled = NULL;
    if (api->shared)
        first = take_waits(api, first);
    http_wake_all(first);
}

void api_use_access(struct api *api, struct access *access)
{
    api->access = access;
}

bool api_use_store(struct api *api, struct store *store)
{
    if (!store_attach(store, api->table, wake_settled, api))
        return false;
    api->store = store;
    api->shared = store_is_shared(store);
    api->commit = store_commit(store);
    api->start = store_id(store);
    return true;
}

void api_set_stopping(struct api *api)
{
    atomic_store(&api->stopping, true);
}

struct http_app api_app(struct api *api)
{
    return (struct http_app){
        .context = api,
        .open = routes_open,
        .answer = routes_answer,
        .too_long = messages_too_long,
        .routes = routes_names,
        .route_count = ROUTE_COUNT,
        .request_memory = api->store != NULL ? posting_size : 0,
    };
}
