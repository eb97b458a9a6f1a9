/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sends the requests of an exchange, and which URL it used: by the
 * connection, or by what a trusted proxy says of each request. For exchange.c
 * only.
 */
#ifndef LUNAR_SERVER_EXCHANGE_CLIENT_H
#define LUNAR_SERVER_EXCHANGE_CLIENT_H

#include <stdbool.h>

#include "base/text.h"

struct exchange;
struct sockaddr;

/* For a new connection of `peer`, which is borrowed; NULL: unknown. */
void exchange_client_init(struct exchange *exchange,
                          const struct sockaddr *peer);

/*
 * The peer is a trusted proxy, or uses the Unix socket, and the head was read:
 * set the client, the scheme and the host of the request, as far as the proxy
 * says them, and whether the request is from who has opened the socket.
 */
void exchange_client_read(struct exchange *exchange);

/*
 * Whether a name by which the request was sent may be that of another site.
 * `received` is the host before exchange_client_read().
 */
bool exchange_client_is_misdirected(const struct exchange *exchange,
                                    struct text received);

#endif
