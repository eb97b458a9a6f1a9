/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list, in the order in which connections were checked last, and the
 * thread that sweeps it.
 */
#include "connections.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/sync.h"
#include "eviction.h"
#include "request_log.h"

enum {
    SLICE = 256, /* connections checked under one lock */
    TICK_US = CONNECTION_TICK * 1000,
    REPORT_TICKS = 2,          /* between reports of refused requests */
    WARNING_US = 60 * 1000000, /* between warnings of the same kind */
};

/* Waits that are to be cancelled without the lock; see wait_pin(). */
struct pins {
    struct wait *waits[SLICE];
    unsigned count;
};

/* The connections of one listening socket, which has a limit of its own. */
struct side {
    unsigned open;
    uint64_t added;   /* since the start */
    unsigned closing; /* of these: shut down, and not closed yet */
    unsigned wanted;  /* to be evicted at once */
    bool all_busy;    /* none could be: do not try before the next tick */
};

struct connections {
    pthread_mutex_t lock;
    pthread_cond_t wake;    /* the sweep has something to do */
    pthread_cond_t emptied; /* no connection is open */
    /* Guarded by `lock`. */
    struct connection *first, *last; /* checked longest ago, latest */
    struct side sides[PEER_KINDS];
    bool closing_idle; /* at a stop: idle connections are closed */
    bool stopped;
    uint64_t warned; /* the last warning's time, or 0 */
    struct eviction eviction;
    /* Read without the lock. */
    _Atomic unsigned count;
    _Atomic unsigned long_lived; /* of `count` */
    _Atomic bool draining;
    _Atomic bool starved; /* another one could not be opened, lately */
    _Atomic unsigned phases[CONNECTION_PHASES]; /* connections in each */
    struct waits waits;
    /* Set at start, then read-only. */
    unsigned max, crowd, idle_seconds;
    struct request_log *log;
    pthread_t thread;
};

/*
 * How many to evict: a sixteenth at once, so that the list is not sorted for
 * each new connection, if 15/16 of those that may be open are, without closing
 * ones. If the system is out of resources, a sixteenth of the open ones.
 */
static unsigned wanted_locked(const struct connections *connections,
                              const struct side *side)
{
    if (atomic_load(&connections->starved))
        return side->open / 16 + 1;
    return side->open - side->closing >= connections->crowd
               ? connections->max - connections->crowd
               : 0;
}

/* Start an eviction if one is needed, and was not in vain a moment ago. */
static void request_eviction_locked(struct connections *connections,
                                    struct side *side)
{
    unsigned wanted = wanted_locked(connections, side);

    if (wanted == 0 || side->all_busy)
        return;
    side->wanted = wanted;
    sync_signal(&connections->wake);
}

static void append_locked(struct connections *connections,
                          struct connection *connection)
{
    connection->previous = connections->last;
    connection->next = NULL;
    if (connections->last != NULL)
        connections->last->next = connection;
    else
        connections->first = connection;
    connections->last = connection;
}

static void unlink_locked(struct connections *connections,
                          struct connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        connections->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    else
        connections->last = connection->previous;
}

void connections_add(struct connections *connections,
                     struct connection *connection, struct MHD_Connection *mhd,
                     int socket, enum peer_kind peer)
{
    connection_init(connection, socket, peer);
    wait_init(&connection->wait, &connections->waits, mhd);
    sync_lock(&connections->lock);
    append_locked(connections, connection);
    connections->sides[peer].open++;
    connections->sides[peer].added++;
    atomic_fetch_add(&connections->count, 1);
    atomic_store(&connections->starved, false);
    request_eviction_locked(connections, &connections->sides[peer]);
    sync_unlock(&connections->lock);
}

void connections_remove(struct connections *connections,
                        struct connection *connection)
{
    struct side *side = &connections->sides[connection->peer];

    sync_lock(&connections->lock);
    unlink_locked(connections, connection);
    side->open--;
    if (atomic_load(&connection->closing))
        side->closing--;
    if (atomic_fetch_sub(&connections->count, 1) == 1)
        sync_broadcast(&connections->emptied);
    atomic_store(&connections->starved, false);
    sync_unlock(&connections->lock);
    wait_release(&connection->wait);
}

