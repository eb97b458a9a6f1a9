/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few threads for jobs that would block an event loop. Jobs of one kind start
 * in the order of submission. Slow jobs run one at a time; with two threads or
 * more no other job waits for them. Short jobs and steps take turns, so however
 * many steps are queued, at most one starts before each short job, and the
 * other way round. The queues link the jobs themselves, so submitting a job
 * cannot run out of memory.
 */
#ifndef LUNAR_BASE_WORKERS_H
#define LUNAR_BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

struct workers;

/* The name of every worker thread. */
#define WORKERS_NAME "lunar-worker"

enum worker_kind {
    WORKER_SHORT, /* takes milliseconds */
    WORKER_SLOW,  /* takes seconds */
    WORKER_STEP,  /* takes milliseconds, and submits itself again, often */
};

/* Embedded in a larger struct. It must exist until `run` is called. */
struct worker_job {
    void (*run)(struct worker_job *job);
    enum worker_kind kind;
    bool reads_disk;         /* it takes as long as the disk hangs */
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
 * The number of jobs that wait for a thread. Those that run do not count.
 * Locking: safe from any thread.
 */
size_t workers_queued(struct workers *workers);

/*
 * Whether the threads do not get on: one has been at the same short job or step
 * since workers_note(), or such jobs have been queued since then and none was
 * taken, although not every thread is at a slow job or reads a disk: these may
 * last.
 * Locking: safe from any thread.
 */
bool workers_are_stuck(struct workers *workers);
void workers_note(struct workers *workers);

/*
 * Run the queued jobs, and those that they submit, then end the threads. NULL
 * does nothing. No other thread may submit a job by now, and no job a slow one.
 */
void workers_free(struct workers *workers);

#endif
