/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends one message to the service and waits for the response. Each message
 * has a new connection, which is left open; with keep-alive, all messages use
 * one connection.
 *
 * Locking: none; each worker has its own transport.
 */
#ifndef ROCKETS_TRANSPORT_H
#define ROCKETS_TRANSPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    TRANSPORT_TIMEOUT_MS = 10000, /* for connecting, request and response */
    TRANSPORT_CAUSE_SIZE = 160
};

struct transport_options {
    const char *url;
    bool keep_alive;
    size_t max_open;         /* connections left open, by sockets_room() */
    const atomic_bool *stop; /* true aborts requests */
};

enum transport_result {
    TRANSPORT_DELIVERED,
    TRANSPORT_STOPPED,
    /* Failures, which have a cause: */
    TRANSPORT_REFUSED, /* no connection */
    TRANSPORT_NO_ROOM, /* no local port or descriptor left */
    TRANSPORT_TIMED_OUT,
    TRANSPORT_NO_RESPONSE, /* a connection, but no complete response */
    TRANSPORT_REJECTED,    /* status 4xx */
    TRANSPORT_BAD_STATUS,  /* any status but 2xx and 4xx */
};

struct transport;

/*
 * Returns NULL if out of memory.
 * Ownership: `options` is copied; `url` and `stop` are borrowed until
 * transport_free().
 */
struct transport *transport_new(const struct transport_options *options);
void transport_free(struct transport *transport);

/*
 * Send `body` and wait for the response. On failure, `cause` is what to log
 * after the URL, such as "status 503"; otherwise it is not set.
 */
enum transport_result transport_post(struct transport *transport,
                                     const char *body, size_t length,
                                     char cause[static TRANSPORT_CAUSE_SIZE]);

/* Whether `url` can be parsed as a URL (by curl_url_set(3)). */
bool transport_url_is_valid(const char *url);

#endif