unsigned connections_open(struct connections *connections, enum peer_kind peer,
                          uint64_t *added)
{
    sync_lock(&connections->lock);
    unsigned open = connections->sides[peer].open;
    *added = connections->sides[peer].added;
    sync_unlock(&connections->lock);
    return open;
}

unsigned connections_count(const struct connections *connections)
{
    return atomic_load(&connections->count);
}

unsigned connections_limit(const struct connections *connections)
{
    return connections->max;
}

void connections_make_room(struct connections *connections)
{
    uint64_t now = connection_clock();

    sync_lock(&connections->lock);
    bool warn =
        connections->warned == 0 || now - connections->warned >= WARNING_US;
    if (warn)
        connections->warned = now;
    atomic_store(&connections->starved, true);
    for (size_t i = 0; i < PEER_KINDS; i++)
        request_eviction_locked(connections, &connections->sides[i]);
    sync_unlock(&connections->lock);
    if (warn)
        log_line(LOG_WARN, "no descriptor, memory or thread for another "
                           "connection: closing idle connections; new ones "
                           "have to wait (see ulimit -n)");
}

/*
 * Only the connection's thread writes `life`, so nothing is lost between the
 * load and the store; and a request that is not long-lived, as nearly all,
 * costs the load alone.
 */
void connections_set_life(struct connections *connections,
                          struct connection *connection,
                          enum connection_life life)
{
    int before = atomic_load_explicit(&connection->life, memory_order_relaxed);

    if (before == (int)life)
        return;
    atomic_store(&connection->life, (int)life);
    if (before == CONNECTION_SHORT)
        atomic_fetch_add(&connections->long_lived, 1);
    else if (life == CONNECTION_SHORT)
        atomic_fetch_sub(&connections->long_lived, 1);
}

/*
 * A sum, as the two numbers are not read at one moment: their difference could
 * be less than nothing.
 */
bool connections_keep_alive(const struct connections *connections,
                            const struct connection *connection)
{
    unsigned below =
        CONNECTIONS_KEEP_ALIVE_BELOW + atomic_load(&connections->long_lived);

    return atomic_load(&connections->count) < below &&
           !atomic_load(&connections->draining) &&
           !atomic_load(&connections->starved) &&
           !atomic_load(&connection->closing);
}

static void shut_locked(struct connections *connections,
                        struct connection *connection,
                        enum connection_verdict how)
{
    if (how == CONNECTION_KEEP || how == CONNECTION_CANCEL)
        return;
    if (!atomic_exchange(&connection->closing, true))
        connections->sides[connection->peer].closing++;
    connection_shut_locked(connection, how);
}

void connections_phases(const struct connections *connections,
                        uint64_t counts[CONNECTION_PHASES])
{
    for (size_t i = 0; i < CONNECTION_PHASES; i++)
        counts[i] = atomic_load(&connections->phases[i]);
}

/* All under one lock, which takes a millisecond for 10,000 of them. */
unsigned connections_stuck(struct connections *connections)
{
    unsigned stuck = 0;

    sync_lock(&connections->lock);
    for (struct connection *connection = connections->first; connection != NULL;
         connection = connection->next)
        if (activity_is_stuck(&connection->wait.activity))
            stuck++;
    sync_unlock(&connections->lock);
    return stuck;
}

void connections_note(struct connections *connections)
{
    sync_lock(&connections->lock);
    for (struct connection *connection = connections->first; connection != NULL;
         connection = connection->next)
        activity_note(&connection->wait.activity);
    sync_unlock(&connections->lock);
}

/* If its wait may be cancelled. There must be room. */
static void pin_locked(struct pins *pins, struct connection *connection)
{
    if (wait_pin(&connection->wait))
        pins->waits[pins->count++] = &connection->wait;
}

/* The application is called: no lock may be held. */
static void cancel_pinned(struct pins *pins)
{
    for (unsigned i = 0; i < pins->count; i++)
        wait_cancel(pins->waits[i]);
    pins->count = 0;
}

/*
 * Check up to SLICE connections, from the one checked longest ago, and count
 * those in each phase. Pin the waits of long-lived responses that are to end.
 */
static unsigned check_slice_locked(struct connections *connections,
                                   unsigned left,
                                   unsigned phases[CONNECTION_PHASES],
                                   struct pins *pins)
{
    uint64_t now = connection_clock();
    unsigned idle_seconds =
        connections->closing_idle ? 0 : connections->idle_seconds;
    unsigned checked = 0;

