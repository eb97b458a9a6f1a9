/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket.
 */
#ifndef LUNAR_SERVER_LISTEN_H
#define LUNAR_SERVER_LISTEN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Listen on `port` of `host` (a name or an address; "::" takes IPv4 too).
 * Returns the descriptor; or -1, and `error` is a line that says what to do.
 */
int listener_open(const char *host, uint16_t port, char *error,
                  size_t error_size);

/* The port that a listening socket has. */
uint16_t listener_port(int socket);

/*
 * A socket that listens where nobody can reach it; -1 on failure. Opened at
 * the start, as at the end there may be no descriptor for it.
 */
int listener_open_placeholder(void);

/*
 * Stop listening on `socket`, while MHD's event loops wait for it: nobody
 * can connect any more. The descriptor stays open, and keeps the loops busy
 * until, some hundred milliseconds later, it is made to be `deaf`.
 */
void listener_shut(int socket);
void listener_replace(int socket, int deaf);

#endif
