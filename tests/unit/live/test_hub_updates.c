/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in updates, when they come, and what each reader takes of them.
 */
#include "lib/hub_scene.h"

static void add(struct hub_scene *scene, size_t i, unsigned events,
                unsigned interval_ms)
{
    assert_int_equal(
        add_reader(scene, i,
                   (struct hub_reader_options){.events = events,
                                               .interval_ms = interval_ms}),
        HUB_ADDED);
    hub_join(scene->hub);
    read_all(scene, i);
    assert_int_equal(scene->readers[i].flow, HUB_WAIT);
    scene->readers[i].wakes = 0;
}

static void changes_of_an_interval_are_one(void **context)
{
    struct hub_scene *scene = *context;

    scene->now_ms = 12000;
    add(scene, 0, ROCKETS, 300);
    tick(scene, 0);
    for (int i = 0; i < 3; i++) {
        change(scene, "a");
        assert_int_equal(scene->readers[0].wakes, 0);
        tick(scene, 100);
    }
    assert_int_equal(scene->readers[0].wakes, 1);
    expect(scene, 0, "at 3\nrockets a@3\n");
    assert_int_equal(metric(scene, "lunar_events_sent_total", HUB_ROCKETS), 1);
}

static void quiet_ticks_wake_nobody(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS, 100);
    pass(scene, 5000);
    assert_int_equal(scene->readers[0].wakes, 0);
    change(scene, "a");
    pass(scene, 100);
    expect(scene, 0, "at 1\nrockets a@1\n");
}

static void each_class_has_its_own_time(void **context)
{
    struct hub_scene *scene = *context;

    scene->now_ms = 12000 - 100;
    add(scene, 0, ROCKETS, 100);
    add(scene, 1, ROCKETS, 200);
    add(scene, 2, ROCKETS, 1000);
    tick(scene, 100); /* all */
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 1\nrockets a@1\n");
    assert_int_equal(scene->readers[1].wakes, 0);
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets a@2\n");
    expect(scene, 1, "at 2\nrockets a@2\n");
    change(scene, "a");
    pass(scene, 700);
    assert_int_equal(scene->readers[2].wakes, 0);
    tick(scene, 100);
    expect(scene, 0, "at 3\nrockets a@3\n");
    expect(scene, 1, "at 3\nrockets a@3\n");
    expect(scene, 2, "at 3\nrockets a@3\n");
    assert_int_equal(scene->readers[2].wakes, 1);
}

/* Ticks are late on a machine that is busy. */
static void late_tick_skips_no_class(void **context)
{
    struct hub_scene *scene = *context;

    scene->now_ms = 12000;
    add(scene, 0, ROCKETS, 500);
    tick(scene, 0);
    change(scene, "a");
    tick(scene, 499);
    assert_int_equal(scene->readers[0].wakes, 0);
    tick(scene, 600); /* 13,099 */
    expect(scene, 0, "at 1\nrockets a@1\n");
    change(scene, "a");
    tick(scene, 400);
    assert_int_equal(scene->readers[0].wakes, 1);
    tick(scene, 1); /* 13,500 */
    expect(scene, 0, "at 2\nrockets a@2\n");
}

static void readers_get_what_they_have_selected(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS | LAUNCHED | EXPLODED, 100);
    add(scene, 1, LAUNCHED, 100);
    add(scene, 2, EXPLODED | ROCKETS, 100);
    launch(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "rockets a@1\nat 1\nlaunched a@1\n");
    expect(scene, 1, "at 1\nlaunched a@1\n");
    expect(scene, 2, "at 1\nrockets a@1\n");
    explode(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "rockets a@2\nat 2\nexploded a@2\n");
    assert_int_equal(scene->readers[1].wakes, 1);
    expect(scene, 2, "rockets a@2\nat 2\nexploded a@2\n");
    assert_int_equal(metric(scene, "lunar_events_sent_total", HUB_ROCKETS), 4);
    assert_int_equal(metric(scene, "lunar_events_sent_total", HUB_LAUNCHED), 2);
    assert_int_equal(metric(scene, "lunar_events_sent_total", HUB_EXPLODED), 2);
}

/* It has passed over the update, so its position has advanced. */
static void position_advances_without_events(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, LAUNCHED, 100);
    change(scene, "a");
    change(scene, "a");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 0);
    assert_int_equal(scene->readers[0].reader->position, 2);
    add(scene, 1, LAUNCHED | ROCKETS, 100);
    change(scene, "a");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 0);
    assert_int_equal(scene->readers[0].reader->position, 3);
}

