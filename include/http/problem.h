/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error responses: problem details, application/problem+json (RFC 9457).
 */
#ifndef LUNAR_HTTP_PROBLEM_H
#define LUNAR_HTTP_PROBLEM_H

#include "http/response.h"

/*
 * Make `response` an error with `status` and `detail`, a sentence in ASCII, as
 * printf(3) formats it, that says what was wrong and what was expected. Of what
 * the client sent it quotes at most a short name of letters and digits. The
 * previous content of the response is released. If memory is exhausted, the
 * body is empty. Caches must not store it.
 */
__attribute__((format(printf, 3, 4))) void
problem_set(struct http_response *response, unsigned status, const char *detail,
            ...);

/*
 * The same, with extension members (RFC 9457 section 3.2): `members` is JSON,
 * as in "\"applied\":0,\"errors\":[]". If the buffer has failed, the body is
 * empty. Ownership: `members` is borrowed for the call.
 */
__attribute__((format(printf, 4, 5))) void
problem_set_extended(struct http_response *response, unsigned status,
                     const struct buffer *members, const char *detail, ...);

/*
 * Add the member `requestId` to the body of a problem, if it has one. `id` is
 * valid (http/fields.h). It needs no memory.
 */
void problem_add_request_id(struct http_response *response, struct text id);

/* 503: the memory limit is reached, or the system has no more memory. */
void problem_set_no_memory(struct http_response *response);

/* 503: the service stops. */
void problem_set_stopping(struct http_response *response);

/* The reason phrase (RFC 9110) of a status that the service sends. */
const char *problem_title(unsigned status);

#endif
