/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, answered by the service's code without a socket: what the
 * server does with it, in the same order, from the first byte of the body to
 * the last of the answer.
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
    size_t part;      /* of a batch's body, bytes that come at a time; 0: all */
};

#define CALL_GET(target)                                                       \
    ((struct call){HTTP_GET, target, {.host = {NULL, 0}}, NULL, 0})

/* What came of it. Ownership: released by outcome_release(). */
struct outcome {
    unsigned status;
    bool cut;      /* the body, a stream, breaks off */
    char *headers; /* a line each */
    char *body;
};

/*
 * Make the call. Memory ends meanwhile as `end` says (NULL: it does not),
 * but not for the outcome itself. `ended`, which may be NULL, becomes whether
 * it did.
 */
struct outcome call_make(struct api *api, const struct call *call,
                         const struct allocations_end *end, bool *ended);

void outcome_release(struct outcome *outcome);

/* All rockets, sorted by id, as JSON. Ownership: the caller frees it. */
char *call_state(struct api *api);

#endif
