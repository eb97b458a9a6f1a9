/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection to another instance, with a limit on each wait, and which a
 * watch can interrupt: it is asked at least every 100 ms, also while a name is
 * looked up. Over plain sockets, as with libcurl every start of the service
 * would take 3 ms longer and 25 more libraries, for a few requests.
 *
 * Locking: none; one thread.
 */
#ifndef LUNAR_REPLICA_PEER_SOCKET_H
#define LUNAR_REPLICA_PEER_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "store/journal.h"

enum {
    PEER_TICK_MS = 50,      /* between two calls of the watch */
    PEER_CONNECT_MS = 5000, /* for the name and all addresses of it */
};

/* Embedded. All but `fd` is set by the caller, and borrowed. */
struct peer_socket {
    const struct journal_watch *watch;       /* NULL: nothing interrupts */
    const struct journal_progress *progress; /* for the watch */
    int fd;                                  /* -1: not connected */
};

/*
 * Each function returns JOURNAL_INTERRUPTED, or JOURNAL_FAILED with what went
 * wrong in `error`, such as "cannot connect: Connection refused".
 */
enum journal_replayed peer_socket_connect(struct peer_socket *peer,
                                          const char *host, const char *port,
                                          char error[JOURNAL_ERROR]);

/*
 * Send all of it. `deadline` is in microseconds of the monotonic clock.
 */
enum journal_replayed peer_socket_send(struct peer_socket *peer,
                                       struct text bytes, uint64_t deadline,
                                       char error[JOURNAL_ERROR]);

/* Receive what comes next: `*count` bytes, 0 at the end. */
enum journal_replayed peer_socket_receive(struct peer_socket *peer, char *bytes,
                                          size_t *count, uint64_t deadline,
                                          char error[JOURNAL_ERROR]);

void peer_socket_close(struct peer_socket *peer);

#endif
