/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that the server knows of its application.
 */
#ifndef LUNAR_HTTP_APP_H
#define LUNAR_HTTP_APP_H

struct http_request;
struct http_response;
struct http_sink;

struct http_app {
    void *context;
    /*
     * The head of a request is complete, and its body is yet to come. May set
     * `request->operation`.
     * Returns where the body goes while it arrives. NULL if the body is to be
     * collected, up to HTTP_MAX_BODY, for `answer`; and NULL with a status in
     * `response` if the request is refused without its body, which closes the
     * connection.
     */
    struct http_sink *(*open)(void *context, struct http_request *request,
                              struct http_response *response);
    /*
     * The request is complete: fill in `response`, which is empty, or leave a
     * deferred in it. A HEAD is answered as a GET; the server leaves the body
     * out. Must not block.
     * Locking: both are called by many threads at a time.
     */
    void (*answer)(void *context, const struct http_request *request,
                   struct http_response *response);
};

#endif
