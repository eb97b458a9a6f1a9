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

static bool is_evictable(const struct evictable *evictable, uint64_t now)
{
    enum connection_phase phase = connection_phase_of(evictable->state);

    return !atomic_load(&evictable->connection->closing) &&
           (phase == CONNECTION_IDLE ||
            (phase == CONNECTION_RECEIVING &&
             connection_age(evictable->state, now) >= EVICTION_REQUEST));
}

void eviction_pick_locked(struct eviction *eviction, struct connection *first)
{
    uint64_t now = connection_clock();
    unsigned count = 0;

    for (struct connection *connection = first;
         connection != NULL && count < eviction->max;
         connection = connection->next) {
        struct evictable *evictable = &eviction->sorted[count];
        evictable->connection = connection;
        evictable->state = atomic_load(&connection->state);
        if (is_evictable(evictable, now))
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
