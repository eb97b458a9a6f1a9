/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub's start and stop, and its thread. The thread sleeps while there is
 * nobody, and then there is nothing either that it would have to keep up: no
 * class, no watched table. The time is looked at for a tick only, so that tests
 * can tick by hand.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "hub_parts.h"

/* Whether there is nothing to tick for, nor to clear away. */
static bool is_idle_locked(const struct hub *hub)
{
    return hub->first == NULL && hub->first_wait == NULL &&
           hub->classes == NULL && !hub->watched;
}

/* The first multiple of HUB_TICK_MS that is more than `rest_ms` away. */
static struct timespec next_tick(uint64_t rest_ms)
{
    uint64_t ms =
        ((clock_ms(CLOCK_MONOTONIC) + rest_ms) / HUB_TICK_MS + 1) * HUB_TICK_MS;

    return (struct timespec){.tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000};
}

/*
 * Returns when the next one is. The thread rests for as long as the tick took,
 * so that many classes of a busy fleet leave most of the machine to posts.
 */
static struct timespec run_tick(struct hub *hub)
{
    uint64_t began = clock_us(CLOCK_MONOTONIC);

    hub_tick(hub, began / 1000);
    uint64_t took = clock_us(CLOCK_MONOTONIC) - began;
    metric_observe(hub->metrics.ticks, 0, took);
    return next_tick(took / 1000);
}

static void *run_hub(void *context)
{
    struct hub *hub = context;
    struct timespec deadline = next_tick(0);

    pthread_setname_np(pthread_self(), "lunar-live");
    sync_lock(&hub->lock);
    while (!hub->ended) {
        if (hub->joining) {
            sync_unlock(&hub->lock);
            hub_join(hub);
            sync_lock(&hub->lock);
        } else if (is_idle_locked(hub)) {
            sync_wait(&hub->wake, &hub->lock);
            deadline = next_tick(0);
        } else if (!sync_wait_until(&hub->wake, &hub->lock, &deadline)) {
            sync_unlock(&hub->lock);
            deadline = run_tick(hub);
            sync_lock(&hub->lock);
        }
    }
    sync_unlock(&hub->lock);
    return NULL;
}

struct hub *hub_new(const struct hub_options *options)
{
    struct hub *hub = calloc(1, sizeof(*hub));

    if (hub == NULL)
        return NULL;
    hub->options = *options;
    hub->summary = hub->scratch = BUFFER_INIT;
    hub->summary_number = 1;
    sync_mutex_init(&hub->lock);
    sync_cond_init(&hub->wake);
    sync_cond_init(&hub->no_jobs);
    hub->metrics = hub_metrics_add(options->metrics, hub);
    return hub;
}

struct hub *hub_start(const struct hub_options *options)
{
    struct hub *hub = hub_new(options);

    if (hub == NULL)
        return NULL;
    hub->started = pthread_create(&hub->thread, NULL, run_hub, hub) == 0;
    if (hub->started)
        return hub;
    hub_free(hub);
    return NULL;
}

/* The thread ends, and no worker walks for the hub any more. */
static void end_threads(struct hub *hub)
{
    sync_lock(&hub->lock);
    hub->stopping = hub->ended = true;
    sync_signal(&hub->wake);
    while (hub->jobs > 0)
        sync_wait(&hub->no_jobs, &hub->lock);
    sync_unlock(&hub->lock);
    if (hub->started)
        sync_join(hub->thread);
}

void hub_free(struct hub *hub)
{
    if (hub == NULL)
        return;
    end_threads(hub);
    metrics_forget(hub->options.metrics, hub);
    hub_remove_classes_locked(hub); /* nobody else is there */
    hub_free_garbage(&hub->garbage);
    if (hub->watched)
        table_unwatch(hub->options.table);
    table_changes_release(&hub->changes);
    buffer_release(&hub->summary);
    buffer_release(&hub->scratch);
    pthread_cond_destroy(&hub->no_jobs);
    pthread_cond_destroy(&hub->wake);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

void hub_wake_readers(struct hub *hub, struct hub_reader *first)
{
    if (first != NULL)
        hub->options.wake(first);
}

/* Those that are COMPARED see the flag when they have been. */
void hub_stop(struct hub *hub)
{
    struct hub_reader *woken = NULL;

    sync_lock(&hub->lock);
    hub->stopping = true;
    for (struct hub_reader *reader = hub->first; reader != NULL;
         reader = reader->next) {
        if (reader->state != READER_WAITING)
            continue;
        reader->state = READER_ACTIVE;
        reader->next_woken = woken;
        woken = reader;
    }
    sync_unlock(&hub->lock);
    hub_wake_readers(hub, woken);
    hub_wake_waits(hub, 0, true);
}

unsigned hub_readers(const struct hub *hub)
{
    return atomic_load(&hub->readers) + atomic_load(&hub->waits);
}