/* A change that comes while the events of a tick are written. */
static struct hub_scene *interrupted;

static void change_while_written(struct buffer *out, enum hub_event event)
{
    struct hub_scene *scene = interrupted;

    interrupted = NULL;
    if (scene != NULL)
        change(scene, "late");
    event_lines_begin(out, event);
}

static void position_is_not_above_what_was_collected(void **context)
{
    struct hub_scene *scene = *context;

    scene->hub->options.writer.begin = change_while_written;
    add(scene, 0, LAUNCHED, 100);
    add(scene, 1, ROCKETS, 100);
    change(scene, "a");
    interrupted = scene;
    tick(scene, 100);
    assert_null(interrupted);
    assert_int_equal(scene->readers[0].reader->position, 1);
    expect(scene, 1, "at 1\nrockets a@1\n");
    tick(scene, 100);
    assert_int_equal(scene->readers[0].reader->position, 2);
    expect(scene, 1, "at 2\nrockets late@2\n");
}

static void feed_names_fifty_of_an_interval(void **context)
{
    struct hub_scene *scene = *context;
    char id[16];

    add(scene, 0, LAUNCHED, 1000);
    pass(scene, 1000);
    for (int i = 0; i < 80; i++) {
        snprintf(id, sizeof(id), "%d", i);
        launch(scene, id);
        if (i == 40) /* another class makes the hub collect */
            add(scene, 1, EXPLODED, 100);
        if (i % 20 == 0)
            tick(scene, 100);
    }
    pass(scene, 1000);
    const char *text = read_all(scene, 0);
    assert_memory_equal(text, "at 80\nlaunched 0@1 1@2 ", 23);
    assert_non_null(strstr(text, " 49@50 +30\n"));
}

static void many_rockets_are_several_events(void **context)
{
    struct hub_scene *scene = *context;
    char id[16];
    size_t events = 0, rockets = 0;

    add(scene, 0, ROCKETS, 100);
    add(scene, 1, ROCKETS | EXPLODED, 100);
    for (int i = 0; i < 2 * HUB_EVENT_ROCKETS + 1; i++) {
        snprintf(id, sizeof(id), "%d", i);
        change(scene, id);
    }
    explode(scene, "0");
    tick(scene, 100);
    /* The position stands before the last one, which has one rocket. */
    const char *at = read_all(scene, 0);
    for (const char *c = at; *c != '\0'; c++) {
        events += *c == 'r' && c[1] == 'o';
        rockets += *c == '@';
    }
    assert_int_equal(events, 3);
    assert_int_equal(rockets, 2 * HUB_EVENT_ROCKETS + 1);
    at = strstr(at, "at ");
    assert_memory_equal(at, "at 2002\nrockets ", 16);
    assert_null(strchr(strchr(at, '@') + 1, '@'));
    assert_null(strstr(at + 1, "at "));
    /* What is last is not the same for all. */
    at = strstr(read_all(scene, 1), "at ");
    assert_string_equal(at, "at 2002\nexploded 0@2002\n");
    assert_int_equal(metric(scene, "lunar_events_sent_total", HUB_ROCKETS), 6);
}

/* However small the pieces are, they make the same bytes. */
static void update_is_read_in_pieces(void **context)
{
    struct hub_scene *scene = *context;
    struct buffer all = BUFFER_INIT;

    add(scene, 0, ROCKETS | LAUNCHED, 100);
    add(scene, 1, ROCKETS | LAUNCHED, 100);
    launch(scene, "a");
    tick(scene, 100);
    for (size_t size = 1; size < 40; size++) {
        buffer_clear(&all);
        do
            buffer_append(&all, text_of(read_some(scene, 0, size)));
        while (scene->readers[0].flow == HUB_MORE);
        unit_check_text(buffer_text(&all), text_of(read_all(scene, 1)));
        launch(scene, "a");
        tick(scene, 100);
    }
    buffer_release(&all);
}

