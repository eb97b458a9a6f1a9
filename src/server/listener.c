/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket is opened here and not by MHD, so that errors say what to do, and
 * so that listening can be stopped.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

enum {
    BACKLOG = 4096, /* connections that the kernel queues, up to its limit */
    MAX_SHOWN = 96, /* bytes of a host in an error, and a NUL */
};

__attribute__((format(printf, 3, 4))) static int
explain(char *error, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return -1;
}

/* Why bind(2) or listen(2) failed, and what to do about it. */
static int explain_errno(int number, const char *host, uint16_t port,
                         char *error, size_t size)
{
    char reason[128], shown[MAX_SHOWN];

    host = log_escape(text_of(host), shown, sizeof(shown));
    switch (number) {
    case EADDRINUSE:
        return explain(error, size,
                       "port %u of %s is in use by another program; choose "
                       "another one with -port=N, or -port=0 for any that "
                       "is free",
                       port, host);
    case EACCES:
        return explain(error, size,
                       "no permission to listen on port %u; ports below "
                       "1024 are the system's, choose a higher one with "
                       "-port=N, or let systemd listen (lunar.socket)",
                       port);
    case EADDRNOTAVAIL:
        return explain(error, size,
                       "%s is not an address of this machine; choose one "
                       "with -host=ADDRESS, or -host=0.0.0.0 for all",
                       host);
    case EINVAL:
        return explain(error, size,
                       "can't listen on port %u of %s: a link-local address "
                       "needs its interface, as in -host=fe80::1%%eth0",
                       port, host);
    case EAFNOSUPPORT:
        return explain(error, size,
                       "can't listen on port %u of %s: there is no IPv6 here; "
                       "choose an IPv4 address with -host=ADDRESS, or "
                       "-host=0.0.0.0 for all",
                       port, host);
    default:
        return explain(error, size, "can't listen on port %u of %s: %s", port,
                       host, strerror_r(number, reason, sizeof(reason)));
    }
}

/*
 * Whether no client can connect to the address, although bind(2) may take it:
 * one of multicast or broadcast. The routes show which are broadcast:
 * connect(2) of a datagram socket, which sends nothing, is not permitted then.
 */
static bool is_for_groups(const struct addrinfo *address)
{
    const struct sockaddr_in *ipv4 = (const void *)address->ai_addr;
    const struct sockaddr_in6 *ipv6 = (const void *)address->ai_addr;

    if (address->ai_family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&ipv6->sin6_addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool broadcast = fd >= 0 &&
                     connect(fd, address->ai_addr, address->ai_addrlen) != 0 &&
                     errno == EACCES;
    if (fd >= 0)
        close(fd);
    return broadcast || IN_MULTICAST(ntohl(ipv4->sin_addr.s_addr));
}

/* A socket of `address`, listening; or -1 and errno. */
static int open_at(const struct addrinfo *address)
{
    int on = 1, off = 0;

    if (is_for_groups(address)) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

struct addrinfo *listener_resolve(const char *host, uint16_t port, char *error,
                                  size_t error_size)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    char service[8], shown[MAX_SHOWN];

    snprintf(service, sizeof(service), "%u", port);
    int result = getaddrinfo(host, service, &hints, &addresses);
    if (result != 0)
        explain(error, error_size,
                "-host=%s: %s; give an address of this machine, such "
                "as 127.0.0.1, or 0.0.0.0 for all",
                log_escape(text_of(host), shown, sizeof(shown)),
                gai_strerror(result));
    return result == 0 ? addresses : NULL;
}

/* A name may have several addresses, not all of them usable. */
int listener_open(const struct addrinfo *addresses, const char *host,
                  uint16_t port, char *error, size_t error_size)
{
    int fd = -1;

    for (const struct addrinfo *address = addresses; fd < 0 && address != NULL;
         address = address->ai_next)
        fd = open_at(address);
    if (fd < 0)
        explain_errno(errno, host, port, error, error_size);
    return fd;
}

/*
 * MHD_quiesce_daemon() is made for this, but in 0.9.75 it races with the loops
 * of a pool: both remove the socket from the loop's epoll set, and the second
 * one ends the process. A socket that is shut down stays in the sets.
 */
void listener_shut(int socket_fd)
{
    shutdown(socket_fd, SHUT_RDWR);
}

/* A Unix socket with an address that the kernel chooses. */
int listener_open_placeholder(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int placeholder =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (placeholder < 0)
        return -1;
    if (bind(placeholder, (struct sockaddr *)&address, sizeof(sa_family_t)) ==
            0 &&
        listen(placeholder, 1) == 0)
        return placeholder;
    close(placeholder);
    return -1;
}

/*
 * dup3(2) replaces the socket in one step. Why the loops must have run before:
 * one that has just reached its limit of connections is about to remove the old
 * socket from its set. After listener_shut() no connection is accepted, so no
 * loop reaches the limit later.
 */
void listener_replace(int socket_fd, int placeholder)
{
    if (dup3(placeholder, socket_fd, O_CLOEXEC) < 0)
        log_line(LOG_WARN,
                 "cannot replace the listening socket: the event loops use the "
                 "processor until the stop ends");
}
