/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that do not block, and poll(2) for short times, so that the watch is
 * asked often.
 */
#include "peer_socket.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "lookup.h"

static enum journal_replayed fail_call(const char *what,
                                       char error[JOURNAL_ERROR])
{
    char reason[128];

    snprintf(error, JOURNAL_ERROR, "%s: %s", what,
             strerror_r(errno, reason, sizeof(reason)));
    return JOURNAL_FAILED;
}

static bool goes_on(const struct peer_socket *peer)
{
    return peer->watch == NULL ||
           peer->watch->report(peer->watch->context, peer->progress);
}

/* Look up `host`. Sets `*lookup`, which has addresses; the caller frees it. */
static enum journal_replayed resolve(const struct peer_socket *peer,
                                     const char *host, const char *port,
                                     uint64_t deadline, struct lookup **lookup,
                                     char error[JOURNAL_ERROR])
{
    struct lookup *asked = lookup_start(host, port);
    const struct addrinfo *addresses;
    bool interrupted = false, done = false;

    if (asked == NULL)
        return fail_call("cannot look up the host", error);
    while (!interrupted && !done && clock_us(CLOCK_MONOTONIC) < deadline) {
        done = lookup_wait(asked, PEER_TICK_MS);
        interrupted = !goes_on(peer);
    }
    int result = done ? lookup_result(asked, &addresses) : 0;
    if (done && result == 0 && !interrupted) {
        *lookup = asked;
        return JOURNAL_COMPLETE;
    }
    lookup_free(asked);
    if (interrupted)
        return JOURNAL_INTERRUPTED;
    snprintf(error, JOURNAL_ERROR, "cannot look up the host: %s",
             done ? gai_strerror(result) : "no answer of the DNS");
    return JOURNAL_FAILED;
}

/* Wait until the socket is ready for `events` of poll(2). */
static enum journal_replayed await_ready(const struct peer_socket *peer,
                                         short events, uint64_t deadline,
                                         const char *late,
                                         char error[JOURNAL_ERROR])
{
    struct pollfd ready = {.fd = peer->fd, .events = events};

    for (;;) {
        if (!goes_on(peer))
            return JOURNAL_INTERRUPTED;
        if (poll(&ready, 1, PEER_TICK_MS) > 0)
            return JOURNAL_COMPLETE;
        if (clock_us(CLOCK_MONOTONIC) >= deadline)
            break;
    }
    snprintf(error, JOURNAL_ERROR, "%s", late);
    return JOURNAL_FAILED;
}

/* Connect to one address. */
static enum journal_replayed connect_one(struct peer_socket *peer,
                                         const struct addrinfo *address,
                                         uint64_t deadline,
                                         char error[JOURNAL_ERROR])
{
    static const char what[] = "cannot connect";
    enum journal_replayed result = JOURNAL_COMPLETE;
    int number = 0;
    socklen_t size = sizeof(number);

    peer->fd = socket(address->ai_family,
                      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (peer->fd < 0)
        return fail_call(what, error);
    if (connect(peer->fd, address->ai_addr, address->ai_addrlen) != 0) {
        if (errno != EINPROGRESS)
            return fail_call(what, error);
        result = await_ready(peer, POLLOUT, deadline,
                             "cannot connect: no answer", error);
    }
    if (result != JOURNAL_COMPLETE)
        return result;
    if (getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 &&
        number == 0)
        return JOURNAL_COMPLETE;
    errno = number != 0 ? number : errno;
    return fail_call(what, error);
}

enum journal_replayed peer_socket_connect(struct peer_socket *peer,
                                          const char *host, const char *port,
                                          char error[JOURNAL_ERROR])
{
    uint64_t deadline = clock_us(CLOCK_MONOTONIC) + PEER_CONNECT_MS * 1000ULL;
    struct lookup *lookup = NULL;

    peer->fd = -1;
    enum journal_replayed result =
        resolve(peer, host, port, deadline, &lookup, error);
    if (result != JOURNAL_COMPLETE)
        return result;
    result = JOURNAL_FAILED;
    const struct addrinfo *next = NULL;
    for (lookup_result(lookup, &next); next != NULL && result == JOURNAL_FAILED;
         next = next->ai_next) {
        peer_socket_close(peer);
        result = connect_one(peer, next, deadline, error);
    }
    lookup_free(lookup);
    if (result != JOURNAL_COMPLETE)
        peer_socket_close(peer);
    return result;
}

enum journal_replayed peer_socket_send(struct peer_socket *peer,
                                       struct text bytes, uint64_t deadline,
                                       char error[JOURNAL_ERROR])
{
    while (bytes.length > 0) {
        enum journal_replayed result =
            await_ready(peer, POLLOUT, deadline, "takes no request", error);
        if (result != JOURNAL_COMPLETE)
            return result;
        ssize_t sent = send(peer->fd, bytes.data, bytes.length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return fail_call("cannot send the request", error);
        if (sent > 0)
            bytes = text_skip(bytes, (size_t)sent);
    }
    return JOURNAL_COMPLETE;
}

enum journal_replayed peer_socket_receive(struct peer_socket *peer, char *bytes,
                                          size_t *count, uint64_t deadline,
                                          char error[JOURNAL_ERROR])
{
    size_t room = *count;

    for (;;) {
        enum journal_replayed result = await_ready(
            peer, POLLIN, deadline, "does not send anything any more", error);
        if (result != JOURNAL_COMPLETE)
            return result;
        ssize_t received = recv(peer->fd, bytes, room, 0);
        if (received >= 0) {
            *count = (size_t)received;
            return JOURNAL_COMPLETE;
        }
        if (errno != EAGAIN && errno != EINTR)
            return fail_call("the connection broke", error);
    }
}

void peer_socket_close(struct peer_socket *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
}
