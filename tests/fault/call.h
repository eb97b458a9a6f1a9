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

#include "allocations.h"
#include "api/api.h"
#include "http/request.h"

struct call {
    enum http_method method;
    const char *target;
    struct http_fields fields;
    const char *body; /* NULL: none */
    size_t part;      /* bytes of each part of a batch; 0: one part */
};

#define CALL_GET(target)                                                       \
    ((struct call){HTTP_GET, target, {.host = {NULL, 0}}, NULL, 0})

/* The response. Ownership: released by outcome_release(). */
struct outcome {
    unsigned status;
    bool truncated; /* the body is a stream that failed */
    char *headers;  /* one per line */
    char *body;
};

/*
 * Make the call. Its allocations fail as `end` says (NULL: none fails); those
 * for the outcome succeed. `ended`, which may be NULL, is set to whether an
 * allocation failed.
 */
struct outcome call_make(struct api *api, const struct call *call,
                         const struct allocations_end *end, bool *ended);

void outcome_release(struct outcome *outcome);

/* All rockets, sorted by id, as JSON. Ownership: the caller frees it. */
char *call_state(struct api *api);

#endif
