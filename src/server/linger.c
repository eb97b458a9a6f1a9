/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors reach the thread through a pipe, which therefore owns those that
 * are under way. The end of the pipe is the end of the thread.
 */
#include "linger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sync.h"
#include "connection.h"

enum {
    TICK = 500,       /* ms between checks of the time */
    PART = 64 * 1024, /* bytes discarded at once */
    SECOND_US = 1000000,
};

struct lingering {
    uint64_t since; /* microseconds of connection_clock() */
    uint64_t heard; /* when bytes last arrived */
};

struct linger_close {
    /* Set at start, then read-only. */
    uint64_t quiet, whole; /* the limits, microseconds */
    int in;                /* the end of the pipe that others write to */
    pthread_t thread;
    _Atomic unsigned open; /* taken, and not closed yet */
    /*
     * Owned by the thread. The first of `polled` is the pipe's other end; the
     * others belong to `connections`, at the same index.
     */
    struct pollfd polled[1 + LINGER_CONNECTIONS];
    struct lingering connections[1 + LINGER_CONNECTIONS];
    nfds_t count; /* of both */
    char discarded[PART];
};

static void add_connection(struct linger_close *linger, int socket,
                           uint64_t now)
{
    nfds_t index = linger->count++;

    linger->polled[index] = (struct pollfd){socket, POLLIN, 0};
    linger->connections[index] = (struct lingering){now, now};
}

static void close_connection(struct linger_close *linger, nfds_t index)
{
    nfds_t last = --linger->count;

    close(linger->polled[index].fd);
    linger->polled[index] = linger->polled[last];
    linger->connections[index] = linger->connections[last];
    atomic_fetch_sub(&linger->open, 1);
}

/* Discard a part of what has arrived. False at the end of the connection. */
static bool discard_part(struct linger_close *linger, nfds_t index,
                         uint64_t now)
{
    ssize_t length =
        recv(linger->polled[index].fd, linger->discarded, PART, MSG_DONTWAIT);

    if (length > 0)
        linger->connections[index].heard = now;
    return length > 0 || (length < 0 && errno == EAGAIN);
}

static bool is_over(const struct linger_close *linger, nfds_t index,
                    uint64_t now)
{
    const struct lingering *connection = &linger->connections[index];

    return now - connection->heard >= linger->quiet ||
           now - connection->since >= linger->whole;
}

/* From the last on: the one that takes a place has been served. */
static void serve_connections(struct linger_close *linger, uint64_t now)
{
    for (nfds_t i = linger->count - 1; i > 0; i--)
        if ((linger->polled[i].revents != 0 && !discard_part(linger, i, now)) ||
            is_over(linger, i, now))
            close_connection(linger, i);
}

/* Take a connection from the pipe. False at the pipe's end. */
static bool take_connection(struct linger_close *linger, uint64_t now)
{
    int socket;
    ssize_t length = read(linger->polled[0].fd, &socket, sizeof(socket));

    if (length == sizeof(socket))
        add_connection(linger, socket, now);
    return length != 0;
}

static void *run_linger(void *context)
{
    struct linger_close *linger = context;
    bool goes_on = true;

    while (goes_on) {
        poll(linger->polled, linger->count, linger->count > 1 ? TICK : -1);
        uint64_t now = connection_clock();
        bool handed = linger->polled[0].revents != 0;
        serve_connections(linger, now);
        if (handed)
            goes_on = take_connection(linger, now);
    }
    while (linger->count > 1)
        close_connection(linger, linger->count - 1);
    close(linger->polled[0].fd);
    return NULL;
}

struct linger_close *linger_start(unsigned quiet_seconds, unsigned seconds)
{
    struct linger_close *linger = calloc(1, sizeof(*linger));
    int ends[2];

    if (linger == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(linger);
        return NULL;
    }
    linger->quiet = (uint64_t)quiet_seconds * SECOND_US;
    linger->whole = (uint64_t)seconds * SECOND_US;
    linger->in = ends[1];
    linger->polled[0] = (struct pollfd){ends[0], POLLIN, 0};
    linger->count = 1;
    if (pthread_create(&linger->thread, NULL, run_linger, linger) == 0)
        return linger;
    close(ends[0]);
    close(ends[1]);
    free(linger);
    return NULL;
}

void linger_free(struct linger_close *linger)
{
    if (linger == NULL)
        return;
    close(linger->in);
    sync_join(linger->thread);
    free(linger);
}

/*
 * The thread owns the descriptor from the write on, which orders all that came
 * before. The pipe always has room for LINGER_CONNECTIONS.
 *
 * The peer sees the end at once: libmicrohttpd has nearly always shut down the
 * sending side, but not where it has no thread for the connection.
 */
void linger_keep(struct linger_close *linger, int socket)
{
    int copy = -1;

    shutdown(socket, SHUT_WR);
    if (atomic_fetch_add(&linger->open, 1) < LINGER_CONNECTIONS)
        copy = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0 && write(linger->in, &copy, sizeof(copy)) == sizeof(copy))
        return;
    if (copy >= 0)
        close(copy);
    atomic_fetch_sub(&linger->open, 1);
}
