/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side of the connection: it adds parts of the body to the queue, and waits
 * for the job that decodes them. With a store the response waits twice, for the
 * job and then for what it has given to the store.
 *
 * Memory is bounded although a connection cannot always wait. The sender waits
 * while GZIP_BATCH_QUEUE bytes are queued; where its connection cannot wait
 * (body.h), up to GZIP_BATCH_MAX_QUEUE are queued, and past that the batch gets
 * 503. The last bytes of a body always fit, so this happens only to a chunked
 * body that arrives piece by piece while the workers are busy for long. All of
 * it, and the decoder, is counted by one quota.
 */
#include "gzip_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_store.h"
#include "base/quota.h"
#include "base/sync.h"
#include "base/workers.h"
#include "batch.h"
#include "batch_response.h"
#include "gzip_batch_parts.h"
#include "http/gunzip.h"
#include "http/problem.h"

/* NULL if memory or the quota is exhausted. */
static struct gzip_part *new_part(struct quota *quota, struct text bytes)
{
    size_t size = sizeof(struct gzip_part) + bytes.length;
    struct gzip_part *part = quota_resize(quota, NULL, 0, size);

    if (part == NULL)
        return NULL;
    *part =
        (struct gzip_part){.size = size, .rest = {part->bytes, bytes.length}};
    memcpy(part->bytes, bytes.data, bytes.length);
    return part;
}

static struct gzip_batch *batch_of(struct http_sink *sink)
{
    return container_of(sink, struct gzip_batch, sink);
}

/* Add `part`, or fail without it. True if the job is to be submitted. */
static bool add_part_locked(struct gzip_batch *batch, struct gzip_part *part)
{
    if (part == NULL) {
        gzip_batch_fail_locked(batch, GZIP_NO_MEMORY);
        return false;
    }
    *batch->end = part;
    batch->end = &part->next;
    batch->queued += part->size;
    bool starts = !batch->running;
    batch->running = true;
    return starts;
}

/*
 * Take the whole part, or wait and take nothing. The queue is read before the
 * part is added, under a lock each: meanwhile it only gets shorter.
 */
static enum http_flow take_part(struct http_sink *sink, struct text *part,
                                struct http_waiter *waiter)
{
    struct gzip_batch *batch = batch_of(sink);
    struct quota *quota = &batch->api->decoding;

    sync_lock(&batch->lock);
    bool decoding = batch->state == GZIP_DECODING;
    size_t queued = batch->queued;
    bool waits = decoding && queued >= GZIP_BATCH_QUEUE && waiter != NULL;
    if (waits)
        batch->waiter = waiter; /* it is running, as the queue is not empty */
    sync_unlock(&batch->lock);
    if (waits)
        return HTTP_WAIT;

    if (decoding) {
        struct gzip_part *taken = queued + part->length <= GZIP_BATCH_MAX_QUEUE
                                      ? new_part(quota, *part)
                                      : NULL;
        sync_lock(&batch->lock);
        bool starts = add_part_locked(batch, taken);
        sync_unlock(&batch->lock);
        if (starts)
            workers_submit(batch->api->workers, &batch->job);
    }
    *part = text_skip(*part, part->length);
    return HTTP_MORE;
}

/* Whether the body has been decoded to its end. */
static bool is_whole(const struct gzip_batch *batch)
{
    return batch->state == GZIP_DECODING && gunzip_is_complete(batch->gunzip);
}

/* Something has failed, or all lines have their results. */
static void respond_and_free(struct gzip_batch *batch,
                             struct http_response *response)
{
    char reason[128];

    switch (batch->state) {
    case GZIP_DECODING:
        if (is_whole(batch))
            batch_respond(batch->batch, response);
        else
            batch_respond_broken(batch->batch, response,
                                 "the body ends before its gzip data does");
        break;
    case GZIP_CORRUPT:
        snprintf(reason, sizeof(reason), "the body is not valid gzip data: %s",
                 gunzip_objection(batch->gunzip));
        batch_respond_broken(batch->batch, response, reason);
        break;
    case GZIP_NO_MEMORY:
        batch_respond_unavailable(batch->batch, response,
                                  "there is no memory for decoding gzip data");
        break;
    case GZIP_STOPPING:
    case GZIP_ABANDONED:
        batch_respond_unavailable(batch->batch, response,
                                  "the service is stopping");
        break;
    }
    gzip_batch_free(batch);
}

