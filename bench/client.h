/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of HTTP, as far as load generators need it: connections
 * to 127.0.0.1, and replies with a Content-Length, one after the other.
 */
#ifndef LUNAR_BENCH_CLIENT_H
#define LUNAR_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_REPLY_KEPT = 4096 }; /* bytes of a reply, of head and body */

enum client_state {
    CLIENT_MORE,   /* it has not come whole yet */
    CLIENT_DONE,   /* it has */
    CLIENT_CLOSED, /* the connection ended before */
    CLIENT_BAD,    /* not a reply as we know it; `problem` says why */
};

/* A reply that is being read. */
struct client_reply {
    unsigned status;
    bool close;          /* the server will send no other one */
    const char *body;    /* what is kept of it, a string; NULL before it */
    const char *problem; /* where it is bad */

    size_t head;        /* length of the head; 0 while it is coming */
    uint64_t body_left; /* of the body, still to come */
    size_t kept;        /* of `bytes` */
    char bytes[CLIENT_REPLY_KEPT + 1];
};

/*
 * A new connection to a port of this machine, without Nagle's delay. Where it
 * does not block, it may still be being opened. Returns -1 and errno where it
 * can't be.
 */
int client_connect(uint16_t port, bool blocking);

/* Allow this process so many open files, or die. */
void client_allow_files(size_t files);

void client_begin(struct client_reply *reply);

/*
 * Read what has come of the reply, once. CLIENT_MORE also where nothing has
 * come on a connection that does not block.
 */
enum client_state client_read(struct client_reply *reply, int fd);

#endif
