/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers who are slow, and memory.
 */
#include "lib/hub_scene.h"

enum { TOO_LONG_MS = 2 * HUB_TAKE_MS };

static void add(struct hub_scene *scene, size_t i, unsigned events)
{
    assert_int_equal(
        add_reader(scene, i, (struct hub_reader_options){.events = events}),
        HUB_ADDED);
    hub_join(scene->hub);
    read_all(scene, i);
}

/* Change `count` rockets with ids as long as they may be, and tick. */
static void change_many(struct hub_scene *scene, int count)
{
    char id[MESSAGE_MAX_CHANNEL + 1];

    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%0*d", MESSAGE_MAX_CHANNEL, i);
        change(scene, id);
    }
    tick(scene, 100);
}

static void slow_reader_gets_one_update_after_the_other(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS);
    for (int i = 0; i < 3; i++) {
        change(scene, "a");
        tick(scene, 100);
        if (i == 0)
            read_some(scene, 0, 1);
    }
    expect(scene, 0, "ockets a@1\nat 2\nrockets a@2\nat 3\nrockets a@3\n");
}

static void reader_behind_the_kept_updates_is_reset(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS);
    change(scene, "b");
    tick(scene, 100);
    assert_string_equal(read_some(scene, 0, 1), "at 1\nr");
    for (int i = 0; i < HUB_UPDATES + 1; i++) {
        change(scene, "a");
        tick(scene, 100);
    }
    /* What it has begun it gets to the end. */
    expect(scene, 0, "ockets b@1\nreset 258\n");
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 259\nrockets a@259\n");
    assert_int_equal(metric(scene, "lunar_events_resets_total", 0), 1);
}

static void oldest_updates_go_first(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    add(scene, 0, ROCKETS); /* never reads */
    add_reader(scene, 1, (struct hub_reader_options){.events = LAUNCHED});
    hub_join(hub);
    launch(scene, "a");
    tick(scene, 100);
    assert_string_equal(read_some(scene, 1, 100), "at 0\nhello 0 100\n");
    size_t first = hub->kept;
    assert_int_equal(first, hub->memory);
    assert_string_equal(read_some(scene, 1, 100), "at 1\nlaunched a@1\n");
    while (scene->readers[0].reader->class->first == 0) {
        change_many(scene, 2000);
        assert_true(hub->kept <= HUB_KEPT);
    }
    assert_true(hub->kept > HUB_KEPT - 600000);
    assert_int_equal(hub->kept, hub->memory);
    assert_int_equal(read_some(scene, 0, 100)[0], 'r');
    assert_string_equal(read_all(scene, 1), "");
    /* That of the other class is the newest there. */
    const struct hub_class *class = scene->readers[1].reader->class;
    assert_int_equal(class->end - class->first, 1);
}

/* All that are due at a tick are published before the first is woken. */
static void large_updates_of_one_tick_reach_all(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    for (size_t i = 0; i < 3; i++) {
        add_reader(scene, i,
                   (struct hub_reader_options){.events = ROCKETS,
                                               .interval_ms =
                                                   100 * (unsigned)(i + 1)});
        hub_join(hub);
        read_all(scene, i);
    }
    scene->now_ms = 60000;
    tick(scene, 0);
    scene->now_ms = 120000 - 100;
    change_many(scene, TABLE_CHANGES_MOST / 4 * 3);
    assert_true(hub->kept > HUB_KEPT);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(read_all(scene, i), "rockets ", 8);
    change(scene, "a");
    pass(scene, 600);
    assert_true(hub->kept <= HUB_KEPT);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(read_all(scene, i), "at ", 3);
}

static void update_that_is_too_long_is_a_reset(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;
    int rockets = HUB_KEPT / (MESSAGE_MAX_CHANNEL + 8) + 1;

    add(scene, 0, ROCKETS);
    add(scene, 1, LAUNCHED);
    change(scene, "a");
    launch(scene, "b");
    if (rockets > TABLE_CHANGES_MOST)
        rockets = TABLE_CHANGES_MOST; /* or more */
    change_many(scene, rockets);
    assert_memory_equal(read_all(scene, 0), "reset ", 6);
    assert_non_null(strstr(read_all(scene, 1), "launched b@2\n"));
    assert_true(hub->kept < 1000);
    change(scene, "a");
    tick(scene, 100);
    assert_memory_equal(read_all(scene, 0), "at ", 3);
}