static void summary_comes_once_a_second_if_it_differs(void **context)
{
    struct hub_scene *scene = *context;

    scene->now_ms = 15900;
    scene->summary = "1";
    add(scene, 0, SUMMARY, 100);
    tick(scene, 100);
    expect(scene, 0, "summary 1\n");
    scene->summary = "2";
    pass(scene, 900);
    assert_int_equal(scene->readers[0].wakes, 1);
    pass(scene, 100);
    expect(scene, 0, "summary 2\n");
    pass(scene, 3000);
    assert_int_equal(scene->readers[0].wakes, 2);
    /* Another reader gets it at once, and in its own interval. */
    add_reader(
        scene, 1,
        (struct hub_reader_options){.events = SUMMARY, .interval_ms = 5000});
    hub_join(scene->hub);
    expect(scene, 1, "at 0\nhello 0 5000\nsummary 2\n");
    pass(scene, 5000);
    for (int i = 0; i < 4; i++) {
        scene->summary = (const char *[]){"3", "4", "5", "6"}[i];
        pass(scene, 1000);
        read_all(scene, 0);
    }
    assert_int_equal(scene->readers[1].wakes, 0);
    pass(scene, 1000);
    expect(scene, 1, "summary 6\n");
    assert_int_equal(metric(scene, "lunar_events_sent_total", HUB_SUMMARY), 8);
}

static void old_summary_is_forgotten(void **context)
{
    struct hub_scene *scene = *context;

    scene->summary = "old";
    add(scene, 0, SUMMARY, 100);
    tick(scene, 100);
    expect(scene, 0, "summary old\n");
    free_reader(scene, 0);
    tick(scene, 100);
    scene->summary = "new";
    add_reader(scene, 0, (struct hub_reader_options){.events = SUMMARY});
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    tick(scene, 100);
    expect(scene, 0, "summary new\n");
}

static void silence_brings_a_comment(void **context)
{
    struct hub_scene *scene = *context;

    add(scene, 0, ROCKETS, 10000);
    tick(scene, 100);
    pass(scene, HUB_COMMENT_MS - 100);
    assert_int_equal(scene->readers[0].wakes, 0);
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 1);
    expect(scene, 0, "comment\n");
    pass(scene, HUB_COMMENT_MS - 10000);
    change(scene, "a");
    pass(scene, 10000);
    expect(scene, 0, "at 1\nrockets a@1\n");
    pass(scene, HUB_COMMENT_MS - 100);
    assert_int_equal(scene->readers[0].wakes, 2);
    pass(scene, 200);
    expect(scene, 0, "comment\n");
}

/* A megabyte for three readers, at HUB_SEND_RATE, is about 12 ms. */
static void class_is_paced_by_what_it_sends(void **context)
{
    struct hub_scene *scene = *context;
    char id[MESSAGE_MAX_CHANNEL + 1];

    add(scene, 0, ROCKETS, 100);
    for (int i = 0; i < 1 << 13; i++) {
        snprintf(id, sizeof(id), "%0*d", MESSAGE_MAX_CHANNEL, i);
        change(scene, id);
    }
    add(scene, 1, ROCKETS, 100);
    add(scene, 2, ROCKETS | EXPLODED, 100);
    const struct hub_class *class = scene->readers[0].reader->class;
    tick(scene, 100);
    uint64_t bytes = strlen(read_all(scene, 0));
    assert_true(class->paced_ms - scene->now_ms >=
                3 * bytes * 1000 / HUB_SEND_RATE - 1);
    assert_true(class->paced_ms - scene->now_ms < 20);
    /* The next tick may come. With more to send it would have to wait. */
    for (size_t i = 1; i < 3; i++)
        read_all(scene, i);
    scene->readers[0].reader->class->paced_ms += 200;
    change(scene, "a");
    tick(scene, 100);
    tick(scene, 100);
    assert_int_equal(scene->readers[0].wakes, 1);
    tick(scene, 100);
    expect(scene, 0, "at 8193\nrockets a@8193\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(changes_of_an_interval_are_one),
        FIXTURE_TEST(quiet_ticks_wake_nobody),
        FIXTURE_TEST(each_class_has_its_own_time),
        FIXTURE_TEST(late_tick_skips_no_class),
        FIXTURE_TEST(readers_get_what_they_have_selected),
        FIXTURE_TEST(position_advances_without_events),
        FIXTURE_TEST(position_is_not_above_what_was_collected),
        FIXTURE_TEST(feed_names_fifty_of_an_interval),
        FIXTURE_TEST(many_rockets_are_several_events),
        FIXTURE_TEST(update_is_read_in_pieces),
        FIXTURE_TEST(summary_comes_once_a_second_if_it_differs),
        FIXTURE_TEST(old_summary_is_forgotten),
        FIXTURE_TEST(silence_brings_a_comment),
        FIXTURE_TEST(class_is_paced_by_what_it_sends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
