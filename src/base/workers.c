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
#include <stdlib.h>

#include "base/sync.h"

enum { KINDS = WORKER_STEP + 1 };

struct queue {
    struct worker_job *first;
    struct worker_job **end; /* where the next job is linked */
};

struct worker {
    struct workers *workers; /* set at start, then read-only */
    pthread_t thread;        /* the same */
    /* Guarded by the lock. */
    bool quick;    /* it runs a job that takes milliseconds */
    bool may_last; /* it runs another one */
    uint64_t jobs; /* that it has taken */
    uint64_t seen; /* `jobs` at workers_note() */
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t for_first, for_rest;
    /* Guarded by `lock`. */
    struct queue queues[KINDS]; /* by worker_kind */
    enum worker_kind turn;      /* WORKER_SHORT or WORKER_STEP */
    size_t queued;              /* jobs in all queues */
    bool stopped;
    uint64_t taken;   /* jobs that are not slow */
    uint64_t seen;    /* `taken` at workers_note() */
    bool seen_queued; /* there were such jobs then */
    /* Set at start, then read-only. */
    unsigned count;
    struct worker all[];
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

/* What the worker does now: `job`, or nothing if that is NULL. */
static void note_job_locked(struct worker *worker, const struct worker_job *job)
{
    worker->may_last =
        job != NULL && (job->kind == WORKER_SLOW || job->reads_disk);
    worker->quick = job != NULL && !worker->may_last;
    if (job == NULL)
        return;
    worker->jobs++;
    worker->workers->queued--;
    if (job->kind != WORKER_SLOW)
        worker->workers->taken++;
}

/*
 * Wait for a job and remove it. The first thread may take a slow one, which
 * goes first. NULL once the workers are stopped and no job is queued.
 */
static struct worker_job *next_job(struct worker *worker)
{
    struct workers *workers = worker->workers;
    bool any = worker == &workers->all[0];
    struct worker_job *job = NULL;

    sync_lock(&workers->lock);
    note_job_locked(worker, NULL);
    for (;;) {
        if (any)
            job = take_job(&workers->queues[WORKER_SLOW]);
        if (job == NULL)
            job = take_in_turns_locked(workers);
        if (job != NULL || workers->stopped)
            break;
        sync_wait(any ? &workers->for_first : &workers->for_rest,
                  &workers->lock);
    }
    note_job_locked(worker, job);
    sync_unlock(&workers->lock);
    return job;
}

static void *run_worker(void *context)
{
    struct worker *worker = context;
    struct worker_job *job;

    /* Shown by tools that list threads, such as top -H. */
    pthread_setname_np(pthread_self(), WORKERS_NAME);
    while ((job = next_job(worker)) != NULL)
        job->run(job);
    return NULL;
}

static bool start_worker(struct workers *workers)
{
    struct worker *worker = &workers->all[workers->count];

    worker->workers = workers;
    if (pthread_create(&worker->thread, NULL, run_worker, worker) != 0)
        return false;
    workers->count++;
    return true;
}

struct workers *workers_start(unsigned threads)
{
    struct workers *workers =
        calloc(1, sizeof(*workers) + threads * sizeof(struct worker));
    if (workers == NULL)
        return NULL;

    sync_mutex_init(&workers->lock);
    sync_cond_init(&workers->for_first);
    sync_cond_init(&workers->for_rest);
    for (size_t i = 0; i < KINDS; i++)
        init_queue(&workers->queues[i]);
    while (workers->count < threads && start_worker(workers))
        continue;
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

bool workers_are_stuck(struct workers *workers)
{
    bool stuck = false, excused = true;

    sync_lock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++) {
        const struct worker *worker = &workers->all[i];
        stuck = stuck || (worker->quick && worker->jobs == worker->seen);
        excused = excused && worker->may_last;
    }
    stuck = stuck || (!excused && workers->seen_queued &&
                      workers->taken == workers->seen);
    sync_unlock(&workers->lock);
    return stuck;
}

void workers_note(struct workers *workers)
{
    sync_lock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        workers->all[i].seen = workers->all[i].jobs;
    workers->seen = workers->taken;
    workers->seen_queued = workers->queues[WORKER_SHORT].first != NULL ||
                           workers->queues[WORKER_STEP].first != NULL;
    sync_unlock(&workers->lock);
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
        sync_join(workers->all[i].thread);
    pthread_cond_destroy(&workers->for_rest);
    pthread_cond_destroy(&workers->for_first);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
