/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a service manager how the service is, as sd_notify(3) of systemd
 * describes it: datagrams of VARIABLE=value lines to the Unix socket in
 * NOTIFY_SOCKET, a path or, with @, an abstract name. Without the variable
 * nothing is told to anybody.
 *
 * Each datagram says all that holds: the state and the STATUS, which
 * `systemctl status` shows. So nothing depends on one that was lost, and one
 * that is sent twice does no harm. The socket never blocks. A datagram that it
 * does not take is kept by what it says: notify_retry() sends what holds then.
 *
 *     starting --> ready <--> reloading
 *         |          |            |
 *         +----------+------------+--> stopping, or failed
 *
 * While the service is ready, STATUS has nothing that changes by the second,
 * such as the number of rockets: systemd shows the last one, however old it is.
 * It says what stays true, which is where the service listens and keeps its
 * state, or the problem that GET /health/ready has.
 *
 * ERRNO is not sent: what fails is in STATUS as a sentence with a remedy, and
 * most of it is no error of a system call.
 *
 * Locking: safe from any thread, but notify_open() and notify_close().
 */
#ifndef LUNAR_PROCESS_NOTIFY_H
#define LUNAR_PROCESS_NOTIFY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
    NOTIFY_TEXT = 1024, /* bytes of a STATUS, with a NUL; longer ones are cut */
    /*
     * A start that has not been heard of for so long has hung. Disks that are
     * only slow need minutes to open a large folder, or to sync it.
     */
    NOTIFY_START_MS = 600000,
};

enum notify_state {
    NOTIFY_STARTING,
    NOTIFY_READY,
    NOTIFY_RELOADING,
    NOTIFY_STOPPING,
    NOTIFY_FAILED,
};

struct notify {
    /* Set at start, then read-only. */
    int socket; /* -1: nobody wants to know */
    struct sockaddr_un address;
    socklen_t address_size;
    uint64_t watchdog_us; /* 0: no watchdog is wanted */
    /* Guarded by `lock`. */
    pthread_mutex_t lock;
    enum notify_state state;
    uint64_t extend_ms; /* of NOTIFY_STARTING and NOTIFY_STOPPING */
    char text[NOTIFY_TEXT];
    char problem[NOTIFY_TEXT]; /* "": none; instead of `text` when ready */
    bool bad_reload;           /* the last one has left something as it was */
    bool pending;              /* the socket has not taken what holds */
    bool warned;
};

/*
 * Read NOTIFY_SOCKET, and WATCHDOG_USEC and WATCHDOG_PID
 * (sd_watchdog_enabled(3)), and remove them from the environment, so that no
 * process that is started later, such as kinit(1) by librdkafka, speaks for the
 * service. What is not valid is as none, with a warning in the log.
 * Locking: before other threads start.
 */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* Whether there is somebody to tell. */
bool notify_is_used(const struct notify *notify);

/*
 * The start goes on; `text` says how far it is. It may take NOTIFY_START_MS
 * more, whatever TimeoutStartSec= is. Only before notify_ready().
 */
void notify_starting(struct notify *notify, const char *text);

/* The service takes messages; `text` says where. */
void notify_ready(struct notify *notify, const char *text);

/*
 * What is wrong with a service that is ready, or NULL. Sends nothing unless it
 * has changed.
 */
void notify_problem(struct notify *notify, const char *problem);

/*
 * A reload begins, and has ended: `good` if all files were read. Nothing is
 * sent unless the service is ready.
 */
void notify_reloading(struct notify *notify);
void notify_reloaded(struct notify *notify, bool good);

/* The stop begins, and takes at most `ms`, whatever TimeoutStopSec= is. */
void notify_stopping(struct notify *notify, const char *text, uint64_t ms);

/* The process ends, as `text` says. */
void notify_failed(struct notify *notify, const char *text);

/*
 * WATCHDOG=1: see watchdog.h. False if the socket does not take it: it is not
 * kept, as it may not hold any more.
 */
bool notify_alive(struct notify *notify);

/* If the socket has not taken what holds, try again. */
void notify_retry(struct notify *notify);

#endif
