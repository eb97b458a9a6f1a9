/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a connection's request, as it arrives in parts: it is handed to a
 * sink of the application, which may make the connection wait; or it is
 * collected, up to HTTP_MAX_BODY; or, if it is longer, discarded.
 *
 * Locking: all on the connection's thread.
 */
#ifndef LUNAR_SERVER_REQUEST_BODY_H
#define LUNAR_SERVER_REQUEST_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "connection.h"
#include "head.h"
#include "http/body.h"
#include "tls_session.h"

struct request_body {
    /* Set by request_body_init(), then read-only. */
    struct connection *connection;
    const struct tls_session *tls;
    const struct head *head; /* of the request */
    /* Of the request. */
    struct http_sink *sink; /* NULL: the body is collected */
    bool waits;             /* the sink has made the connection wait */
    size_t received;        /* bytes, also those that were discarded */
    size_t kept;            /* bytes that are collected, at most */
    /* May fail, if memory is exhausted. Valid until the next body begins. */
    struct buffer collected;
};

/* All are borrowed and outlive the body. */
void request_body_init(struct request_body *body, struct connection *connection,
                       const struct tls_session *tls, const struct head *head);
void request_body_release(struct request_body *body);

/*
 * The body is about to arrive. It goes to `sink`; NULL: its first `kept` bytes
 * are collected, the rest is discarded.
 * Ownership: the sink is the body's until one of the last two functions.
 */
void request_body_begin(struct request_body *body, struct http_sink *sink,
                        size_t kept);

/*
 * Whether the connection still waits for the sink: MHD offers more of a chunked
 * body although it is suspended. If not, a wait has been ended.
 */
bool request_body_waits(struct request_body *body);

/*
 * Take a part, unless the connection waits; `*size` becomes the number of bytes
 * at its end that MHD has to offer again. False to close the connection: the
 * body is longer than HTTP_MAX_DRAIN, or the sink has failed.
 */
bool request_body_take(struct request_body *body, const char *data,
                       size_t *size);

/* Whether it is too long to be collected. */
bool request_body_is_too_long(const struct request_body *body);

/* The body is complete. Returns its sink, for the caller to finish, or NULL. */
struct http_sink *request_body_complete(struct request_body *body);

/*
 * The request is over, complete or not: end the wait, free the sink, and keep
 * little memory.
 */
void request_body_end(struct request_body *body);

#endif
