/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States are copied, as they may change while they are sorted.
 */
#include "eviction.h"

#include <stdlib.h>

#include "base/sync.h"
#include "connections_state.h"

/* In the order in which they go. */
enum rank {
    RANK_IDLE,     /* waits for a request */
    RANK_ARRIVING, /* its request has been arriving for long */
    RANK_TAKING,   /* it takes its response slowly */
    RANK_NEW,      /* is fresh */
    RANK_KEPT,     /* does not go */
};

/* A connection, and its state when it was picked. */
struct evictable {
    struct connection *connection;
    uint64_t state;
    enum rank rank;
};

bool eviction_init(struct eviction *eviction, unsigned max)
{
    *eviction = (struct eviction){.max = max};
    eviction->sorted = calloc(max, sizeof(*eviction->sorted));
    return eviction->sorted != NULL;
}

void eviction_release(struct eviction *eviction)
{
    free(eviction->sorted);
}

/*
 * How many to evict: a sixteenth at once, so that the list is not sorted for
 * each new connection, if 15/16 of those that may be open are, without closing
 * ones. If the system is out of resources, a sixteenth of the open ones.
 */
static unsigned count_wanted_locked(const struct connections *connections,
                                    const struct connections_side *side)
{
    if (atomic_load(&connections->starved))
        return side->open / 16 + 1;
    return side->open - side->closing >= connections->crowd
               ? connections->max - connections->crowd
               : 0;
}

void eviction_request_locked(struct connections *connections,
                             enum peer_kind peer)
{
    struct connections_side *side = &connections->sides[peer];
    unsigned wanted = count_wanted_locked(connections, side);

    if (wanted == 0 || side->all_busy)
        return;
    side->wanted = wanted;
    sync_signal(&connections->wake);
}

void eviction_plan_locked(struct connections *connections)
{
    for (size_t i = 0; i < PEER_KINDS; i++) {
        struct connections_side *side = &connections->sides[i];
        side->all_busy = false;
        side->wanted = count_wanted_locked(connections, side);
    }
}

bool eviction_is_wanted_locked(const struct connections *connections)
{
    return connections->sides[PEER_TCP].wanted > 0 ||
           connections->sides[PEER_UNIX].wanted > 0;
}

static int compare_evictable(const void *first, const void *second)
{
    const struct evictable *a = first, *b = second;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return (a->state > b->state) - (a->state < b->state);
}

/*
 * A client that is fresh has a moment to send its request: if all others are
 * busy, it would be the one to go. Over plain TCP what has arrived is still
 * read once the receiving side is shut down. But a handshake of TLS fails then,
 * and the client of a Unix socket can't even send; so these are kept for that
 * moment.
 */
static enum rank rank_of(const struct connection *connection, uint64_t state,
                         uint64_t now)
{
    bool is_long = connection_age(state, now) >= EVICTION_REQUEST;

    if (atomic_load(&connection->closing))
        return RANK_KEPT;
    switch (connection_phase_of(state)) {
    case CONNECTION_IDLE:
        if (is_long || !connection_is_fresh(connection, state))
            return RANK_IDLE;
        return connection->peer == PEER_UNIX || connection->by_tls ? RANK_KEPT
                                                                   : RANK_NEW;
    case CONNECTION_RECEIVING:
        return is_long ? RANK_ARRIVING : RANK_KEPT;
    case CONNECTION_SENDING:
        return connection_takes_slowly_locked(connection, state, now)
                   ? RANK_TAKING
                   : RANK_KEPT;
    case CONNECTION_WORKING:
        break;
    }
    return RANK_KEPT;
}

/* Pick and sort those of `peer`. */
static void pick_locked(struct connections *connections, enum peer_kind peer)
{
    struct eviction *eviction = &connections->eviction;
    uint64_t now = connection_clock();
    unsigned count = 0;

    for (struct connection *connection = connections->first;
         connection != NULL && count < eviction->max;
         connection = connection->next) {
        struct evictable *evictable = &eviction->sorted[count];
        evictable->connection = connection;
        evictable->state = atomic_load(&connection->state);
        evictable->rank = rank_of(connection, evictable->state, now);
        if (connection->peer == peer && evictable->rank != RANK_KEPT)
            count++;
    }
    qsort(eviction->sorted, count, sizeof(*eviction->sorted),
          compare_evictable);
    eviction->count = count;
}

/* How to close one: CONNECTION_KEEP if its state has changed since. */
static enum connection_verdict judge_locked(const struct evictable *evictable)
{
    if (atomic_load(&evictable->connection->state) != evictable->state)
        return CONNECTION_KEEP;
    return connection_end_locked(evictable->connection, CONNECTION_END_EVICTED,
                                 connection_phase_of(evictable->state) ==
                                         CONNECTION_IDLE
                                     ? CONNECTION_SHUT_READ
                                     : CONNECTION_RESET);
}

static void evict_at_locked(struct connections *connections,
                            enum peer_kind peer)
{
    struct connections_side *side = &connections->sides[peer];
    const struct eviction *eviction = &connections->eviction;

    pick_locked(connections, peer);
    for (unsigned i = 0; i < eviction->count && i < side->wanted; i++)
        connections_shut_locked(connections, eviction->sorted[i].connection,
                                judge_locked(&eviction->sorted[i]));
    side->wanted = 0;
    side->all_busy = eviction->count == 0;
}

void eviction_run_locked(struct connections *connections)
{
    for (enum peer_kind peer = 0; peer < PEER_KINDS; peer++)
        if (connections->sides[peer].wanted > 0)
            evict_at_locked(connections, peer);
}
