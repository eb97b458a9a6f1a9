/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of compressed parts between a connection, which adds to it, and a
 * job, which decodes what is there and applies the lines.
 *
 * `running` says that the job is submitted: then the decoder and the batch are
 * its own, else they are the connection's. `lock` hands them over. The job ends
 * when the queue is empty; until then it submits itself again after each
 * GUNZIP_STEP bytes, behind the jobs of others. Only one event wakes the
 * connection, whether it waits for room in the queue or for the response: the
 * queue is empty, and the job has ended.
 *
 * With a store the job also ends, but stays `running`, when too much of the
 * batch waits for the disk: the journal's thread submits it again. And the
 * response waits twice, for the job and then for what it has given to the
 * store.
 *
 * Memory is bounded although a connection cannot always wait. The sender waits
 * while GZIP_BATCH_QUEUE bytes are queued; where its connection cannot wait
 * (body.h), up to GZIP_BATCH_MAX_QUEUE are queued, and past that the batch gets
 * 503. The last bytes of a body always fit, so this happens only to a chunked
 * body that arrives piece by piece while the workers are busy for long. All of
 * it, and the decoder, is counted by one quota.
 *
 * After the first failure the rest of the body is discarded.
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
#include "http/gunzip.h"
#include "http/problem.h"

/* A part of the body, in the queue. */
struct part {
    struct part *next;
    size_t size;      /* with this struct */
    struct text rest; /* of `bytes`, not decoded yet */
    char bytes[];
};

/* The first failure stays. Only ABANDONED comes after another one. */
enum state {
    STATE_DECODING,
    STATE_CORRUPT,
    STATE_NO_MEMORY, /* for decoding, or for the queue */
    STATE_STOPPING,  /* the service stops */
    STATE_ABANDONED, /* the connection has gone: the job frees the batch */
};

struct gzip_batch {
    struct http_sink sink;
    struct http_deferred deferred;
    struct worker_job job;
    struct api *api;
    /* The job's while it is `running`, else the connection's. */
    struct gunzip *gunzip;
    struct batch *batch;
    /* The connection's; set before a wait, in which a cancel may read it. */
    bool ended;                   /* the job has, for the last time */
    struct http_waiter *settling; /* waits for the store */
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct part *first, **end;
    size_t queued; /* sum of the sizes of the parts */
    bool running;  /* if and only if there is a part */
    enum state state;
    struct http_waiter *waiter; /* only while it is running; NULL: none */
};

static void free_parts(struct quota *quota, struct part *part)
{
    while (part != NULL) {
        struct part *next = part->next;
        quota_resize(quota, part, part->size, 0);
        part = next;
    }
}

/* NULL if memory or the quota is exhausted. */
static struct part *new_part(struct quota *quota, struct text bytes)
{
    size_t size = sizeof(struct part) + bytes.length;
    struct part *part = quota_resize(quota, NULL, 0, size);

    if (part == NULL)
        return NULL;
    *part = (struct part){.size = size, .rest = {part->bytes, bytes.length}};
    memcpy(part->bytes, bytes.data, bytes.length);
    return part;
}

/* Nothing else uses it any more. */
static void free_batch(struct gzip_batch *batch)
{
    free_parts(&batch->api->decoding, batch->first);
    gunzip_free(batch->gunzip);
    batch_free(batch->batch);
    pthread_mutex_destroy(&batch->lock);
    free(batch);
}

static void fail_locked(struct gzip_batch *batch, enum state state)
{
    if (batch->state == STATE_DECODING)
        batch->state = state;
}

/* Remove the first part or, with `all`, all of them. */
static struct part *remove_parts_locked(struct gzip_batch *batch, bool all)
{
    struct part *first = batch->first;

    if (all) {
        batch->first = NULL;
        batch->queued = 0;
    } else {
        batch->first = first->next;
        batch->queued -= first->size;
        first->next = NULL;
    }
    if (batch->first == NULL)
        batch->end = &batch->first;
    return first;
}

/*
 * Decode from the front of `part`, and apply the lines. Adds to `*work` the
 * bytes that were read and those that they decode to: either may be few.
 */
static enum gunzip_result decode_step(struct gzip_batch *batch,
                                      struct part *part, size_t *work)
{
    char out[GUNZIP_STEP];
    size_t length, before = part->rest.length;
    enum gunzip_result result =
        gunzip_step(batch->gunzip, &part->rest, out, &length);

    batch_take(batch->batch, (struct text){out, length});
    *work += before - part->rest.length + length;
    return result;
}

/*
 * One step from the first part. False if the queue is empty: the job ends. Of
 * what follows the last unlock, the batch itself is then only used if nobody
 * else is left. A connection that waits stays until its wake.
 */
