/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server knows about the address that it listens on.
 */
#ifndef LUNAR_SERVER_ADDRESS_H
#define LUNAR_SERVER_ADDRESS_H

#include "server/server.h"

/* Find out the address of a listening socket. */
void address_of_socket(int socket, struct server_address *address);

#endif
