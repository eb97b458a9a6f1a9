/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connections to close to make room for others, and when: if 15/16 of the
 * connections that may be open at the same listening socket are open, or the
 * system has no resources for another one. First those go that wait for a
 * request, then those whose request has been arriving for over a second, as
 * clients that never complete a request could otherwise lock out all others;
 * then those that take a response slowly (connection.h); at last those that
 * have just been opened. Of each the oldest first.
 *
 * Locking: the caller holds the lock of the list of connections where a name
 * ends in _locked. What is requested is done by the sweep's thread.
 */
#ifndef LUNAR_SERVER_EVICTION_H
#define LUNAR_SERVER_EVICTION_H

#include <stdbool.h>

#include "peer_state.h"

enum {
    EVICTION_REQUEST = 1000 /* ms that a request may take when it is crowded */
};

struct connections;
struct evictable;

/* Embedded in the list. */
struct eviction {
    struct evictable *sorted; /* room for `max` */
    unsigned count, max;
};

/* For at most `max` connections. False if memory is exhausted. */
bool eviction_init(struct eviction *eviction, unsigned max);
void eviction_release(struct eviction *eviction);

/*
 * Wake the sweep for an eviction at one socket, if one is needed, and was not
 * in vain a moment ago.
 */
void eviction_request_locked(struct connections *connections,
                             enum peer_kind peer);

/* Decide anew at each socket whether one is needed, at a tick of the sweep. */
void eviction_plan_locked(struct connections *connections);

bool eviction_is_wanted_locked(const struct connections *connections);

/* Evict as many as are wanted. */
void eviction_run_locked(struct connections *connections);

#endif
