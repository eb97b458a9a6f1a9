/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All addresses are of 128 bits, those of IPv4 mapped into IPv6, as a client of
 * IPv4 has one or the other by the socket that it came through.
 */
#include "http/networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ADDRESS_BITS = 128,
    MAPPED_BITS = 96, /* before an IPv4 address (RFC 4291 section 2.5.5.2) */
};

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

static bool is_ipv4(const struct network_address *address)
{
    return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

static void set_ipv4(struct network_address *address, const void *bytes)
{
    memcpy(address->bytes, mapped, sizeof(mapped));
    memcpy(address->bytes + sizeof(mapped), bytes, sizeof(struct in_addr));
}

bool networks_read_address(struct text text, struct network_address *address)
{
    char string[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (text.length >= sizeof(string) || text.length == 0 ||
        memchr(text.data, '\0', text.length) != NULL)
        return false;
    memcpy(string, text.data, text.length);
    string[text.length] = '\0';
    if (inet_pton(AF_INET, string, &ipv4) == 1) {
        set_ipv4(address, &ipv4);
        return true;
    }
    if (inet_pton(AF_INET6, string, &ipv6) != 1)
        return false;
    memcpy(address->bytes, &ipv6, sizeof(address->bytes));
    return true;
}

/* The bits of byte `i` of an address that belong to a prefix. */
static uint8_t prefix_mask(unsigned prefix, size_t i)
{
    size_t before = 8 * i;

    if (prefix >= before + 8)
        return 0xff;
    return (uint8_t)(prefix <= before ? 0 : 0xff00 >> (prefix - before));
}

static bool has_bits_behind(const struct network *network)
{
    for (size_t i = 0; i < sizeof(network->address.bytes); i++)
        if ((network->address.bytes[i] & ~prefix_mask(network->prefix, i)) != 0)
            return true;
    return false;
}

/* An address alone is a network of one. */
static bool read_network(struct text text, struct network *network)
{
    struct text prefix = text;
    struct text address = text_split(&prefix, '/');
    uint64_t bits;

    if (!networks_read_address(address, &network->address))
        return false;
    /* "::ffff:10.0.0.0/104" is a network of IPv4 in its mapped form. */
    bool dotted = memchr(address.data, ':', address.length) == NULL;
    unsigned before = dotted ? MAPPED_BITS : 0;
    bits = ADDRESS_BITS - before;
    if (prefix.data != NULL && !text_read_unsigned(prefix, bits, &bits))
        return false;
    network->prefix = before + (unsigned)bits;
    return !has_bits_behind(network);
}

bool networks_read(struct text list, struct networks *networks)
{
    struct networks found = {.count = 0};
    struct text rest = list;

    while (rest.data != NULL) {
        struct text element = text_trim(text_split(&rest, ','));
        if (text_equal(element, TEXT("unix")))
            found.unix_socket = true;
        else if (found.count == NETWORKS_MAX ||
                 !read_network(element, &found.list[found.count]))
            return false;
        else
            found.count++;
    }
    if (found.count == 0 && !found.unix_socket)
        return false;
    *networks = found;
    return true;
}

static bool has_address(const struct network *network,
                        const struct network_address *address)
{
    for (size_t i = 0; 8 * i < network->prefix; i++)
        if (((network->address.bytes[i] ^ address->bytes[i]) &
             prefix_mask(network->prefix, i)) != 0)
            return false;
    return true;
}

bool networks_have(const struct networks *networks,
                   const struct network_address *address)
{
    unsigned least = is_ipv4(address) ? MAPPED_BITS : 0;

    for (size_t i = 0; i < networks->count; i++)
        if (networks->list[i].prefix >= least &&
            has_address(&networks->list[i], address))
            return true;
    return false;
}

bool networks_have_peer(const struct networks *networks,
                        const struct sockaddr *peer)
{
    const struct sockaddr_in *ipv4 = (const void *)peer;
    const struct sockaddr_in6 *ipv6 = (const void *)peer;
    struct network_address address;

    switch (peer->sa_family) {
    case AF_UNIX:
        return networks->unix_socket;
    case AF_INET:
        set_ipv4(&address, &ipv4->sin_addr);
        break;
    case AF_INET6:
        memcpy(address.bytes, &ipv6->sin6_addr, sizeof(address.bytes));
        break;
    default:
        return false;
    }
    return networks_have(networks, &address);
}
