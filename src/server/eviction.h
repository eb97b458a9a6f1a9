/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connections may be closed to make room for others: those that wait
 * for a request, and behind them those whose request has been arriving for
 * over a second, or clients that never finish theirs could lock out all
 * others.
 *
 * Locking: that of the list of connections, see server_connection.h.
 */
#ifndef LUNAR_SERVER_EVICTION_H
#define LUNAR_SERVER_EVICTION_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"

enum {
    CANDIDATES_REQUEST = 1000 /* ms that one may take when it is crowded */
};

/* A connection as it was seen. */
struct candidate {
    struct connection *connection;
    uint64_t state;
};

struct candidates {
    struct candidate *sorted; /* room for `max` of them */
    unsigned count, max;
};

/* For at most `max` connections. False where memory ends. */
bool candidates_init(struct candidates *candidates, unsigned max);
void candidates_release(struct candidates *candidates);

/* Pick them out of a list that begins with `first`, oldest first. */
void candidates_pick_locked(struct candidates *candidates,
                            struct connection *first);

/* How to close one; not at all if it is no longer what it was. */
enum connection_verdict
candidate_verdict_locked(const struct candidate *candidate);

#endif