    while (checked < left && checked < SLICE && connections->first != NULL) {
        struct connection *connection = connections->first;
        enum connection_verdict how =
            connection_check_locked(connection, idle_seconds, now);
        shut_locked(connections, connection, how);
        if (how != CONNECTION_KEEP &&
            atomic_load(&connection->life) != CONNECTION_SHORT)
            pin_locked(pins, connection);
        phases[connection_phase_of(atomic_load(&connection->state))]++;
        unlink_locked(connections, connection);
        append_locked(connections, connection);
        checked++;
    }
    return checked;
}

/* Evict as many of one side as are wanted. */
static void evict_side_locked(struct connections *connections,
                              enum peer_kind kind)
{
    struct side *side = &connections->sides[kind];
    struct eviction *eviction = &connections->eviction;

    eviction_pick_locked(eviction, connections->first, kind);
    for (unsigned i = 0; i < eviction->count && i < side->wanted; i++)
        shut_locked(connections, eviction->sorted[i].connection,
                    eviction_verdict_locked(&eviction->sorted[i]));
    side->wanted = 0;
    side->all_busy = eviction->count == 0;
}

static void evict_locked(struct connections *connections)
{
    for (enum peer_kind kind = 0; kind < PEER_KINDS; kind++)
        if (connections->sides[kind].wanted > 0)
            evict_side_locked(connections, kind);
}

static bool wants_eviction_locked(const struct connections *connections)
{
    return connections->sides[PEER_TCP].wanted > 0 ||
           connections->sides[PEER_UNIX].wanted > 0;
}

/* All sides anew, at a tick. */
static void plan_evictions_locked(struct connections *connections)
{
    for (size_t i = 0; i < PEER_KINDS; i++) {
        struct side *side = &connections->sides[i];
        side->all_busy = false;
        side->wanted = wanted_locked(connections, side);
    }
}

/* Yield the lock to threads that wait for it; unlocking alone does not. */
static void pause_locked(struct connections *connections)
{
    struct timespec millisecond = {.tv_nsec = 1000000};

    sync_unlock(&connections->lock);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
    sync_lock(&connections->lock);
}

/* What is pinned stays, although the list may change without the lock. */
static void cancel_locked(struct connections *connections, struct pins *pins)
{
    if (pins->count == 0)
        return;
    sync_unlock(&connections->lock);
    cancel_pinned(pins);
    sync_lock(&connections->lock);
}

/*
 * Check all connections, a slice at a time: thousands of them take some
 * milliseconds, in which none could be opened or closed.
 */
static void sweep_locked(struct connections *connections)
{
    unsigned left = atomic_load(&connections->count);
    unsigned phases[CONNECTION_PHASES] = {0};
    struct pins pins = {.count = 0};

    while (left > 0 && !connections->stopped) {
        unsigned checked = check_slice_locked(connections, left, phases, &pins);
        cancel_locked(connections, &pins);
        if (checked < SLICE)
            break;
        left -= checked;
        pause_locked(connections);
        evict_locked(connections);
    }
    for (size_t i = 0; i < CONNECTION_PHASES; i++)
        atomic_store(&connections->phases[i], phases[i]);
}

/* A line is logged without the lock. */
static void report_locked(struct connections *connections)
{
    sync_unlock(&connections->lock);
    request_log_report(connections->log, false);
    sync_lock(&connections->lock);
}

static void *run_sweep(void *context)
{
    struct connections *connections = context;
    struct timespec tick = sync_deadline(CONNECTION_TICK);
    uint64_t last_tick = connection_clock();
    unsigned ticks = 0;

    sync_lock(&connections->lock);
    while (!connections->stopped) {
        if (!wants_eviction_locked(connections))
            sync_wait_until(&connections->wake, &connections->lock, &tick);
        evict_locked(connections);
        if (connection_clock() - last_tick >= TICK_US) {
            sweep_locked(connections);
            plan_evictions_locked(connections);
            last_tick = connection_clock();
            tick = sync_deadline(CONNECTION_TICK);
            if (++ticks % REPORT_TICKS == 0)
                report_locked(connections);
        }
    }
    sync_unlock(&connections->lock);
    return NULL;
}

