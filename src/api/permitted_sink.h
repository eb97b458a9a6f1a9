/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that takes a body only as long as its sender may send it. A batch may
 * last for any time, and without this its token would do so too.
 */
#ifndef LUNAR_API_PERMITTED_SINK_H
#define LUNAR_API_PERMITTED_SINK_H

#include "api/api.h"
#include "auth/scopes.h"
#include "http/body.h"
#include "http/request.h"
#include "http/response.h"

/*
 * Put a check in front of `sink`: once the sender has `scope` no more, the next
 * part closes the connection. `sink` itself without access control. NULL, with
 * a status in `response`, if memory is exhausted, or a reload has just ended
 * what permitted the request.
 * Ownership: takes `sink` in any case; the result is the server's (body.h).
 */
struct http_sink *permitted_sink_new(struct api *api,
                                     const struct http_request *request,
                                     enum scope scope, struct http_sink *sink,
                                     struct http_response *response);

#endif
