/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A single message on its way through the store: the response waits until the
 * message is durable. All that this needs is in the request's memory, so
 * nothing is allocated.
 */
#ifndef LUNAR_API_POSTING_H
#define LUNAR_API_POSTING_H

#include "api/api.h"
#include "base/buffer.h"
#include "http/request.h"
#include "http/response.h"

/* Bytes that it needs of the request's memory. */
extern const size_t posting_size;

/*
 * Parse and admit the message, which is all of `body`. The response is complete
 * if that decides it already, else it is deferred.
 * Ownership: `body` is borrowed until then; it may be the text of `decoded`,
 * whose memory is taken over. NULL: it is the text of the request.
 */
void posting_begin(struct api *api, const struct http_request *request,
                   struct text body, struct buffer *decoded,
                   struct http_response *response);

#endif
