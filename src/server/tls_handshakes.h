/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handshakes that wait for their client. libmicrohttpd 0.9.75 forgets that it
 * has read all there is of a socket when a handshake needs more: its loop then
 * calls gnutls_handshake() over and over again until the client sends more, so
 * that a few bytes of one client keep a core busy. Therefore a connection is
 * suspended while its handshake waits, and one thread, with an epoll of its
 * own, resumes it when bytes arrive or the peer ends.
 *
 * In the mode with a thread a connection libmicrohttpd waits by poll(2), and
 * all this is not needed.
 *
 * Locking: all functions lock for themselves.
 */
#ifndef LUNAR_SERVER_TLS_HANDSHAKES_H
#define LUNAR_SERVER_TLS_HANDSHAKES_H

#include <stdbool.h>

struct MHD_Connection;
struct tls_handshakes;

/* Of one connection. */
struct tls_handshake {
    /* Set by tls_handshake_init(), then read-only. */
    struct MHD_Connection *mhd;
    int socket;
    /* Owned by the connection's thread. */
    bool watched; /* the socket is in the epoll, and perhaps disarmed */
    /* Guarded by the lock. */
    struct tls_handshake *next, *previous; /* while it waits */
    bool waits;                            /* it is on the list */
};

/* NULL where memory, descriptors or threads end. */
struct tls_handshakes *tls_handshakes_start(void);

/*
 * Resume all, suspend no more, and end the thread: before libmicrohttpd is
 * stopped, as it must not be while a connection is suspended. NULL does
 * nothing. tls_handshake_wait() can still be called after it.
 */
void tls_handshakes_stop(struct tls_handshakes *handshakes);

/* After libmicrohttpd has stopped. NULL does nothing. */
void tls_handshakes_free(struct tls_handshakes *handshakes);

void tls_handshake_init(struct tls_handshake *handshake,
                        struct MHD_Connection *mhd, int socket);

/*
 * Suspend the connection until its socket has bytes, an end or an error. At a
 * stop it is left as it is.
 * Locking: on the connection's thread, which libmicrohttpd has called.
 */
void tls_handshake_wait(struct tls_handshakes *handshakes,
                        struct tls_handshake *handshake);

/* The handshake is over, or the connection is about to be closed. */
void tls_handshake_end(struct tls_handshakes *handshakes,
                       struct tls_handshake *handshake);

#endif
