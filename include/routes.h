/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operation a request means: the table of paths and methods, and the
 * answers 404, 405 and OPTIONS that follow from it.
 */
#ifndef LUNAR_ROUTES_H
#define LUNAR_ROUTES_H

#include "handlers.h"
#include "http.h"

/*
 * Answer `request`, now or later (see http.h). HEAD is answered as GET; the
 * caller leaves the body out.
 */
void routes_dispatch(struct service *service,
                     const struct http_request *request,
                     struct http_response *response);

#endif
