/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that do not block, and poll(2) for short times, so that `goes_on` is
 * asked often.
 */
#include "client/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "lookup.h"
#include "tls.h"

static enum client_result fail(const char *what, char error[CLIENT_ERROR])
{
    snprintf(error, CLIENT_ERROR, "%s", what);
    return CLIENT_FAILED;
}

static enum client_result fail_call(const char *what, char error[CLIENT_ERROR])
{
    char reason[128];

    snprintf(error, CLIENT_ERROR, "%s: %s", what,
             strerror_r(errno, reason, sizeof(reason)));
    return CLIENT_FAILED;
}

static bool goes_on(const struct client_connection *connection)
{
    const struct client_options *options = connection->options;

    return options->goes_on == NULL || options->goes_on(options->context);
}

/*
 * What to look up: nothing, which is this machine, for the address that stands
 * for all addresses. A socket for all of IPv6 is one for IPv4 too, and the
 * machine may have no IPv6.
 */
static const char *looked_up_host(const char *host)
{
    struct in6_addr ipv6;
    struct in_addr ipv4;

    if (inet_pton(AF_INET, host, &ipv4) == 1 && ipv4.s_addr == INADDR_ANY)
        return "127.0.0.1";
    if (inet_pton(AF_INET6, host, &ipv6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&ipv6))
        return "";
    return host;
}

/* Look up the host. Sets `*lookup`, which has addresses; the caller frees it.
 */
static enum client_result resolve(const struct client_connection *connection,
                                  const struct http_url *url, uint64_t deadline,
                                  struct lookup **lookup,
                                  char error[CLIENT_ERROR])
{
    struct lookup *asked = lookup_start(looked_up_host(url->host), url->port);
    const struct addrinfo *addresses;
    bool interrupted = false, done = false;

    if (asked == NULL)
        return fail_call("cannot look up the host", error);
    while (!interrupted && !done && clock_us(CLOCK_MONOTONIC) < deadline) {
        done = lookup_wait(asked, CLIENT_TICK_MS);
        interrupted = !goes_on(connection);
    }
    int result = done ? lookup_result(asked, &addresses) : 0;
    if (done && result == 0 && !interrupted) {
        *lookup = asked;
        return CLIENT_OK;
    }
    lookup_free(asked);
    if (interrupted)
        return CLIENT_INTERRUPTED;
    snprintf(error, CLIENT_ERROR, "cannot look up the host: %s",
             done ? gai_strerror(result) : "no answer of the DNS");
    return CLIENT_FAILED;
}

/* Wait until the socket is ready for `events` of poll(2). */
static enum client_result
await_ready(const struct client_connection *connection, short events,
            uint64_t deadline, const char *late, char error[CLIENT_ERROR])
{
    struct pollfd ready = {.fd = connection->fd, .events = events};

    while (clock_us(CLOCK_MONOTONIC) < deadline) {
        if (poll(&ready, 1, CLIENT_TICK_MS) > 0)
            return CLIENT_OK;
        if (!goes_on(connection))
            return CLIENT_INTERRUPTED;
    }
    return fail(late, error);
}

/* Connect to one address. */
static enum client_result connect_one(struct client_connection *connection,
                                      const struct addrinfo *address,
                                      uint64_t deadline,
                                      char error[CLIENT_ERROR])
{
    static const char what[] = "cannot connect";
    enum client_result result = CLIENT_OK;
    int number = 0;
    socklen_t size = sizeof(number);

    connection->fd = socket(address->ai_family,
                            SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection->fd < 0)
        return fail_call(what, error);
    if (connect(connection->fd, address->ai_addr, address->ai_addrlen) != 0) {
        if (errno != EINPROGRESS)
            return fail_call(what, error);
        result = await_ready(connection, POLLOUT, deadline,
                             "cannot connect: no answer", error);
    }
    if (result != CLIENT_OK)
        return result;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 &&
        number == 0)
        return CLIENT_OK;
    errno = number != 0 ? number : errno;
    return fail_call(what, error);
}

static enum client_result connect_any(struct client_connection *connection,
                                      const struct http_url *url,
                                      uint64_t deadline,
                                      char error[CLIENT_ERROR])
{
    const struct addrinfo *next = NULL;
    struct lookup *lookup = NULL;
    enum client_result result =
        resolve(connection, url, deadline, &lookup, error);

    if (result != CLIENT_OK)
        return result;
    result = CLIENT_FAILED;
    for (lookup_result(lookup, &next); next != NULL && result == CLIENT_FAILED;
         next = next->ai_next) {
        if (connection->fd >= 0)
            close(connection->fd);
        result = connect_one(connection, next, deadline, error);
    }
    lookup_free(lookup);
    return result;
}

static enum client_result start_tls(struct client_connection *connection,
                                    const char *host, uint64_t deadline,
                                    char error[CLIENT_ERROR])
{
    enum client_result result = CLIENT_OK;
    enum client_step step = CLIENT_STEP_AGAIN;

    connection->tls =
        client_tls_new(connection->fd, host, connection->options, error);
    if (connection->tls == NULL)
        return CLIENT_FAILED;
    while (result == CLIENT_OK && step == CLIENT_STEP_AGAIN) {
        step = client_tls_handshake(connection->tls, error);
        if (step == CLIENT_STEP_AGAIN)
            result = await_ready(
                connection, client_tls_events(connection->tls), deadline,
                "no answer to the TLS handshake: perhaps it does not speak "
                "TLS; then use http://",
                error);
    }
    return step == CLIENT_STEP_FAILED ? CLIENT_FAILED : result;
}

