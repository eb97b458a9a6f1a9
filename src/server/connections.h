/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open connections and their time limits. One thread sweeps the list twice
 * a second, and at once when connections are many, and shuts down the sockets
 * of those that
 *
 * - have been idle for too long;
 * - have not sent a complete request within CONNECTION_REQUEST_SECONDS, however
 *   steadily its bytes arrive;
 * - have not taken a byte of their response for CONNECTION_SEND_SECONDS;
 * - were shut down by the client before a request was complete;
 * - are evicted (eviction.h), when 15/16 of the connections that may be open
 *   at the same listening socket are open, or the system has no resources for
 *   another one, so that a new one always gets in.
 *
 * The sweep only shuts sockets down: the event loop notices, and closes them. A
 * connection that waits for the application has no limit.
 *
 * A long-lived response ends when its client shuts down its side, or does not
 * acknowledge for CONNECTION_SEND_SECONDS what was sent to it: the sweep also
 * cancels its wait, as nothing happens to a connection that is suspended. It
 * counts as an open connection, and is never evicted.
 *
 * Locking: a mutex guards the list; a connection's phase is atomic, so that
 * requests need no lock. All functions lock for themselves. Waits are cancelled
 * without the lock.
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
    CONNECTIONS_LAST_CALL = 500, /* ms, at a stop */
};

struct MHD_Connection;
struct connections;
struct request_log;

/*
 * NULL where memory or threads end. `max_connections`: of each listening
 * socket. `threads`: each connection has a thread of
 * its own. `idle_seconds`: after which an idle connection is closed. Once a
 * second `log` reports what it has left out.
 * Ownership: `log` is borrowed.
 */
struct connections *connections_start(unsigned max_connections, bool threads,
                                      unsigned idle_seconds,
                                      struct request_log *log);

/* End the thread. No connection may be open. NULL does nothing. */
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

/*
 * What the request of the connection is from now on. At its end it must be
 * CONNECTION_SHORT again.
 * Locking: none; on the connection's thread.
 */
void connections_set_life(struct connections *connections,
                          struct connection *connection,
                          enum connection_life life);

/* From now on keep no connection alive after a response. */
void connections_stop_keep_alive(struct connections *connections);

/*
 * After that: wait CONNECTIONS_LAST_CALL for requests that may still arrive on
 * idle connections, then close these, and from then on each that becomes idle.
 * True if all connections were closed before that time was over.
 */
bool connections_drain(struct connections *connections);

/*
 * At a stop: cancel whatever the application makes connections wait for, and
 * give these waits at most `ms` milliseconds to end. Returns how many have not.
 * From now on no wait begins, and connections that are open are closed because
 * of the stop.
 */
unsigned connections_cancel_waits(struct connections *connections, unsigned ms);

/*
 * Wait until no connection is open, at most `ms` milliseconds. Returns how many
 * are open.
 */
unsigned connections_wait(struct connections *connections, unsigned ms);

#endif
