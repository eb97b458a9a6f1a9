/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's requests and their answers, one after the other, between
 * libmicrohttpd's callbacks and the routes.
 *
 * In a pool of event loops what takes long is done by a worker while the
 * connection is suspended. In a thread for each connection it is simply
 * done: that thread has nothing else to do, and in that mode of MHD 0.9.75
 * a resumed connection may not be woken.
 */
#ifndef LUNAR_SERVER_EXCHANGE_H
#define LUNAR_SERVER_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "api/handlers.h"
#include "base/workers.h"
#include "connections.h"

struct MHD_Connection;

/* What all exchanges share. Set at start, then read-only. */
struct server_context {
    struct service *service;
    struct connections *connections;
    struct workers *workers; /* NULL with a thread a connection */
    _Atomic size_t *unsent;  /* bytes of long answers, of them all */
};

struct server_exchange;

/*
 * For a connection that was opened; it is added to the list of connections.
 * NULL where memory ends.
 */
struct server_exchange *
server_exchange_new(const struct server_context *context,
                    struct MHD_Connection *connection, int socket);

/* The connection is about to be closed. NULL does nothing. */
void server_exchange_free(struct server_exchange *exchange);

/* A request begins: its first line is there. `target` may be NULL. */
void server_exchange_begin(struct server_exchange *exchange,
                           const char *target);

/*
 * MHD's access handler: called once when the head is complete, then for
 * each part of the body with its `*size` (set to 0 as it is taken), then
 * with `data` NULL, once more if a worker has to be asked, and again after a
 * resume. False to close the connection.
 */
bool server_exchange_step(struct server_exchange *exchange, const char *method,
                          const char *version, const char *data, size_t *size);

/* The request is over, whether it was answered or not. */
void server_exchange_end(struct server_exchange *exchange);

#endif
