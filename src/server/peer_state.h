/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel knows of the peer of a connection: whether it has ended its
 * side, when it sent something, and whether it takes what is sent to it. TCP
 * reports all of that. A Unix socket does not, so there the same is found out
 * from what it does report.
 *
 * Locking: none; the caller keeps the descriptor open.
 */
#ifndef LUNAR_SERVER_PEER_STATE_H
#define LUNAR_SERVER_PEER_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* The kind of the socket, for which the kernel is asked in its own way. */
enum peer_kind { PEER_TCP, PEER_UNIX, PEER_KINDS };

enum {
    PEER_CLOCK_GRAIN = 20, /* ms by which `quiet_ms` may be wrong */
    PEER_QUIET = INT32_MAX /* ms: it has sent nothing since peer_await() */
};

struct peer_state {
    bool ended;   /* it has shut down its side, or it has gone */
    bool pending; /* of the bytes sent to it, it has not taken all */
    /*
     * Changes when it takes bytes. TCP: each byte that it acknowledges. Unix
     * socket: each block of the kernel's queue, of up to 36 KiB.
     */
    uint64_t taken;
    /*
     * Since it sent bytes last. Unix socket: 0 or PEER_QUIET, and no more is
     * known.
     */
    uint64_t quiet_ms;
};

/* What of the peer's bytes is left to read. */
enum peer_input {
    PEER_INPUT_NONE, /* nothing now */
    PEER_INPUT_SOME,
    PEER_INPUT_END, /* nothing, and nothing will come */
};

/*
 * From now on the connection waits for a request: bytes that were read before
 * this do not count as sent by the peer. A system call for Unix sockets only.
 */
void peer_await(enum peer_kind kind, int socket);

/* Ask the kernel. False if it does not report all that is needed here. */
bool peer_state_read(enum peer_kind kind, int socket, struct peer_state *state);

/* Whether the peer has sent bytes that nobody has read. */
bool peer_has_unread(int socket);

/*
 * What is left to read, of a connection that is about to be closed: of a Unix
 * socket nothing else may be asked after that.
 */
enum peer_input peer_last_input(enum peer_kind kind, int socket);

#endif
