/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are looked up by getaddrinfo_a(3), whose thread may hang on where
 * nobody waits for it any more: then its request is left to it, and to the end
 * of the process.
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

/* A name that is being looked up. */
struct lookup {
    struct gaicb request;
    struct addrinfo hints;
    char host[NI_MAXHOST], port[NI_MAXSERV];
};

static void free_lookup(struct lookup *lookup)
{
    if (lookup != NULL && lookup->request.ar_result != NULL)
        freeaddrinfo(lookup->request.ar_result);
    free(lookup);
}

static struct lookup *start_lookup(const char *host, const char *port)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));

    if (lookup == NULL)
        return NULL;
    snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    snprintf(lookup->port, sizeof(lookup->port), "%s", port);
    lookup->hints = (struct addrinfo){.ai_family = AF_UNSPEC,
                                      .ai_socktype = SOCK_STREAM,
                                      .ai_flags = AI_NUMERICSERV};
    lookup->request.ar_name = lookup->host;
    lookup->request.ar_service = lookup->port;
    lookup->request.ar_request = &lookup->hints;
    if (getaddrinfo_a(GAI_NOWAIT, (struct gaicb *[]){&lookup->request}, 1,
                      NULL) == 0)
        return lookup;
    free(lookup);
    return NULL;
}

/*
 * Addresses of `host`. Sets `*lookup`, which has them, and which the caller
 * frees.
 */
static enum journal_replayed resolve(const struct peer_socket *peer,
                                     const char *host, const char *port,
                                     uint64_t deadline, struct lookup **lookup,
                                     char error[JOURNAL_ERROR])
{
    const struct timespec tick = {.tv_nsec = PEER_TICK_MS * 1000000L};
    struct lookup *asked = start_lookup(host, port);
    bool interrupted = false;
    int result = EAI_INPROGRESS;

    if (asked == NULL)
        return fail_call("cannot look up the host", error);
    const struct gaicb *const list[] = {&asked->request};
    while (!interrupted && result == EAI_INPROGRESS &&
           clock_us(CLOCK_MONOTONIC) < deadline) {
        gai_suspend(list, 1, &tick);
        result = gai_error(&asked->request);
        interrupted = !goes_on(peer);
    }
    if (result == EAI_INPROGRESS && gai_cancel(&asked->request) != EAI_CANCELED)
        result = gai_error(&asked->request); /* it may have ended just now */
    if (result == 0 && !interrupted) {
        *lookup = asked;
        return JOURNAL_COMPLETE;
    }
    if (result != EAI_INPROGRESS)
        free_lookup(asked);
    if (interrupted)
        return JOURNAL_INTERRUPTED;
    snprintf(error, JOURNAL_ERROR, "cannot look up the host: %s",
             result == EAI_INPROGRESS || result == EAI_CANCELED
                 ? "no answer of the DNS"
                 : gai_strerror(result));
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
    for (const struct addrinfo *next = lookup->request.ar_result;
         next != NULL && result == JOURNAL_FAILED; next = next->ai_next) {
        peer_socket_close(peer);
        result = connect_one(peer, next, deadline, error);
    }
    free_lookup(lookup);
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
