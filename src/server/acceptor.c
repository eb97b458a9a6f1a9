/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sync.h"
#include "connections.h"

enum {
    AGAIN_MS = 5,      /* until accept4(2) is tried again, without a client */
    SCARCITY_MS = 100, /* as in daemon.c */
    /*
     * Connections that were handed over are added to the list in far less. If
     * not, memory was exhausted, and the daemon has closed them.
     */
    HANDED_MS = 1000,
};

struct acceptor {
    int socket;
    enum peer_kind kind;
    struct MHD_Daemon *daemon;
    struct connections *connections;
    int stop; /* an eventfd: the thread has to end */
    pthread_t thread;
    /* Owned by the thread, and after its end by who stops it. */
    uint64_t handed;     /* connections, to the daemon */
    uint64_t last_added; /* to the list, when it was looked at last */
    uint64_t since;      /* when one was handed over, or the list grew, last */
    bool shut;           /* the socket's other owner has shut it */
};

unsigned acceptor_daemon_limit(unsigned max_connections, unsigned loops)
{
    return 2 * max_connections * loops;
}

/* How many were handed over, and are not in the list yet. */
static unsigned count_handed(struct acceptor *acceptor,
                             struct connections_at *at)
{
    uint64_t now = connection_clock();

    *at = connections_at(acceptor->connections, acceptor->kind);
    if (at->added != acceptor->last_added) {
        acceptor->last_added = at->added;
        acceptor->since = now;
    }
    /* Less: one came so late that it was not expected any more. */
    if (acceptor->handed < at->added ||
        now - acceptor->since >= HANDED_MS * UINT64_C(1000))
        acceptor->handed = at->added;
    return (unsigned)(acceptor->handed - at->added);
}

static void await_change(const struct acceptor *acceptor,
                         const struct connections_at *seen)
{
    connections_await_change(acceptor->connections, acceptor->kind, seen,
                             HANDED_MS);
}

/* Wait for `ms` (-1: any time), or a connection if one is `wanted`. */
static bool wait_for_stop(const struct acceptor *acceptor, bool wanted, int ms)
{
    struct pollfd events[] = {
        {.fd = acceptor->stop, .events = POLLIN},
        {.fd = acceptor->socket, .events = POLLIN},
    };

    poll(events, wanted ? 2 : 1, ms);
    return events[0].revents != 0;
}

/*
 * A client of a Unix socket has no address that anybody reads, but perhaps a
 * long one (admit_unix() in daemon.c).
 */
static socklen_t fitting(socklen_t size)
{
    return size <= sizeof(struct sockaddr_in6) ? size
                                               : sizeof(struct sockaddr_in6);
}

/* poll(2) reports such a socket again and again. */
static int note_shut(struct acceptor *acceptor)
{
    if (!acceptor->shut)
        log_line(LOG_ERROR,
                 "the %s socket of the service manager was shut by another "
                 "process, so no client can connect: restart lunar.socket",
                 acceptor->kind == PEER_UNIX ? "Unix" : "TCP");
    acceptor->shut = true;
    return SCARCITY_MS;
}

/* The system has no resources for another connection. */
static int make_room(struct acceptor *acceptor)
{
    connections_make_room(acceptor->connections);
    return SCARCITY_MS;
}

/* accept4(2) has failed. Returns as accept_one(). */
static int note_failure(struct acceptor *acceptor, int number)
{
    switch (number) {
    case EAGAIN:
        /* Another process was faster; or it has shut a Unix socket. */
        return AGAIN_MS;
    case EINVAL:
        return note_shut(acceptor);
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return make_room(acceptor);
    default:
        return 0; /* of the client's connection */
    }
}

/* Returns the milliseconds to wait before the next one. */
static int accept_one(struct acceptor *acceptor)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(address);
    int fd = accept4(acceptor->socket, (struct sockaddr *)&address, &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return note_failure(acceptor, errno);
    acceptor->handed++;
    acceptor->since = connection_clock();
    /* It is closed if it is not added. */
    if (MHD_add_connection(acceptor->daemon, fd, (struct sockaddr *)&address,
                           fitting(size)) == MHD_YES)
        return 0;
    acceptor->handed--;
    return make_room(acceptor);
}

static void *run_acceptor(void *context)
{
    struct acceptor *acceptor = context;
    bool stopped = false;

    while (!stopped) {
        struct connections_at at;
        unsigned handed = count_handed(acceptor, &at);
        if (at.open + handed >= connections_limit(acceptor->connections)) {
            await_change(acceptor, &at);
            stopped = wait_for_stop(acceptor, false, 0);
            continue;
        }
        stopped = wait_for_stop(acceptor, true, -1);
        int ms = stopped ? 0 : accept_one(acceptor);
        if (ms > 0)
            stopped = wait_for_stop(acceptor, false, ms);
    }
    return NULL;
}

struct acceptor *acceptor_start(int socket, enum peer_kind kind,
                                struct MHD_Daemon *daemon,
                                struct connections *connections)
{
    struct acceptor *acceptor = calloc(1, sizeof(*acceptor));

    if (acceptor == NULL)
        return NULL;
    acceptor->socket = socket;
    acceptor->kind = kind;
    acceptor->daemon = daemon;
    acceptor->connections = connections;
    acceptor->since = connection_clock();
    acceptor->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (acceptor->stop >= 0 &&
        pthread_create(&acceptor->thread, NULL, run_acceptor, acceptor) == 0)
        return acceptor;
    if (acceptor->stop >= 0)
        close(acceptor->stop);
    free(acceptor);
    return NULL;
}

/* The interrupt comes last, so that the thread sees the stop behind it. */
void acceptor_stop(struct acceptor *acceptor)
{
    struct connections_at at;

    if (acceptor == NULL)
        return;
    eventfd_write(acceptor->stop, 1);
    connections_interrupt(acceptor->connections, acceptor->kind);
    sync_join(acceptor->thread);
    /* At most HANDED_MS. */
    while (count_handed(acceptor, &at) > 0)
        await_change(acceptor, &at);
    close(acceptor->stop);
    free(acceptor);
}
