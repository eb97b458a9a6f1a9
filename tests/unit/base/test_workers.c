/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers' queue, above all at the stop: each job is run once, by a
 * worker or cancelled, whenever it was submitted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/workers.h"

enum { JOBS = 200, PROBES = 100000 };

/* A job that tells what became of it. */
struct told {
    struct worker_job job;
    atomic_uint runs, cancelled;
    sem_t *begun, *may_end; /* NULL: it ends at once */
};

static void run(struct worker_job *job, bool cancelled)
{
    struct told *told = (struct told *)job;

    if (!cancelled && told->begun != NULL) {
        sem_post(told->begun);
        while (sem_wait(told->may_end) != 0)
            continue;
    }
    atomic_fetch_add(cancelled ? &told->cancelled : &told->runs, 1);
}

static void submit(struct workers *workers, struct told *told)
{
    told->job.run = run;
    workers_submit(workers, &told->job);
}

static void *stop(void *workers)
{
    workers_stop(workers);
    return NULL;
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
    workers_stop(workers);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].runs, 1);
        assert_int_equal(jobs[i].cancelled, 0);
    }
    assert_int_equal(last.runs, 1);
    workers_free(workers);
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
    workers_stop(workers);
    assert_int_equal(slow.runs, 1);
    assert_int_equal(quick.runs, 1);
    assert_int_equal(next_slow.runs + next_slow.cancelled, 1);
    workers_free(workers);
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

/*
 * Submit jobs until one is cancelled on the spot, by which one knows that the
 * stop has begun. Returns how many that took.
 */
static size_t probe(struct workers *workers, struct told *probes)
{
    for (size_t i = 0; i < PROBES; i++) {
        submit(workers, &probes[i]);
        if (probes[i].cancelled == 1)
            return i + 1;
        sched_yield();
    }
    fail_msg("the stop has not begun");
    return 0;
}

/* The only worker is held up until the stop has begun. */
static void stop_finishes_what_has_begun_and_cancels_the_rest(void **state)
{
    static struct told probes[PROBES];
    struct workers *workers = workers_start(1);
    sem_t begun, may_end;
    struct told first = {.begun = &begun, .may_end = &may_end};
    struct told waiting = {.runs = 0};
    pthread_t stopper;

    (void)state;
    assert_non_null(workers);
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    submit(workers, &first);
    sem_wait(&begun);
    submit(workers, &waiting);
    assert_int_equal(pthread_create(&stopper, NULL, stop, workers), 0);
    size_t count = probe(workers, probes);
    assert_int_equal(first.runs, 0);
    sem_post(&may_end);
    pthread_join(stopper, NULL);
    assert_int_equal(first.runs, 1);
    assert_int_equal(first.cancelled, 0);
    assert_int_equal(waiting.runs, 0);
    assert_int_equal(waiting.cancelled, 1);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(probes[i].runs, 0);
        assert_int_equal(probes[i].cancelled, 1);
    }
    workers_free(workers);
    sem_destroy(&begun);
    sem_destroy(&may_end);
}

static void job_after_the_stop_is_cancelled_by_who_submits_it(void **state)
{
    struct workers *workers = workers_start(2);
    struct told late = {.runs = 0};

    (void)state;
    assert_non_null(workers);
    workers_stop(workers);
    submit(workers, &late);
    assert_int_equal(late.runs, 0);
    assert_int_equal(late.cancelled, 1);
    workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_is_run_once),
        cmocka_unit_test(job_need_not_wait_for_slow_ones),
        cmocka_unit_test(stop_finishes_what_has_begun_and_cancels_the_rest),
        cmocka_unit_test(job_after_the_stop_is_cancelled_by_who_submits_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
