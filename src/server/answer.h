/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses of our own made into libmicrohttpd's: with a body, with one that
 * is made while it is sent, or with a head alone. What is the same as the one
 * before is sent by that again, and what clients do not take of long ones has
 * a limit, over all connections.
 *
 * Locking: one thread at a time, the one that serves the connection.
 */
#ifndef LUNAR_SERVER_ANSWER_H
#define LUNAR_SERVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "connection.h"
#include "http/response.h"

struct MHD_Connection;
struct MHD_Response;

enum {
    /* Memory for a body that a connection keeps from request to request. */
    ANSWER_KEPT = 4096,
};

/* What a connection keeps for its answers. */
struct answer {
    /*
     * The last one. The next, if it has the same length, the same header and
     * the same place in memory, as those of a sender of messages do, is sent
     * by it again: to make one takes MHD some six allocations.
     */
    struct MHD_Response *last; /* NULL: none that could be sent again */
    struct text last_body;
    struct http_header last_header;
    /* Bytes of long ones: of this connection, and of them all. */
    size_t unsent;
    _Atomic size_t *all_unsent;
};

/* What an answer is made for. */
struct answer_use {
    struct MHD_Connection *mhd;
    struct connection *connection;
    bool head;  /* the request is a HEAD */
    bool close; /* the connection ends with it */
};

/* `all_unsent` begins with 0, is borrowed and outlives the answers. */
void answer_init(struct answer *answer, _Atomic size_t *all_unsent);
void answer_release(struct answer *answer);

/*
 * The response as MHD wants it; NULL where memory ends. One for which there
 * is no room becomes a 503 first, and so does one whose body could not be
 * written. The last one's body was sent before this request began, and is not
 * read any more.
 * Ownership: given back by answer_drop(); of the response, its stream
 * and its long body are taken.
 */
struct MHD_Response *answer_take(struct answer *answer,
                                 struct http_response *response,
                                 const struct answer_use *use);

/* It has been queued, or can't be. */
void answer_drop(struct answer *answer, struct MHD_Response *taken);

/* It has been sent, or will not be. */
void answer_end(struct answer *answer);

#endif
