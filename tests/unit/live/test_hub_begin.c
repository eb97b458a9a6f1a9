/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a reader begins: from now on, or where it was before.
 */
#include "lib/hub_scene.h"

#include "live/catch_up.h"
#include "table/table_parts.h"

static struct hub_reader_options resumes_at(uint64_t position)
{
    return (struct hub_reader_options){
        .events = ROCKETS, .resumes = true, .position = position};
}

static void add_at(struct hub_scene *scene, size_t i, uint64_t position)
{
    assert_int_equal(add_reader(scene, i, resumes_at(position)), HUB_ADDED);
}

static void add_new(struct hub_scene *scene, size_t i)
{
    assert_int_equal(
        add_reader(scene, i, (struct hub_reader_options){.events = ROCKETS}),
        HUB_ADDED);
}

static void hello_comes_first(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    assert_int_equal(add_reader(scene, 0,
                                (struct hub_reader_options){
                                    .events = ROCKETS, .interval_ms = 300}),
                     HUB_ADDED);
    expect(scene, 0, "");
    assert_int_equal(scene->readers[0].wakes, 0);
    hub_join(scene->hub);
    assert_int_equal(scene->readers[0].wakes, 1);
    expect(scene, 0, "at 1\nhello 1 300\n");
}

static void new_reader_gets_later_changes_only(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    add_new(scene, 0);
    expect_hello(scene, 0, "at 1\nhello 1 100\n");
    tick(scene, 100);
    expect(scene, 0, "");
    change(scene, "b");
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets b@2\n");
    assert_int_equal(scene->readers[0].wakes, 1);
}

/* Between hello and the first tick nothing is lost either. */
static void change_right_after_hello_comes(void **context)
{
    struct hub_scene *scene = *context;

    add_new(scene, 0);
    hub_join(scene->hub);
    change(scene, "a");
    expect(scene, 0, "at 0\nhello 0 100\n");
    tick(scene, 100);
    expect(scene, 0, "at 1\nrockets a@1\n");
}

static void second_reader_joins_the_class(void **context)
{
    struct hub_scene *scene = *context;

    add_new(scene, 0);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    change(scene, "a");
    add_new(scene, 1);
    expect_hello(scene, 1, "at 1\nhello 1 100\n");
    change(scene, "b");
    tick(scene, 100);
    change(scene, "b");
    tick(scene, 100);
    /* Which of the two comes first is a matter of their places in memory. */
    const char *text = read_all(scene, 0);
    assert_non_null(strstr(text, "a@1"));
    assert_non_null(strstr(text, "at 3\nrockets b@3\n"));
    text = read_all(scene, 1);
    assert_non_null(strstr(text, "b@2"));
    assert_non_null(strstr(text, "at 3\nrockets b@3\n"));
}

static void reader_without_changes_since_goes_on(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    add_at(scene, 0, 1);
    expect_hello(scene, 0, "at 1\nhello 1 100\n");
    assert_int_equal(run_jobs(), 0);
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets a@2\n");
}

static void kept_updates_are_enough_to_go_on(void **context)
{
    struct hub_scene *scene = *context;

    add_new(scene, 0);
    hub_join(scene->hub);
    for (int i = 0; i < 4; i++) {
        change(scene, "a");
        tick(scene, 100);
    }
    /* `from` and `to` of updates: 0-1, 1-2, 2-3, 3-4. */
    add_at(scene, 1, 2);
    expect_hello(scene, 1,
                 "at 2\nhello 2 100\nat 3\nrockets a@3\nat 4\nrockets a@4\n");
    assert_int_equal(run_jobs(), 0);
}

static void worker_finds_what_is_not_kept(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    change(scene, "b");
    change(scene, "c");
    add_at(scene, 0, 1);
    expect_hello(scene, 0, "at 1\nhello 1 100\n");
    tick(scene, 100);
    expect(scene, 0, "");
    change(scene, "d"); /* found, and in the next update as well */
    assert_int_equal(run_jobs(), 1);
    change(scene, "b"); /* read as it is now */
    tick(scene, 100);
    const char *text = read_all(scene, 0);
    const char *found = "at 4\nrockets b@5 c@3 d@4\nat 5\nrockets ";
    assert_memory_equal(text, found, strlen(found));
    assert_non_null(strstr(text + strlen(found), "b@5"));
    assert_non_null(strstr(text + strlen(found), "d@4"));
}

static void readers_share_a_walk_each_from_its_position(void **context)
{
    struct hub_scene *scene = *context;

    for (int i = 0; i < 3; i++)
        change(scene, (const char *[]){"a", "b", "c"}[i]);
    add_at(scene, 0, 2);
    add_at(scene, 1, 0);
    hub_join(scene->hub);
    assert_int_equal(run_jobs(), 1);
    expect(scene, 0, "at 2\nhello 2 100\nat 3\nrockets c@3\n");
    expect(scene, 1, "at 0\nhello 0 100\nat 3\nrockets a@1 b@2 c@3\n");
}

