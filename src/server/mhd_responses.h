/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses as libmicrohttpd wants them: with a body, with a stream, or with a
 * head alone. A response that equals the connection's last one is sent by the
 * same MHD response. The memory of long bodies that clients do not take is
 * limited, over all connections.
 *
 * Locking: all on the connection's thread.
 */
#ifndef LUNAR_SERVER_MHD_RESPONSES_H
#define LUNAR_SERVER_MHD_RESPONSES_H

#include <stdbool.h>
#include <stddef.h>

#include "connection.h"
#include "http/response.h"

struct MHD_Response;

enum {
    /* Memory for a body that a connection keeps from request to request. */
    MHD_RESPONSES_KEPT = 4096,
};

/* What one connection keeps for its responses. */
struct mhd_responses {
    /*
     * The last one. If the next has a body of the same length at the same
     * place in memory, and the same header, as those of a client that sends
     * messages do, it is sent by this one: making one takes MHD some nine
     * allocations.
     */
    struct MHD_Response *last; /* NULL: none that could be sent again */
    struct text last_body;
    struct http_header last_header;
    /* Bytes of long bodies: of this connection's, and of all. */
    size_t unsent;
    _Atomic size_t *all_unsent;
};

/* What a response is made for. */
struct mhd_response_use {
    struct connection *connection;
    bool head; /* the request is a HEAD */
    bool old;  /* of HTTP/1.0 */
    /*
     * The value of Keep-Alive; NULL: the response is the connection's last, as
     * it is at mhd_responses_end_connection().
     */
    const char *keep_alive;
    const char *request_id; /* the value of X-Request-Id, or NULL */
};

/* `all_unsent` begins with 0, is borrowed, and outlives the responses. */
void mhd_responses_init(struct mhd_responses *responses,
                        _Atomic size_t *all_unsent);
void mhd_responses_release(struct mhd_responses *responses);

/*
 * Make `response` a 503 if there is no room for its long body, or its body
 * could not be written.
 */
void mhd_responses_check(struct mhd_responses *responses,
                         struct http_response *response);

/*
 * Whether `response` is the connection's last in any case: a head, without the
 * length of its body. `head`: the request is a HEAD.
 */
bool mhd_responses_end_connection(const struct http_response *response,
                                  bool head);

/*
 * Make the MHD response of `response`, which was checked. The connection's last
 * response must have been sent. NULL if memory is exhausted.
 * Ownership: the caller gives the result to mhd_responses_drop(). The stream
 * and the long body of `response` are taken from it.
 */
struct MHD_Response *mhd_responses_take(struct mhd_responses *responses,
                                        struct http_response *response,
                                        const struct mhd_response_use *use);

/* Give back what was taken, after it was queued or could not be. */
void mhd_responses_drop(struct mhd_responses *responses,
                        struct MHD_Response *taken);

/* The response has been sent, or will not be. */
void mhd_responses_end(struct mhd_responses *responses);

#endif
