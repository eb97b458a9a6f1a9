/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue for each kind, and one lock. The first thread takes slow jobs, and
 * other jobs if no slow one is queued. The other threads take no slow jobs. The
 * lock makes all that the submitter has written visible to the worker; a job
 * hands over its result itself.
 *
 * The first thread and the other threads wait on separate conditions: glibc's
 * pthread_cond_broadcast() may wait until threads that it woke earlier have
 * run, and submitters are event loops.
 */
#include "base/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/sync.h"

enum { KINDS = WORKER_STEP + 1 };

struct queue {
    struct worker_job *first;
    struct worker_job **end; /* where the next job is linked */
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t for_first, for_rest;
    /* Guarded by `lock`. */
    struct queue queues[KINDS]; /* by worker_kind */
    enum worker_kind turn;      /* WORKER_SHORT or WORKER_STEP */
    size_t queued;              /* jobs in all queues */
    bool stopped;
    /* Set at start, then read-only. */
    unsigned count;
    pthread_t threads[];
};

static void init_queue(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void append_job(struct queue *queue, struct worker_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

/* Remove the next job. NULL if the queue is empty. */
static struct worker_job *take_job(struct queue *queue)
{
    struct worker_job *job = queue->first;

    if (job != NULL)
        queue->first = job->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return job;
}

/* Remove the next short job or step. NULL if there is neither. */
static struct worker_job *take_in_turns_locked(struct workers *workers)
{
    enum worker_kind other =
        workers->turn == WORKER_SHORT ? WORKER_STEP : WORKER_SHORT;
    struct worker_job *job = take_job(&workers->queues[workers->turn]);

    if (job != NULL)
        workers->turn = other;
    else
        job = take_job(&workers->queues[other]);
    return job;
}

/*
 * Wait for a job and remove it. With `any` it may be a slow one, which goes
 * first. NULL once the workers are stopped and no job is queued.
 */
static struct worker_job *next_job(struct workers *workers, bool any)
{
    struct worker_job *job = NULL;

    sync_lock(&workers->lock);
    for (;;) {
        if (any)
            job = take_job(&workers->queues[WORKER_SLOW]);
        if (job == NULL)
            job = take_in_turns_locked(workers);
        if (job != NULL)
            workers->queued--;
        if (job != NULL || workers->stopped)
            break;
        sync_wait(any ? &workers->for_first : &workers->for_rest,
                  &workers->lock);
    }
    sync_unlock(&workers->lock);
    return job;
}

static void run_jobs(struct workers *workers, bool any)
{
    struct worker_job *job;

    /* Shown by tools that list threads, such as top -H. */
    pthread_setname_np(pthread_self(), WORKERS_NAME);
    while ((job = next_job(workers, any)) != NULL)
        job->run(job);
}

static void *run_first(void *workers)
{
    run_jobs(workers, true);
    return NULL;
}

static void *run_rest(void *workers)
{
    run_jobs(workers, false);
    return NULL;
}

struct workers *workers_start(unsigned threads)
{
    struct workers *workers =
        calloc(1, sizeof(*workers) + threads * sizeof(pthread_t));
    if (workers == NULL)
        return NULL;

    sync_mutex_init(&workers->lock);
    sync_cond_init(&workers->for_first);
    sync_cond_init(&workers->for_rest);
    for (size_t i = 0; i < KINDS; i++)
        init_queue(&workers->queues[i]);
    while (workers->count < threads &&
           pthread_create(&workers->threads[workers->count], NULL,
                          workers->count == 0 ? run_first : run_rest,
                          workers) == 0)
        workers->count++;
    if (workers->count == threads)
        return workers;
    workers_free(workers);
    return NULL;
}

void workers_submit(struct workers *workers, struct worker_job *job)
{
    /* The job may be freed as soon as the lock is released. */
    enum worker_kind kind = job->kind;

    sync_lock(&workers->lock);
    append_job(&workers->queues[kind], job);
    workers->queued++;
    sync_signal(&workers->for_first);
    if (kind != WORKER_SLOW)
        sync_signal(&workers->for_rest);
    sync_unlock(&workers->lock);
}

size_t workers_queued(struct workers *workers)
{
    sync_lock(&workers->lock);
    size_t queued = workers->queued;
    sync_unlock(&workers->lock);
    return queued;
}

void workers_free(struct workers *workers)
{
    if (workers == NULL)
        return;
    sync_lock(&workers->lock);
    workers->stopped = true;
    sync_broadcast(&workers->for_first);
    sync_broadcast(&workers->for_rest);
    sync_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        sync_join(workers->threads[i]);
    pthread_cond_destroy(&workers->for_rest);
    pthread_cond_destroy(&workers->for_first);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
