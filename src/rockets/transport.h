/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends one request to the service and waits for the response. Each request
 * has a new connection, which is left open; with keep-alive, all requests use
 * one connection.
 *
 * Locking: none; each worker has its own transport.
 */
#ifndef ROCKETS_TRANSPORT_H
#define ROCKETS_TRANSPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "failure.h"

enum {
    TRANSPORT_MAX_BODY = 16384, /* of a response; what is longer is cut */
};

struct transport_options {
    const char *url;
    const struct access *access;
    bool keep_alive;
    size_t max_open;         /* connections left open, by sockets_room() */
    uint64_t after;          /* reads are of a state that has all up to this
                                position, by Lunar-After; 0: of any state */
    const atomic_bool *stop; /* true aborts requests */
};

struct transport;

/*
 * Returns NULL if out of memory.
 * Ownership: `options` is copied; `url`, `access` and `stop` are borrowed until
 * transport_free().
 */
struct transport *transport_new(const struct transport_options *options);
void transport_free(struct transport *transport);

/*
 * Send `body` and wait for the response. `*failure` is set if, and only if, the
 * result is a failure.
 */
enum transport_result transport_post(struct transport *transport,
                                     const char *body, size_t length,
                                     struct transport_failure *failure);

/* Read `url`. The result and `*failure` are as for transport_post(). */
enum transport_result transport_get(struct transport *transport,
                                    const char *url,
                                    struct transport_failure *failure);

/*
 * The position that the last response has in its field Lunar-Position: what was
 * delivered is in the state that any instance of the service has at that
 * position. 0: it has none.
 */
uint64_t transport_position(const struct transport *transport);

struct transport_body {
    const char *data; /* not terminated; valid until the next request */
    size_t length;
};

/* The body of the last response. */
struct transport_body transport_body(const struct transport *transport);

/* Whether `url` can be parsed as a URL (by curl_url_set(3)). */
bool transport_url_is_valid(const char *url);

#endif
