/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the operations to the server.
 */
#include "api/api.h"

#include <sodium.h>

#include "api_metrics.h"
#include "operations.h"
#include "routes.h"

void api_init(struct api *api, struct table *table, struct workers *workers,
              struct metrics *metrics)
{
    api->table = table;
    api->workers = workers;
    api->registry = metrics;
    api_metrics_add(api, metrics);
    randombytes_buf(&api->start, sizeof(api->start));
    atomic_init(&api->streams, 0);
    health_init(api);
    quota_init(&api->decoding, API_MAX_DECODING, 0);
}

void api_set_stopping(struct api *api)
{
    atomic_store(&api->stopping, true);
}

struct http_app api_app(struct api *api)
{
    return (struct http_app){.context = api,
                             .open = routes_open,
                             .answer = routes_answer,
                             .too_long = messages_too_long,
                             .routes = routes_names,
                             .route_count = ROUTE_COUNT};
}
