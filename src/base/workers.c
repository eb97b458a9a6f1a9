/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two queues and one lock: the first thread takes slow jobs, and others where
 * there are none; the rest take no slow ones. What a job has written is handed
 * over with the lock on the way in; on the way out the job hands over for
 * itself.
 *
 * The first thread and the rest wait for conditions of their own: glibc's
 * pthread_cond_broadcast() may wait for threads that it woke before to run,
 * and whoever submits is an event loop.
 */
#include "base/workers.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/sync.h"

struct queue {
    struct worker_job *first;
    struct worker_job **end; /* where the next one is hung in */
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t for_first, for_rest;
    /* Guarded by `lock`. */
    struct queue slow, others;
    bool begun; /* the first thread has */
    bool stopped;
    /* Set at start, then read-only. */
    unsigned count;
    pthread_t threads[];
};

static void empty(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void append(struct queue *queue, struct worker_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

/* The next job; NULL when the queue is empty. */
static struct worker_job *take_from(struct queue *queue)
{
    struct worker_job *job = queue->first;

    if (job != NULL)
        queue->first = job->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return job;
}

/* `any`: also a slow one, and rather that. */
static struct worker_job *take_locked(struct workers *workers, bool any)
{
    struct worker_job *job = any ? take_from(&workers->slow) : NULL;

    return job != NULL ? job : take_from(&workers->others);
}

/* Wait for a job; NULL after the stop. */
static struct worker_job *next_job(struct workers *workers, bool any)
{
    struct worker_job *job = NULL;

    sync_lock(&workers->lock);
    while (!workers->stopped && (job = take_locked(workers, any)) == NULL)
        sync_wait(any ? &workers->for_first : &workers->for_rest,
                  &workers->lock);
    sync_unlock(&workers->lock);
    return job;
}

static bool is_first(struct workers *workers)
{
    sync_lock(&workers->lock);
    bool first = !workers->begun;
    workers->begun = true;
    sync_unlock(&workers->lock);
    return first;
}

static void *work(void *context)
{
    struct workers *workers = context;
    bool any = is_first(workers);
    struct worker_job *job;

    /* For those who look at the threads, as top -H does. */
    pthread_setname_np(pthread_self(), WORKERS_NAME);
    while ((job = next_job(workers, any)) != NULL)
        job->run(job, false);
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
    empty(&workers->slow);
    empty(&workers->others);
    while (workers->count < threads &&
           pthread_create(&workers->threads[workers->count], NULL, work,
                          workers) == 0)
        workers->count++;
    if (workers->count == threads)
        return workers;

    workers_stop(workers);
    workers_free(workers);
    return NULL;
}

void workers_submit(struct workers *workers, struct worker_job *job)
{
    sync_lock(&workers->lock);
    bool stopped = workers->stopped;
    if (!stopped) {
        append(job->slow ? &workers->slow : &workers->others, job);
        sync_signal(&workers->for_first);
        if (!job->slow)
            sync_signal(&workers->for_rest);
    }
    sync_unlock(&workers->lock);
    if (stopped)
        job->run(job, true);
}

static struct worker_job *take(struct workers *workers)
{
    sync_lock(&workers->lock);
    struct worker_job *job = take_locked(workers, true);
    sync_unlock(&workers->lock);
    return job;
}

void workers_stop(struct workers *workers)
{
    struct worker_job *job;

    sync_lock(&workers->lock);
    workers->stopped = true;
    sync_broadcast(&workers->for_first);
    sync_broadcast(&workers->for_rest);
    sync_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        sync_join(workers->threads[i]);
    while ((job = take(workers)) != NULL)
        job->run(job, true);
}

void workers_free(struct workers *workers)
{
    if (workers == NULL)
        return;
    pthread_cond_destroy(&workers->for_rest);
    pthread_cond_destroy(&workers->for_first);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
