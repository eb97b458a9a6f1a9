/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the workers' queues: every job runs exactly once, also one that is
 * submitted by a job or queued when the workers are freed; and which jobs wait
 * for which.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/sync.h"
#include "base/workers.h"

enum { JOBS = 200 };

/* Of the jobs that block: posted by each when it has begun, and to end one. */
static sem_t begun, may_end;

static atomic_uint all_runs;

static int set_up(void **state)
{
    (void)state;
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    atomic_init(&all_runs, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sem_destroy(&begun);
    sem_destroy(&may_end);
    return 0;
}

/*
 * A job that counts its runs. It may block until the test lets it end, and
 * submit another job.
 */
struct counted_job {
    struct worker_job job;
    bool blocks;
    struct workers *workers; /* of `child` */
    struct counted_job *child;
    atomic_uint runs;
    unsigned place; /* of its last run, among the runs of all jobs, from 1 */
};

static void run_counted_job(struct worker_job *job)
{
    struct counted_job *counted = container_of(job, struct counted_job, job);

    if (counted->blocks) {
        sem_post(&begun);
        while (sem_wait(&may_end) != 0)
            continue;
    }
    if (counted->child != NULL)
        workers_submit(counted->workers, &counted->child->job);
    atomic_fetch_add(&counted->runs, 1);
    counted->place = atomic_fetch_add(&all_runs, 1) + 1;
}

static void submit_job(struct workers *workers, struct counted_job *counted)
{
    counted->job.run = run_counted_job;
    workers_submit(workers, &counted->job);
}

/* One slow job runs and another one is queued; a short job starts at once. */
static void short_job_does_not_wait_for_slow_ones(void **state)
{
    (void)state;
    struct workers *workers = workers_start(2);
    struct counted_job slow = {.job.kind = WORKER_SLOW, .blocks = true};
    struct counted_job next_slow = {.job.kind = WORKER_SLOW};
    struct counted_job brief = {.blocks = true};

    assert_non_null(workers);
    submit_job(workers, &slow);
    sem_wait(&begun);
    submit_job(workers, &next_slow);
    assert_int_equal(workers_queued(workers), 1);
    submit_job(workers, &brief);
    sem_wait(&begun); /* of the short job */
    assert_int_equal(workers_queued(workers), 1);
    assert_int_equal(slow.runs, 0);
    assert_int_equal(next_slow.runs, 0);
    sem_post(&may_end);
    sem_post(&may_end);
    workers_free(workers);
    assert_int_equal(slow.runs, 1);
    assert_int_equal(brief.runs, 1);
    assert_int_equal(next_slow.runs, 1);
}

/* The only worker is blocked while many steps are queued, then short jobs. */
static void short_jobs_and_steps_take_turns(void **state)
{
    enum { SHORT_JOBS = 3 };
    struct workers *workers = workers_start(1);
    struct counted_job first = {.blocks = true};
    struct counted_job steps[JOBS] = {{.runs = 0}};
    struct counted_job brief[SHORT_JOBS] = {{.runs = 0}};

    (void)state;
    assert_non_null(workers);
    submit_job(workers, &first);
    sem_wait(&begun);
    for (size_t i = 0; i < JOBS; i++) {
        steps[i].job.kind = WORKER_STEP;
        submit_job(workers, &steps[i]);
    }
    for (size_t i = 0; i < SHORT_JOBS; i++)
        submit_job(workers, &brief[i]);
    sem_post(&may_end);
    workers_free(workers);
    assert_int_equal(first.place, 1);
    for (unsigned i = 0; i < SHORT_JOBS; i++) {
        assert_int_equal(steps[i].place, 2 * i + 2);
        assert_int_equal(brief[i].place, 2 * i + 3);
    }
    assert_int_equal(steps[JOBS - 1].place, 1 + SHORT_JOBS + JOBS);
}

static void *free_workers(void *workers)
{
    workers_free(workers);
    return NULL;
}

/*
 * Both workers are blocked, and jobs of each kind are queued. The last job
 * submits another one when the queues are empty.
 */
static void every_job_runs_once_before_the_workers_end(void **state)
{
    (void)state;
    struct workers *workers = workers_start(2);
    struct counted_job first[2] = {{.blocks = true}, {.blocks = true}};
    struct counted_job waiting[JOBS] = {{.runs = 0}};
    struct counted_job child = {.job = {.run = run_counted_job}};
    pthread_t ending;

    assert_non_null(workers);
    for (size_t i = 0; i < 2; i++) {
        submit_job(workers, &first[i]);
        sem_wait(&begun);
    }
    for (size_t i = 0; i < JOBS; i++) {
        waiting[i].job.kind = (enum worker_kind)(i % 3);
        if (i == JOBS - 1) {
            waiting[i].workers = workers;
            waiting[i].child = &child;
        }
        submit_job(workers, &waiting[i]);
    }
    assert_int_equal(pthread_create(&ending, NULL, free_workers, workers), 0);
    assert_int_equal(first[0].runs + first[1].runs + waiting[0].runs, 0);
    assert_int_equal(workers_queued(workers), JOBS);
    sem_post(&may_end);
    sem_post(&may_end);
    pthread_join(ending, NULL);
    assert_int_equal(first[0].runs, 1);
    assert_int_equal(first[1].runs, 1);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(waiting[i].runs, 1);
    assert_int_equal(child.runs, 1);
}

static void job_may_submit_another_one(void **state)
{
    (void)state;
    struct workers *workers = workers_start(2);
    struct counted_job child = {
        .job = {.run = run_counted_job, .kind = WORKER_SLOW}, .blocks = true};
    struct counted_job parent = {.workers = workers, .child = &child};

    assert_non_null(workers);
    submit_job(workers, &parent);
    sem_wait(&begun);
    sem_post(&may_end);
    workers_free(workers);
    assert_int_equal(parent.runs, 1);
    assert_int_equal(child.runs, 1);
}

static bool look(struct workers *workers)
{
    bool stuck = workers_are_stuck(workers);

    workers_note(workers);
    return stuck;
}

/* Each look but the first tells what has happened since the one before. */
static void a_short_job_that_lasts_is_stuck(void **state)
{
    (void)state;
    struct workers *workers = workers_start(2);
    struct counted_job brief = {.blocks = true};
    struct counted_job step = {.job.kind = WORKER_STEP, .blocks = true};

    assert_non_null(workers);
    assert_false(look(workers));
    assert_false(look(workers)); /* nothing to do */
    submit_job(workers, &brief);
    sem_wait(&begun);
    assert_false(look(workers)); /* it has just begun */
    assert_true(look(workers));
    /* The other thread gets on, but the job still blocks. */
    submit_job(workers, &step);
    sem_wait(&begun);
    assert_true(look(workers));
    sem_post(&may_end);
    sem_post(&may_end);
    workers_free(workers);
}

static void a_slow_job_or_a_disk_may_last(void **state)
{
    (void)state;
    struct workers *workers = workers_start(2);
    struct counted_job slow = {.job.kind = WORKER_SLOW, .blocks = true};
    struct counted_job read = {.job.reads_disk = true, .blocks = true};
    struct counted_job waiting = {.runs = 0};

    assert_non_null(workers);
    submit_job(workers, &slow);
    sem_wait(&begun);
    submit_job(workers, &read);
    sem_wait(&begun);
    submit_job(workers, &waiting);
    for (int i = 0; i < 3; i++)
        assert_false(look(workers));
    sem_post(&may_end);
    sem_post(&may_end);
    workers_free(workers);
    assert_int_equal(waiting.runs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(short_job_does_not_wait_for_slow_ones),
        FIXTURE_TEST(short_jobs_and_steps_take_turns),
        FIXTURE_TEST(every_job_runs_once_before_the_workers_end),
        FIXTURE_TEST(job_may_submit_another_one),
        FIXTURE_TEST(a_short_job_that_lasts_is_stuck),
        FIXTURE_TEST(a_slow_job_or_a_disk_may_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
