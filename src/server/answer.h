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

#include "base/workers.h"
#include "connection.h"
#include "http/response.h"

struct MHD_Connection;
struct MHD_Response;

enum {
    /* Memory for a body that a connection keeps from request to request. */
    SERVER_ANSWER_KEPT = 4096,
};

/* What a connection keeps for its answers. */
struct server_answer {
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
struct server_answer_use {
    struct MHD_Connection *mhd;
    struct connection *connection;
    struct workers *workers; /* NULL with a thread a connection */
    bool head;               /* the request is a HEAD */
    bool close;              /* the connection ends with it */
};

/* `all_unsent` begins with 0, is borrowed and outlives the answers. */
void server_answer_init(struct server_answer *answer,
                        _Atomic size_t *all_unsent);
void server_answer_release(struct server_answer *answer);

/* 503: memory ended while the request came in, or its answer was written. */
void server_answer_no_memory(struct http_response *response);

/*
 * The response as MHD wants it; NULL where memory ends. One for which there
 * is no room becomes a 503 first, and so does one whose body could not be
 * written. The last one's body was sent before this request began, and is not
 * read any more.
 * Ownership: given back by server_answer_drop(); of the response, its stream
 * and its long body are taken.
 */
struct MHD_Response *server_answer_take(struct server_answer *answer,
                                        struct http_response *response,
                                        const struct server_answer_use *use);

/* It has been queued, or can't be. */
void server_answer_drop(struct server_answer *answer,
                        struct MHD_Response *taken);

/* It has been sent, or will not be. */
void server_answer_end(struct server_answer *answer);

#endif
