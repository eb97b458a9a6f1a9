/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to the application without a server or a socket. The application
 * gets the same calls, in the same order, as from the server, from the first
 * byte of the body to the last byte of the response.
 */
#ifndef LUNAR_TESTS_CALL_H
#define LUNAR_TESTS_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "api/api.h"
#include "http/request.h"
#include "scarcity.h"

struct call {
    enum http_method method;
    const char *target;
    struct http_fields fields;
    const char *body; /* NULL: none */
    size_t length;    /* of a body that may have NULs; 0: it is a string */
    size_t part;      /* of a batch: bytes of each part that arrives */
};

#define CALL_GET(uri) ((struct call){.method = HTTP_GET, .target = (uri)})

/* The response. Ownership: released by outcome_release(). */
struct outcome {
    unsigned status;
    bool truncated; /* the body is a stream that failed */
    int64_t failed; /* allocations that failed */
    char *text;     /* the headers, one a line, an empty line, and the body */
    const char *body;
};

/*
 * Make the call. Its allocations fail as `limit` says (NULL: none fails); those
 * for the outcome succeed.
 */
struct outcome call_make(struct api *api, const struct call *call,
                         const struct scarcity_limit *limit);

void outcome_release(struct outcome *outcome);

#endif