static bool decode_first(struct gzip_batch *batch, size_t *work)
{
    struct quota *quota = &batch->api->decoding;
    struct part *removed = NULL;
    enum gunzip_result result = GUNZIP_MORE;

    sync_lock(&batch->lock);
    struct part *part = batch->first;
    bool decoding = batch->state == STATE_DECODING;
    sync_unlock(&batch->lock);

    if (decoding)
        result = decode_step(batch, part, work);

    sync_lock(&batch->lock);
    if (result == GUNZIP_CORRUPT)
        fail_locked(batch, STATE_CORRUPT);
    else if (result == GUNZIP_NO_MEMORY)
        fail_locked(batch, STATE_NO_MEMORY);
    if (result != GUNZIP_FULL || batch->state != STATE_DECODING)
        removed = remove_parts_locked(batch, batch->state != STATE_DECODING);
    bool running = batch->first != NULL;
    bool abandoned = !running && batch->state == STATE_ABANDONED;
    struct http_waiter *waiter = running ? NULL : batch->waiter;
    if (!running)
        batch->waiter = NULL;
    batch->running = running;
    sync_unlock(&batch->lock);

    free_parts(quota, removed);
    if (running)
        return true;
    if (abandoned)
        free_batch(batch);
    else if (waiter != NULL)
        http_wake(waiter);
    return false;
}

/* On the journal's thread: there is room for more lines. */
static void go_on(void *context)
{
    struct gzip_batch *batch = context;

    workers_submit(batch->api->workers, &batch->job);
}

/*
 * A job: as many steps as are a fair turn. One alone may be too few, as a part
 * may be a single byte; all that the queue has may be too many, as the sender
 * may fill it as fast as it is emptied.
 */
static void run_steps(struct worker_job *job)
{
    struct gzip_batch *batch = container_of(job, struct gzip_batch, job);
    struct workers *workers = batch->api->workers;
    size_t work = 0;

    while (decode_first(batch, &work)) {
        if (batch_hold(batch->batch, go_on, batch))
            break;
        if (work >= GUNZIP_STEP) {
            workers_submit(workers, job);
            break;
        }
    }
}

static struct gzip_batch *batch_of(struct http_sink *sink)
{
    return container_of(sink, struct gzip_batch, sink);
}

/* Add `part`, or fail without it. True if the job is to be submitted. */
static bool add_part_locked(struct gzip_batch *batch, struct part *part)
{
    if (part == NULL) {
        fail_locked(batch, STATE_NO_MEMORY);
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
    bool decoding = batch->state == STATE_DECODING;
    size_t queued = batch->queued;
    bool waits = decoding && queued >= GZIP_BATCH_QUEUE && waiter != NULL;
    if (waits)
        batch->waiter = waiter; /* it is running, as the queue is not empty */
    sync_unlock(&batch->lock);
    if (waits)
        return HTTP_WAIT;

    if (decoding) {
        struct part *taken = queued + part->length <= GZIP_BATCH_MAX_QUEUE
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
    return batch->state == STATE_DECODING && gunzip_is_complete(batch->gunzip);
}

/* Something has failed, or all lines have their results. */
static void respond_and_free(struct gzip_batch *batch,
                             struct http_response *response)
{
    char reason[128];

    switch (batch->state) {
    case STATE_DECODING:
        if (is_whole(batch))
            batch_respond(batch->batch, response);
        else
            batch_respond_broken(batch->batch, response,
                                 "the body ends before its gzip data does");
        break;
    case STATE_CORRUPT:
        snprintf(reason, sizeof(reason), "the body is not valid gzip data: %s",
                 gunzip_objection(batch->gunzip));
        batch_respond_broken(batch->batch, response, reason);
        break;
    case STATE_NO_MEMORY:
        batch_respond_unavailable(batch->batch, response,
                                  "there is no memory for decoding gzip data");
        break;
    case STATE_STOPPING:
    case STATE_ABANDONED:
        batch_respond_unavailable(batch->batch, response,
                                  "the service is stopping");
        break;
    }
    free_batch(batch);
}

/* The job may be running: then it frees the batch. */
static void abandon_batch(struct gzip_batch *batch)
{
    sync_lock(&batch->lock);
    bool running = batch->running;
    batch->state = STATE_ABANDONED;
    sync_unlock(&batch->lock);
    if (!running)
        free_batch(batch);
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
    fail_locked(batch, STATE_STOPPING);
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
    batch->job = (struct worker_job){.run = run_steps, .kind = WORKER_STEP};
    batch->api = api;
    batch->end = &batch->first;
    batch->gunzip = gunzip_new(&api->decoding);
    batch->batch = batch_new(api);
    if (batch->gunzip == NULL || batch->batch == NULL) {
        free_batch(batch);
        gzip_batch_no_memory(response);
        return NULL;
    }
    return &batch->sink;
}
