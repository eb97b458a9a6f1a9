/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the list of connections, for those who keep it: connections.c,
 * which adds and removes; eviction.c; sweep.c; and connections_stop.c.
 */
#ifndef LUNAR_SERVER_CONNECTIONS_STATE_H
#define LUNAR_SERVER_CONNECTIONS_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "connection.h"
#include "connections.h"
#include "eviction.h"
#include "wait.h"

/* The connections of one listening socket, which has a limit of its own. */
struct connections_side {
    unsigned open;
    uint64_t added;   /* since the start */
    unsigned closing; /* of the open ones: shut down, and not closed yet */
    unsigned wanted;  /* to be evicted at once */
    bool all_busy;    /* none could be: do not try before the next tick */
    /* Of connections_await_change(). */
    pthread_cond_t changed;
    bool awaited; /* somebody waits for `open` or `added` to change */
    bool interrupted;
};

struct connections {
    pthread_mutex_t lock;
    pthread_cond_t wake;    /* the sweep has something to do */
    pthread_cond_t emptied; /* no connection is open */
    /* Guarded by `lock`. */
    struct connection *first, *last; /* checked longest ago, latest */
    struct connections_side sides[PEER_KINDS];
    bool closing_idle; /* at a stop: idle connections are closed */
    uint64_t warned;   /* the last warning's time, or 0 */
    struct eviction eviction;
    /* Read without the lock. */
    _Atomic unsigned count;
    _Atomic unsigned long_lived; /* of `count` */
    _Atomic bool stopping;       /* none is kept alive any more */
    _Atomic bool starved;        /* another one could not be opened, lately */
    _Atomic unsigned phases[CONNECTION_PHASES]; /* connections in each */
    struct waits waits;
    /* Set at start, then read-only. */
    unsigned max, crowd; /* with so many open, some are evicted */
};

/* Have `connection` checked after all others. It must be in the list. */
void connections_move_last_locked(struct connections *connections,
                                  struct connection *connection);

/* Shut its socket down, unless the verdict is none of those that do. */
void connections_shut_locked(struct connections *connections,
                             struct connection *connection,
                             enum connection_verdict how);

#endif
