/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer is matched once a connection, so that requests of other peers cost
 * nothing.
 */
#include "client_address.h"

#include <string.h>

void client_address_init(struct client_address *client,
                         const struct sockaddr *peer,
                         const struct networks *proxies)
{
    client->peer = client->address = peer;
    client->trusted =
        peer != NULL && proxies != NULL && networks_have_peer(proxies, peer);
}

void client_address_set(struct client_address *client,
                        const struct forwarded *forwarded)
{
    struct sockaddr_in6 *address = &client->forwarded;

    if (!forwarded->has_client)
        return;
    *address = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                     .sin6_port = htons(forwarded->port)};
    memcpy(&address->sin6_addr, forwarded->client.bytes,
           sizeof(address->sin6_addr));
    client->address = (const struct sockaddr *)address;
}

const struct sockaddr *client_address_proxy(const struct client_address *client)
{
    return client->address == client->peer ? NULL : client->peer;
}