enum client_result client_connect(struct client_connection *connection,
                                  const struct http_url *url,
                                  const struct client_options *options,
                                  uint64_t deadline, char error[CLIENT_ERROR])
{
    *connection = (struct client_connection){.options = options, .fd = -1};
    enum client_result result = connect_any(connection, url, deadline, error);

    if (result == CLIENT_OK && url->secure)
        result = start_tls(connection, url->host, deadline, error);
    return result;
}

/* connect(2) of a Unix socket succeeds or fails at once. */
enum client_result client_connect_unix(struct client_connection *connection,
                                       const char *path,
                                       const struct client_options *options,
                                       uint64_t deadline,
                                       char error[CLIENT_ERROR])
{
    static const char what[] = "cannot connect";
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *connection = (struct client_connection){.options = options, .fd = -1};
    if (strlen(path) >= sizeof(address.sun_path))
        return fail("cannot connect: the path is too long", error);
    memcpy(address.sun_path, path, strlen(path));
    connection->fd =
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection->fd < 0)
        return fail_call(what, error);
    while (connect(connection->fd, (const struct sockaddr *)&address,
                   sizeof(address)) != 0) {
        if (errno != EAGAIN || clock_us(CLOCK_MONOTONIC) >= deadline)
            return fail_call(what, error);
        if (!goes_on(connection))
            return CLIENT_INTERRUPTED;
        poll(NULL, 0, CLIENT_TICK_MS);
    }
    return CLIENT_OK;
}

/*
 * As send(2), which takes `*count` of the bytes. AGAIN: not until the socket is
 * ready for `*events`.
 */
static enum client_step send_some(struct client_connection *connection,
                                  struct text bytes, size_t *count,
                                  short *events, char error[CLIENT_ERROR])
{
    if (connection->tls != NULL) {
        enum client_step result =
            client_tls_send(connection->tls, bytes, count, error);
        *events = client_tls_events(connection->tls);
        return result;
    }
    ssize_t sent = send(connection->fd, bytes.data, bytes.length, MSG_NOSIGNAL);
    *events = POLLOUT;
    if (sent >= 0) {
        *count = (size_t)sent;
        return CLIENT_STEP_DONE;
    }
    if (errno == EAGAIN || errno == EINTR)
        return CLIENT_STEP_AGAIN;
    fail_call("cannot send the request", error);
    return CLIENT_STEP_FAILED;
}

enum client_result client_send(struct client_connection *connection,
                               struct text bytes, uint64_t deadline,
                               char error[CLIENT_ERROR])
{
    while (bytes.length > 0) {
        size_t count = 0;
        short events;

        if (!goes_on(connection))
            return CLIENT_INTERRUPTED;
        enum client_step step =
            send_some(connection, bytes, &count, &events, error);
        if (step == CLIENT_STEP_FAILED)
            return CLIENT_FAILED;
        if (step == CLIENT_STEP_AGAIN) {
            enum client_result result = await_ready(
                connection, events, deadline, "takes no request", error);
            if (result != CLIENT_OK)
                return result;
        }
        bytes = text_skip(bytes, count);
    }
    return CLIENT_OK;
}

/* As recv(2), and otherwise as send_some(). */
static enum client_step receive_some(struct client_connection *connection,
                                     char *bytes, size_t *count, short *events,
                                     char error[CLIENT_ERROR])
{
    if (connection->tls != NULL) {
        enum client_step result =
            client_tls_receive(connection->tls, bytes, count, error);
        *events = client_tls_events(connection->tls);
        return result;
    }
    ssize_t received = recv(connection->fd, bytes, *count, 0);
    *events = POLLIN;
    if (received >= 0) {
        *count = (size_t)received;
        return CLIENT_STEP_DONE;
    }
    if (errno == EAGAIN || errno == EINTR)
        return CLIENT_STEP_AGAIN;
    fail_call("the connection broke", error);
    return CLIENT_STEP_FAILED;
}

enum client_result client_receive(struct client_connection *connection,
                                  char *bytes, size_t *count, uint64_t deadline,
                                  char error[CLIENT_ERROR])
{
    for (;;) {
        short events;

        if (!goes_on(connection))
            return CLIENT_INTERRUPTED;
        enum client_step step =
            receive_some(connection, bytes, count, &events, error);
        if (step != CLIENT_STEP_AGAIN)
            return step == CLIENT_STEP_DONE ? CLIENT_OK : CLIENT_FAILED;
        enum client_result result =
            await_ready(connection, events, deadline,
                        "does not send anything any more", error);
        if (result != CLIENT_OK)
            return result;
    }
}

bool client_is_exposed(const struct client_connection *connection)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } peer = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof(peer);

    if (connection->tls != NULL)
        return false;
    if (getpeername(connection->fd, &peer.any, &size) != 0)
        return true;
    if (peer.any.sa_family == AF_UNIX)
        return false;
    if (peer.any.sa_family == AF_INET)
        return ntohl(peer.ipv4.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
    return peer.any.sa_family != AF_INET6 ||
           !IN6_IS_ADDR_LOOPBACK(&peer.ipv6.sin6_addr);
}

void client_close(struct client_connection *connection)
{
    if (connection->options == NULL)
        return;
    if (connection->tls != NULL)
        client_tls_end(connection->tls);
    client_tls_free(connection->tls);
    if (connection->fd >= 0)
        close(connection->fd);
    *connection = (struct client_connection){.options = NULL};
}
