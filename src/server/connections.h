/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open connections and their time limits. One thread looks over the
 * list twice a second, and at once when connections are many, and shuts
 * down the sockets of those that
 *
 * - have been idle for CONNECTION_IDLE_SECONDS;
 * - have not sent a whole request within CONNECTION_REQUEST_SECONDS, however
 *   steadily its bytes come;
 * - have not taken a byte of their answer for CONNECTION_SEND_SECONDS;
 * - have been ended by the client before there was a whole request;
 * - have been idle for longest, when 15/16 of all connections that may be
 *   open are, or the system has nothing left for another one, so that a new
 *   one always gets in; where too few are idle, those whose request has been
 *   arriving for longest, and for over a second.
 *
 * Shutting down is all it does: the event loop notices and closes. A
 * connection that waits for the service itself has no limit.
 *
 * Locking: a mutex guards the list; a connection's phase is atomic, so that
 * requests pass without the lock.
 */
#ifndef LUNAR_SERVER_CONNECTIONS_H
#define LUNAR_SERVER_CONNECTIONS_H

#include <stdbool.h>

#include "connection.h"

enum {
    /* Below so many open connections each is kept alive after an answer. */
    CONNECTIONS_KEEP_ALIVE_BELOW = 512,
    CONNECTIONS_LAST_CALL = 500, /* ms, at a stop */
};

struct MHD_Connection;
struct connections;

/*
 * NULL where memory or threads end. `threads`: each connection has a thread of
 * its own.
 */
struct connections *connections_start(unsigned max_connections, bool threads);

/* End the thread. No connection may be left. */
void connections_free(struct connections *connections);

/* A connection was opened, and waits for a request. */
void connections_add(struct connections *connections,
                     struct connection *connection, struct MHD_Connection *mhd,
                     int socket);

/* It is about to be closed. Not after the descriptor is. */
void connections_remove(struct connections *connections,
                        struct connection *connection);

/* How many are open. */
unsigned connections_count(const struct connections *connections);

/*
 * Another connection could not be opened: the system has no descriptor,
 * memory or thread for it. Until that changes, the ones idle for longest are
 * closed, and none is kept alive.
 */
void connections_make_room(struct connections *connections);

/*
 * Whether a connection should be kept alive after its answer: there is
 * room, and neither it nor the service is to end.
 */
bool connections_keep_alive(const struct connections *connections,
                            const struct connection *connection);

/* From now on keep no connection alive after an answer. */
void connections_stop_keep_alive(struct connections *connections);

/*
 * After that: idle connections have CONNECTIONS_LAST_CALL in which a request
 * may still arrive, which is waited for; then they are closed, and so is
 * each that falls idle later. False if there was none left before that.
 */
bool connections_drain(struct connections *connections);

/*
 * At a stop: cancel whatever the application makes connections wait for, and
 * return once none waits any more. From then on no wait begins.
 */
void connections_cancel_waits(struct connections *connections);

/*
 * Wait until no connection is left, at most `ms` milliseconds. Returns how
 * many are left.
 */
unsigned connections_wait(struct connections *connections, unsigned ms);

#endif
