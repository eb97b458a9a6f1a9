/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of walks that reads of changes share. Walks are counted, and may fail,
 * as changes_find() is replaced. The only worker is busy until all have joined.
 */
#include "lib/unit_check.h"

#include <semaphore.h>
#include <stdio.h>

#include "api/changes_walk.h"
#include "base/sync.h"
#include "lib/messages.h"
#include "table/table.h"

enum { READS = 20 };

static struct {
    unsigned count;
    uint64_t after; /* of the last one */
    bool fails;
} walk;

struct read {
    struct changes_walker walker;
    sem_t *done;
};

struct scene {
    struct table *table;
    struct workers *workers;
    struct changes_walks *walks;
    struct worker_job blocker;
    sem_t blocked, done;
    struct read reads[READS];
};

__attribute__((used)) bool __real_changes_find(struct table *table,
                                               uint64_t after,
                                               enum changes_end end, size_t max,
                                               struct changes *changes);
__attribute__((used)) bool __wrap_changes_find(struct table *table,
                                               uint64_t after,
                                               enum changes_end end, size_t max,
                                               struct changes *changes);

bool __wrap_changes_find(struct table *table, uint64_t after,
                         enum changes_end end, size_t max,
                         struct changes *changes)
{
    walk.count++;
    walk.after = after;
    return !walk.fails && __real_changes_find(table, after, end, max, changes);
}

static void wait_for_all(struct worker_job *job)
{
    sync_semaphore_wait(&container_of(job, struct scene, blocker)->blocked);
}

static void end_read(struct worker_job *job)
{
    sync_semaphore_post(container_of(job, struct read, walker.job)->done);
}

/* Change `count` rockets, each once. */
static void change(struct scene *scene, unsigned count)
{
    char id[16];

    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%u", i);
        struct message message = message_speed(id, 1, 1);
        assert_int_equal(table_apply(scene->table, &message), MESSAGE_APPLIED);
    }
}

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        abort();
    scene->table = table_new(SIZE_MAX);
    scene->workers = workers_start(1);
    if (scene->table == NULL || scene->workers == NULL)
        abort();
    scene->walks = changes_walks_new(scene->table, scene->workers);
    sync_semaphore_init(&scene->blocked);
    sync_semaphore_init(&scene->done);
    scene->blocker = (struct worker_job){.run = wait_for_all};
    workers_submit(scene->workers, &scene->blocker);
    walk.count = 0;
    walk.fails = false;
    *context = scene;
    return 0;
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    sync_semaphore_post(&scene->blocked); /* if the test has failed */
    workers_free(scene->workers);
    changes_walks_free(scene->walks);
    table_free(scene->table);
    sem_destroy(&scene->blocked);
    sem_destroy(&scene->done);
    free(scene);
    return 0;
}

static void join(struct scene *scene, size_t i, uint64_t after)
{
    scene->reads[i] = (struct read){
        .walker = {.after = after, .job = {.run = end_read}},
        .done = &scene->done,
    };
    changes_walks_join(scene->walks, &scene->reads[i].walker);
}

/* Let the worker go on, and wait for the first `count` reads. */
static void run(struct scene *scene, size_t count)
{
    sync_semaphore_post(&scene->blocked);
    for (size_t i = 0; i < count; i++)
        sync_semaphore_wait(&scene->done);
}

static void release(struct scene *scene, size_t count)
{
    for (size_t i = 0; i < count; i++)
        changes_walker_release(&scene->reads[i].walker);
}

static void reads_that_come_together_share_a_walk(void **context)
{
    struct scene *scene = *context;

    change(scene, READS);
    for (size_t i = 0; i < READS; i++)
        join(scene, i, READS - 1 - i);
    run(scene, READS);
    assert_int_equal(walk.count, 1);
    assert_int_equal(walk.after, 0);
    release(scene, READS);
}

static void each_read_gets_what_lies_behind_its_position(void **context)
{
    struct scene *scene = *context;
    struct changes page;

    change(scene, READS);
    for (size_t i = 0; i < READS; i++)
        join(scene, i, i);
    run(scene, READS);
    for (size_t i = 0; i < READS; i++) {
        size_t left = READS - i;
        assert_true(changes_walker_read(&scene->reads[i].walker, 5, &page));
        assert_int_equal(page.revision, READS);
        assert_int_equal(page.total, left);
        assert_int_equal(page.count, left < 5 ? left : 5);
        for (size_t k = 0; k < page.count; k++)
            assert_int_equal(page.rockets[k].revision, i + 1 + k);
    }
    release(scene, READS);
}

/* The walk keeps the oldest changes, so a later position may miss some. */
static void walk_that_has_not_kept_enough_is_no_page(void **context)
{
    struct scene *scene = *context;
    const uint64_t most = CHANGES_WALK_MOST;
    struct changes page;

    change(scene, CHANGES_WALK_MOST + 10);
    join(scene, 0, 0);
    join(scene, 1, most - 2);
    join(scene, 2, most + 1);
    run(scene, 3);
    assert_true(changes_walker_read(&scene->reads[0].walker, 5, &page));
    assert_int_equal(page.total, most + 10);
    assert_int_equal(page.count, 5);
    assert_true(changes_walker_read(&scene->reads[1].walker, 2, &page));
    assert_int_equal(page.total, 12);
    assert_int_equal(page.rockets[1].revision, most);
    assert_false(changes_walker_read(&scene->reads[1].walker, 3, &page));
    assert_false(changes_walker_read(&scene->reads[2].walker, 1, &page));
    release(scene, 3);
}

static void read_after_a_walk_has_one_of_its_own(void **context)
{
    struct scene *scene = *context;

    change(scene, 2);
    join(scene, 0, 1);
    run(scene, 1);
    join(scene, 1, 1);
    run(scene, 1);
    assert_int_equal(walk.count, 2);
    release(scene, 2);
}

static void jobs_run_also_if_the_walk_had_no_memory(void **context)
{
    struct scene *scene = *context;
    struct changes page;

    change(scene, 2);
    walk.fails = true;
    join(scene, 0, 1);
    join(scene, 1, 1);
    run(scene, 2);
    assert_false(changes_walker_read(&scene->reads[0].walker, 1, &page));
    release(scene, 2);
    release(scene, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(reads_that_come_together_share_a_walk),
        FIXTURE_TEST(each_read_gets_what_lies_behind_its_position),
        FIXTURE_TEST(walk_that_has_not_kept_enough_is_no_page),
        FIXTURE_TEST(read_after_a_walk_has_one_of_its_own),
        FIXTURE_TEST(jobs_run_also_if_the_walk_had_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
