/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States are copied, as they may change while they are sorted.
 */
#include "eviction.h"

#include <stdlib.h>

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

static int compare_evictable(const void *first, const void *second)
{
    const struct evictable *a = first, *b = second;
    enum connection_phase phase_a = connection_phase_of(a->state);
    enum connection_phase phase_b = connection_phase_of(b->state);

    if (phase_a != phase_b)
        return phase_a < phase_b ? -1 : 1;
    return (a->state > b->state) - (a->state < b->state);
}

/*
 * Once a Unix socket is shut down for reading, its client can't even send, and
 * over TCP it can. So there a client that has just connected has a moment to
 * send its request: if all others are busy, it would be the one to go.
 */
static bool is_evictable(const struct evictable *evictable, uint64_t now)
{
    const struct connection *connection = evictable->connection;
    enum connection_phase phase = connection_phase_of(evictable->state);
    bool is_new =
        connection->peer == PEER_UNIX && evictable->state == connection->opened;

    if (atomic_load(&connection->closing))
        return false;
    if (phase == CONNECTION_RECEIVING || (phase == CONNECTION_IDLE && is_new))
        return connection_age(evictable->state, now) >= EVICTION_REQUEST;
    return phase == CONNECTION_IDLE;
}

void eviction_pick_locked(struct eviction *eviction, struct connection *first,
                          enum peer_kind peer)
{
    uint64_t now = connection_clock();
    unsigned count = 0;

    for (struct connection *connection = first;
         connection != NULL && count < eviction->max;
         connection = connection->next) {
        struct evictable *evictable = &eviction->sorted[count];
        evictable->connection = connection;
        evictable->state = atomic_load(&connection->state);
        if (connection->peer == peer && is_evictable(evictable, now))
            count++;
    }
    qsort(eviction->sorted, count, sizeof(*eviction->sorted),
          compare_evictable);
    eviction->count = count;
}

enum connection_verdict
eviction_verdict_locked(const struct evictable *evictable)
{
    if (atomic_load(&evictable->connection->state) != evictable->state)
        return CONNECTION_KEEP;
    return connection_end_locked(evictable->connection, CONNECTION_END_EVICTED,
                                 connection_phase_of(evictable->state) ==
                                         CONNECTION_IDLE
                                     ? CONNECTION_SHUT_READ
                                     : CONNECTION_RESET);
}
