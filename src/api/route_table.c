/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path is matched by its decoded segments, so an id may hold an encoded
 * slash; a trailing slash makes another path. Files are found by their path as
 * it was sent.
 */
#include "route_table.h"

#include "assets.h"
#include "events_query.h"
#include "operations.h"

static const char *no_parameter(size_t index)
{
    (void)index;
    return NULL;
}

const struct route route_table[] = {
    {{"messages"},
     no_parameter,
     NULL,
     messages_post,
     messages_open,
     ROUTE_MESSAGE,
     SCOPE_INGEST},
    {{"rockets"},
     lists_parameter,
     lists_get,
     NULL,
     NULL,
     ROUTE_LIST,
     SCOPE_READ},
    {{"rockets", "{id}"},
     no_parameter,
     rockets_get,
     NULL,
     NULL,
     ROUTE_ROCKET,
     SCOPE_READ},
    {{"rockets", "{id}", "gaps"},
     gaps_parameter,
     gaps_get,
     NULL,
     NULL,
     ROUTE_ROCKET,
     SCOPE_READ},
    {{"fleet"}, no_parameter, fleet_get, NULL, NULL, ROUTE_FLEET, SCOPE_READ},
    {{"events"},
     events_query_parameter,
     events_get,
     NULL,
     NULL,
     ROUTE_EVENTS,
     SCOPE_READ},
    {{"snapshot"},
     no_parameter,
     snapshot_get,
     NULL,
     NULL,
     ROUTE_SNAPSHOT,
     SCOPE_ADMIN},
    {{"health"},
     no_parameter,
     health_get,
     NULL,
     NULL,
     ROUTE_HEALTH,
     ROUTE_OPEN},
    {{"health", "ready"},
     health_parameter,
     health_get_ready,
     NULL,
     NULL,
     ROUTE_HEALTH,
     ROUTE_OPEN},
    {{"metrics"},
     no_parameter,
     scrape_get,
     NULL,
     NULL,
     ROUTE_METRICS,
     SCOPE_METRICS},
    {{"login"},
     no_parameter,
     NULL,
     sessions_login,
     NULL,
     ROUTE_SESSION,
     ROUTE_OPEN},
    {{"logout"},
     no_parameter,
     NULL,
     sessions_logout,
     NULL,
     ROUTE_SESSION,
     ROUTE_OPEN},
    {{"session"},
     no_parameter,
     sessions_get,
     NULL,
     NULL,
     ROUTE_SESSION,
     ROUTE_OPEN},
    {{""}, NULL, pages_get_root, NULL, NULL, ROUTE_FILES, ROUTE_OPEN},
    {{"index.html"}, NULL, pages_to_root, NULL, NULL, ROUTE_FILES, ROUTE_OPEN},
    {{"dashboard"}, NULL, pages_to_root, NULL, NULL, ROUTE_FILES, ROUTE_OPEN},
    {{"dashboard", ""},
     NULL,
     pages_to_root,
     NULL,
     NULL,
     ROUTE_FILES,
     ROUTE_OPEN},
    /* Where other services have their Swagger UI. */
    {{"swagger", ""},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES,
     ROUTE_OPEN},
    {{"swagger", "index.html"},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES,
     ROUTE_OPEN},
    {{"swagger-ui"},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES,
     ROUTE_OPEN},
    {{"swagger-ui", ""},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES,
     ROUTE_OPEN},
    {{"swagger-ui", "index.html"},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES,
     ROUTE_OPEN},
    {{"swagger-ui.html"},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES,
     ROUTE_OPEN},
};

const size_t route_table_count = sizeof(route_table) / sizeof(*route_table);

static const struct route asset_route = {
    .get = pages_get_asset, .number = ROUTE_FILES, .scope = ROUTE_OPEN};

static bool segment_matches(const char *pattern, struct text segment)
{
    return pattern[0] == '{' ? segment.length > 0
                             : text_equal(segment, text_of(pattern));
}

static bool path_matches(const struct route *route,
                         const struct http_request *request)
{
    size_t count = 0;

    while (route->segments[count] != NULL) {
        if (count == request->segment_count ||
            !segment_matches(route->segments[count], request->segments[count]))
            return false;
        count++;
    }
    return count == request->segment_count;
}

const struct route *route_table_find(const struct http_request *request)
{
    for (size_t i = 0; i < route_table_count; i++)
        if (path_matches(&route_table[i], request))
            return &route_table[i];
    return assets_find(request->path) != NULL ? &asset_route : NULL;
}