/* The job may be running: then it frees the batch. */
static void abandon_batch(struct gzip_batch *batch)
{
    sync_lock(&batch->lock);
    bool running = batch->running;
    batch->state = GZIP_ABANDONED;
    sync_unlock(&batch->lock);
    if (!running)
        gzip_batch_free(batch);
}

/*
 * The job takes notice at its next step. After the last one all lines are with
 * the store, which settles them soon.
 */
static void cancel_batch(struct gzip_batch *batch)
{
    if (batch->ended)
        return;
    sync_lock(&batch->lock);
    gzip_batch_fail_locked(batch, GZIP_STOPPING);
    sync_unlock(&batch->lock);
}

static bool is_running(struct gzip_batch *batch)
{
    sync_lock(&batch->lock);
    bool running = batch->running;
    sync_unlock(&batch->lock);
    return running;
}

/* The job has ended, as the whole body was given to it. */
static void finish_batch(struct gzip_batch *batch,
                         struct http_response *response)
{
    if (!batch->ended && is_whole(batch))
        batch_end(batch->batch);
    bool settles = !batch->ended && batch->api->store != NULL;
    batch->ended = true;
    if (settles)
        http_response_defer(response, &batch->deferred);
    else
        respond_and_free(batch, response);
}

static void finish_sink(struct http_sink *sink, struct http_response *response)
{
    struct gzip_batch *batch = batch_of(sink);

    if (is_running(batch))
        http_response_defer(response, &batch->deferred);
    else
        finish_batch(batch, response);
}

static void cancel_sink(struct http_sink *sink)
{
    cancel_batch(batch_of(sink));
}

static void free_sink(struct http_sink *sink)
{
    abandon_batch(batch_of(sink));
}

static struct gzip_batch *batch_of_deferred(struct http_deferred *deferred)
{
    return container_of(deferred, struct gzip_batch, deferred);
}

/* On the journal's thread. */
static void wake_settling(void *context)
{
    const struct gzip_batch *batch = context;

    api_store_wake(batch->api, batch->settling);
}

/* The first wait is for the job, a second one for the store. */
static bool begin_wait(struct gzip_batch *batch, struct http_waiter *waiter)
{
    if (batch->ended) {
        batch->settling = waiter;
        return batch_wait(batch->batch, wake_settling, batch);
    }
    sync_lock(&batch->lock);
    bool running = batch->running;
    if (running)
        batch->waiter = waiter;
    sync_unlock(&batch->lock);
    return running;
}

static void start_deferred(struct http_deferred *deferred,
                           struct http_waiter *waiter)
{
    if (!begin_wait(batch_of_deferred(deferred), waiter))
        http_wake(waiter);
}

static void finish_deferred(struct http_deferred *deferred,
                            struct http_response *response)
{
    finish_batch(batch_of_deferred(deferred), response);
}

static void cancel_deferred(struct http_deferred *deferred)
{
    cancel_batch(batch_of_deferred(deferred));
}

static void free_deferred(struct http_deferred *deferred)
{
    abandon_batch(batch_of_deferred(deferred));
}

void gzip_batch_no_memory(struct http_response *response)
{
    problem_set(response, 503,
                "there is no memory for decoding gzip data; try again, or send "
                "the body without Content-Encoding");
    http_response_header(response, "Retry-After", "5");
}

struct http_sink *gzip_batch_open(struct api *api,
                                  struct http_response *response)
{
    struct gzip_batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL) {
        gzip_batch_no_memory(response);
        return NULL;
    }
    sync_mutex_init(&batch->lock);
    batch->sink = (struct http_sink){true, take_part, cancel_sink, finish_sink,
                                     free_sink};
    batch->deferred = (struct http_deferred){start_deferred, finish_deferred,
                                             cancel_deferred, free_deferred};
    batch->job =
        (struct worker_job){.run = gzip_batch_run, .kind = WORKER_STEP};
    batch->api = api;
    batch->end = &batch->first;
    batch->gunzip = gunzip_new(&api->decoding);
    batch->batch = batch_new(api);
    if (batch->gunzip == NULL || batch->batch == NULL) {
        gzip_batch_free(batch);
        gzip_batch_no_memory(response);
        return NULL;
    }
    return &batch->sink;
}
