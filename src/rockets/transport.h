/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message to the service and its answer, over a connection of its own
 * that is left open, or with keep-alive over always the same.
 *
 * Locking: none; each worker has its own.
 */
#ifndef ROCKETS_TRANSPORT_H
#define ROCKETS_TRANSPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    TRANSPORT_TIMEOUT_MS = 10000, /* for connection, request and answer */
    TRANSPORT_CAUSE_SIZE = 160
};

struct transport_options {
    const char *url;
    bool keep_alive;
    size_t max_open;         /* connections left open; sockets_room() */
    const atomic_bool *stop; /* once true, requests are given up */
};

enum transport_result {
    TRANSPORT_DELIVERED,
    TRANSPORT_STOPPED,
    /* Failed, with a cause to show: */
    TRANSPORT_REFUSED, /* no connection */
    TRANSPORT_NO_ROOM, /* no port or descriptor left for one */
    TRANSPORT_TIMED_OUT,
    TRANSPORT_BROKEN_OFF, /* a connection, but no answer */
    TRANSPORT_REJECTED,   /* answered with 4xx */
    TRANSPORT_BAD_STATUS, /* answered with anything else but 2xx */
};

struct transport;

/* NULL where memory ends. Ownership: `options` is copied, `url` borrowed. */
struct transport *transport_new(const struct transport_options *options);
void transport_free(struct transport *transport);

/*
 * Send `body` and wait for the answer. For a failure `cause` completes the
 * sentence "http://localhost:8088/messages ...".
 */
enum transport_result transport_post(struct transport *transport,
                                     const char *body, size_t length,
                                     char cause[static TRANSPORT_CAUSE_SIZE]);

/* Whether this is a URL that messages could be sent to at all. */
bool transport_url_is_valid(const char *url);

#endif
