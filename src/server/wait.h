/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a connection waits for the application: in a pool of event loops it is
 * suspended, so that its loop serves others; with a thread for each connection
 * the thread sleeps. At a stop all waits are cancelled, and no more begin.
 *
 * A connection has one wait at a time, which its thread begins and ends:
 *
 *     begin --> sleep --> (wake) --> end      the application made it wait
 *     begin --> end                           it did not
 *
 * A deferred response is started after the connection was suspended; streams
 * and sinks make the connection wait before that. A wait is cancelled, once and
 * only after the application knows of it, at a stop, and if it is that of a
 * long-lived response that is to end (sweep.h).
 *
 * Waits that are woken together are resumed in groups, one a loop. To resume a
 * connection from another thread wakes its loop, so the waker does that for one
 * of a group, the leader, and the loop resumes the others, the followers, when
 * the leader's wait ends.
 *
 * Locking: a wait belongs to its connection's thread. Only the wake, which
 * comes once from any thread, and the cancelling, by the sweep or a stop, meet
 * it from outside, by atomics.
 */
#ifndef LUNAR_SERVER_WAIT_H
#define LUNAR_SERVER_WAIT_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "activity.h"
#include "http/deferred.h"

enum {
    WAIT_PINS = 256, /* room for waits that are pinned together */
};

struct MHD_Connection;

/* What all waits share. */
struct waits {
    bool threads; /* a thread for each connection; set at start */
    _Atomic bool stopping;
    /* Begun, and neither ended, nor woken and, if suspended, resumed. */
    _Atomic unsigned open;
};

enum wait_state {
    WAIT_IDLE,   /* no wait */
    WAIT_BEGUN,  /* the application may wake it */
    WAIT_ASLEEP, /* the same, and the connection is suspended */
    WAIT_WOKEN,
};

struct wait {
    /* Set by wait_init(), then read-only. */
    struct waits *all;
    struct MHD_Connection *mhd;
    struct http_waiter waiter;
    sem_t woken;    /* with a thread for each connection */
    pthread_t loop; /* the connection's thread */
    struct activity activity;
    /* Set by wait_begin(), read by who has the wait pinned. */
    void (*cancel)(void *target);
    void *target;
    bool leads; /* set by wait_begin(), read by the waker */
    /* Owned by the waker; from the leader's resume on by the loop. */
    struct wait *next;        /* of the followers */
    struct wait *followers;   /* of the leader */
    _Atomic int state;        /* enum wait_state */
    _Atomic bool cancellable; /* the application knows of it; once */
    _Atomic unsigned pinned;  /* while it is not 0, the wait must not end */
};

/*
 * `all` and `mhd` are borrowed and outlive the wait.
 * Locking: on the connection's thread.
 */
void wait_init(struct wait *wait, struct waits *all,
               struct MHD_Connection *mhd);

/* No wait may be open. */
void wait_release(struct wait *wait);

/* Whether wait_sleep() blocks the thread and never suspends. */
bool wait_blocks(const struct wait *wait);

/*
 * Begin a wait. Returns the waiter that the application wakes; NULL, without a
 * wait, if the service stops. `cancel` asks `target`, from any thread, to wake
 * soon. `leads`: as soon as the suspended connection is resumed, libmicrohttpd
 * calls the exchange or the stream, or ends the request, so that the wait ends.
 */
struct http_waiter *wait_begin(struct wait *wait, void (*cancel)(void *target),
                               void *target, bool leads);

/*
 * The application knows of the wait: from now on it may be cancelled. Not after
 * wait_end().
 */
void wait_allow_cancel(struct wait *wait);

/* Whether the wake has come, and the connection is not suspended any more. */
bool wait_is_over(const struct wait *wait);

/*
 * Wait for the wake. True if the connection is suspended: the caller returns
 * to libmicrohttpd, which calls again after the wake. False if the wake has
 * come.
 */
bool wait_sleep(struct wait *wait);

/*
 * Have libmicrohttpd look at the connection once more, although nothing has
 * happened to it. No wait may be open. In a pool the connection is suspended
 * until the caller has returned.
 */
void wait_revisit(struct wait *wait);

/*
 * End the wait: after the wake, or if the application did not make the
 * connection wait. After that the target may be freed. Resumes the followers.
 */
void wait_end(struct wait *wait);

/*
 * On another thread, which may be one of several. If the wait may be cancelled
 * and was not yet, pin it and return true: wait_end() then blocks, so that the
 * target lives, until wait_cancel(), which cancels the target.
 * Locking: the caller holds the lock of the list of connections for wait_pin(),
 * which keeps the wait from being freed, and no lock for wait_cancel().
 */
bool wait_pin(struct wait *wait);
void wait_cancel(struct wait *wait);

/* The same for many, which are pinned under one lock. */
struct wait_pins {
    struct wait *waits[WAIT_PINS];
    unsigned count;
};

/* Pin the wait if it may be cancelled. There must be room. */
void wait_pins_add(struct wait_pins *pins, struct wait *wait);
void wait_pins_cancel(struct wait_pins *pins);

#endif
