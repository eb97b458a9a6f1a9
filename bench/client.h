/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A minimal HTTP client for the load generators: connections to 127.0.0.1,
 * and responses with a Content-Length, one at a time per connection.
 */
#ifndef LUNAR_BENCH_CLIENT_H
#define LUNAR_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a response, head and body, that are stored. */
enum { CLIENT_REPLY_KEPT = 4096 };

enum client_state {
    CLIENT_MORE,   /* the response is not complete yet */
    CLIENT_DONE,   /* the response is complete */
    CLIENT_CLOSED, /* the connection ended before that */
    CLIENT_BAD,    /* not an expected response; `problem` says why */
};

/* A response while it is read. */
struct client_reply {
    unsigned status;
    bool close;          /* Connection: close */
    const char *body;    /* its stored part, a string; NULL before the body */
    const char *problem; /* of CLIENT_BAD, else NULL */

    size_t head;        /* length of the head; 0 until it is complete */
    uint64_t body_left; /* bytes of the body not received yet */
    size_t kept;        /* bytes stored in `bytes` */
    char bytes[CLIENT_REPLY_KEPT + 1];
};

/*
 * Open a connection to a port of 127.0.0.1, with TCP_NODELAY. A non-blocking
 * one may still be connecting. On failure, returns -1 and sets errno.
 * Ownership: the caller closes the descriptor.
 */
int client_connect(uint16_t port, bool blocking);

/* Raise RLIMIT_NOFILE to at least `files`, or die. */
void client_allow_files(size_t files);

/* Prepare `reply` for the next response. */
void client_begin(struct client_reply *reply);

/*
 * Read a part of the response with one recv(2). Returns CLIENT_MORE also if a
 * non-blocking connection has no data, and on EINTR.
 */
enum client_state client_read(struct client_reply *reply, int fd);

#endif
