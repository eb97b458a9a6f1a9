/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few threads for what would hold up an event loop. Slow jobs are run one at
 * a time, in the order in which they came; so, with two threads or more, are
 * the others in theirs, without waiting for slow ones. The queues are made of
 * the jobs themselves, so submitting one never fails for want of memory.
 */
#ifndef LUNAR_BASE_WORKERS_H
#define LUNAR_BASE_WORKERS_H

#include <stdbool.h>

struct workers;

/* The name of each of the threads. */
#define WORKERS_NAME "lunar-worker"

/* Part of what the job is about. It must stay until `run` is called. */
struct worker_job {
    void (*run)(struct worker_job *job);
    bool slow;               /* takes seconds rather than milliseconds */
    struct worker_job *next; /* the queue's */
};

/* NULL where threads or memory end. */
struct workers *workers_start(unsigned threads);

/*
 * Run `job` on a worker thread.
 * Locking: from any thread, also from a job.
 */
void workers_submit(struct workers *workers, struct worker_job *job);

/* Run the jobs that are left, and end the threads. NULL does nothing. */
void workers_free(struct workers *workers);

#endif
