/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of open connections: how many there are, how many there may be, and
 * whether one is kept alive. Their time limits are those of the sweep
 * (sweep.h), which also evicts some when they are many (eviction.h); how they
 * end at a stop is in connections_stop.h.
 *
 * Locking: a mutex guards the list; a connection's phase and the counts are
 * atomic, so that requests need no lock. All functions lock for themselves.
 */
#ifndef LUNAR_SERVER_CONNECTIONS_H
#define LUNAR_SERVER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"

enum {
    /*
     * With fewer open connections each is kept alive after a response. Those
     * with a long-lived response do not count.
     */
    CONNECTIONS_KEEP_ALIVE_BELOW = 512,
};

struct MHD_Connection;
struct connections;

/*
 * NULL if memory is exhausted. `max_connections`: of each listening socket.
 * `threads`: each connection has a thread of its own.
 */
struct connections *connections_new(unsigned max_connections, bool threads);

/* No connection may be open, and no sweep run. NULL does nothing. */
void connections_free(struct connections *connections);

/* Set up a connection that was opened, and waits for a request. */
void connections_prepare(struct connections *connections,
                         struct connection *connection,
                         struct MHD_Connection *mhd, int socket,
                         enum peer_kind peer);

/* Add it to the list: from now on its limits hold, and it may be evicted. */
void connections_add(struct connections *connections,
                     struct connection *connection);

/* Remove a connection, before its descriptor is closed. */
void connections_remove(struct connections *connections,
                        struct connection *connection);

/* The connections at one socket: numbers of one moment. */
struct connections_at {
    unsigned open;
    uint64_t added; /* since the start */
};

struct connections_at connections_at(struct connections *connections,
                                     enum peer_kind peer);

/*
 * Wait until the numbers are not those that were `seen` any more, or
 * connections_interrupt() was called since the last wait; at most `ms`
 * milliseconds.
 * Locking: one thread at a time for each socket. Connections are added and
 * removed at the cost of one comparison while nobody waits.
 */
void connections_await_change(struct connections *connections,
                              enum peer_kind peer,
                              const struct connections_at *seen, unsigned ms);

/* End a wait for a change, or the next one if there is none. */
void connections_interrupt(struct connections *connections,
                           enum peer_kind peer);

/* The number of open connections, and how many may be open at each socket. */
unsigned connections_count(const struct connections *connections);
unsigned connections_limit(const struct connections *connections);

/*
 * How many were in each phase at the last sweep: so nobody who asks walks the
 * list.
 */
void connections_phases(const struct connections *connections,
                        uint64_t counts[CONNECTION_PHASES]);

/*
 * How many connections have been in one callback since connections_note(),
 * which their threads should leave in milliseconds. Those that wait for the
 * application are in none.
 * Locking: one thread at a time for both.
 */
unsigned connections_stuck(struct connections *connections);
void connections_note(struct connections *connections);

/*
 * Another connection could not be opened, as the system has no descriptor,
 * memory or thread for it. Until that changes, idle connections are evicted,
 * and none is kept alive.
 */
void connections_make_room(struct connections *connections);

/*
 * Whether a connection should be kept alive after its response: there is room,
 * and neither it nor the service is stopping.
 */
bool connections_keep_alive(const struct connections *connections,
                            const struct connection *connection);

/* From now on keep no connection alive after a response. */
void connections_stop_keep_alive(struct connections *connections);

/*
 * What the request of the connection is from now on. At its end it must be
 * CONNECTION_SHORT again.
 * Locking: none; on the connection's thread.
 */
void connections_set_life(struct connections *connections,
                          struct connection *connection,
                          enum connection_life life);

#endif
