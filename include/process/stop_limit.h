/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds the time of a stop with a store. Requests that wait for the disk, or
 * for brokers, cannot be cancelled, as their messages may be on it already. If
 * it does not answer, the process ends without it. No acknowledged message is
 * lost by that: it is on the disk or in the topic, and senders repeat what was
 * not acknowledged.
 *
 * Signals are blocked while the state is recovered, and looked for between
 * reads of the disk. If one is pending and the disk does not answer, the time
 * runs, too.
 *
 *     stop_limit_start() --> stop_limit_recovered() --> stop_limit_begin()
 *         --> stop_limit_answered() --> stop_limit_end()
 *
 * Locking: one thread calls these. Once the time is over, they do not return.
 */
#ifndef LUNAR_PROCESS_STOP_LIMIT_H
#define LUNAR_PROCESS_STOP_LIMIT_H

#include <pthread.h>
#include <stdbool.h>

struct store;

enum stop_phase {
    STOP_RECOVERY, /* the state is being recovered */
    STOP_NONE,     /* the service runs */
    STOP_REQUESTS, /* requests are in flight, and may wait for the disk */
    STOP_ANSWERED, /* the store may be closing, and is not used any more */
    STOP_COMPLETE,
    STOP_OVERDUE, /* the process ends */
};

struct stop_limit {
    /* Set at start, then read-only. */
    struct store *store;
    bool shared; /* its journal, by many instances */
    unsigned ms;
    pthread_t thread;
    /* Guarded by `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum stop_phase phase;
};

/*
 * Start the thread that measures the time. False if there are no resources for
 * it.
 * Ownership: `store` is borrowed until stop_limit_answered().
 */
bool stop_limit_start(struct stop_limit *limit, struct store *store,
                      unsigned ms);

/*
 * The recovery has ended, in any way. Until then the time begins with a pending
 * signal (signals.h), and ends with this call.
 */
void stop_limit_recovered(struct stop_limit *limit);

/*
 * The stop begins: `ms` milliseconds from now the process ends with
 * EXIT_FAILURE, after a line in the log that says what was not acknowledged.
 */
void stop_limit_begin(struct stop_limit *limit);

/* No request is in flight any more. */
void stop_limit_answered(struct stop_limit *limit);

/* The store is closed: end the thread. Also without a stop. */
void stop_limit_end(struct stop_limit *limit);

#endif
