/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections are in an array, oldest first. A sweep runs when their
 * number has doubled since the last sweep, so a connection is checked about
 * twice in its life, however many are open. A sweep needs one poll(2).
 */
#include "sockets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRST_SWEEP = 64,
    /* Descriptors for the standard streams, libraries and workers. */
    RESERVED_FILES = 64,
    RESERVED_FILES_A_WORKER = 4,
};

size_t sockets_room(size_t workers)
{
    size_t reserved = RESERVED_FILES + RESERVED_FILES_A_WORKER * workers;
    struct rlimit files;
    size_t room;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 0;
    if (files.rlim_cur < files.rlim_max) {
        rlim_t before = files.rlim_cur;

        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            files.rlim_cur = before;
    }
    if (files.rlim_cur <= reserved)
        return 0;
    room = files.rlim_cur - reserved;
    return (room < SOCKETS_MAX ? room : SOCKETS_MAX) / workers;
}

static void schedule_sweep(struct sockets *sockets)
{
    size_t next = 2 * sockets->count + FIRST_SWEEP;

    sockets->sweep_at = next < sockets->limit ? next : sockets->limit;
}

int sockets_init(struct sockets *sockets, size_t limit)
{
    struct sockets made = {.limit = limit};

    made.items = calloc(limit > 0 ? limit : 1, sizeof(*made.items));
    if (made.items == NULL)
        return -1;
    schedule_sweep(&made);
    *sockets = made;
    return 0;
}

/* close(2) with a linger time of 0 sends RST and leaves no TIME_WAIT. */
static void reset_connection(int descriptor)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(descriptor);
}

void sockets_release(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        reset_connection(sockets->items[i].fd);
    free(sockets->items);
    *sockets = (struct sockets){0};
}

void sockets_reset_oldest(struct sockets *sockets)
{
    size_t victims = (sockets->count + 7) / 8;

    for (size_t i = 0; i < victims; i++)
        reset_connection(sockets->items[i].fd);
    sockets->count -= victims;
    memmove(sockets->items, sockets->items + victims,
            sockets->count * sizeof(*sockets->items));
    schedule_sweep(sockets);
}

/* Close each connection that the server has closed; keep the order. */
static void sweep_closed(struct sockets *sockets)
{
    size_t kept = 0;

    if (poll(sockets->items, sockets->count, 0) > 0) {
        for (size_t i = 0; i < sockets->count; i++) {
            if (sockets->items[i].revents == 0)
                sockets->items[kept++] = sockets->items[i];
            else
                close(sockets->items[i].fd);
        }
        sockets->count = kept;
    }
    schedule_sweep(sockets);
}

void sockets_keep(struct sockets *sockets, int descriptor)
{
    if (sockets->limit == 0) {
        close(descriptor);
        return;
    }
    sockets->items[sockets->count++] =
        (struct pollfd){.fd = descriptor, .events = POLLRDHUP};
    if (sockets->count < sockets->sweep_at)
        return;
    sweep_closed(sockets);
    if (sockets->count == sockets->limit)
        sockets_reset_oldest(sockets);
}
