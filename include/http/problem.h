/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as clients see them: application/problem+json, RFC 9457.
 */
#ifndef LUNAR_HTTP_PROBLEM_H
#define LUNAR_HTTP_PROBLEM_H

#include "http/response.h"

/*
 * Make `response` say that it failed with `status` because of `detail`, a
 * sentence in ASCII that names what was wrong and what was expected, and
 * quotes nothing of what the client sent. Whatever the response held is
 * released. Where memory ends the body is left out.
 */
__attribute__((format(printf, 3, 4))) void
problem_set(struct http_response *response, unsigned status, const char *detail,
            ...);

/* 503: the memory limit is reached, or the system has no more memory. */
void problem_set_no_memory(struct http_response *response);

/* 503: the service stops. */
void problem_set_stopping(struct http_response *response);

/* The standard's phrase for a status that the service sends. */
const char *problem_title(unsigned status);

#endif
