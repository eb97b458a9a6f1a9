/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which checks a request passes, and in which order, before its operation: it
 * must be one, it may be done by who asks for it, the state is there, and the
 * query has only known parameters. Whether a rocket exists is seen behind all
 * of them.
 */
#include "routes.h"

#include "after_read.h"
#include "changes_url.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "operations.h"
#include "parameters.h"
#include "permission.h"
#include "recovery.h"
#include "route_table.h"

const char *const routes_names[ROUTE_COUNT] = {
    [ROUTE_OTHER] = "other",       [ROUTE_MESSAGE] = "message",
    [ROUTE_BATCH] = "batch",       [ROUTE_LIST] = "list",
    [ROUTE_CHANGES] = "changes",   [ROUTE_ROCKET] = "rocket",
    [ROUTE_FLEET] = "fleet",       [ROUTE_EVENTS] = "events",
    [ROUTE_SNAPSHOT] = "snapshot", [ROUTE_HEALTH] = "health",
    [ROUTE_METRICS] = "metrics",   [ROUTE_SESSION] = "session",
    [ROUTE_FILES] = "files",
};

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

/* Whether the request means the operation that reads at this path. */
static bool is_read(const struct route *route,
                    const struct http_request *request)
{
    return route != NULL && route->get != NULL &&
           (request->method == HTTP_GET || request->method == HTTP_HEAD);
}

static enum route_number number_of(const struct route *route,
                                   const struct http_request *request)
{
    if (route != NULL && route->post != NULL && request->method == HTTP_POST)
        return route->number == ROUTE_MESSAGE && messages_is_batch(request)
                   ? ROUTE_BATCH
                   : route->number;
    if (!is_read(route, request))
        return ROUTE_OTHER;
    return route->number == ROUTE_LIST && request->query.data != NULL &&
                   changes_url_matches(request->query)
               ? ROUTE_CHANGES
               : route->number;
}

/*
 * False, with a 401 or 403, if the request may not do this. Without access
 * control that is a comparison of a pointer.
 */
static inline bool is_permitted(struct api *api, const struct route *route,
                                const struct http_request *request,
                                struct http_response *response)
{
    return api->access == NULL || route->scope == ROUTE_OPEN ||
           permission_check(api, request, (enum scope)route->scope, NULL,
                            response);
}

/*
 * How much of a body is kept for its operation, if it has no sink: anybody may
 * send it where no permission is needed, so it must not take much memory.
 */
static size_t kept_body(const struct route *route,
                        const struct http_request *request)
{
    if (route == NULL || route->post == NULL || request->method != HTTP_POST)
        return 0;
    return route->number == ROUTE_SESSION ? SESSIONS_MAX_BODY + 1
                                          : HTTP_MAX_BODY;
}

/*
 * NULL if there is none, or the target is malformed. The query of a page is the
 * page's own, which reads "50%" as it is (URL standard, section 1.3).
 */
static const struct route *find_route(const struct http_request *request)
{
    const struct route *route =
        request->malformed_path ? NULL : route_table_find(request);

    return request->malformed_query && route != NULL && route->parameter != NULL
               ? NULL
               : route;
}

/* A POST that is not permitted is refused before its body. */
struct http_sink *routes_open(void *context, struct http_request *request,
                              struct http_response *response)
{
    const struct route *route = find_route(request);

    request->operation = route;
    request->route = number_of(route, request);
    request->kept_body = kept_body(route, request);
    if (route == NULL || route->post == NULL || request->method != HTTP_POST ||
        !is_permitted(context, route, request, response) ||
        !check_query(route, request, response) || route->open_post == NULL)
        return NULL;
    return route->open_post(context, request, response);
}

/*
 * What works while the state is recovered: how the service is, and the files
 * and sessions, so that the dashboard can show it.
 */
static bool needs_no_state(const struct route *route)
{
    return route != NULL &&
           (route->number == ROUTE_HEALTH || route->number == ROUTE_METRICS ||
            route->number == ROUTE_SESSION || route->number == ROUTE_FILES);
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

/*
 * Whether the request is permitted comes before whether the state is there: a
 * client whose token is wrong need not wait to learn it.
 */
void routes_answer(void *context, const struct http_request *request,
                   struct http_response *response)
{
    const struct api *api = context;
    const struct route *route = request->operation;
    enum http_method method = request->method;
    bool reads = is_read(route, request);

    if (reads && !is_permitted(context, route, request, response))
        return;
    /* Not a preflight: a page could not read the 503 without its answer. */
    if (recovery_is_running(api) && method != HTTP_OPTIONS &&
        !needs_no_state(route)) {
        recovery_refuse(api, response);
    } else if (route == NULL &&
               (request->malformed_path || request->malformed_query)) {
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
    } else if (reads) {
        if (check_query(route, request, response))
            get(context, route, request, response);
    } else if (route->post != NULL && method == HTTP_POST) {
        route->post(context, request, response);
    } else {
        answer_without_operation(allowed_methods(route), request, response);
    }
}
