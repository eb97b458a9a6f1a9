/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepts the connections of a socket that another process holds as well, such
 * as a service manager, and hands them to a daemon of libmicrohttpd.
 *
 * A daemon with a listening socket of its own could not let go of it. While it
 * runs, the socket is in the epoll sets of its loops, where it stays as long as
 * any process has it open: they would wake for each client that waits for the
 * next instance. shutdown(2), which silences other sockets (listener.h), is for
 * all processes.
 *
 * With this, a stop leaves clients that were not accepted in the kernel's
 * queue, and whoever listens next serves them.
 */
#ifndef LUNAR_SERVER_ACCEPTOR_H
#define LUNAR_SERVER_ACCEPTOR_H

#include <stdbool.h>

#include "peer_state.h"

struct MHD_Daemon;
struct acceptor;
struct connections;

/*
 * The limit for the daemon, of which each of its loops gets the same part: far
 * above what it is handed, which is never more than max_connections. It would
 * close the connections above it, and the acceptor leaves them in the queue.
 */
unsigned acceptor_daemon_limit(unsigned max_connections, unsigned loops);

/*
 * Start a thread that accepts. NULL where memory, descriptors or threads end.
 * Ownership: all is borrowed until acceptor_stop(). The daemon has no listening
 * socket, and `kind` of `connections` only what this adds.
 */
struct acceptor *acceptor_start(int socket, enum peer_kind kind,
                                struct MHD_Daemon *daemon,
                                struct connections *connections);

/*
 * Accept no more, and free it. What was accepted is in the list of connections
 * by then, for the stop. NULL does nothing.
 */
void acceptor_stop(struct acceptor *acceptor);

#endif