static void lost_collection_is_a_reset(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS);
    add(scene, 1, EXPLODED);
    explode(scene, "a");
    change_many(scene, TABLE_CHANGES_MOST);
    expect(scene, 0, "reset 32769\n");
    expect(scene, 1, "at 32769\nexploded a@1\n");
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 32770\nrockets a@32770\n");
}

/* Each collection is small enough, but not all of an interval. */
static void too_many_in_an_interval_are_a_reset(void **context)
{
    struct hub_scene *scene = *context;
    const size_t half = TABLE_CHANGES_MOST / 2 + 1;
    char id[16];

    add_reader(
        scene, 0,
        (struct hub_reader_options){.events = ROCKETS, .interval_ms = 10000});
    add(scene, 1, EXPLODED);
    scene->now_ms = 20000;
    tick(scene, 0);
    read_all(scene, 0);
    for (size_t i = 0; i < 6 * half; i++) {
        /* The same half five times, then the other. */
        snprintf(id, sizeof(id), "%zu", i / half < 5 ? i % half : i);
        change(scene, id);
        if (i % half == half - 1)
            tick(scene, 100);
        if (i == 5 * half - 1) {
            assert_true(scene->readers[0].reader->class->pending.count > 0);
            assert_false(scene->readers[0].reader->class->pending.lost);
        }
    }
    pass(scene, 10000);
    assert_memory_equal(read_all(scene, 0), "reset ", 6);
}

static void held_updates_count_until_they_are_let_go(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    add(scene, 0, ROCKETS);
    add(scene, 1, ROCKETS);
    change_many(scene, 2000);
    read_some(scene, 0, 10);
    size_t held = hub->memory;
    for (int i = 0; i < HUB_UPDATES; i++) {
        change(scene, "a");
        tick(scene, 100);
    }
    /* The ring has dropped it, but one reader has it. */
    assert_int_equal(hub->memory - hub->kept, held);
    free_reader(scene, 0);
    assert_int_equal(hub->memory, hub->kept);
}

/* Take all that is left, as if catch-ups had it. */
static size_t fill_memory(struct hub *hub)
{
    size_t filled = HUB_MEMORY - hub->memory;

    hub->memory += filled;
    return filled;
}

static void update_without_memory_is_a_reset(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    add(scene, 0, ROCKETS);
    add(scene, 1, ROCKETS);
    change(scene, "a");
    tick(scene, 100);
    read_all(scene, 1);
    /* What its class keeps is not enough for the next one. */
    size_t filled = fill_memory(hub) + hub->kept;
    hub->memory += hub->kept;
    change(scene, "a");
    tick(scene, 100);
    assert_int_equal(hub->kept, 0);
    hub->memory -= filled;
    expect(scene, 0, "reset 2\n");
    expect(scene, 1, "reset 2\n");
    assert_int_equal(hub->memory, 0);
}

static void oldest_updates_make_room_for_the_next(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    add(scene, 0, ROCKETS);
    change(scene, "a");
    tick(scene, 100);
    read_all(scene, 0);
    size_t filled = fill_memory(hub);
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets a@2\n");
    hub->memory -= filled;
    assert_int_equal(hub->memory, hub->kept);
}

/* Readers 0 and 1 hold the same, 2 something newer, and 3 nothing. */
static void slowest_readers_lose_what_others_need(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    for (size_t i = 0; i < 4; i++)
        add(scene, i, ROCKETS);
    change_many(scene, 100);
    read_some(scene, 0, 1);
    read_some(scene, 1, 1);
    read_all(scene, 2);
    read_all(scene, 3);
    change(scene, "a");
    tick(scene, 100);
    assert_string_equal(read_some(scene, 2, 1), "at 101\nr");
    read_all(scene, 3);
    /* Nobody but the readers has these two any more. */
    for (int i = 0; i < HUB_UPDATES; i++) {
        change(scene, "a");
        tick(scene, 100);
        read_all(scene, 3);
    }
    assert_true(hub->memory > hub->kept);
    size_t filled = fill_memory(hub);
    change(scene, "a");
    tick(scene, 100);
    assert_memory_equal(read_all(scene, 3), "at ", 3);
    read_all(scene, 0);
    assert_int_equal(scene->readers[0].flow, HUB_LOST);
    read_all(scene, 1);
    assert_int_equal(scene->readers[1].flow, HUB_LOST);
    assert_memory_equal(read_all(scene, 2), "ockets a@101\nreset", 18);
    hub->memory -= filled;
    assert_int_equal(hub->memory, hub->kept);
}

