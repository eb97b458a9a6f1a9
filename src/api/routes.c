/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a path. A path is matched segment by segment, each decoded for
 * itself, so an id may hold an encoded slash; a trailing slash makes another
 * path. The files in the binary are found by their path as it is sent.
 */
#include "api/routes.h"

#include <string.h>

#include "assets.h"
#include "http/problem.h"
#include "http/target.h"

typedef void operation(struct service *service,
                       const struct http_request *request,
                       struct http_response *response);

typedef struct http_sink *opener(struct service *service,
                                 const struct http_request *request,
                                 struct http_response *response);

struct route {
    const char *path; /* "{" starts a segment that may be anything */
    operation *get;   /* for HEAD too */
    operation *post;
    opener *open_post; /* for bodies that are taken as they arrive */
};

static const struct route routes[] = {
    {"/messages", NULL, handle_post_message, handle_open_batch},
    {"/rockets", handle_list_rockets, NULL, NULL},
    {"/rockets/{id}", handle_get_rocket, NULL, NULL},
    {"/health", handle_health, NULL, NULL},
    {"/", handle_root, NULL, NULL},
};

static const struct route asset_route = {NULL, handle_asset, NULL, NULL};

enum { MAX_SEGMENT = 256 /* bytes, of the fixed ones, encoded */ };

static bool segment_matches(struct text pattern, struct text segment)
{
    char decoded[MAX_SEGMENT];

    if (pattern.length > 0 && pattern.data[0] == '{')
        return segment.length > 0;
    if (memchr(segment.data, '%', segment.length) == NULL)
        return text_equal(pattern, segment);
    if (segment.length > sizeof(decoded))
        return false;
    memcpy(decoded, segment.data, segment.length);
    ptrdiff_t length = http_percent_decode(decoded, segment.length, false);
    return length >= 0 &&
           text_equal(pattern, (struct text){decoded, (size_t)length});
}

static bool path_matches(struct text pattern, struct text path)
{
    while (pattern.data != NULL && path.data != NULL)
        if (!segment_matches(text_split(&pattern, '/'), text_split(&path, '/')))
            return false;
    return pattern.data == NULL && path.data == NULL;
}

static const struct route *find_route(struct text path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
        if (path_matches(text_of(routes[i].path), path))
            return &routes[i];
    return assets_find(path) != NULL ? &asset_route : NULL;
}

/* Every "%" is followed by two hexadecimal digits. */
static bool is_percent_encoded(struct text text)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '%')
            continue;
        if (text.length - i < 3 ||
            memchr(digits, text.data[i + 1], sizeof(digits) - 1) == NULL ||
            memchr(digits, text.data[i + 2], sizeof(digits) - 1) == NULL)
            return false;
    }
    return true;
}

static const char *allowed_methods(const struct route *route)
{
    return route->post != NULL ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

/* The method is none that the route has an operation for. */
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

static operation *find_operation(const struct route *route,
                                 enum http_method method)
{
    if (method == HTTP_GET || method == HTTP_HEAD)
        return route->get;
    return method == HTTP_POST ? route->post : NULL;
}

static bool is_well_formed(const struct http_request *request)
{
    return is_percent_encoded(request->path) &&
           is_percent_encoded(request->query);
}

struct http_sink *routes_open(struct service *service,
                              struct http_request *request,
                              struct http_response *response)
{
    const struct route *route = find_route(request->path);

    request->route = route;
    if (route == NULL || route->open_post == NULL ||
        request->method != HTTP_POST || !is_well_formed(request))
        return NULL;
    return route->open_post(service, request, response);
}

void routes_dispatch(struct service *service,
                     const struct http_request *request,
                     struct http_response *response)
{
    const struct route *route = request->route;

    if (!is_well_formed(request)) {
        problem_set(response, 400,
                    "the target has a %% that is not followed by two "
                    "hexadecimal digits");
        return;
    }
    /* RFC 9110 section 9.3.7: OPTIONS of the server as a whole. */
    if (request->method == HTTP_OPTIONS &&
        text_equal(request->path, TEXT("*"))) {
        answer_without_operation("GET, HEAD, POST, OPTIONS", request, response);
        return;
    }

    if (route == NULL) {
        problem_set(response, 404,
                    "there is nothing at this path; /swagger shows the API");
        return;
    }
    operation *found = find_operation(route, request->method);
    if (found == NULL)
        answer_without_operation(allowed_methods(route), request, response);
    else
        found(service, request, response);
}
