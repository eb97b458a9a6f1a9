/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of networks, such as "10.0.0.0/8, 2001:db8::/32" (RFC 4632, RFC 4291
 * section 2.3).
 */
#ifndef LUNAR_HTTP_NETWORKS_H
#define LUNAR_HTTP_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct sockaddr;

enum { NETWORKS_MAX = 64 };

/* An address of IPv6; one of IPv4 as the mapped one (RFC 4291 2.5.5.2). */
struct network_address {
    uint8_t bytes[16];
};

struct network {
    struct network_address address;
    unsigned prefix; /* bits, of 128 */
};

struct networks {
    struct network list[NETWORKS_MAX];
    size_t count;
    bool unix_socket; /* the list has "unix": who uses the Unix socket */
};

/*
 * Read addresses, networks and "unix", with commas between them. False if the
 * list is empty, too long or something else; or if bits behind a prefix are
 * set, as in 10.0.0.1/8, which is a mistake. `networks` is then untouched.
 */
bool networks_read(struct text list, struct networks *networks);

/* Read an address without a port or a zone. */
bool networks_read_address(struct text text, struct network_address *address);

/*
 * Whether a network of the list has the address. One of IPv4 is only in
 * networks of IPv4: "::/0" has none of them.
 */
bool networks_have(const struct networks *networks,
                   const struct network_address *address);

/* The same for a peer: by TCP, or by a Unix socket if the list has "unix". */
bool networks_have_peer(const struct networks *networks,
                        const struct sockaddr *peer);

#endif
