/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without a store lines are applied as they arrive, so neither the sender nor
 * the response ever waits. With a store both may wait, for what is pending.
 */
#include "upload.h"

#include <stdlib.h>

#include "api_store.h"
#include "base/sync.h"
#include "batch.h"
#include "batch_response.h"
#include "http/problem.h"

struct upload {
    struct http_sink sink; /* first: a pointer to it is one to the whole */
    struct http_deferred deferred;
    struct api *api;
    struct batch *batch;
    struct http_waiter *waiter; /* while it waits */
};

static struct upload *upload_of(struct http_sink *sink)
{
    return container_of(sink, struct upload, sink);
}

static struct upload *upload_of_deferred(struct http_deferred *deferred)
{
    return container_of(deferred, struct upload, deferred);
}

static void free_upload(struct upload *upload)
{
    batch_free(upload->batch);
    free(upload);
}

/* On the journal's thread. */
static void wake_upload(void *context)
{
    const struct upload *upload = context;

    api_store_wake(upload->api, upload->waiter);
}

static enum http_flow take_part(struct http_sink *sink, struct text *part,
                                struct http_waiter *waiter)
{
    struct upload *upload = upload_of(sink);

    if (waiter != NULL) {
        upload->waiter = waiter;
        if (batch_hold(upload->batch, wake_upload, upload))
            return HTTP_WAIT;
    }
    batch_take(upload->batch, *part);
    *part = text_skip(*part, part->length);
    return HTTP_MORE;
}

static void finish_sink(struct http_sink *sink, struct http_response *response)
{
    struct upload *upload = upload_of(sink);

    batch_end(upload->batch);
    if (upload->sink.waits) {
        http_response_defer(response, &upload->deferred);
        return;
    }
    batch_respond(upload->batch, response);
    free_upload(upload);
}

static void free_sink(struct http_sink *sink)
{
    free_upload(upload_of(sink));
}

static void start_deferred(struct http_deferred *deferred,
                           struct http_waiter *waiter)
{
    struct upload *upload = upload_of_deferred(deferred);

    upload->waiter = waiter;
    if (!batch_wait(upload->batch, wake_upload, upload))
        http_wake(waiter);
}

static void finish_deferred(struct http_deferred *deferred,
                            struct http_response *response)
{
    struct upload *upload = upload_of_deferred(deferred);

    batch_respond(upload->batch, response);
    free_upload(upload);
}

static void free_deferred(struct http_deferred *deferred)
{
    free_upload(upload_of_deferred(deferred));
}

/* At a stop: what was appended is committed soon, and then wakes. */
static void cancel_sink(struct http_sink *sink)
{
    (void)sink;
}

static void cancel_deferred(struct http_deferred *deferred)
{
    (void)deferred;
}

struct http_sink *upload_open(struct api *api, struct http_response *response)
{
    struct upload *upload = calloc(1, sizeof(*upload));
    if (upload != NULL)
        upload->batch = batch_new(api);
    if (upload == NULL || upload->batch == NULL) {
        free(upload);
        problem_set_no_memory(response);
        return NULL;
    }
    upload->sink = (struct http_sink){api->store != NULL, take_part,
                                      cancel_sink, finish_sink, free_sink};
    upload->deferred = (struct http_deferred){start_deferred, finish_deferred,
                                              cancel_deferred, free_deferred};
    upload->api = api;
    /* Not &upload->sink, in which gcc's analyser sees a leak. */
    return (struct http_sink *)upload;
}
