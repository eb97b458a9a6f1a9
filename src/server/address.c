/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address is asked of the socket: a host name, or one of the many ways to
 * write an address, does not show who can connect.
 */
#include "address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
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

static void describe_ipv4(uint32_t number, struct server_address *address)
{
    struct in_addr ipv4 = {htonl(number)};
    char text[INET_ADDRSTRLEN];

    address->reach = SERVER_ONE_ADDRESS;
    if (number == INADDR_ANY)
        address->reach = SERVER_ALL_ADDRESSES;
    else if (number >> 24 == IN_LOOPBACKNET)
        address->reach = SERVER_LOOPBACK;
    inet_ntop(AF_INET, &ipv4, text, sizeof(text));
    snprintf(address->text, sizeof(address->text), "%s:%u", text,
             address->port);
}

static void describe_ipv6(const struct sockaddr_in6 *ipv6,
                          struct server_address *address)
{
    const struct in6_addr *number = &ipv6->sin6_addr;
    char text[INET6_ADDRSTRLEN], zone[MAX_ZONE];

    address->reach = SERVER_ONE_ADDRESS;
    if (IN6_IS_ADDR_UNSPECIFIED(number))
        address->reach = SERVER_ALL_ADDRESSES;
    else if (IN6_IS_ADDR_LOOPBACK(number))
        address->reach = SERVER_LOOPBACK;
    inet_ntop(AF_INET6, number, text, sizeof(text));
    write_zone(ipv6->sin6_scope_id, zone);
    snprintf(address->text, sizeof(address->text), "[%s%s]:%u", text, zone,
             address->port);
}

/* An IPv6 socket for ::ffff:192.0.2.1 is reached over IPv4 only. */
void address_of_socket(int socket, struct server_address *address)
{
    union any_address found = {.ipv6 = {.sin6_family = AF_UNSPEC}};
    const struct in6_addr *ipv6 = &found.ipv6.sin6_addr;
    socklen_t size = sizeof(found);
    uint32_t ipv4 = INADDR_ANY;

    getsockname(socket, &found.any, &size);
    bool is_ipv6 = found.any.sa_family == AF_INET6;
    address->port = ntohs(is_ipv6 ? found.ipv6.sin6_port : found.ipv4.sin_port);
    if (!is_ipv6)
        ipv4 = ntohl(found.ipv4.sin_addr.s_addr);
    else if (IN6_IS_ADDR_V4MAPPED(ipv6))
        ipv4 = (uint32_t)ipv6->s6_addr[12] << 24 |
               (uint32_t)ipv6->s6_addr[13] << 16 |
               (uint32_t)ipv6->s6_addr[14] << 8 | ipv6->s6_addr[15];
    else if (!IN6_IS_ADDR_UNSPECIFIED(ipv6) || has_ipv6()) {
        describe_ipv6(&found.ipv6, address);
        return;
    }
    describe_ipv4(ipv4, address);
}
