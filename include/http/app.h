/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface between the server and its application. The server knows
 * nothing else of the application.
 */
#ifndef LUNAR_HTTP_APP_H
#define LUNAR_HTTP_APP_H

#include <stddef.h>

struct http_request;
struct http_response;
struct http_sink;

struct http_app {
    void *context;
    /*
     * The head of a request is complete; its body has not arrived. May set
     * `request->operation` and `request->route`.
     * Returns the sink that receives the body as it arrives; or NULL to have
     * the body collected, up to HTTP_MAX_BODY, for `answer`; or NULL with a
     * status in `response` to refuse the request without its body, which
     * closes the connection. Leaves `response` empty in the first two cases,
     * and never puts a deferred response into it.
     * Ownership: the server ends the sink (body.h).
     */
    struct http_sink *(*open)(void *context, struct http_request *request,
                              struct http_response *response);
    /*
     * The request is complete: fill in `response`, which is empty, or put a
     * deferred response into it. A HEAD gets the response of a GET; the server
     * omits the body. Must not block.
     * Locking: many threads call both functions at the same time.
     */
    void (*answer)(void *context, const struct http_request *request,
                   struct http_response *response);
    /*
     * The detail of a 413: a body that no sink receives is longer than
     * HTTP_MAX_BODY.
     */
    const char *too_long;
    /*
     * The names of the routes, by which the server counts requests. The first
     * is that of requests which `open` has not seen. There is at least one.
     */
    const char *const *routes;
    size_t route_count;
    /* Bytes of `memory` of each request (request.h). */
    size_t request_memory;
};

#endif