/* As it is in the walk, what has changed during the walk is no loss. */
static void reader_comes_while_a_walk_runs(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    change(scene, "b");
    add_at(scene, 0, 1);
    expect_hello(scene, 0, "at 1\nhello 1 100\n");
    run_jobs();
    add_at(scene, 1, 0);
    expect_hello(scene, 1, "at 0\nhello 0 100\n");
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets b@2\n");
    expect(scene, 1, "");
    assert_int_equal(run_jobs(), 1);
    tick(scene, 100);
    assert_int_equal(scene->readers[1].wakes, 1);
    expect(scene, 1, "at 2\nrockets a@1 b@2\n");
}

static void catch_up_is_cut_into_events_with_positions(void **context)
{
    struct hub_scene *scene = *context;
    char id[16];

    for (int i = 1; i <= CATCH_UP_EVENT + 1; i++) {
        snprintf(id, sizeof(id), "%d", i);
        change(scene, id);
    }
    add_at(scene, 0, 0);
    hub_join(scene->hub);
    run_jobs();
    assert_string_equal(read_some(scene, 0, 1), "at 0\nhello 0 100\n");
    assert_memory_equal(read_some(scene, 0, 1), "at 200\nrockets 1@1 ", 19);
    assert_string_equal(read_some(scene, 0, 1), "at 201\nrockets 201@201\n");
    expect(scene, 0, "");
}

static void too_many_changes_since_are_a_reset(void **context)
{
    struct hub_scene *scene = *context;
    char id[16];

    for (int i = 1; i <= HUB_CATCH_UP + 1; i++) {
        snprintf(id, sizeof(id), "%d", i);
        change(scene, id);
    }
    add_at(scene, 0, 0);
    add_at(scene, 1, 1);
    hub_join(scene->hub);
    run_jobs();
    assert_string_equal(read_all(scene, 0), "at 0\nhello 0 100\nreset 10001\n");
    const char *text = read_all(scene, 1);
    assert_memory_equal(text, "at 1\nhello 1 100\nat 201\nrockets 2@2 3@3 ",
                        40);
    assert_non_null(strstr(text, "at 10001\nrockets "));
    assert_int_equal(metric(scene, "lunar_events_resets_total", 0), 1);
    change(scene, "1");
    tick(scene, 100);
    expect(scene, 0, "at 10002\nrockets 1@10002\n");
}

static void reader_who_leaves_during_the_walk_is_no_matter(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    add_at(scene, 0, 0);
    expect_hello(scene, 0, "at 0\nhello 0 100\n");
    hub_reader_cancel(scene->readers[0].reader);
    assert_int_equal(scene->readers[0].wakes, 1);
    free_reader(scene, 0);
    assert_int_equal(run_jobs(), 1);
    add_at(scene, 0, 0);
    hub_join(scene->hub);
    free_reader(scene, 0);
    tick(scene, 100);
    assert_int_equal(run_jobs(), 1);
}

static void another_history_is_a_reset(void **context)
{
    struct hub_scene *scene = *context;
    struct hub_reader_options options = resumes_at(0);

    change(scene, "a");
    options.estranged = true;
    add_reader(scene, 0, options);
    options.resumes = false;
    options.events = SUMMARY;
    add_reader(scene, 1, options);
    options.events = ROCKETS;
    options.ids = &TEXT("a");
    options.id_count = 1;
    add_reader(scene, 2, options);
    hub_join(scene->hub);
    for (size_t i = 0; i < 3; i++)
        expect(scene, i, "hello 1 100\nreset 1\n");
    change(scene, "a");
    tick(scene, 100);
    expect(scene, 0, "at 2\nrockets a@2\n");
    expect(scene, 2, "at 2\nrockets a@2\n");
    assert_int_equal(metric(scene, "lunar_events_resets_total", 0), 3);
}

static void position_of_the_future_is_a_reset(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    add_at(scene, 0, 2);
    expect_hello(scene, 0, "hello 1 100\nreset 1\n");
}

static void feed_reader_that_missed_news_is_told(void **context)
{
    struct hub_scene *scene = *context;
    struct hub_reader_options options = resumes_at(1);

    launch(scene, "a");
    launch(scene, "b");
    options.events = LAUNCHED;
    add_reader(scene, 0, options);
    expect_hello(scene, 0, "hello 1 100\nreset 2\n");
    /* With single rockets it gets their states. */
    options.events = LAUNCHED | ROCKETS;
    options.ids = &TEXT("b");
    options.id_count = 1;
    add_reader(scene, 1, options);
    expect_hello(scene, 1, "at 1\nhello 1 100\nat 1\nrockets b@2\n");
    /* Whoever wants the summary only has missed nothing. */
    options = resumes_at(0);
    options.events = SUMMARY;
    add_reader(scene, 2, options);
    expect_hello(scene, 2, "at 0\nhello 0 100\n");
}

