/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's own address is asked of the socket: a host name, or one of the
 * many ways to write an address, does not show who can connect.
 */
#include "address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

/* An address of any family. */
union any_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* "%25eth0", or empty: RFC 6874 section 2. */
enum { MAX_ZONE = 3 + 3 * IF_NAMESIZE + 1 };

/*
 * The interface of a link-local address, as a URL has it: bytes that RFC 3986
 * section 2.3 does not call unreserved are escaped.
 */
static void write_zone(uint32_t index, char zone[MAX_ZONE])
{
    char name[IF_NAMESIZE];
    size_t length = 0;

    zone[0] = '\0';
    if (index == 0)
        return;
    if (if_indextoname(index, name) == NULL)
        snprintf(name, sizeof(name), "%u", (unsigned)index);
    length = (size_t)snprintf(zone, MAX_ZONE, "%%25");
    for (const char *next = name; *next != '\0'; next++) {
        bool plain = text_is_letter(*next) || text_is_digit(*next) ||
                     strchr("-._~", *next) != NULL;
        length +=
            (size_t)snprintf(zone + length, MAX_ZONE - length,
                             plain ? "%c" : "%%%02X", (unsigned char)*next);
    }
}

/*
 * Whether this machine has any IPv6 address. Without one, a socket for all
 * addresses only takes connections over IPv4.
 */
static bool has_ipv6(void)
{
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all) != 0)
        return true;
    for (struct ifaddrs *next = all; next != NULL; next = next->ifa_next)
        found = found || (next->ifa_addr != NULL &&
                          next->ifa_addr->sa_family == AF_INET6);
    freeifaddrs(all);
    return found;
}

bool address_get_ipv4(const struct sockaddr *address, struct in_addr *ipv4)
{
    const struct sockaddr_in *direct = (const void *)address;
    const struct sockaddr_in6 *mapped = (const void *)address;

    if (address->sa_family == AF_INET) {
        *ipv4 = direct->sin_addr;
        return true;
    }
    if (address->sa_family != AF_INET6 ||
        !IN6_IS_ADDR_V4MAPPED(&mapped->sin6_addr))
        return false;
    memcpy(ipv4, mapped->sin6_addr.s6_addr + 12, sizeof(*ipv4));
    return true;
}

/* The port of an address of IPv4 or IPv6 has the same place. */
static uint16_t port_of(const struct sockaddr *address)
{
    const struct sockaddr_in *ipv4 = (const void *)address;

    static_assert(offsetof(struct sockaddr_in, sin_port) ==
                      offsetof(struct sockaddr_in6, sin6_port),
                  "see above");
    return ntohs(ipv4->sin_port);
}

const char *address_write(const struct sockaddr *address,
                          char out[SERVER_ADDRESS_TEXT])
{
    const struct sockaddr_in6 *ipv6 = (const void *)address;
    char text[INET6_ADDRSTRLEN] = "", zone[MAX_ZONE], port[8] = "";
    struct in_addr ipv4;

    if (address->sa_family == AF_UNIX) {
        snprintf(out, SERVER_ADDRESS_TEXT, "unix");
        return out;
    }
    if (port_of(address) != 0)
        snprintf(port, sizeof(port), ":%u", port_of(address));
    if (address_get_ipv4(address, &ipv4)) {
        inet_ntop(AF_INET, &ipv4, text, sizeof(text));
        snprintf(out, SERVER_ADDRESS_TEXT, "%s%s", text, port);
    } else {
        inet_ntop(AF_INET6, &ipv6->sin6_addr, text, sizeof(text));
        write_zone(ipv6->sin6_scope_id, zone);
        snprintf(out, SERVER_ADDRESS_TEXT, "[%s%s]%s", text, zone, port);
    }
    return out;
}

enum server_reach address_reach(const struct sockaddr *address)
{
    const struct sockaddr_in6 *ipv6 = (const void *)address;
    struct in_addr ipv4;
    bool is_ipv4 = address_get_ipv4(address, &ipv4);
    uint32_t number = is_ipv4 ? ntohl(ipv4.s_addr) : 0;

    if (is_ipv4 ? number == INADDR_ANY
                : IN6_IS_ADDR_UNSPECIFIED(&ipv6->sin6_addr))
        return SERVER_ALL_ADDRESSES;
    if (is_ipv4 ? number >> 24 == IN_LOOPBACKNET
                : IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr))
        return SERVER_LOOPBACK;
    return SERVER_ONE_ADDRESS;
}

/* An IPv6 socket for ::ffff:192.0.2.1 is reached over IPv4 only. */
void address_of_socket(int socket, struct server_address *address)
{
    union any_address found = {.ipv6 = {.sin6_family = AF_UNSPEC}};
    socklen_t size = sizeof(found);

    getsockname(socket, &found.any, &size);
    address->port = port_of(&found.any);
    address->reach = address_reach(&found.any);
    if (address->reach == SERVER_ALL_ADDRESSES && !has_ipv6())
        found.ipv4 = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_port = htons(address->port)};
    address_write(&found.any, address->text);
}
