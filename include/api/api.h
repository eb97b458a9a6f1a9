/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application that the server serves: the URLs and the JSON of the outside
 * world, as openapi.yaml documents them.
 */
#ifndef LUNAR_API_API_H
#define LUNAR_API_API_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/quota.h"
#include "http/app.h"

struct counters;
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

/* What the operations work on. */
struct api {
    /* Set at start, then read-only. */
    struct table *table;
    struct workers *workers;   /* for what takes long */
    struct counters *counters; /* of messages */
    uint64_t start;            /* random, of this start: part of every ETag */
    _Atomic unsigned streams;  /* whole lists being sent now */
    struct quota decoding;     /* memory for compressed bodies */
};

/* Ownership: `table`, `workers` and `counters` are borrowed. */
void api_init(struct api *api, struct table *table, struct workers *workers,
              struct counters *counters);

/* Ownership: `api` is borrowed. */
struct http_app api_app(struct api *api);

#endif