static void release_connections(struct connections *connections)
{
    pthread_cond_destroy(&connections->emptied);
    pthread_cond_destroy(&connections->wake);
    pthread_mutex_destroy(&connections->lock);
    eviction_release(&connections->eviction);
    free(connections);
}

struct connections *connections_start(unsigned max_connections, bool threads,
                                      unsigned idle_seconds,
                                      struct request_log *log)
{
    struct connections *connections = calloc(1, sizeof(*connections));
    if (connections == NULL)
        return NULL;

    connections->max = max_connections;
    connections->idle_seconds = idle_seconds;
    connections->log = log;
    connections->waits.threads = threads;
    connections->crowd = max_connections - max_connections / 16;
    sync_mutex_init(&connections->lock);
    sync_cond_init(&connections->wake);
    sync_cond_init(&connections->emptied);
    if (eviction_init(&connections->eviction, max_connections) &&
        pthread_create(&connections->thread, NULL, run_sweep, connections) == 0)
        return connections;
    release_connections(connections);
    return NULL;
}

void connections_free(struct connections *connections)
{
    if (connections == NULL)
        return;
    sync_lock(&connections->lock);
    connections->stopped = true;
    sync_signal(&connections->wake);
    sync_unlock(&connections->lock);
    sync_join(connections->thread);
    release_connections(connections);
}

/* False if connections are still open when the time is up. */
static bool wait_emptied_locked(struct connections *connections, uint64_t ms)
{
    struct timespec deadline = sync_deadline(ms);
    bool in_time = true;

    while (atomic_load(&connections->count) > 0 && in_time)
        in_time = sync_wait_until(&connections->emptied, &connections->lock,
                                  &deadline);
    return in_time;
}

static void close_all_idle_locked(struct connections *connections)
{
    for (struct connection *connection = connections->first; connection != NULL;
         connection = connection->next)
        if (connection_phase_of(atomic_load(&connection->state)) ==
            CONNECTION_IDLE)
            shut_locked(connections, connection,
                        connection_end_locked(connection, CONNECTION_END_STOP,
                                              CONNECTION_SHUT_READ));
}

void connections_stop_keep_alive(struct connections *connections)
{
    atomic_store(&connections->draining, true);
}

bool connections_drain(struct connections *connections)
{
    sync_lock(&connections->lock);
    bool emptied = wait_emptied_locked(connections, CONNECTIONS_LAST_CALL);
    connections->closing_idle = true;
    close_all_idle_locked(connections);
    sync_unlock(&connections->lock);
    return emptied;
}

static void end_all(struct connections *connections, enum connection_end end)
{
    sync_lock(&connections->lock);
    for (struct connection *connection = connections->first; connection != NULL;
         connection = connection->next)
        connection_end_locked(connection, end, CONNECTION_KEEP);
    sync_unlock(&connections->lock);
}

/* Up to SLICE waits that are open and not cancelled; see wait_pin(). */
static void pin_waits(struct connections *connections, struct pins *pins)
{
    sync_lock(&connections->lock);
    for (struct connection *connection = connections->first;
         connection != NULL && pins->count < SLICE;
         connection = connection->next)
        pin_locked(pins, connection);
    sync_unlock(&connections->lock);
}

/* A wait may begin until its thread sees that the service stops. */
unsigned connections_cancel_waits(struct connections *connections, unsigned ms)
{
    struct timespec millisecond = {.tv_nsec = 1000000};
    uint64_t deadline = connection_clock() + ms * UINT64_C(1000);
    struct pins pins = {.count = 0};
    struct waits *waits = &connections->waits;
    unsigned open;

    end_all(connections, CONNECTION_END_STOP);
    atomic_store(&waits->stopping, true);
    while ((open = atomic_load(&waits->open)) > 0 &&
           connection_clock() < deadline) {
        for (pin_waits(connections, &pins); pins.count > 0;
             pin_waits(connections, &pins))
            cancel_pinned(&pins);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
    }
    return open;
}

unsigned connections_wait(struct connections *connections, unsigned ms)
{
    sync_lock(&connections->lock);
    wait_emptied_locked(connections, ms);
    unsigned left = atomic_load(&connections->count);
    sync_unlock(&connections->lock);
    return left;
}
