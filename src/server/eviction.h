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
    EVICTION_REQUEST = 1000 /* ms that one may take when it is crowded */
};

/* A connection as it was seen. */
struct evictable {
    struct connection *connection;
    uint64_t state;
};

struct eviction {
    struct evictable *sorted; /* room for `max` of them */
    unsigned count, max;
};

/* For at most `max` connections. False where memory ends. */
bool eviction_init(struct eviction *eviction, unsigned max);
void eviction_release(struct eviction *eviction);

/* Pick them out of a list that begins with `first`, oldest first. */
void eviction_pick_locked(struct eviction *eviction, struct connection *first);

/* How to close one; not at all if it is no longer what it was. */
enum connection_verdict
eviction_verdict_locked(const struct evictable *evictable);

#endif
