/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operation a request means: the table of paths and methods, and the
 * answers 404, 405 and OPTIONS that follow from it.
 */
#ifndef LUNAR_API_ROUTES_H
#define LUNAR_API_ROUTES_H

#include "api/handlers.h"
#include "http/request.h"
#include "http/response.h"

/*
 * The head of a request is complete: find its route. Returns where its body
 * goes while it arrives. NULL if the body, up to HTTP_MAX_BODY, is to be
 * collected for routes_dispatch(); and if there is no memory, with `response`
 * filled in.
 */
struct http_sink *routes_open(struct service *service,
                              struct http_request *request,
                              struct http_response *response);

/*
 * Answer `request`, which routes_open() has seen, now or later (see http.h).
 * HEAD is answered as GET; the caller leaves the body out.
 */
void routes_dispatch(struct service *service,
                     const struct http_request *request,
                     struct http_response *response);

#endif
