/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and ends the parts of the application that follow and count the table.
 */
#include "api/api.h"

#include "changes_walk.h"
#include "event_text.h"
#include "events.h"
#include "fleet_cache.h"
#include "live/hub.h"

/*
 * So many that other requests always find a connection. The connections of
 * readers are kept for as long as their clients like.
 */
static unsigned share_of(unsigned max_connections, unsigned most)
{
    unsigned share = max_connections / 4;

    if (share > most)
        return most;
    return share > 0 ? share : 1;
}

bool api_start_live(struct api *api, unsigned max_connections)
{
    const struct hub_options options = {
        .table = api->table,
        .workers = api->workers,
        .metrics = api->registry,
        .writer = event_text_writer(api),
        .max_readers = share_of(max_connections, API_MAX_READERS),
        .wake = events_wake,
    };

    api->waits.most = share_of(max_connections, API_MAX_WAITS);
    api->hub = hub_start(&options);
    api->fleet = fleet_cache_new(api);
    api->walks = changes_walks_new(api->table, api->workers);
    return api->hub != NULL && api->fleet != NULL && api->walks != NULL;
}

void api_end_live(struct api *api)
{
    hub_stop(api->hub);
    position_waits_stop(&api->waits);
    position_waits_stop(&api->snapshot_waits);
}

void api_free_live(struct api *api)
{
    hub_free(api->hub);
    fleet_cache_free(api->fleet);
    changes_walks_free(api->walks);
    api->hub = NULL;
    api->fleet = NULL;
    api->walks = NULL;
}
