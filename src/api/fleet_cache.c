/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A result is shared by reference, so that it is copied outside of the lock.
 */
#include "fleet_cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "api/api.h"
#include "api_store.h"
#include "base/clock.h"
#include "base/sync.h"
#include "base/workers.h"
#include "fleet_json.h"
#include "http/deferred.h"

struct fleet_result {
    _Atomic unsigned references;
    struct buffer json;
    uint64_t position; /* it has all up to here */
};

struct fleet_cache {
    /* Set at start, then read-only. */
    struct fleet_cache_options options;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct fleet_result *last; /* NULL: none, or there was no memory for it */
    uint64_t fresh_until;      /* of `options.clock` */
    struct http_waiter *waiters;
    bool counting;
    /* The worker's, while `counting`. */
    struct worker_job job;
};

static uint64_t read_clock(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static uint64_t read_thread_clock(void)
{
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t read_position(void *context)
{
    const struct api *api = context;

    return api->shared ? api_store_position(api) : 0;
}

static void count_fleet(void *context, struct buffer *out)
{
    fleet_json_write(context, out);
}

struct fleet_cache *fleet_cache_new(struct api *api)
{
    return fleet_cache_new_with(&(struct fleet_cache_options){
        .workers = api->workers,
        .count = count_fleet,
        .position = read_position,
        .context = api,
        .clock = read_clock,
        .thread_clock = read_thread_clock,
    });
}

struct fleet_cache *
fleet_cache_new_with(const struct fleet_cache_options *options)
{
    struct fleet_cache *cache = calloc(1, sizeof(*cache));

    if (cache == NULL)
        return NULL;
    cache->options = *options;
    sync_mutex_init(&cache->lock);
    return cache;
}

/* NULL does nothing. */
static void drop_result(struct fleet_result *result)
{
    if (result == NULL || atomic_fetch_sub(&result->references, 1) > 1)
        return;
    buffer_release(&result->json);
    free(result);
}

void fleet_cache_free(struct fleet_cache *cache)
{
    if (cache == NULL)
        return;
    drop_result(cache->last);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static bool is_fresh_locked(const struct fleet_cache *cache, uint64_t position)
{
    return cache->last != NULL && cache->last->position >= position &&
           cache->options.clock() < cache->fresh_until;
}

static bool read_result(struct fleet_cache *cache, bool fresh,
                        uint64_t position, struct buffer *out)
{
    struct fleet_result *result = NULL;

    sync_lock(&cache->lock);
    if (cache->last != NULL && (!fresh || is_fresh_locked(cache, position))) {
        result = cache->last;
        atomic_fetch_add(&result->references, 1);
    }
    sync_unlock(&cache->lock);
    if (result == NULL)
        return false;
    buffer_append(out, buffer_text(&result->json));
    drop_result(result);
    return true;
}

bool fleet_cache_read_fresh(struct fleet_cache *cache, struct buffer *out)
{
    return read_result(cache, true, 0, out);
}

bool fleet_cache_read_at(struct fleet_cache *cache, uint64_t position,
                         struct buffer *out)
{
    return read_result(cache, true, position, out);
}

bool fleet_cache_read_last(struct fleet_cache *cache, struct buffer *out)
{
    return read_result(cache, false, 0, out);
}

bool fleet_cache_is_behind(struct fleet_cache *cache, uint64_t position)
{
    sync_lock(&cache->lock);
    bool behind = cache->last != NULL && cache->last->position < position;
    sync_unlock(&cache->lock);
    return behind;
}

/* NULL if memory is exhausted. */
static struct fleet_result *make_result(const struct fleet_cache *cache)
{
    struct fleet_result *result = malloc(sizeof(*result));

    if (result == NULL)
        return NULL;
    atomic_init(&result->references, 1);
    result->json = BUFFER_INIT;
    result->position = 0;
    if (cache->options.position != NULL)
        result->position = cache->options.position(cache->options.context);
    cache->options.count(cache->options.context, &result->json);
    if (!buffer_failed(&result->json))
        return result;
    drop_result(result);
    return NULL;
}

/*
 * On a worker. The waiters get the result by the lock, under which it is put
 * into the cache before they are woken. Once they are, the cache may be gone:
 * the server may have been waiting for nobody else. Without waiters there is no
 * count, so it is not gone before.
 */
static void run_count(struct worker_job *job)
{
    struct fleet_cache *cache = container_of(job, struct fleet_cache, job);
    uint64_t began = cache->options.thread_clock();
    struct fleet_result *result = make_result(cache);
    uint64_t took = cache->options.thread_clock() - began;
    uint64_t fresh = FLEET_CACHE_TIMES * took;

    sync_lock(&cache->lock);
    struct fleet_result *before = cache->last;
    struct http_waiter *waiters = cache->waiters;
    cache->last = result;
    cache->fresh_until = cache->options.clock() +
                         (fresh > FLEET_CACHE_US ? fresh : FLEET_CACHE_US);
    cache->waiters = NULL;
    cache->counting = false;
    sync_unlock(&cache->lock);
    drop_result(before);
    http_wake_all(waiters);
}

void fleet_cache_wait(struct fleet_cache *cache, struct http_waiter *waiter)
{
    fleet_cache_wait_at(cache, 0, waiter);
}

void fleet_cache_wait_at(struct fleet_cache *cache, uint64_t position,
                         struct http_waiter *waiter)
{
    bool start = false;

    sync_lock(&cache->lock);
    bool fresh = is_fresh_locked(cache, position);
    if (!fresh) {
        waiter->next = cache->waiters;
        cache->waiters = waiter;
        start = !cache->counting;
        cache->counting = true;
    }
    sync_unlock(&cache->lock);
    if (fresh)
        http_wake(waiter);
    if (!start)
        return;
    /* The job is of the one who has set `counting`, until it runs. */
    cache->job = (struct worker_job){.run = run_count, .kind = WORKER_SHORT};
    workers_submit(cache->options.workers, &cache->job);
}
