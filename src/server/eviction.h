/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connections to close to make room for others: first those that wait for
 * a request, then those whose request has been arriving for over a second, as
 * clients that never complete a request could otherwise lock out all others;
 * each the oldest first.
 *
 * Locking: the caller holds the lock of the list of connections where a name
 * ends in _locked.
 */
#ifndef LUNAR_SERVER_EVICTION_H
#define LUNAR_SERVER_EVICTION_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"

enum {
    EVICTION_REQUEST = 1000 /* ms that a request may take when it is crowded */
};

/* A connection, and its state when it was picked. */
struct evictable {
    struct connection *connection;
    uint64_t state;
};

struct eviction {
    struct evictable *sorted; /* room for `max` */
    unsigned count, max;
};

/* For at most `max` connections. False if memory is exhausted. */
bool eviction_init(struct eviction *eviction, unsigned max);
void eviction_release(struct eviction *eviction);

/* Pick and sort those of `peer` of the list that begins with `first`. */
void eviction_pick_locked(struct eviction *eviction, struct connection *first,
                          enum peer_kind peer);

/* How to close one: CONNECTION_KEEP if its state has changed since. */
enum connection_verdict
eviction_verdict_locked(const struct evictable *evictable);

#endif
