/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a request may do what it asks for, and the 401 or 403 if not.
 */
#ifndef LUNAR_API_PERMISSION_H
#define LUNAR_API_PERMISSION_H

#include "api/api.h"
#include "auth/access.h"
#include "http/request.h"
#include "http/response.h"

/* What the request presents. It borrows the texts of `request`. */
struct access_request permission_request(const struct http_request *request);

/*
 * False, with a 401 or 403 in `response`, which is counted, if the request may
 * not do what needs `scope`. At the end of a wait it is asked again, as a
 * session or a token may have ended meanwhile. True without access control.
 * `identity`, if it is not NULL, is set with true, unless there is none.
 */
bool permission_check(struct api *api, const struct http_request *request,
                      enum scope scope, struct access_identity *identity,
                      struct http_response *response);

/* The 401 for a token that is not known, of a login. It is counted. */
void permission_refuse_login(struct api *api, struct http_response *response);

#endif
