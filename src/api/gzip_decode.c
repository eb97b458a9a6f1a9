/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job of a gzip batch: it decodes the parts that the queue has, and applies
 * the lines. It ends when the queue is empty; until then it submits itself
 * again after each GUNZIP_STEP bytes, behind the jobs of others.
 *
 * With a store it also ends, but stays `running`, when too much of the batch
 * waits for the disk: the journal's thread submits it again.
 */
#include <stdlib.h>

#include "base/quota.h"
#include "base/sync.h"
#include "base/workers.h"
#include "batch.h"
#include "gzip_batch_parts.h"
#include "http/deferred.h"
#include "http/gunzip.h"

static void free_parts(struct quota *quota, struct gzip_part *part)
{
    while (part != NULL) {
        struct gzip_part *next = part->next;
        quota_resize(quota, part, part->size, 0);
        part = next;
    }
}

void gzip_batch_free(struct gzip_batch *batch)
{
    free_parts(&batch->api->decoding, batch->first);
    gunzip_free(batch->gunzip);
    batch_free(batch->batch);
    pthread_mutex_destroy(&batch->lock);
    free(batch);
}

void gzip_batch_fail_locked(struct gzip_batch *batch, enum gzip_state state)
{
    if (batch->state == GZIP_DECODING)
        batch->state = state;
}

/* Remove the first part or, with `all`, all of them. */
static struct gzip_part *remove_parts_locked(struct gzip_batch *batch, bool all)
{
    struct gzip_part *first = batch->first;

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
                                      struct gzip_part *part, size_t *work)
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
    struct gzip_part *removed = NULL;
    enum gunzip_result result = GUNZIP_MORE;

    sync_lock(&batch->lock);
    struct gzip_part *part = batch->first;
    bool decoding = batch->state == GZIP_DECODING;
    sync_unlock(&batch->lock);

    if (decoding)
        result = decode_step(batch, part, work);

    sync_lock(&batch->lock);
    if (result == GUNZIP_CORRUPT)
        gzip_batch_fail_locked(batch, GZIP_CORRUPT);
    else if (result == GUNZIP_NO_MEMORY)
        gzip_batch_fail_locked(batch, GZIP_NO_MEMORY);
    if (result != GUNZIP_FULL || batch->state != GZIP_DECODING)
        removed = remove_parts_locked(batch, batch->state != GZIP_DECODING);
    bool running = batch->first != NULL;
    bool abandoned = !running && batch->state == GZIP_ABANDONED;
    struct http_waiter *waiter = running ? NULL : batch->waiter;
    if (!running)
        batch->waiter = NULL;
    batch->running = running;
    sync_unlock(&batch->lock);

    free_parts(quota, removed);
    if (running)
        return true;
    if (abandoned)
        gzip_batch_free(batch);
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
 * As many steps as are a fair turn. One alone may be too few, as a part may be
 * a single byte; all that the queue has may be too many, as the sender may fill
 * it as fast as it is emptied.
 */
void gzip_batch_run(struct worker_job *job)
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
