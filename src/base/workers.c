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

#include "base/log.h"

struct queue {
    struct server_job *first;
    struct server_job **end; /* where the next one is hung in */
};

struct server_workers {
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

static void lock(struct server_workers *workers)
{
    log_check_pthread(pthread_mutex_lock(&workers->lock), "pthread_mutex_lock");
}

static void unlock(struct server_workers *workers)
{
    log_check_pthread(pthread_mutex_unlock(&workers->lock),
                      "pthread_mutex_unlock");
}

static void empty(struct queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void append(struct queue *queue, struct server_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

/* The next job; NULL when the queue is empty. */
static struct server_job *take_from(struct queue *queue)
{
    struct server_job *job = queue->first;

    if (job != NULL)
        queue->first = job->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    return job;
}

/* `any`: also a slow one, and rather that. */
static struct server_job *take_locked(struct server_workers *workers, bool any)
{
    struct server_job *job = any ? take_from(&workers->slow) : NULL;

    return job != NULL ? job : take_from(&workers->others);
}

/* Wait for a job; NULL after the stop. */
static struct server_job *next_job(struct server_workers *workers, bool any)
{
    struct server_job *job = NULL;

    lock(workers);
    while (!workers->stopped && (job = take_locked(workers, any)) == NULL)
        pthread_cond_wait(any ? &workers->for_first : &workers->for_rest,
                          &workers->lock);
    unlock(workers);
    return job;
}

static bool is_first(struct server_workers *workers)
{
    lock(workers);
    bool first = !workers->begun;
    workers->begun = true;
    unlock(workers);
    return first;
}

static void *work(void *context)
{
    struct server_workers *workers = context;
    bool any = is_first(workers);
    struct server_job *job;

    /* For those who look at the threads, as top -H does. */
    pthread_setname_np(pthread_self(), SERVER_WORKERS_NAME);
    while ((job = next_job(workers, any)) != NULL)
        job->run(job, false);
    return NULL;
}

struct server_workers *server_workers_start(unsigned threads)
{
    struct server_workers *workers =
        calloc(1, sizeof(*workers) + threads * sizeof(pthread_t));
    if (workers == NULL)
        return NULL;

    log_check_pthread(pthread_mutex_init(&workers->lock, NULL),
                      "pthread_mutex_init");
    log_check_pthread(pthread_cond_init(&workers->for_first, NULL),
                      "pthread_cond_init");
    log_check_pthread(pthread_cond_init(&workers->for_rest, NULL),
                      "pthread_cond_init");
    empty(&workers->slow);
    empty(&workers->others);
    while (workers->count < threads &&
           pthread_create(&workers->threads[workers->count], NULL, work,
                          workers) == 0)
        workers->count++;
    if (workers->count == threads)
        return workers;

    server_workers_stop(workers);
    server_workers_free(workers);
    return NULL;
}

void server_workers_submit(struct server_workers *workers,
                           struct server_job *job)
{
    lock(workers);
    bool stopped = workers->stopped;
    if (!stopped) {
        append(job->slow ? &workers->slow : &workers->others, job);
        pthread_cond_signal(&workers->for_first);
        if (!job->slow)
            pthread_cond_signal(&workers->for_rest);
    }
    unlock(workers);
    if (stopped)
        job->run(job, true);
}

static struct server_job *take(struct server_workers *workers)
{
    lock(workers);
    struct server_job *job = take_locked(workers, true);
    unlock(workers);
    return job;
}

void server_workers_stop(struct server_workers *workers)
{
    struct server_job *job;

    lock(workers);
    workers->stopped = true;
    pthread_cond_broadcast(&workers->for_first);
    pthread_cond_broadcast(&workers->for_rest);
    unlock(workers);
    for (unsigned i = 0; i < workers->count; i++)
        log_check_pthread(pthread_join(workers->threads[i], NULL),
                          "pthread_join");
    while ((job = take(workers)) != NULL)
        job->run(job, true);
}

void server_workers_free(struct server_workers *workers)
{
    if (workers == NULL)
        return;
    pthread_cond_destroy(&workers->for_rest);
    pthread_cond_destroy(&workers->for_first);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
