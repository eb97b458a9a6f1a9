/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application that the server serves: the URLs and the JSON of the outside
 * world, as openapi.yaml documents them.
 */
#ifndef LUNAR_API_API_H
#define LUNAR_API_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/quota.h"
#include "http/app.h"

struct metric;
struct metrics;
struct table;
struct workers;

enum {
    /* Tables of up to so many rockets are listed at once, others by a worker.
     */
    API_LIST_AT_ONCE = 256,
    /* Whole lists being sent at a time: each keeps a snapshot in memory. */
    API_MAX_STREAMS = 16,
    /* Bytes for decoding compressed bodies, all together. */
    API_MAX_DECODING = 64 * 1024 * 1024,
};

/* What became of a message, as lunar_messages_total counts it. */
enum api_result {
    API_APPLIED,
    API_DUPLICATE,
    API_STALE,
    API_REJECTED, /* not a message */
    API_NO_MEMORY,
    API_RESULT_COUNT
};

/* The families that are counted here. Each may be NULL. */
struct api_metrics {
    struct metric *messages; /* by enum api_result */
    struct metric *launches, *explosions;
    struct metric *batches; /* by the number of their messages */
};

/* What the operations work on. */
struct api {
    /* Set at start, then read-only. */
    struct table *table;
    struct workers *workers;  /* for what takes long */
    struct metrics *registry; /* of all families; NULL: none are shown */
    struct api_metrics counts;
    uint64_t start;           /* random, of this start: part of every ETag */
    uint64_t began;           /* microseconds of the monotonic clock */
    _Atomic bool stopping;    /* set once, by api_set_stopping() */
    _Atomic unsigned streams; /* whole lists being sent now */
    struct quota decoding;    /* memory for compressed bodies */
};

/*
 * The families of the application are added to `metrics`, which may be NULL.
 * Ownership: `table`, `workers` and `metrics` are borrowed.
 */
void api_init(struct api *api, struct table *table, struct workers *workers,
              struct metrics *metrics);

/*
 * The service will stop: from now on it says that it is not ready, but still
 * serves all requests. Locking: safe from any thread.
 */
void api_set_stopping(struct api *api);

/* Ownership: `api` is borrowed. */
struct http_app api_app(struct api *api);

#endif
