/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's requests and their responses, one after the other: between
 * libmicrohttpd's callbacks and the application. Whatever the application
 * waits for, the exchange waits for it in the connection's own way (wait.h).
 */
#ifndef LUNAR_SERVER_EXCHANGE_H
#define LUNAR_SERVER_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "connections.h"
#include "http/app.h"
#include "http/networks.h"
#include "http/site_policy.h"

struct MHD_Connection;
struct linger_close;
struct request_log;
struct server_metrics;
struct server_tls;
struct tls_handshakes;

/* What all exchanges share. Set at start, then read-only. */
struct server_context {
    struct http_app app;
    const struct site_policy *sites; /* may be NULL */
    bool checks_host;                /* by `sites` */
    const struct networks *proxies;  /* that are trusted; may be NULL */
    unsigned sockets; /* that it listens on, each with a limit of its own */
    struct connections *connections;
    struct linger_close *linger;
    struct server_tls *tls;            /* of the TCP socket; NULL: no TLS */
    struct tls_handshakes *handshakes; /* NULL: no TLS in a pool */
    struct request_log *log;
    const struct server_metrics *metrics;
    bool per_connection;    /* each connection has a thread of its own */
    char keep_alive[32];    /* of the responses: "timeout=10" */
    _Atomic size_t *unsent; /* bytes of all long responses not sent yet */
};

struct exchange;

/*
 * For a connection that was opened; it is added to the list of connections.
 * NULL if memory is exhausted.
 */
struct exchange *exchange_new(const struct server_context *context,
                              struct MHD_Connection *connection, int socket);

/* The connection is about to be closed. NULL does nothing. */
void exchange_free(struct exchange *exchange);

/* A request begins: its first line is there. `target` may be NULL. */
void exchange_begin(struct exchange *exchange, const char *target);

/*
 * MHD's access handler: called once when the head is complete; then for each
 * part of the body, with its `*size`, which becomes the number of bytes that
 * MHD has to offer again; then with `data` NULL, until a response is queued.
 * False to close the connection.
 */
bool exchange_step(struct exchange *exchange, const char *method,
                   const char *version, const char *data, size_t *size);

/*
 * The request is over, whether it was answered or not. `sent`: all of the
 * response was.
 */
void exchange_end(struct exchange *exchange, bool sent);

#endif
