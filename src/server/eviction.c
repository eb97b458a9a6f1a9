/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States are copied, as they may change while they are sorted.
 */
#include "eviction.h"

#include <stdlib.h>

bool candidates_init(struct candidates *candidates, unsigned max)
{
    *candidates = (struct candidates){.max = max};
    candidates->sorted = calloc(max, sizeof(*candidates->sorted));
    return candidates->sorted != NULL;
}

void candidates_release(struct candidates *candidates)
{
    free(candidates->sorted);
}

/* Idle ones first, then those that send a request; each oldest first. */
static int compare(const void *first, const void *second)
{
    const struct candidate *a = first, *b = second;
    enum connection_phase phase_a = connection_phase_of(a->state);
    enum connection_phase phase_b = connection_phase_of(b->state);

    if (phase_a != phase_b)
        return phase_a < phase_b ? -1 : 1;
    return (a->state > b->state) - (a->state < b->state);
}

static bool may_be_closed(const struct candidate *candidate, uint64_t now)
{
    enum connection_phase phase = connection_phase_of(candidate->state);

    return !atomic_load(&candidate->connection->closing) &&
           (phase == CONNECTION_WAITING ||
            (phase == CONNECTION_RECEIVING &&
             connection_age(candidate->state, now) >= CANDIDATES_REQUEST));
}

void candidates_pick_locked(struct candidates *candidates,
                            struct connection *first)
{
    uint64_t now = connection_clock();
    unsigned count = 0;

    for (struct connection *connection = first;
         connection != NULL && count < candidates->max;
         connection = connection->next) {
        struct candidate *candidate = &candidates->sorted[count];
        candidate->connection = connection;
        candidate->state = atomic_load(&connection->state);
        if (may_be_closed(candidate, now))
            count++;
    }
    qsort(candidates->sorted, count, sizeof(*candidates->sorted), compare);
    candidates->count = count;
}

enum connection_verdict
candidate_verdict_locked(const struct candidate *candidate)
{
    if (atomic_load(&candidate->connection->state) != candidate->state)
        return CONNECTION_STAYS;
    return connection_phase_of(candidate->state) == CONNECTION_WAITING
               ? CONNECTION_CLOSES
               : CONNECTION_CUT;
}
