/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded list of connections that are no longer used but left open, as
 * the original program leaves them; oldest first.
 *
 * Sweeps close the connections that the server has closed. The server closed
 * first, so TIME_WAIT is on its side, and the port is free on this side at
 * once. When the list is full or no port is left, the oldest connections are
 * reset, which also leaves no TIME_WAIT. At the end all are reset, so that
 * the next run has its ports.
 *
 * Locking: none; each worker has its own list.
 */
#ifndef ROCKETS_SOCKETS_H
#define ROCKETS_SOCKETS_H

#include <poll.h>
#include <stddef.h>

enum {
    /*
     * Connections left open by all workers together. By default, Linux has
     * 28,232 ephemeral ports. connect(2) tries one half of them before the
     * other, and becomes much slower when the first half is used up.
     */
    SOCKETS_MAX = 12000
};

struct sockets {
    struct pollfd *items; /* `limit` of them, the first `count` in use */
    size_t limit;
    size_t count;
    size_t sweep_at; /* count at which the next sweep runs, <= limit */
};

/*
 * Raise the limit of open files (RLIMIT_NOFILE) to the hard limit. Returns
 * how many connections each of `workers` may leave open; may be 0.
 */
size_t sockets_room(size_t workers);

/* Returns 0, or -1 if out of memory. */
int sockets_init(struct sockets *sockets, size_t limit);

/* Reset all connections. */
void sockets_release(struct sockets *sockets);

/*
 * Keep a connection open. With a limit of 0, close it.
 * Ownership: `descriptor` passes to `sockets`.
 */
void sockets_keep(struct sockets *sockets, int descriptor);

/* Reset the oldest eighth of the connections, to free descriptors and ports. */
void sockets_reset_oldest(struct sockets *sockets);

#endif
