/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operation a request means, by the table of route_table.h: its name in
 * metrics, and the responses 401, 403, 404, 405 and to OPTIONS that follow.
 *
 * The functions are those of struct http_app; `context` is a struct api.
 */
#ifndef LUNAR_API_ROUTES_H
#define LUNAR_API_ROUTES_H

struct http_request;
struct http_response;
struct http_sink;

/*
 * `route` of a request. A request that means no operation, as its path or
 * method is another one, has ROUTE_OTHER.
 */
enum route_number {
    ROUTE_OTHER,
    ROUTE_MESSAGE,
    ROUTE_BATCH,
    ROUTE_LIST,
    ROUTE_CHANGES, /* GET /rockets that asks for changes */
    ROUTE_ROCKET,  /* and its gaps */
    ROUTE_FLEET,
    ROUTE_EVENTS,
    ROUTE_SNAPSHOT,
    ROUTE_HEALTH,
    ROUTE_METRICS,
    ROUTE_SESSION, /* of a browser: its login, its logout, and what it may do */
    ROUTE_FILES,   /* and redirects to them */
    ROUTE_COUNT
};

extern const char *const routes_names[ROUTE_COUNT];

struct http_sink *routes_open(void *context, struct http_request *request,
                              struct http_response *response);
void routes_answer(void *context, const struct http_request *request,
                   struct http_response *response);

#endif
