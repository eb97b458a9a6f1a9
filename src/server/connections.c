/* SPDX-License-Identifier: Apache-2.0 */
#include "connections.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/sync.h"
#include "connections_state.h"
#include "eviction.h"

enum {
    WARNING_US = 60 * 1000000, /* between warnings of the same kind */
};

struct connections *connections_new(unsigned max_connections, bool threads)
{
    struct connections *connections = calloc(1, sizeof(*connections));

    if (connections == NULL)
        return NULL;
    if (!eviction_init(&connections->eviction, max_connections)) {
        free(connections);
        return NULL;
    }
    connections->max = max_connections;
    connections->waits.threads = threads;
    connections->crowd = max_connections - max_connections / 16;
    sync_mutex_init(&connections->lock);
    sync_cond_init(&connections->wake);
    sync_cond_init(&connections->emptied);
    for (size_t i = 0; i < PEER_KINDS; i++)
        sync_cond_init(&connections->sides[i].changed);
    return connections;
}

void connections_free(struct connections *connections)
{
    if (connections == NULL)
        return;
    for (size_t i = 0; i < PEER_KINDS; i++)
        pthread_cond_destroy(&connections->sides[i].changed);
    pthread_cond_destroy(&connections->emptied);
    pthread_cond_destroy(&connections->wake);
    pthread_mutex_destroy(&connections->lock);
    eviction_release(&connections->eviction);
    free(connections);
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

void connections_move_last_locked(struct connections *connections,
                                  struct connection *connection)
{
    unlink_locked(connections, connection);
    append_locked(connections, connection);
}

/* The numbers of connections at one socket have changed. */
static void note_change_locked(struct connections_side *side)
{
    if (side->awaited)
        sync_signal(&side->changed);
}

void connections_prepare(struct connections *connections,
                         struct connection *connection,
                         struct MHD_Connection *mhd, int socket,
                         enum peer_kind peer)
{
    connection_init(connection, socket, peer);
    wait_init(&connection->wait, &connections->waits, mhd);
}

void connections_add(struct connections *connections,
                     struct connection *connection)
{
    struct connections_side *side = &connections->sides[connection->peer];

    sync_lock(&connections->lock);
    append_locked(connections, connection);
    side->open++;
    side->added++;
    note_change_locked(side);
    atomic_fetch_add(&connections->count, 1);
    atomic_store(&connections->starved, false);
    eviction_request_locked(connections, connection->peer);
    sync_unlock(&connections->lock);
}

void connections_remove(struct connections *connections,
                        struct connection *connection)
{
    struct connections_side *side = &connections->sides[connection->peer];

    sync_lock(&connections->lock);
    unlink_locked(connections, connection);
    side->open--;
    note_change_locked(side);
    if (atomic_load(&connection->closing))
        side->closing--;
    if (atomic_fetch_sub(&connections->count, 1) == 1)
        sync_broadcast(&connections->emptied);
    atomic_store(&connections->starved, false);
    sync_unlock(&connections->lock);
    wait_release(&connection->wait);
}

struct connections_at connections_at(struct connections *connections,
                                     enum peer_kind peer)
{
    const struct connections_side *side = &connections->sides[peer];

    sync_lock(&connections->lock);
    struct connections_at at = {side->open, side->added};
    sync_unlock(&connections->lock);
    return at;
}

void connections_await_change(struct connections *connections,
                              enum peer_kind peer,
                              const struct connections_at *seen, unsigned ms)
{
    struct connections_side *side = &connections->sides[peer];
    struct timespec deadline = sync_deadline(ms);

    sync_lock(&connections->lock);
    side->awaited = true;
    while (side->open == seen->open && side->added == seen->added &&
           !side->interrupted &&
           sync_wait_until(&side->changed, &connections->lock, &deadline))
        ;
    side->awaited = side->interrupted = false;
    sync_unlock(&connections->lock);
}

void connections_interrupt(struct connections *connections, enum peer_kind peer)
{
    sync_lock(&connections->lock);
    connections->sides[peer].interrupted = true;
    sync_signal(&connections->sides[peer].changed);
    sync_unlock(&connections->lock);
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
    for (enum peer_kind peer = 0; peer < PEER_KINDS; peer++)
        eviction_request_locked(connections, peer);
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
           !atomic_load(&connections->stopping) &&
           !atomic_load(&connections->starved) &&
           !atomic_load(&connection->closing);
}

void connections_stop_keep_alive(struct connections *connections)
{
    atomic_store(&connections->stopping, true);
}

void connections_shut_locked(struct connections *connections,
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
