/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lingering close (RFC 9112 section 9.6). If a socket is closed while its peer
 * still sends, the kernel resets the connection, and the peer may lose a
 * response that it has not read yet. libmicrohttpd closes at once; so the
 * connection is kept under another descriptor, and what arrives is discarded,
 * until the peer ends it or a time limit does.
 *
 * Locking: one thread does all this; any thread may hand it a connection.
 */
#ifndef LUNAR_SERVER_LINGER_H
#define LUNAR_SERVER_LINGER_H

enum {
    LINGER_CONNECTIONS = 64,  /* at a time; others are closed at once */
    LINGER_QUIET_SECONDS = 5, /* in which nothing arrives */
    LINGER_SECONDS = 30,      /* in all */
};

struct linger_close;

/*
 * The limits in seconds, as above. NULL where memory, descriptors or threads
 * end.
 */
struct linger_close *linger_start(unsigned quiet_seconds, unsigned seconds);

/* Close what is left, and end the thread. NULL does nothing. */
void linger_free(struct linger_close *linger);

/*
 * Shut down the sending side of `socket`, and keep the connection for a while.
 * Does not block. The caller closes `socket` as if this had not been called.
 */
void linger_keep(struct linger_close *linger, int socket);

#endif
