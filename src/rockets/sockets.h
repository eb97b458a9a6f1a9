/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that are done with but left open, as the original program
 * leaves them: oldest first, and no more than there is room for.
 *
 * Those that the server has closed are closed here as well, a batch at a
 * time. The server closes first there, so the wait for stray segments
 * (TIME_WAIT) is its own and the port is free again here at once. Where
 * room or ports run out, the oldest are reset, for the same reason, and at
 * the end all are: the next run finds its ports free.
 *
 * Locking: none; each worker has its own.
 */
#ifndef ROCKETS_SOCKETS_H
#define ROCKETS_SOCKETS_H

#include <poll.h>
#include <stddef.h>

enum {
    /*
     * Connections left open by all workers together. Of the 28,232 ports
     * that Linux gives to clients unless told otherwise, connect(2) tries
     * one half before the other, and slows down much once that is used up.
     */
    SOCKETS_MAX = 12000
};

struct sockets {
    struct pollfd *items; /* `limit` of them, the first `count` in use */
    size_t limit;
    size_t count;
    size_t sweep_at; /* count at which to look for closed ones, <= limit */
};

/*
 * Raise the limit of open files as far as it goes and return how many
 * connections each of `workers` may leave open; 0 where none fit.
 */
size_t sockets_room(size_t workers);

/* Returns 0, or -1 where memory ends. */
int sockets_init(struct sockets *sockets, size_t limit);

/* Reset all. */
void sockets_release(struct sockets *sockets);

/* Leave `descriptor`, which is now owned here, open. */
void sockets_keep(struct sockets *sockets, int descriptor);

/* Make room: reset the oldest eighth of the connections. */
void sockets_reset_oldest(struct sockets *sockets);

#endif
