/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One queue, one lock, one condition. What a job has written is handed over
 * with the lock on the way in; on the way out the job hands over for itself.
 */
#include "server_workers.h"

#include <pthread.h>
#include <stdlib.h>

#include "log.h"

struct server_workers {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Guarded by `lock`. */
    struct server_job *first;
    struct server_job **end; /* where the next one is hung in */
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

/* The next job; NULL when the queue is empty. */
static struct server_job *take_locked(struct server_workers *workers)
{
    struct server_job *job = workers->first;

    if (job != NULL)
        workers->first = job->next;
    if (workers->first == NULL)
        workers->end = &workers->first;
    return job;
}

/* Wait for a job; NULL after the stop. */
static struct server_job *next_job(struct server_workers *workers)
{
    struct server_job *job = NULL;

    lock(workers);
    while (!workers->stopped && (job = take_locked(workers)) == NULL)
        pthread_cond_wait(&workers->changed, &workers->lock);
    unlock(workers);
    return job;
}

static void *work(void *context)
{
    struct server_workers *workers = context;
    struct server_job *job;

    while ((job = next_job(workers)) != NULL)
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
    log_check_pthread(pthread_cond_init(&workers->changed, NULL),
                      "pthread_cond_init");
    workers->end = &workers->first;
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
        job->next = NULL;
        *workers->end = job;
        workers->end = &job->next;
        pthread_cond_signal(&workers->changed);
    }
    unlock(workers);
    if (stopped)
        job->run(job, true);
}

static struct server_job *take(struct server_workers *workers)
{
    lock(workers);
    struct server_job *job = take_locked(workers);
    unlock(workers);
    return job;
}

void server_workers_stop(struct server_workers *workers)
{
    struct server_job *job;

    lock(workers);
    workers->stopped = true;
    pthread_cond_broadcast(&workers->changed);
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
    pthread_cond_destroy(&workers->changed);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
