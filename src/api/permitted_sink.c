/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each part asks anew, which is the comparison of a number until a reload; and
 * of a session also a look at the clock.
 */
#include "permitted_sink.h"

#include <stdlib.h>

#include "auth/access.h"
#include "base/sync.h"
#include "http/problem.h"
#include "permission.h"

struct permitted_sink {
    struct http_sink sink; /* first: a pointer to it is one to the whole */
    struct http_sink *inner;
    struct access *access;
    struct access_identity sender;
    enum scope scope;
};

static struct permitted_sink *permitted_of(struct http_sink *sink)
{
    return container_of(sink, struct permitted_sink, sink);
}

static enum http_flow take_part(struct http_sink *sink, struct text *part,
                                struct http_waiter *waiter)
{
    struct permitted_sink *permitted = permitted_of(sink);

    if (!access_is_current(permitted->access, &permitted->sender,
                           permitted->scope))
        return HTTP_FAILED;
    return permitted->inner->take(permitted->inner, part, waiter);
}

static void cancel_inner(struct http_sink *sink)
{
    struct http_sink *inner = permitted_of(sink)->inner;

    inner->cancel(inner);
}

/* All of the body was taken while it was permitted. */
static void finish_inner(struct http_sink *sink, struct http_response *response)
{
    struct permitted_sink *permitted = permitted_of(sink);

    permitted->inner->finish(permitted->inner, response);
    free(permitted);
}

static void free_inner(struct http_sink *sink)
{
    struct permitted_sink *permitted = permitted_of(sink);

    permitted->inner->free(permitted->inner);
    free(permitted);
}

struct http_sink *permitted_sink_new(struct api *api,
                                     const struct http_request *request,
                                     enum scope scope, struct http_sink *sink,
                                     struct http_response *response)
{
    if (api->access == NULL)
        return sink;
    struct permitted_sink *permitted = malloc(sizeof(*permitted));
    if (permitted == NULL) {
        sink->free(sink);
        problem_set_no_memory(response);
        return NULL;
    }
    *permitted = (struct permitted_sink){
        .sink = {sink->waits, take_part, cancel_inner, finish_inner,
                 free_inner},
        .inner = sink,
        .access = api->access,
        .scope = scope,
    };
    if (!permission_check(api, request, scope, &permitted->sender, response)) {
        free_inner(&permitted->sink);
        return NULL;
    }
    /* Not &permitted->sink, in which gcc's analyser sees a leak. */
    return (struct http_sink *)permitted;
}
