/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns a read: the connection's thread; after the start of the wait the
 * list of waits, whose lock hands it over; what hands it back is the wake.
 *
 * A wait counts as long-lived, so that a client that goes away gives its place
 * back at once.
 */
#include "after_read.h"

#include <stdlib.h>

#include "api_store.h"
#include "base/clock.h"
#include "base/sync.h"
#include "http/problem.h"
#include "api/position_waits.h"
#include "permission.h"
#include "route_table.h"
#include "table/table.h"

struct after_read {
    struct http_deferred deferred;
    struct position_wait wait;
    struct api *api;
    const struct http_request *request; /* stays until the end, deferred.h */
    struct after_read_options options;
};

static struct after_read *read_of(struct http_deferred *deferred)
{
    return container_of(deferred, struct after_read, deferred);
}

static void free_read(struct http_deferred *deferred)
{
    struct after_read *read = read_of(deferred);

    position_waits_give_place(&read->api->waits);
    free(read);
}

static void start_read(struct http_deferred *deferred,
                       struct http_waiter *waiter)
{
    struct after_read *read = read_of(deferred);

    read->wait.waiter = waiter;
    position_waits_start(&read->api->waits, &read->wait);
}

static void cancel_read(struct http_deferred *deferred)
{
    struct after_read *read = read_of(deferred);

    position_waits_cancel(&read->api->waits, &read->wait);
}

/* Whether all up to `position` is in the table. */
static bool is_applied(const struct api *api, uint64_t position)
{
    return position <= table_revision(api->table) ||
           position <= api_store_position(api);
}

static void finish_read(struct http_deferred *deferred,
                        struct http_response *response)
{
    struct after_read *read = read_of(deferred);
    struct api *api = read->api;
    const struct http_request *request = read->request;
    const struct route *route = request->operation;
    const struct after_read_options options = read->options;

    free_read(deferred);
    /* What permitted the read may have ended in the wait. */
    if (!permission_check(api, request, (enum scope)route->scope, NULL,
                          response))
        return;
    if (is_applied(api, options.position))
        options.get(api, request, response);
    else if (atomic_load(&api->stopping))
        problem_set_stopping(response);
    else
        options.late(api, request, response);
}

static void answer_too_many(struct http_response *response)
{
    problem_set(response, 503,
                "as many reads wait for this instance to catch up as it "
                "allows; try again, or read from another instance");
    http_response_header(response, "Retry-After", "1");
}

void after_read_wait(struct api *api, const struct http_request *request,
                     const struct after_read_options *options,
                     struct http_response *response)
{
    /* It would hold a place for a page that cannot read the response. */
    if (request->site == HTTP_SITE_OTHER) {
        options->late(api, request, response);
        return;
    }
    if (!position_waits_take_place(&api->waits)) {
        answer_too_many(response);
        return;
    }
    struct after_read *read = malloc(sizeof(*read));
    if (read == NULL) {
        position_waits_give_place(&api->waits);
        problem_set_no_memory(response);
        return;
    }
    *read = (struct after_read){
        .deferred = {start_read, finish_read, cancel_read, free_read},
        .wait = {.position = options->position,
                 .deadline = clock_us(CLOCK_MONOTONIC) + options->ms * 1000ULL},
        .api = api,
        .request = request,
        .options = *options,
    };
    http_response_defer(response, &read->deferred);
    response->long_lived = true;
}

/* The position is not applied in time. */
static void answer_behind(struct api *api, const struct http_request *request,
                          struct http_response *response)
{
    (void)request;
    problem_set(response, 503,
                "this instance has not applied the position in Lunar-After "
                "yet: it is at %ju; try again, or read from another instance",
                (uintmax_t)api_store_position(api));
    http_response_header(response, "Retry-After", "1");
}

bool after_read_parse(const struct http_request *request, uint64_t *position,
                      struct http_response *response)
{
    struct text value = request->fields.lunar_after;

    *position = 0;
    if (value.data == NULL || text_read_unsigned(value, INT64_MAX, position))
        return true;
    problem_set(response, 400,
                "Lunar-After must be one position, an integer from 0 to "
                "%ju: take it from the Lunar-Position of an answer",
                (uintmax_t)INT64_MAX);
    return false;
}

void after_read_begin(struct api *api, const struct http_request *request,
                      after_read_get *get, struct http_response *response)
{
    struct after_read_options options = {
        .ms = AFTER_READ_MS,
        .get = get,
        .late = answer_behind,
    };

    if (!after_read_parse(request, &options.position, response))
        return;
    if (is_applied(api, options.position))
        get(api, request, response);
    else
        after_read_wait(api, request, &options, response);
}

bool after_read_is_ahead(const struct api *api,
                         const struct revision_name *name)
{
    return api->shared && name->start == api->start &&
           !is_applied(api, name->revision);
}
