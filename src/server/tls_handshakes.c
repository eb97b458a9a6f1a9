/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may resume a connection: it is on the list from its suspension on, and
 * whoever takes it from the list, under the lock, resumes it. A suspended
 * connection is neither called nor closed by libmicrohttpd, so what the list
 * and the epoll point to exists. EPOLLONESHOT gives one event for each time it
 * is armed, and the event takes the connection from the list before it can be
 * armed again; so no event is left of a connection that has gone on.
 *
 * MHD_resume_connection() uses the connection only under a mutex of
 * libmicrohttpd's, which the loop takes before it finds the connection resumed.
 */
#include "tls_handshakes.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/sync.h"

enum { EVENTS = 64 /* of one epoll_wait(2) */ };

struct tls_handshakes {
    /* Set at start, then read-only. */
    int epoll, ended; /* an eventfd: the thread has to end */
    pthread_t thread;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct tls_handshake *first;
    bool stopped;
};

static void unlink_locked(struct tls_handshakes *handshakes,
                          struct tls_handshake *handshake)
{
    if (handshake->previous != NULL)
        handshake->previous->next = handshake->next;
    else
        handshakes->first = handshake->next;
    if (handshake->next != NULL)
        handshake->next->previous = handshake->previous;
    handshake->waits = false;
}

/* Unless a stop has done it. */
static void resume(struct tls_handshakes *handshakes,
                   struct tls_handshake *handshake)
{
    sync_lock(&handshakes->lock);
    bool waits = handshake->waits;
    if (waits)
        unlink_locked(handshakes, handshake);
    sync_unlock(&handshakes->lock);
    if (waits)
        MHD_resume_connection(handshake->mhd);
}

/* The first of the list, no longer on it; NULL: from now on none is added. */
static struct tls_handshake *pop_last(struct tls_handshakes *handshakes)
{
    sync_lock(&handshakes->lock);
    struct tls_handshake *handshake = handshakes->first;
    handshakes->stopped = true;
    if (handshake != NULL)
        unlink_locked(handshakes, handshake);
    sync_unlock(&handshakes->lock);
    return handshake;
}

static void *run_handshakes(void *context)
{
    struct tls_handshakes *handshakes = context;
    struct epoll_event events[EVENTS];
    struct tls_handshake *handshake;
    bool ended = false;

    while (!ended) {
        int count = epoll_wait(handshakes->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == handshakes)
                ended = true;
            else
                resume(handshakes, events[i].data.ptr);
        }
    }
    while ((handshake = pop_last(handshakes)) != NULL)
        MHD_resume_connection(handshake->mhd);
    return NULL;
}

static void release_handshakes(struct tls_handshakes *handshakes)
{
    if (handshakes->epoll >= 0)
        close(handshakes->epoll);
    if (handshakes->ended >= 0)
        close(handshakes->ended);
    pthread_mutex_destroy(&handshakes->lock);
    free(handshakes);
}

struct tls_handshakes *tls_handshakes_start(void)
{
    struct tls_handshakes *handshakes = calloc(1, sizeof(*handshakes));
    if (handshakes == NULL)
        return NULL;

    struct epoll_event event = {.events = EPOLLIN, .data.ptr = handshakes};
    sync_mutex_init(&handshakes->lock);
    handshakes->epoll = epoll_create1(EPOLL_CLOEXEC);
    handshakes->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (handshakes->epoll >= 0 && handshakes->ended >= 0 &&
        epoll_ctl(handshakes->epoll, EPOLL_CTL_ADD, handshakes->ended,
                  &event) == 0 &&
        pthread_create(&handshakes->thread, NULL, run_handshakes, handshakes) ==
            0)
        return handshakes;
    release_handshakes(handshakes);
    return NULL;
}

void tls_handshakes_stop(struct tls_handshakes *handshakes)
{
    if (handshakes == NULL)
        return;
    eventfd_write(handshakes->ended, 1);
    sync_join(handshakes->thread);
}

void tls_handshakes_free(struct tls_handshakes *handshakes)
{
    if (handshakes != NULL)
        release_handshakes(handshakes);
}

void tls_handshake_init(struct tls_handshake *handshake,
                        struct MHD_Connection *mhd, int socket)
{
    *handshake = (struct tls_handshake){.mhd = mhd, .socket = socket};
}

/* True if the thread will get an event. */
static bool arm(struct tls_handshakes *handshakes,
                struct tls_handshake *handshake)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
                                .data.ptr = handshake};
    int operation = handshake->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    /* Before the event can be: the thread that gets it does not touch it. */
    handshake->watched = true;
    return epoll_ctl(handshakes->epoll, operation, handshake->socket, &event) ==
           0;
}

/*
 * Suspended first, as a resume of a connection that is not would be lost. If
 * the kernel cannot watch another socket, the loop has to try again at once.
 */
void tls_handshake_wait(struct tls_handshakes *handshakes,
                        struct tls_handshake *handshake)
{
    MHD_suspend_connection(handshake->mhd);
    sync_lock(&handshakes->lock);
    bool stopped = handshakes->stopped;
    if (!stopped) {
        handshake->previous = NULL;
        handshake->next = handshakes->first;
        if (handshake->next != NULL)
            handshake->next->previous = handshake;
        handshakes->first = handshake;
        handshake->waits = true;
    }
    sync_unlock(&handshakes->lock);
    if (stopped) {
        MHD_resume_connection(handshake->mhd);
    } else if (!arm(handshakes, handshake)) {
        handshake->watched = false;
        resume(handshakes, handshake);
    }
}

void tls_handshake_end(struct tls_handshakes *handshakes,
                       struct tls_handshake *handshake)
{
    if (handshake->watched)
        epoll_ctl(handshakes->epoll, EPOLL_CTL_DEL, handshake->socket, NULL);
    handshake->watched = false;
}
