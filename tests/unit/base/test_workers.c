/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the workers' queues: every job runs exactly once, also one that is
 * submitted by a job or queued when the workers are freed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/sync.h"
#include "base/workers.h"

enum { JOBS = 200 };

/* A job that counts its runs, and may block until the test lets it end. */
struct counted_job {
    struct worker_job job;
    atomic_uint runs;
    sem_t *begun, *may_end; /* both NULL: it does not block */
};

static void run_counted_job(struct worker_job *job)
{
    struct counted_job *counted = container_of(job, struct counted_job, job);

    if (counted->begun != NULL) {
        sem_post(counted->begun);
        while (sem_wait(counted->may_end) != 0)
            continue;
    }
    atomic_fetch_add(&counted->runs, 1);
}

static void submit_job(struct workers *workers, struct counted_job *counted)
{
    counted->job.run = run_counted_job;
    workers_submit(workers, &counted->job);
}

static void every_job_runs_once(void **state)
{
    struct workers *workers = workers_start(2);
    struct counted_job jobs[JOBS] = {{.runs = 0}};
    sem_t begun, may_end;
    struct counted_job last = {.begun = &begun, .may_end = &may_end};

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 1);
    for (size_t i = 0; i < JOBS; i++)
        submit_job(workers, &jobs[i]);
    submit_job(workers, &last);
    /* Jobs start in the order of submission, so all others have begun too. */
    sem_wait(&begun);
    workers_free(workers);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].runs, 1);
    assert_int_equal(last.runs, 1);
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

/* One slow job runs and another one is queued; a quick job starts at once. */
static void quick_job_does_not_wait_for_slow_ones(void **state)
{
    struct workers *workers = workers_start(2);
    sem_t begun, may_end;
    struct counted_job slow = {
        .job.slow = true, .begun = &begun, .may_end = &may_end};
    struct counted_job next_slow = {.job.slow = true};
    struct counted_job quick = {.begun = &begun, .may_end = &may_end};

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    submit_job(workers, &slow);
    sem_wait(&begun);
    submit_job(workers, &next_slow);
    submit_job(workers, &quick);
    sem_wait(&begun); /* of the quick job */
    assert_int_equal(slow.runs, 0);
    assert_int_equal(next_slow.runs, 0);
    sem_post(&may_end);
    sem_post(&may_end);
    workers_free(workers);
    assert_int_equal(slow.runs, 1);
    assert_int_equal(quick.runs, 1);
    assert_int_equal(next_slow.runs, 1);
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

static void *free_workers(void *workers)
{
    workers_free(workers);
    return NULL;
}

/* The only worker is blocked, and slow and quick jobs are queued. */
static void queued_jobs_run_before_the_workers_end(void **state)
{
    struct workers *workers = workers_start(1);
    sem_t begun, may_end;
    struct counted_job first = {.begun = &begun, .may_end = &may_end};
    struct counted_job waiting[JOBS] = {{.runs = 0}};
    pthread_t ending;

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    submit_job(workers, &first);
    sem_wait(&begun);
    for (size_t i = 0; i < JOBS; i++) {
        waiting[i].job.slow = i % 2 == 0;
        submit_job(workers, &waiting[i]);
    }
    assert_int_equal(pthread_create(&ending, NULL, free_workers, workers), 0);
    assert_int_equal(first.runs, 0);
    sem_post(&may_end);
    pthread_join(ending, NULL);
    assert_int_equal(first.runs, 1);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(waiting[i].runs, 1);
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

/* A job that submits another one. */
struct parent {
    struct counted_job counted;
    struct workers *workers;
    struct counted_job child;
};

static void run_parent(struct worker_job *job)
{
    struct parent *parent = container_of(job, struct parent, counted.job);

    submit_job(parent->workers, &parent->child);
}

static void job_may_submit_another_one(void **state)
{
    struct workers *workers = workers_start(2);
    sem_t begun, may_end;
    struct parent parent = {
        .counted.job.run = run_parent,
        .workers = workers,
        .child = {.job.slow = true, .begun = &begun, .may_end = &may_end}};

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 1);
    workers_submit(workers, &parent.counted.job);
    sem_wait(&begun);
    workers_free(workers);
    assert_int_equal(parent.child.runs, 1);
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once),
        cmocka_unit_test(quick_job_does_not_wait_for_slow_ones),
        cmocka_unit_test(queued_jobs_run_before_the_workers_end),
        cmocka_unit_test(job_may_submit_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
