/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a reader ends: it is cancelled, it leaves, or the hub stops.
 */
#include "lib/hub_scene.h"

static void add(struct hub_scene *scene, size_t i)
{
    assert_int_equal(
        add_reader(scene, i,
                   (struct hub_reader_options){.events = ROCKETS | SUMMARY}),
        HUB_ADDED);
}

static void expect_end(struct hub_scene *scene, size_t i)
{
    assert_string_equal(read_some(scene, i, 100), "");
    assert_int_equal(scene->readers[i].flow, HUB_END);
}

static void waiting_reader_is_cancelled(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    hub_reader_cancel(scene->readers[0].reader);
    assert_int_equal(scene->readers[0].wakes, 1);
    hub_reader_cancel(scene->readers[0].reader);
    change(scene, "a");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 1);
    expect_end(scene, 0);
}

static void reader_is_cancelled_before_it_joins(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0);
    add(scene, 1);
    expect(scene, 1, "");
    hub_reader_cancel(scene->readers[0].reader);
    hub_reader_cancel(scene->readers[1].reader);
    assert_int_equal(scene->readers[0].wakes, 0);
    assert_int_equal(scene->readers[1].wakes, 1);
    hub_join(scene->hub);
    assert_int_equal(scene->readers[1].wakes, 1);
    expect_end(scene, 0);
    expect_end(scene, 1);
}

static void active_reader_is_cancelled(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    change(scene, "a");
    tick(scene, 100);
    assert_string_equal(read_some(scene, 0, 3), "at 1\nr");
    hub_reader_cancel(scene->readers[0].reader);
    assert_int_equal(scene->readers[0].wakes, 1);
    expect_end(scene, 0);
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 1);
}

static void reader_may_leave_in_the_middle(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0);
    free_reader(scene, 0); /* before it has joined */
    add(scene, 1);
    expect_hello(scene, 1, "at 0\nhello 0 100\n");
    change(scene, "a");
    tick(scene, 100);
    assert_string_equal(read_some(scene, 1, 3), "at 1\nr");
    free_reader(scene, 1);
    hub_reader_free(NULL);
    tick(scene, 100);
    assert_int_equal(scene->hub->memory, 0);
    assert_int_equal(hub_readers(scene->hub), 0);
}

static void no_wait_where_there_must_be_none(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0);
    assert_int_equal(
        hub_reader_next(scene->readers[0].reader, &scene->out, 100, false),
        HUB_END);
    hub_join(scene->hub);
    assert_int_equal(
        hub_reader_next(scene->readers[0].reader, &scene->out, 100, false),
        HUB_MORE);
    assert_int_equal(
        hub_reader_next(scene->readers[0].reader, &scene->out, 100, false),
        HUB_END);
    change(scene, "a");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 0);
    expect(scene, 0, "at 1\nrockets a@1\nsummary \n");
}

static void stop_ends_all_readers(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0);
    add(scene, 1);
    add(scene, 2);
    expect(scene, 0, "");
    hub_join(scene->hub);
    read_all(scene, 1);
    scene->readers[2].reader->state = READER_COMPARED;
    hub_stop(scene->hub);
    assert_int_equal(scene->readers[0].wakes, 1);
    assert_int_equal(scene->readers[1].wakes, 1);
    assert_int_equal(scene->readers[2].wakes, 0);
    scene->readers[2].reader->state = READER_ACTIVE;
    tick(scene, 100);
    for (size_t i = 0; i < 3; i++)
        expect_end(scene, i);
    assert_int_equal(
        add_reader(scene, 3, (struct hub_reader_options){.events = ROCKETS}),
        HUB_STOPPING);
}

static void hub_with_a_thread_starts_and_stops(void **context)
{
    struct hub_scene *scene = *context;

    for (int i = 0; i < 100; i++) {
        struct hub *hub = hub_start(&(struct hub_options){
            .table = scene->table,
            .writer = event_lines_writer(&scene->summary),
            .max_readers = 1,
            .wake = hub_scene_wake,
        });
        struct hub_reader *reader;
        assert_non_null(hub);
        assert_int_equal(hub_add_reader(hub,
                                        &(struct hub_reader_options){
                                            .events = ROCKETS,
                                            .interval_ms = 100,
                                        },
                                        &reader),
                         HUB_ADDED);
        if (i % 2 == 0)
            hub_stop(hub);
        hub_reader_free(reader);
        hub_free(hub);
    }
    hub_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(waiting_reader_is_cancelled),
        FIXTURE_TEST(reader_is_cancelled_before_it_joins),
        FIXTURE_TEST(active_reader_is_cancelled),
        FIXTURE_TEST(reader_may_leave_in_the_middle),
        FIXTURE_TEST(no_wait_where_there_must_be_none),
        FIXTURE_TEST(stop_ends_all_readers),
        FIXTURE_TEST(hub_with_a_thread_starts_and_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
