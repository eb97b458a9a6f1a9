/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few threads for jobs that would block an event loop. Slow jobs run one at
 * a time, in the order of submission. The other jobs start in the order of
 * submission too; with two threads or more they do not wait for slow jobs. The
 * queues link the jobs themselves, so submitting a job cannot run out of
 * memory.
 */
#ifndef LUNAR_BASE_WORKERS_H
#define LUNAR_BASE_WORKERS_H

#include <stdbool.h>

struct workers;

/* The name of every worker thread. */
#define WORKERS_NAME "lunar-worker"

/* Embedded in a larger struct. It must exist until `run` is called. */
struct worker_job {
    void (*run)(struct worker_job *job);
    bool slow;               /* takes seconds, not milliseconds */
    struct worker_job *next; /* private to the queue */
};

/* Returns NULL if threads or memory are exhausted. */
struct workers *workers_start(unsigned threads);

/*
 * Run `job` on a worker thread.
 * Locking: safe from any thread, also from a job.
 */
void workers_submit(struct workers *workers, struct worker_job *job);

/*
 * Run the queued jobs, and those that they submit, then end the threads. NULL
 * does nothing. No other thread may submit a job by now, and no job a slow one.
 */
void workers_free(struct workers *workers);

#endif
