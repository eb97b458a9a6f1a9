/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of open connections: how many there are, how many there may be, and
 * whether one is kept alive. Their time limits are those of the sweep
 * (sweep.h), which also evicts some when they are many (eviction.h); how they
 * end at a stop is in drain.h.
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

/* Add a connection that was opened, and waits for a request. */
void connections_add(struct connections *connections,
                     struct connection *connection, struct MHD_Connection *mhd,
                     int socket, enum peer_kind peer);

/* Remove a connection, before its descriptor is closed. */
void connections_remove(struct connections *connections,
                        struct connection *connection);

/*
 * How many are open at one socket; and how many were added since the start,
 * which the lock makes one picture.
 */
unsigned connections_open(struct connections *connections, enum peer_kind peer,
                          uint64_t *added);

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
