/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers' queues: each job is run once, whenever it was submitted.
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

/* A job that counts its runs. */
struct told {
    struct worker_job job;
    atomic_uint runs;
    sem_t *begun, *may_end; /* NULL: it ends at once */
};

static void run(struct worker_job *job)
{
    struct told *told = container_of(job, struct told, job);

    if (told->begun != NULL) {
        sem_post(told->begun);
        while (sem_wait(told->may_end) != 0)
            continue;
    }
    atomic_fetch_add(&told->runs, 1);
}

static void submit(struct workers *workers, struct told *told)
{
    told->job.run = run;
    workers_submit(workers, &told->job);
}

static void each_job_is_run_once(void **state)
{
    struct workers *workers = workers_start(2);
    struct told jobs[JOBS] = {{.runs = 0}};
    sem_t begun, may_end;
    struct told last = {.begun = &begun, .may_end = &may_end};

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 1);
    for (size_t i = 0; i < JOBS; i++)
        submit(workers, &jobs[i]);
    submit(workers, &last);
    /* Jobs are taken in their order, so now all others have been taken. */
    sem_wait(&begun);
    workers_free(workers);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].runs, 1);
    assert_int_equal(last.runs, 1);
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

/* One slow job is being done and another one waits; a third one does not. */
static void job_need_not_wait_for_slow_ones(void **state)
{
    struct workers *workers = workers_start(2);
    sem_t begun, may_end;
    struct told slow = {.job.slow = true, .begun = &begun, .may_end = &may_end};
    struct told next_slow = {.job.slow = true};
    struct told quick = {.begun = &begun, .may_end = &may_end};

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    submit(workers, &slow);
    sem_wait(&begun);
    submit(workers, &next_slow);
    submit(workers, &quick);
    sem_wait(&begun); /* the quick one has */
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

/* The only worker is held up, and jobs wait, slow ones and others. */
static void end_runs_the_jobs_that_are_left(void **state)
{
    struct workers *workers = workers_start(1);
    sem_t begun, may_end;
    struct told first = {.begun = &begun, .may_end = &may_end};
    struct told waiting[JOBS] = {{.runs = 0}};
    pthread_t ending;

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    submit(workers, &first);
    sem_wait(&begun);
    for (size_t i = 0; i < JOBS; i++) {
        waiting[i].job.slow = i % 2 == 0;
        submit(workers, &waiting[i]);
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

/* A job that submits another one, as the last one may. */
struct parent {
    struct told told;
    struct workers *workers;
    struct told child;
};

static void run_parent(struct worker_job *job)
{
    struct parent *parent = container_of(job, struct parent, told.job);

    submit(parent->workers, &parent->child);
    atomic_fetch_add(&parent->told.runs, 1);
}

static void job_may_submit_another_one(void **state)
{
    struct workers *workers = workers_start(1);
    struct parent parent = {.told.job.run = run_parent, .workers = workers};

    (void)state;
    assert_non_null(workers);
    workers_submit(workers, &parent.told.job);
    workers_free(workers);
    assert_int_equal(parent.told.runs, 1);
    assert_int_equal(parent.child.runs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_is_run_once),
        cmocka_unit_test(job_need_not_wait_for_slow_ones),
        cmocka_unit_test(end_runs_the_jobs_that_are_left),
        cmocka_unit_test(job_may_submit_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