static void update_must_be_taken_in_time(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    add(scene, 0, ROCKETS);
    add(scene, 1, ROCKETS);
    change_many(scene, 2000);
    read_some(scene, 0, 10);
    read_some(scene, 1, 10);
    pass(scene, HUB_TAKE_MS + 100);
    read_all(scene, 1); /* in the last moment */
    change(scene, "a");
    tick(scene, 100);
    assert_string_equal(read_all(scene, 0), "");
    assert_int_equal(scene->readers[0].flow, HUB_LOST);
    expect(scene, 1, "at 2001\nrockets a@2001\n");
    free_reader(scene, 0);
    free_reader(scene, 1);
    tick(scene, 100);
    assert_int_equal(hub->memory, 0);
}

/* Each update has its own time. */
static void two_updates_may_take_twice_as_long(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS);
    change(scene, "a");
    tick(scene, 100);
    change(scene, "a");
    tick(scene, 100);
    assert_string_equal(read_some(scene, 0, 1), "at 1\nr");
    pass(scene, 20000);
    assert_string_equal(read_some(scene, 0, 100), "ockets a@1\n");
    assert_string_equal(read_some(scene, 0, 1), "at 2\nr");
    pass(scene, 20000);
    expect(scene, 0, "ockets a@2\n");
}

/* Ticks that come while a reader writes. */
static struct hub_scene *interrupted;

static void write_position_slowly(void *context, struct buffer *out,
                                  uint64_t revision)
{
    if (interrupted != NULL)
        pass(interrupted, TOO_LONG_MS);
    event_lines_position(context, out, revision);
}

static void update_is_not_taken_from_a_reader_at_work(void **context)
{
    struct hub_scene *scene = *context;

    scene->hub->options.writer.position = write_position_slowly;
    add(scene, 0, ROCKETS);
    change(scene, "a");
    tick(scene, 100);
    interrupted = scene;
    assert_string_equal(read_some(scene, 0, 1), "at 1\nr");
    interrupted = NULL;
    expect(scene, 0, "ockets a@1\n");
}

static void catch_up_must_be_taken_in_time(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    change_many(scene, 1000);
    add(scene, 0, ROCKETS);
    add_reader(scene, 1,
               (struct hub_reader_options){.events = ROCKETS, .resumes = true});
    hub_join(hub);
    pass(scene, TOO_LONG_MS); /* the worker has that time */
    run_jobs();
    assert_true(hub->memory > 0);
    read_some(scene, 1, 10);
    read_some(scene, 1, 10);
    assert_int_equal(scene->readers[1].flow, HUB_MORE);
    pass(scene, HUB_TAKE_MS + 200);
    assert_string_equal(read_all(scene, 1), "");
    assert_int_equal(scene->readers[1].flow, HUB_LOST);
    assert_int_equal(hub->memory, 0);
}

static void catch_up_without_memory_is_a_reset(void **context)
{
    struct hub_scene *scene = *context;
    struct hub *hub = scene->hub;

    change(scene, "a");
    add_reader(scene, 0,
               (struct hub_reader_options){.events = ROCKETS, .resumes = true});
    hub_join(hub);
    hub->memory = HUB_MEMORY;
    run_jobs();
    hub->memory -= HUB_MEMORY;
    expect(scene, 0, "at 0\nhello 0 100\nreset 1\n");
    assert_int_equal(hub->memory, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(slow_reader_gets_one_update_after_the_other),
        FIXTURE_TEST(reader_behind_the_kept_updates_is_reset),
        FIXTURE_TEST(oldest_updates_go_first),
        FIXTURE_TEST(large_updates_of_one_tick_reach_all),
        FIXTURE_TEST(update_that_is_too_long_is_a_reset),
        FIXTURE_TEST(lost_collection_is_a_reset),
        FIXTURE_TEST(too_many_in_an_interval_are_a_reset),
        FIXTURE_TEST(held_updates_count_until_they_are_let_go),
        FIXTURE_TEST(update_without_memory_is_a_reset),
        FIXTURE_TEST(oldest_updates_make_room_for_the_next),
        FIXTURE_TEST(slowest_readers_lose_what_others_need),
        FIXTURE_TEST(update_must_be_taken_in_time),
        FIXTURE_TEST(two_updates_may_take_twice_as_long),
        FIXTURE_TEST(update_is_not_taken_from_a_reader_at_work),
        FIXTURE_TEST(catch_up_must_be_taken_in_time),
        FIXTURE_TEST(catch_up_without_memory_is_a_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