/*
 * A journal's group: rockets are ahead of the table's revision for a moment.
 * The collection has "b" already, so the class will not get it again.
 */
static void
position_below_a_change_that_was_collected_is_caught_up(void **context)
{
    struct hub_scene *scene = *context;

    change(scene, "a");
    add_new(scene, 0);
    expect_hello(scene, 0, "at 1\nhello 1 100\n");
    change(scene, "b");
    atomic_store(&scene->table->revision, 1);
    tick(scene, 100);
    atomic_store(&scene->table->revision, 2);
    expect(scene, 0, "at 1\nrockets b@2\n");
    /* It has the list of revision 1, or an event that said so. */
    add_at(scene, 1, 1);
    expect_hello(scene, 1, "at 1\nhello 1 100\nat 1\nrockets b@2\n");
    /* The same, if the table is watched since then only. */
    free_reader(scene, 0);
    free_reader(scene, 1);
    tick(scene, 100);
    assert_false(scene->hub->watched);
    change(scene, "c");
    atomic_store(&scene->table->revision, 2);
    add_at(scene, 0, 2);
    expect_hello(scene, 0, "at 2\nhello 2 100\n");
    atomic_store(&scene->table->revision, 3);
    assert_int_equal(run_jobs(), 1);
    tick(scene, 100);
    expect(scene, 0, "at 3\nrockets c@3\n");
}

static void
readers_of_another_interval_begin_with_what_is_not_collected(void **context)
{
    struct hub_scene *scene = *context;
    struct hub_reader_options options = {.events = ROCKETS, .interval_ms = 200};

    add_new(scene, 0);
    hub_join(scene->hub);
    change(scene, "a");
    tick(scene, 100);
    add_reader(scene, 1, options);
    options.resumes = true;
    options.position = 0;
    add_reader(scene, 2, options);
    hub_join(scene->hub);
    expect(scene, 1, "at 1\nhello 1 200\n");
    expect(scene, 2, "at 0\nhello 0 200\n");
    assert_int_equal(run_jobs(), 1);
    pass(scene, 200);
    expect(scene, 1, "");
    expect(scene, 2, "at 1\nrockets a@1\n");
}

static void table_is_watched_only_for_those_who_need_it(void **context)
{
    struct hub_scene *scene = *context;

    add_reader(scene, 0, (struct hub_reader_options){.events = SUMMARY});
    add_reader(scene, 1,
               (struct hub_reader_options){
                   .events = ROCKETS, .ids = &TEXT("a"), .id_count = 1});
    tick(scene, 100);
    assert_false(scene->hub->watched);
    add_reader(scene, 2, (struct hub_reader_options){.events = EXPLODED});
    tick(scene, 100);
    assert_true(scene->hub->watched);
    free_reader(scene, 2);
    tick(scene, 100);
    assert_false(scene->hub->watched);
    free_reader(scene, 0);
    free_reader(scene, 1);
    tick(scene, 100);
    assert_null(scene->hub->classes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(hello_comes_first),
        FIXTURE_TEST(new_reader_gets_later_changes_only),
        FIXTURE_TEST(change_right_after_hello_comes),
        FIXTURE_TEST(second_reader_joins_the_class),
        FIXTURE_TEST(reader_without_changes_since_goes_on),
        FIXTURE_TEST(kept_updates_are_enough_to_go_on),
        FIXTURE_TEST(worker_finds_what_is_not_kept),
        FIXTURE_TEST(readers_share_a_walk_each_from_its_position),
        FIXTURE_TEST(reader_comes_while_a_walk_runs),
        FIXTURE_TEST(catch_up_is_cut_into_events_with_positions),
        FIXTURE_TEST(too_many_changes_since_are_a_reset),
        FIXTURE_TEST(reader_who_leaves_during_the_walk_is_no_matter),
        FIXTURE_TEST(another_history_is_a_reset),
        FIXTURE_TEST(position_of_the_future_is_a_reset),
        FIXTURE_TEST(feed_reader_that_missed_news_is_told),
        FIXTURE_TEST(position_below_a_change_that_was_collected_is_caught_up),
        FIXTURE_TEST(
            readers_of_another_interval_begin_with_what_is_not_collected),
        FIXTURE_TEST(table_is_watched_only_for_those_who_need_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
