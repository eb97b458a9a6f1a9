/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run offers a number of places. Each thread that wakes up takes one. At the
 * end of the run, the caller withdraws the places that are left. The lock
 * makes the caller's writes visible to the threads, and theirs to the caller.
 */
#include "parts_pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/sync.h"
#include "flags.h"
#include "parts_measure.h"

struct parts_pool {
    unsigned thread_count; /* set at start, then read-only */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* `places` > 0, or `over` */
    pthread_cond_t idle;    /* `working` is 0 */
    /* Guarded by `lock`. */
    void (*work)(void *context);
    void *context;
    unsigned places;
    unsigned working;
    bool over;
    pthread_t threads[];
};

static void pool_lock(struct parts_pool *pool)
{
    sync_check(pthread_mutex_lock(&pool->lock), "pthread_mutex_lock");
}

static void pool_unlock(struct parts_pool *pool)
{
    sync_check(pthread_mutex_unlock(&pool->lock), "pthread_mutex_unlock");
}

static void *run_thread(void *argument)
{
    struct parts_pool *pool = argument;

    pool_lock(pool);
    while (!pool->over) {
        if (pool->places == 0) {
            pthread_cond_wait(&pool->changed, &pool->lock);
            continue;
        }
        pool->places--;
        pool->working++;
        pool_unlock(pool);
        pool->work(pool->context);
        pool_lock(pool);
        if (--pool->working == 0)
            pthread_cond_signal(&pool->idle);
    }
    pool_unlock(pool);
    return NULL;
}

struct parts_pool *parts_pool_new(unsigned threads)
{
    struct parts_pool *pool =
        parts_allocate(sizeof(*pool) + threads * sizeof(*pool->threads));

    *pool = (struct parts_pool){.thread_count = threads};
    sync_check(pthread_mutex_init(&pool->lock, NULL), "pthread_mutex_init");
    sync_check(pthread_cond_init(&pool->changed, NULL), "pthread_cond_init");
    sync_check(pthread_cond_init(&pool->idle, NULL), "pthread_cond_init");
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&pool->threads[i], NULL, run_thread, pool) != 0)
            die("can't start a thread");
    return pool;
}

void parts_pool_free(struct parts_pool *pool)
{
    pool_lock(pool);
    pool->over = true;
    pthread_cond_broadcast(&pool->changed);
    pool_unlock(pool);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->idle);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void parts_pool_run(struct parts_pool *pool, unsigned workers,
                    void (*work)(void *context), void *context)
{
    pool_lock(pool);
    pool->work = work;
    pool->context = context;
    pool->places = workers - 1;
    for (unsigned i = 1; i < workers; i++)
        pthread_cond_signal(&pool->changed);
    pool_unlock(pool);
    work(context);
    pool_lock(pool);
    pool->places = 0;
    while (pool->working > 0)
        pthread_cond_wait(&pool->idle, &pool->lock);
    pool_unlock(pool);
}
