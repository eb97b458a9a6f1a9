/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon of libmicrohttpd: the event loops, or threads, that serve one
 * listening socket.
 */
#ifndef LUNAR_SERVER_DAEMON_H
#define LUNAR_SERVER_DAEMON_H

#include "peer_state.h"

struct MHD_Daemon;
struct server_context;
struct server_options;

/*
 * Serve the listening `socket`, whose clients are `peers`; over TCP by TLS if
 * the options have a certificate. -1: what an acceptor (acceptor.h) adds.
 * NULL if memory or threads are exhausted.
 * Ownership: the caller ends it with MHD_stop_daemon(), which closes the
 * socket. `shared` is borrowed until then, the options for this call.
 */
struct MHD_Daemon *daemon_start(const struct server_context *shared,
                                const struct server_options *options,
                                int socket, enum peer_kind peers);

#endif
