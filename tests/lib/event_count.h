/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what happens, so that threads can wait until it has happened some
 * times more, instead of for a time.
 */
#ifndef LUNAR_TESTS_EVENT_COUNT_H
#define LUNAR_TESTS_EVENT_COUNT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/sync.h"

struct event_count {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Guarded by `lock`. */
    uint64_t count;
    bool over; /* there may be no more: nobody waits */
};

static inline void event_count_init(struct event_count *events)
{
    sync_mutex_init(&events->lock);
    sync_cond_init(&events->changed);
    events->count = 0;
    events->over = false;
}

static inline void event_count_release(struct event_count *events)
{
    pthread_cond_destroy(&events->changed);
    pthread_mutex_destroy(&events->lock);
}

static inline void event_count_add(struct event_count *events)
{
    sync_lock(&events->lock);
    events->count++;
    sync_broadcast(&events->changed);
    sync_unlock(&events->lock);
}

static inline void event_count_end(struct event_count *events)
{
    sync_lock(&events->lock);
    events->over = true;
    sync_broadcast(&events->changed);
    sync_unlock(&events->lock);
}

/* Wait for `more` events after those that have happened by now. */
static inline void event_count_wait(struct event_count *events, uint64_t more)
{
    sync_lock(&events->lock);
    uint64_t until = events->count + more;
    while (events->count < until && !events->over)
        sync_wait(&events->changed, &events->lock);
    sync_unlock(&events->lock);
}

#endif
