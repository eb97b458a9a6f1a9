/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of gzip batches share: a queue of compressed parts between a
 * connection, which adds to it (gzip_batch.c), and a job, which decodes what is
 * there and applies the lines (gzip_decode.c).
 *
 * `running` says that the job is submitted: then the decoder and the batch are
 * its own, else they are the connection's. `lock` hands them over. Only one
 * event wakes the connection, whether it waits for room in the queue or for the
 * response: the queue is empty, and the job has ended.
 *
 * After the first failure the rest of the body is discarded.
 */
#ifndef LUNAR_API_GZIP_BATCH_PARTS_H
#define LUNAR_API_GZIP_BATCH_PARTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/api.h"
#include "base/text.h"
#include "base/workers.h"
#include "http/body.h"
#include "http/deferred.h"

struct batch;
struct gunzip;

/* A part of the body, in the queue. */
struct gzip_part {
    struct gzip_part *next;
    size_t size;      /* with this struct */
    struct text rest; /* of `bytes`, not decoded yet */
    char bytes[];
};

/* The first failure stays. Only ABANDONED comes after another one. */
enum gzip_state {
    GZIP_DECODING,
    GZIP_CORRUPT,
    GZIP_NO_MEMORY, /* for decoding, or for the queue */
    GZIP_STOPPING,  /* the service stops */
    GZIP_ABANDONED, /* the connection has gone: the job frees the batch */
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
    struct gzip_part *first, **end;
    size_t queued; /* sum of the sizes of the parts */
    bool running;  /* if and only if there is a part */
    enum gzip_state state;
    struct http_waiter *waiter; /* only while it is running; NULL: none */
};

/* Free it with its queue: nothing else uses it any more. */
void gzip_batch_free(struct gzip_batch *batch);

/* Note a failure, if it is the first one. */
void gzip_batch_fail_locked(struct gzip_batch *batch, enum gzip_state state);

/* The job. */
void gzip_batch_run(struct worker_job *job);

#endif
