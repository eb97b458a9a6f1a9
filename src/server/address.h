/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of IPv4 and IPv6: the one that the server listens on, and those of
 * its clients.
 */
#ifndef LUNAR_SERVER_ADDRESS_H
#define LUNAR_SERVER_ADDRESS_H

#include <stdbool.h>

#include "server/server.h"

struct in_addr;
struct sockaddr;

/*
 * Get the address if it is of IPv4, or an IPv6 one that stands for it, such as
 * ::ffff:192.0.2.1 (RFC 4291 section 2.5.5.2), which a client of IPv4 has on an
 * IPv6 socket.
 */
bool address_get_ipv4(const struct sockaddr *address, struct in_addr *ipv4);

/*
 * Write an address and its port as a URL has them (struct server_address);
 * without a port if that is 0, which is not known then. All clients of a Unix
 * socket are "unix": they have no address. Returns `out`.
 */
const char *address_write(const struct sockaddr *address,
                          char out[SERVER_ADDRESS_TEXT]);

/* Who can connect to an address that is listened on. */
enum server_reach address_reach(const struct sockaddr *address);

/* Find out the address of a listening socket. */
void address_of_socket(int socket, struct server_address *address);

#endif
