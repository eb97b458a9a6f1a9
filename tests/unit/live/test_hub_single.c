/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of single rockets.
 */
#include "lib/hub_scene.h"

/* Reader `i` follows "a", "b" and "c". */
static void add(struct hub_scene *scene, size_t i, unsigned events,
                unsigned interval_ms)
{
    const struct text ids[] = {TEXT("a"), TEXT("b"), TEXT("c")};

    assert_int_equal(
        add_reader(scene, i,
                   (struct hub_reader_options){.events = events,
                                               .interval_ms = interval_ms,
                                               .ids = ids,
                                               .id_count = 3}),
        HUB_ADDED);
}

/* At the next lock of a stripe "a" changes, once it is unlocked. */
static struct hub_scene *interrupted;

int __real_pthread_rwlock_unlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *lock);

int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    int error = __real_pthread_rwlock_unlock(lock);
    struct hub_scene *scene = interrupted;

    interrupted = NULL;
    if (scene != NULL)
        change(scene, "a");
    return error;
}

/* "a" is the first that is compared. */
static void change_behind_the_comparison_comes_at_the_next_tick(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "b");
    change(scene, "c");
    change(scene, "a");
    add(scene, 0, ROCKETS, 100);
    expect_hello(scene, 0, "at 3\nhello 3 100\n");
    /* When the hub compares. */
    change(scene, "other");
    interrupted = scene;
    tick(scene, 100);
    assert_null(interrupted);
    assert_int_equal(scene->readers[0].wakes, 0);
    tick(scene, 100);
    expect(scene, 0, "at 5\nrockets a@5\n");
    /* When the reader does. */
    change(scene, "b");
    tick(scene, 100);
    interrupted = scene;
    expect(scene, 0, "at 6\nrockets b@6\n");
    assert_null(interrupted);
    tick(scene, 100);
    expect(scene, 0, "at 7\nrockets a@7\n");
}

static void only_their_changes_come(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    change(scene, "b");
    change(scene, "other");
    add(scene, 0, ROCKETS, 100);
    expect_hello(scene, 0, "at 3\nhello 3 100\n");
    tick(scene, 100);
    change(scene, "other");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 0);
    change(scene, "b");
    change(scene, "a");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 1);
    expect(scene, 0, "at 6\nrockets a@6 b@5\n");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 1);
    assert_int_equal(metric(scene, "lunar_events_sent_total", HUB_ROCKETS), 1);
}

static void rocket_that_appears_later_comes(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS, 100);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    change(scene, "other");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 0);
    change(scene, "c");
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets c@2\n");
    change(scene, "a");
    change(scene, "c");
    tick(scene, 100);
    expect(scene, 0, "at 4\nrockets a@3 c@4\n");
}

static void their_interval_coalesces(void **context)
{
    struct hub_scene *scene = *context;

    scene->now_ms = 12000;
    add(scene, 0, ROCKETS, 500);
    expect_hello(scene, 0, "at 0\nhello 0 500\n");
    tick(scene, 0);
    change(scene, "a");
    pass(scene, 400);
    assert_int_equal(scene->readers[0].wakes, 0);
    change(scene, "a");
    pass(scene, 100);
    expect(scene, 0, "at 2\nrockets a@2\n");
}

/* Else a rocket that changes all the time would be sent all the time. */
static void reader_that_never_waits_gets_one_state_a_tick(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS, 100);
    hub_join(scene->hub);
    assert_string_equal(read_some(scene, 0, 100), "at 0\nhello 0 100\n");
    tick(scene, 100);
    change(scene, "a");
    assert_string_equal(read_some(scene, 0, 100), "at 1\nrockets a@1\n");
    change(scene, "a");
    assert_string_equal(read_some(scene, 0, 100), "");
    assert_int_equal(scene->readers[0].flow, HUB_WAIT);
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets a@2\n");
}

static void they_resume_by_comparison(void **context)
{
    struct hub_scene *scene = *context;
    const struct text ids[] = {TEXT("a"), TEXT("b"), TEXT("c")};

    change(scene, "a");
    change(scene, "b");
    change(scene, "c");
    add_reader(scene, 0,
               (struct hub_reader_options){.events = ROCKETS,
                                           .ids = ids,
                                           .id_count = 3,
                                           .resumes = true,
                                           .position = 1});
    expect_hello(scene, 0, "at 1\nhello 1 100\nat 3\nrockets b@2 c@3\n");
    assert_int_equal(run_jobs(), 0);
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 0);
}

/* The lower position of the two: single rockets, and what the hub collects. */
static void with_news_the_lower_position_is_told(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS | LAUNCHED, 100);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    launch(scene, "a");
    change(scene, "other");
    tick(scene, 100);
    change(scene, "b");
    /* "b" is read as it is, but the update has the launch only up to 2. */
    expect(scene, 0, "at 0\nrockets a@1 b@3\nat 2\nlaunched a@1\n");
    launch(scene, "other");
    tick(scene, 100);
    expect(scene, 0, "at 4\nlaunched other@4\n");
    /* The others' events are of all rockets, the rockets only its own. */
    change(scene, "other");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 2);
    assert_int_equal(scene->readers[0].reader->position, 5);
}

static void ids_without_rockets_change_nothing(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, LAUNCHED, 100);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    launch(scene, "other");
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 2\nlaunched other@1\n");
}

static void cancelled_while_compared_is_woken(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS, 100);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    scene->readers[0].reader->state = READER_COMPARED;
    hub_reader_cancel(scene->readers[0].reader);
    assert_int_equal(scene->readers[0].wakes, 0);
    assert_int_equal(hub_reader_step_locked(scene->readers[0].reader, true),
                     STEP_END);
    scene->readers[0].reader->state = READER_WAITING;
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 1);
    assert_string_equal(read_all(scene, 0), "");
    assert_int_equal(scene->readers[0].flow, HUB_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(change_behind_the_comparison_comes_at_the_next_tick),
        FIXTURE_TEST(only_their_changes_come),
        FIXTURE_TEST(rocket_that_appears_later_comes),
        FIXTURE_TEST(their_interval_coalesces),
        FIXTURE_TEST(reader_that_never_waits_gets_one_state_a_tick),
        FIXTURE_TEST(they_resume_by_comparison),
        FIXTURE_TEST(with_news_the_lower_position_is_told),
        FIXTURE_TEST(ids_without_rockets_change_nothing),
        FIXTURE_TEST(cancelled_while_compared_is_woken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
