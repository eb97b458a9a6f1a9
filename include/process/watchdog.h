/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that looks after the service for its service manager: each second at
 * what is wrong, which STATUS shows (notify.h); and, if the manager wants
 * it (sd_watchdog_enabled(3)), at half of its time at whether the service makes
 * progress. Only then it sends WATCHDOG=1. If none comes in time,
 * the manager ends the service and starts it again.
 *
 * WATCHDOG=1 says that since the datagram before
 *
 * - no event loop has been in one call of ours, nor a thread of a connection,
 *   unless it waits for the application (server_stuck());
 * - no lock of the table is held for good: each was had for reading, or by
 *   another writer (table_probe());
 * - no worker has been at one short job, and none has left such jobs waiting
 *   (workers_are_stuck());
 * - nobody holds the locks of the list of connections, of the workers and of
 *   the log for good, as this thread takes them as well.
 *
 * It does not say that
 *
 * - the disk or the brokers answer. A restart would not mend them, and would
 *   take what works meanwhile: reads go on. STATUS and GET /health say so, and
 *   a stop has limits of its own (stop_limit.h);
 * - a slow job, such as a whole list of millions of rockets, comes to an end;
 * - libmicrohttpd itself gets on between our callbacks, or clients can connect:
 *   -check-health and probes from outside see that;
 * - streams of events are on time.
 *
 * A process that the kernel has stopped sends nothing, either.
 *
 * Without -data the restart loses all rockets. That is so for any restart, and
 * a service that does not get on takes no messages.
 *
 * After a look that has found something the next one comes soon, so a machine
 * that was only slow still sends in time. It is logged when it lasts.
 */
#ifndef LUNAR_PROCESS_WATCHDOG_H
#define LUNAR_PROCESS_WATCHDOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "table/table.h"

struct api;
struct notify;
struct server;
struct workers;

/* What is looked at, and who is told. */
struct watchdog_parts {
    const struct api *api;
    struct server *server;
    struct table *table;
    struct workers *workers;
    struct notify *notify;
};

struct watchdog {
    /* Set at start, then read-only. */
    struct watchdog_parts parts;
    uint64_t half_us; /* between datagrams; 0: none are wanted */
    bool runs;
    pthread_t thread;
    /* Owned by the thread. */
    unsigned bad_looks; /* since the last good one */
    struct table_probe locks;
    /* Guarded by `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending;
};

/*
 * Start the thread, if there is somebody to tell. False if there are no
 * resources for it.
 * Ownership: the parts are borrowed until watchdog_end().
 */
bool watchdog_start(struct watchdog *watchdog,
                    const struct watchdog_parts *parts);

/*
 * End the thread, before the server is stopped. Does nothing if it was not
 * started, and all of `watchdog` is 0.
 */
void watchdog_end(struct watchdog *watchdog);

#endif
