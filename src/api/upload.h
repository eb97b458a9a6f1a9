/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches whose body is not coded, from the first byte to the response.
 */
#ifndef LUNAR_API_UPLOAD_H
#define LUNAR_API_UPLOAD_H

#include "api/api.h"
#include "http/response.h"

/*
 * Where the body goes. NULL, with a status in `response`, if memory is
 * exhausted.
 * Ownership: the sink is the server's (body.h); `api` is borrowed.
 */
struct http_sink *upload_open(struct api *api, struct http_response *response);

#endif
