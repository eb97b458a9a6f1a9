/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: sockets, threads, connections and their limits, on libmicrohttpd.
 * Knows requests and responses, not rockets.
 */
#ifndef LUNAR_SERVER_SERVER_H
#define LUNAR_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/app.h"

enum {
    SERVER_STOP_SECONDS = 5, /* for what is in flight at a stop */
};

struct server_options {
    const char *host;
    uint16_t port;
    unsigned threads; /* event loops, at least 1 */
    bool per_connection;
    unsigned max_connections;
};

struct server;

/*
 * Listen and serve. On failure NULL, and `error` is one line for the user
 * that says what to do.
 * Ownership: the application is borrowed and must outlive the server.
 */
struct server *server_start(const struct server_options *options,
                            const struct http_app *app, char *error,
                            size_t error_size);

/* The port it listens on. */
uint16_t server_port(const struct server *server);

/*
 * Stop listening, answer what arrives on open connections with
 * `Connection: close`, give what is in flight SERVER_STOP_SECONDS, and free
 * everything.
 */
void server_stop(struct server *server);

#endif
