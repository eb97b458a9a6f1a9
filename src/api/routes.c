/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a path. A path is matched by its decoded segments, so an id may hold
 * an encoded slash; a trailing slash makes another path. Files are found by
 * their path as it was sent.
 */
#include "routes.h"

#include "after_read.h"
#include "assets.h"
#include "changes_url.h"
#include "events_query.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "operations.h"
#include "parameters.h"
#include "recovery.h"

enum { ROUTE_SEGMENTS = 3 };

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
};

const char *const routes_names[ROUTE_COUNT] = {
    [ROUTE_OTHER] = "other",       [ROUTE_MESSAGE] = "message",
    [ROUTE_BATCH] = "batch",       [ROUTE_LIST] = "list",
    [ROUTE_CHANGES] = "changes",   [ROUTE_ROCKET] = "rocket",
    [ROUTE_FLEET] = "fleet",       [ROUTE_EVENTS] = "events",
    [ROUTE_SNAPSHOT] = "snapshot", [ROUTE_HEALTH] = "health",
    [ROUTE_METRICS] = "metrics",   [ROUTE_FILES] = "files",
};

static const char *no_parameter(size_t index)
{
    (void)index;
    return NULL;
}

static const struct route routes[] = {
    {{"messages"},
     no_parameter,
     NULL,
     messages_post,
     messages_open,
     ROUTE_MESSAGE},
    {{"rockets"}, lists_parameter, lists_get, NULL, NULL, ROUTE_LIST},
    {{"rockets", "{id}"}, no_parameter, rockets_get, NULL, NULL, ROUTE_ROCKET},
    {{"rockets", "{id}", "gaps"},
     gaps_parameter,
     gaps_get,
     NULL,
     NULL,
     ROUTE_ROCKET},
    {{"fleet"}, no_parameter, fleet_get, NULL, NULL, ROUTE_FLEET},
    {{"events"}, events_query_parameter, events_get, NULL, NULL, ROUTE_EVENTS},
    {{"snapshot"}, no_parameter, snapshot_get, NULL, NULL, ROUTE_SNAPSHOT},
    {{"health"}, no_parameter, health_get, NULL, NULL, ROUTE_HEALTH},
    {{"health", "ready"},
     health_parameter,
     health_get_ready,
     NULL,
     NULL,
     ROUTE_HEALTH},
    {{"metrics"}, no_parameter, scrape_get, NULL, NULL, ROUTE_METRICS},
    {{""}, NULL, pages_get_root, NULL, NULL, ROUTE_FILES},
    {{"index.html"}, NULL, pages_to_root, NULL, NULL, ROUTE_FILES},
    {{"dashboard"}, NULL, pages_to_root, NULL, NULL, ROUTE_FILES},
    {{"dashboard", ""}, NULL, pages_to_root, NULL, NULL, ROUTE_FILES},
    /* Where other services have their Swagger UI. */
    {{"swagger", ""}, NULL, pages_to_swagger, NULL, NULL, ROUTE_FILES},
    {{"swagger", "index.html"},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES},
    {{"swagger-ui"}, NULL, pages_to_swagger, NULL, NULL, ROUTE_FILES},
    {{"swagger-ui", ""}, NULL, pages_to_swagger, NULL, NULL, ROUTE_FILES},
    {{"swagger-ui", "index.html"},
     NULL,
     pages_to_swagger,
     NULL,
     NULL,
     ROUTE_FILES},
    {{"swagger-ui.html"}, NULL, pages_to_swagger, NULL, NULL, ROUTE_FILES},
};

static const struct route asset_route = {.get = pages_get_asset,
                                         .number = ROUTE_FILES};

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

static const struct route *find_route(const struct http_request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
        if (path_matches(&routes[i], request))
            return &routes[i];
    return assets_find(request->path) != NULL ? &asset_route : NULL;
}

static const char *allowed_methods(const struct route *route)
{
    return route->post != NULL ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

/* The route has no operation for the method. */
static void answer_without_operation(const char *allowed,
                                     const struct http_request *request,
                                     struct http_response *response)
{
    if (request->method == HTTP_OPTIONS)
        response->status = 204;
    else
        problem_set(response, 405, "this path takes %s", allowed);
    http_response_header(response, "Allow", allowed);
}

/* False, with a 400, if the operation does not know a parameter. */
static bool check_query(const struct route *route,
                        const struct http_request *request,
                        struct http_response *response)
{
    return request->query.data == NULL || route->parameter == NULL ||
           parameters_check(request->query, route->parameter, response);
}

static enum route_number number_of(const struct route *route,
                                   const struct http_request *request)
{
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;

    if (route != NULL && route->post != NULL && request->method == HTTP_POST)
        return messages_is_batch(request) ? ROUTE_BATCH : route->number;
    if (route == NULL || route->get == NULL || !reads)
        return ROUTE_OTHER;
    return route->number == ROUTE_LIST && request->query.data != NULL &&
                   changes_url_matches(request->query)
               ? ROUTE_CHANGES
               : route->number;
}

struct http_sink *routes_open(void *context, struct http_request *request,
                              struct http_response *response)
{
    const struct route *route = request->malformed ? NULL : find_route(request);

    request->operation = route;
    request->route = number_of(route, request);
    if (route == NULL || route->open_post == NULL ||
        request->method != HTTP_POST || !check_query(route, request, response))
        return NULL;
    return route->open_post(context, request, response);
}

/*
 * What works while the state is recovered: how the service is, and the files,
 * so that the dashboard can show it.
 */
static bool needs_no_state(const struct route *route)
{
    return route != NULL &&
           (route->number == ROUTE_HEALTH || route->number == ROUTE_METRICS ||
            route->number == ROUTE_FILES);
}

/*
 * With Lunar-After a read waits for other instances. A single one has all that
 * it has answered. A snapshot has its own rules.
 */
static void get(struct api *api, const struct route *route,
                const struct http_request *request,
                struct http_response *response)
{
    if (request->fields.lunar_after.data == NULL || !api->shared ||
        needs_no_state(route) || route->number == ROUTE_SNAPSHOT)
        route->get(api, request, response);
    else
        after_read_begin(api, request, route->get, response);
}

void routes_answer(void *context, const struct http_request *request,
                   struct http_response *response)
{
    const struct api *api = context;
    const struct route *route = request->operation;
    enum http_method method = request->method;

    if (recovery_is_running(api) && !needs_no_state(route)) {
        recovery_refuse(api, response);
    } else if (request->malformed) {
        problem_set(response, 400,
                    "the target has a %% that is not followed by two "
                    "hexadecimal digits");
    } else if (method == HTTP_OPTIONS && text_equal(request->path, TEXT("*"))) {
        /* RFC 9110 section 9.3.7: OPTIONS of the server as a whole. */
        answer_without_operation("GET, HEAD, POST, OPTIONS", request, response);
    } else if (route == NULL) {
        problem_set(
            response, 404,
            "there is nothing at this path; the Swagger UI, at swagger, "
            "lists all paths");
    } else if (route->get != NULL &&
               (method == HTTP_GET || method == HTTP_HEAD)) {
        if (check_query(route, request, response))
            get(context, route, request, response);
    } else if (route->post != NULL && method == HTTP_POST) {
        route->post(context, request, response);
    } else {
        answer_without_operation(allowed_methods(route), request, response);
    }
}
