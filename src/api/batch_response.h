/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The response to a batch, by what became of its lines.
 */
#ifndef LUNAR_API_BATCH_RESPONSE_H
#define LUNAR_API_BATCH_RESPONSE_H

#include "batch.h"
#include "http/response.h"

/*
 * The batch has ended: 202 with its result; 400 with the same counts and errors
 * if lines were rejected and none was a message; 503 if lines were not taken.
 */
void batch_respond(const struct batch *batch, struct http_response *response);

/*
 * The batch ended before its last line, for the `reason`. What was applied
 * stays applied: 400 with the counts so far (or 503 if lines were not taken as
 * well), or 503.
 */
void batch_respond_broken(const struct batch *batch,
                          struct http_response *response, const char *reason);
void batch_respond_unavailable(const struct batch *batch,
                               struct http_response *response,
                               const char *reason);

#endif
