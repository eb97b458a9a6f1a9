/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sends the requests of a connection: its peer; or the client for which the
 * peer speaks, if that is a trusted proxy (http/forwarded.h). Then each request
 * may be another client's.
 */
#ifndef LUNAR_SERVER_CLIENT_ADDRESS_H
#define LUNAR_SERVER_CLIENT_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "http/forwarded.h"
#include "http/networks.h"

/* Embedded in the exchange. */
struct client_address {
    /* Set by client_address_init(), then read-only. */
    const struct sockaddr *peer; /* NULL: unknown */
    bool trusted;                /* what the peer says of its clients counts */
    /* Of the request: the peer, or `forwarded`. */
    const struct sockaddr *address;
    struct sockaddr_in6 forwarded; /* with the port 0 if that is not known */
};

/*
 * For a new connection. `proxies` are those that are trusted, or NULL.
 * Ownership: `peer` is borrowed.
 */
void client_address_init(struct client_address *client,
                         const struct sockaddr *peer,
                         const struct networks *proxies);

/* A request begins: until its head is read, it is the peer's. */
static inline void client_address_begin(struct client_address *client)
{
    client->address = client->peer;
}

/* What a trusted proxy says of a request. */
void client_address_set(struct client_address *client,
                        const struct forwarded *forwarded);

/* The proxy that sent the request for its client; NULL: there is none. */
const struct sockaddr *
client_address_proxy(const struct client_address *client);

#endif
