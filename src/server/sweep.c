/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list is in the order in which connections were checked last, so that a
 * sweep can go through it in slices while others add and remove.
 */
#include "sweep.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/sync.h"
#include "connections_state.h"
#include "request_log.h"

enum {
    SLICE = WAIT_PINS, /* connections checked under one lock */
    TICK_US = CONNECTION_TICK * 1000,
    REPORT_TICKS = 2, /* between reports of refused requests */
};

struct sweep {
    /* Set at start, then read-only. */
    struct connections *connections;
    unsigned idle_seconds;
    struct request_log *log;
    pthread_t thread;
    bool stopped; /* guarded by the lock of the list */
};

/*
 * Check up to SLICE connections, from the one checked longest ago, and count
 * those in each phase. Pin the waits of long-lived responses that are to end.
 */
static unsigned check_slice_locked(const struct sweep *sweep, unsigned left,
                                   unsigned phases[CONNECTION_PHASES],
                                   struct wait_pins *pins)
{
    struct connections *connections = sweep->connections;
    uint64_t now = connection_clock();
    unsigned idle_seconds = connections->closing_idle ? 0 : sweep->idle_seconds;
    unsigned checked = 0;

    while (checked < left && checked < SLICE && connections->first != NULL) {
        struct connection *connection = connections->first;
        enum connection_verdict how =
            connection_check_locked(connection, idle_seconds, now);
        connections_shut_locked(connections, connection, how);
        if (how != CONNECTION_KEEP &&
            atomic_load(&connection->life) != CONNECTION_SHORT)
            wait_pins_add(pins, &connection->wait);
        phases[connection_phase_of(atomic_load(&connection->state))]++;
        connections_move_last_locked(connections, connection);
        checked++;
    }
    return checked;
}

/* Yield the lock to threads that wait for it; unlocking alone does not. */
static void pause_locked(struct connections *connections)
{
    struct timespec millisecond = {.tv_nsec = 1000000};

    sync_unlock(&connections->lock);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
    sync_lock(&connections->lock);
}

/*
 * The application is called, without the lock. What is pinned stays, although
 * the list may change meanwhile.
 */
static void cancel_pinned_locked(struct connections *connections,
                                 struct wait_pins *pins)
{
    if (pins->count == 0)
        return;
    sync_unlock(&connections->lock);
    wait_pins_cancel(pins);
    sync_lock(&connections->lock);
}

/*
 * Check all connections, a slice at a time: thousands of them take some
 * milliseconds, in which none could be opened or closed.
 */
static void check_all_locked(const struct sweep *sweep)
{
    struct connections *connections = sweep->connections;
    unsigned left = atomic_load(&connections->count);
    unsigned phases[CONNECTION_PHASES] = {0};
    struct wait_pins pins = {.count = 0};

    while (left > 0 && !sweep->stopped) {
        unsigned checked = check_slice_locked(sweep, left, phases, &pins);
        cancel_pinned_locked(connections, &pins);
        if (checked < SLICE)
            break;
        left -= checked;
        pause_locked(connections);
        eviction_run_locked(connections);
    }
    for (size_t i = 0; i < CONNECTION_PHASES; i++)
        atomic_store(&connections->phases[i], phases[i]);
}

/* A line is logged without the lock. */
static void report_locked(const struct sweep *sweep)
{
    sync_unlock(&sweep->connections->lock);
    request_log_report(sweep->log, false);
    sync_lock(&sweep->connections->lock);
}

static void *run_sweep(void *context)
{
    const struct sweep *sweep = context;
    struct connections *connections = sweep->connections;
    struct timespec tick = sync_deadline(CONNECTION_TICK);
    uint64_t last_tick = connection_clock();
    unsigned ticks = 0;

    sync_lock(&connections->lock);
    while (!sweep->stopped) {
        if (!eviction_is_wanted_locked(connections))
            sync_wait_until(&connections->wake, &connections->lock, &tick);
        eviction_run_locked(connections);
        if (connection_clock() - last_tick >= TICK_US) {
            check_all_locked(sweep);
            eviction_plan_locked(connections);
            last_tick = connection_clock();
            tick = sync_deadline(CONNECTION_TICK);
            if (++ticks % REPORT_TICKS == 0)
                report_locked(sweep);
        }
    }
    sync_unlock(&connections->lock);
    return NULL;
}

struct sweep *sweep_start(struct connections *connections,
                          unsigned idle_seconds, struct request_log *log)
{
    struct sweep *sweep = calloc(1, sizeof(*sweep));

    if (sweep == NULL)
        return NULL;
    sweep->connections = connections;
    sweep->idle_seconds = idle_seconds;
    sweep->log = log;
    if (pthread_create(&sweep->thread, NULL, run_sweep, sweep) == 0)
        return sweep;
    free(sweep);
    return NULL;
}

void sweep_free(struct sweep *sweep)
{
    if (sweep == NULL)
        return;
    sync_lock(&sweep->connections->lock);
    sweep->stopped = true;
    sync_signal(&sweep->connections->wake);
    sync_unlock(&sweep->connections->lock);
    sync_join(sweep->thread);
    free(sweep);
}
