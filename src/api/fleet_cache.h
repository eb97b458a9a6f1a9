/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GET /fleet says, counted at most once a second however many ask: those
 * who ask while a worker counts share what it finds. If counting takes much
 * time of the processor, the result is kept ten times as long; so counting
 * never takes more than a tenth of one.
 *
 * Locking: safe from any thread; the cache's mutex is a leaf, and neither the
 * count nor a wake is under it.
 */
#ifndef LUNAR_API_FLEET_CACHE_H
#define LUNAR_API_FLEET_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct api;
struct fleet_cache;
struct http_waiter;
struct workers;

enum {
    FLEET_CACHE_US = 1000000, /* for which a result is fresh, at least ... */
    FLEET_CACHE_TIMES = 10,   /* ... or so many times what it took */
};

struct fleet_cache_options {
    struct workers *workers;
    /* Count, and append the result. On a worker. */
    void (*count)(void *context, struct buffer *out);
    /* NULL, or: the position up to which a count that begins now has all. */
    uint64_t (*position)(void *context);
    void *context;
    /* Microseconds; and those that the processor has spent on the thread. */
    uint64_t (*clock)(void);
    uint64_t (*thread_clock)(void);
};

/* Both return NULL if memory is exhausted. Ownership: pointers are borrowed. */
struct fleet_cache *fleet_cache_new(struct api *api);
struct fleet_cache *
fleet_cache_new_with(const struct fleet_cache_options *options);

/*
 * NULL does nothing. Locking: no thread may use it any more, and everybody who
 * waited has been woken.
 */
void fleet_cache_free(struct fleet_cache *cache);

/* Append the result to `out`, if it is fresh; else false. */
bool fleet_cache_read_fresh(struct fleet_cache *cache, struct buffer *out);

/*
 * Wake `waiter` once there is a fresh result; it may be woken before this
 * returns. If memory was exhausted, there is none then.
 */
void fleet_cache_wait(struct fleet_cache *cache, struct http_waiter *waiter);

/* The same two of a result that has all up to `position`, which is applied. */
bool fleet_cache_read_at(struct fleet_cache *cache, uint64_t position,
                         struct buffer *out);
void fleet_cache_wait_at(struct fleet_cache *cache, uint64_t position,
                         struct http_waiter *waiter);

/*
 * Whether the last result does not have all up to `position`: its count had
 * begun before the wait.
 */
bool fleet_cache_is_behind(struct fleet_cache *cache, uint64_t position);

/*
 * Append the last result, which may have become old since the wake. False if
 * there is none.
 */
bool fleet_cache_read_last(struct fleet_cache *cache, struct buffer *out);

#endif
