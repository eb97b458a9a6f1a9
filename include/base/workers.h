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

struct workers;

/* Of each of its threads. */
#define WORKERS_NAME "lunar-worker"

/* Part of whatever the job is about; it must stay until `run` is called. */
struct worker_job {
    void (*run)(struct worker_job *job, bool cancelled);
    bool slow;               /* takes seconds rather than milliseconds */
    struct worker_job *next; /* the queue's */
};

/* NULL where threads or memory end. */
struct workers *workers_start(unsigned threads);

/*
 * Have `job->run` called by one of the threads; or, after the stop, at once
 * by this one, and cancelled.
 */
void workers_submit(struct workers *workers, struct worker_job *job);

/*
 * Finish what has begun, cancel what waits, and end the threads. Jobs may
 * still be submitted, until workers_free().
 */
void workers_stop(struct workers *workers);
void workers_free(struct workers *workers);

#endif
