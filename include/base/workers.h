/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few threads that do what would hold up an event loop: jobs that are slow
 * in the order in which they came, and the others in theirs, which, where
 * there are two threads or more, need not wait for slow ones. The queues are
 * made of the jobs themselves, so handing one over never fails for want of
 * memory.
 */
#ifndef LUNAR_BASE_WORKERS_H
#define LUNAR_BASE_WORKERS_H

#include <stdbool.h>

struct server_workers;

/* Of each of its threads. */
#define SERVER_WORKERS_NAME "lunar-worker"

/* Part of whatever the job is about; it must stay until `run` is called. */
struct server_job {
    void (*run)(struct server_job *job, bool cancelled);
    bool slow;               /* takes seconds rather than milliseconds */
    struct server_job *next; /* the queue's */
};

/* NULL where threads or memory end. */
struct server_workers *server_workers_start(unsigned threads);

/*
 * Have `job->run` called by one of the threads; or, after the stop, at once
 * by this one, and cancelled.
 */
void server_workers_submit(struct server_workers *workers,
                           struct server_job *job);

/*
 * Finish what has begun, cancel what waits, and end the threads. Jobs may
 * still be submitted, until server_workers_free().
 */
void server_workers_stop(struct server_workers *workers);
void server_workers_free(struct server_workers *workers);

#endif
