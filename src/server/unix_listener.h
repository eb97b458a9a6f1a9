/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening Unix socket and its file: who may connect, a file that is left
 * from a service that did not end well, and the removal at the end.
 *
 * Locking: one thread at a time. Services that open the same path at the same
 * moment take turns, by a lock on the folder (flock(2)).
 */
#ifndef LUNAR_SERVER_UNIX_LISTENER_H
#define LUNAR_SERVER_UNIX_LISTENER_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

#include "server/server.h"

struct unix_listener {
    int socket; /* -1: none */
    struct sockaddr_un address;
    /* The file, which has this identity while the socket is open. */
    dev_t device;
    ino_t inode;
};

/*
 * Listen. The file has the wanted permissions from its first moment on. A
 * socket that is there already is replaced if nobody listens on it; nothing
 * else is. Returns 0; or -1, and `error` is a line that says what to do.
 */
int unix_listener_open(struct unix_listener *listener,
                       const struct server_unix_socket *wanted, char *error,
                       size_t error_size);

/*
 * Remove the file, unless another one has taken its place. Before the socket is
 * closed: the kernel could give the number of the inode to the file of another
 * service. Does nothing without a socket.
 */
void unix_listener_remove(const struct unix_listener *listener);

#endif
