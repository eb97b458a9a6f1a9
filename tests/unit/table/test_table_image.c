/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of images by example: a rocket that was loaded is the one that was
 * saved, each has one form, and a walk goes in small steps. Which bytes are
 * refused, test_image.c tests; tests/property/test_image_property.c compares
 * walks with random histories, while messages are applied.
 */
#include "lib/table_images.h"
#include "lib/unit_table.h"

#include "base/log.h"
#include "domain/rocket.h"

#define UUID "193270a9-c9cf-404a-8f83-838e71d9ae67"

static struct table *load_copy(struct table *table)
{
    struct buffer images = BUFFER_INIT;
    struct table *copy = table_new(SIZE_MAX);

    assert_non_null(copy);
    table_images_save(table, &images);
    assert_int_equal(table_images_load(copy, buffer_text(&images)),
                     TABLE_LOADED);
    buffer_release(&images);
    return copy;
}

static void check_same_rocket(struct table *a, struct table *b, const char *id)
{
    struct rocket_view views[2];

    assert_true(table_find(a, text_of(id), &views[0]));
    assert_true(table_find(b, text_of(id), &views[1]));
    const char *differs = table_images_difference(&views[0], &views[1]);
    if (differs != NULL)
        fail_msg("%s: %s", id, differs);
}

static void check_same_tables(struct table *a, struct table *b)
{
    struct table_summary summaries[2] = {table_summary(a), table_summary(b)};

    assert_memory_equal(&summaries[0], &summaries[1], sizeof(summaries[0]));
    assert_int_equal(table_count(a), table_count(b));
    assert_int_equal(table_revision(a), table_revision(b));
}

/* A row of messages each, in the order in which they arrive. */
static const struct {
    const char *id;
    struct {
        uint64_t number;
        enum message_type type;
    } messages[6];
} rockets[] = {
    {"launched", {{1, MESSAGE_LAUNCHED}}},
    {"complete",
     {{1, MESSAGE_LAUNCHED},
      {2, MESSAGE_SPEED_INCREASED},
      {3, MESSAGE_SPEED_DECREASED},
      {4, MESSAGE_MISSION_CHANGED}}},
    {"exploded", {{2, MESSAGE_EXPLODED}, {1, MESSAGE_LAUNCHED}}},
    {"relaunched",
     {{1, MESSAGE_EXPLODED}, {2, MESSAGE_LAUNCHED}, {3, MESSAGE_EXPLODED}}},
    {"unlaunched", {{1, MESSAGE_SPEED_DECREASED}}},
    {"no_first", {{2, MESSAGE_LAUNCHED}}},
    {"gaps",
     {{9, MESSAGE_EXPLODED},
      {3, MESSAGE_LAUNCHED},
      {5, MESSAGE_MISSION_CHANGED},
      {7, MESSAGE_LAUNCHED}}},
    {"late_launch", {{4, MESSAGE_MISSION_CHANGED}, {1, MESSAGE_LAUNCHED}}},
    {UUID, {{1, MESSAGE_LAUNCHED}, {3, MESSAGE_SPEED_INCREASED}}},
    {"193270A9-C9CF-404A-8F83-838E71D9AE67", {{1, MESSAGE_MISSION_CHANGED}}},
    {"193270a9-c9cf-404a-8f83+838e71d9ae67", {{1, MESSAGE_MISSION_CHANGED}}},
    {"r\303\266cket \"1\"\\", {{1, MESSAGE_LAUNCHED}}},
    {"last", {{MESSAGE_MAX_NUMBER, MESSAGE_LAUNCHED}, {1, MESSAGE_EXPLODED}}},
};

static void apply_rocket(struct table *table, size_t rocket)
{
    for (size_t i = 0; i < 6; i++) {
        uint64_t number = rockets[rocket].messages[i].number;
        struct message message = message_of_type(
            rockets[rocket].messages[i].type, rockets[rocket].id, number);
        message.time = messages_time(number % 1000);
        if (number > 0)
            unit_table_apply(table, message);
    }
}

static void loaded_rocket_is_the_one_that_was_saved(void **context)
{
    for (size_t i = 0; i < COUNT(rockets); i++)
        apply_rocket(*context, i);
    struct table *copy = load_copy(*context);

    check_same_tables(*context, copy);
    for (size_t i = 0; i < COUNT(rockets); i++)
        check_same_rocket(*context, copy, rockets[i].id);
    /* What follows finds the same runs, at each number and in any order. */
    for (uint64_t number = 10; number > 0; number--) {
        for (size_t i = 0; i < COUNT(rockets); i++) {
            struct message message = message_of_type(
                (enum message_type)((number + i) % MESSAGE_TYPE_COUNT),
                rockets[i].id, number);
            assert_int_equal(table_apply(*context, &message),
                             table_apply(copy, &message));
            check_same_rocket(*context, copy, rockets[i].id);
        }
    }
    check_same_tables(*context, copy);
    table_free(copy);
}

/* The order of a walk differs, as each table has its own hash key. */
static void loaded_rocket_is_saved_as_the_same_bytes(void **context)
{
    for (size_t i = 0; i < COUNT(rockets); i++) {
        struct table *table = table_new(SIZE_MAX);
        struct buffer images[2] = {BUFFER_INIT, BUFFER_INIT};
        assert_non_null(table);
        apply_rocket(table, i);
        struct table *copy = load_copy(table);
        table_images_save(table, &images[0]);
        table_images_save(copy, &images[1]);
        unit_check_text(buffer_text(&images[1]), buffer_text(&images[0]));
        buffer_release(&images[0]);
        buffer_release(&images[1]);
        table_free(copy);
        table_free(table);
    }
    (void)context;
}

/* Whatever the room in the buffer. Each stripe has a few large rockets. */
static void step_is_bounded_by_bytes(void **context)
{
    enum { ROCKETS = 4096, RUNS = 30, LONGEST = RUNS * (MESSAGE_MAX_NAME + 8) };
    struct table_walk walk = {0};
    struct buffer images = BUFFER_INIT;
    uint64_t count = 0, before = 0, several = 0;
    char id[32], mission[MESSAGE_MAX_NAME + 1];

    for (unsigned i = 0; i < ROCKETS * RUNS; i++) {
        snprintf(id, sizeof(id), "%u", i / RUNS);
        snprintf(mission, sizeof(mission), "%0*u", MESSAGE_MAX_NAME, i % RUNS);
        unit_table_apply(
            *context,
            message_mission(id, 1 + UINT64_C(2) * (i % RUNS), mission));
    }
    assert_true(buffer_reserve(&images, (size_t)100 * TABLE_IMAGE_STEP));
    while (table_walk_next(*context, &walk, &images, &count) ==
           TABLE_WALK_MORE) {
        assert_in_range(images.length, 1, TABLE_IMAGE_STEP + LONGEST);
        assert_true(count > before);
        several += count > before + 1;
        before = count;
        buffer_clear(&images);
    }
    assert_int_equal(count, ROCKETS);
    assert_true(several > 0);
    assert_int_equal(images.length, 0);
    assert_int_equal(table_walk_next(*context, &walk, &images, &count),
                     TABLE_WALK_END);
    assert_int_equal(count, ROCKETS);
    buffer_release(&images);
}

static void images_are_small(void **context)
{
    struct buffer images = BUFFER_INIT;

    unit_table_apply(*context,
                     message_launched(UUID, 1, "Falcon-9", "ARTEMIS", 500));
    unit_table_apply(*context, message_speed(UUID, 2, 3000));
    table_images_save(*context, &images);
    assert_int_equal(images.length, 55);
    buffer_release(&images);
}

static void walk_of_an_empty_table_ends_at_once(void **context)
{
    struct table_walk walk = {0};
    struct buffer images = BUFFER_INIT;
    uint64_t count = 0;

    assert_int_equal(table_walk_next(*context, &walk, &images, &count),
                     TABLE_WALK_END);
    assert_int_equal(count, 0);
    assert_null(images.data);
}

/* Rockets that are added behind the walk are not in it; no other is twice. */
static void walk_sees_each_rocket_once(void **context)
{
    enum { ROCKETS = 3000 };
    struct table_walk walk = {0};
    struct buffer images = BUFFER_INIT;
    struct table *copy = table_new(SIZE_MAX);
    uint64_t count = 0;
    char id[32];
    unsigned added = ROCKETS;

    assert_non_null(copy);
    for (unsigned i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        unit_table_apply(*context, message_speed(id, 1, 1));
    }
    while (table_walk_next(*context, &walk, &images, &count) ==
           TABLE_WALK_MORE) {
        snprintf(id, sizeof(id), "%u", added++);
        unit_table_apply(*context, message_speed(id, 1, 1));
    }
    assert_in_range(count, ROCKETS, added);
    assert_int_equal(table_images_load(copy, buffer_text(&images)),
                     TABLE_LOADED);
    assert_int_equal(table_count(copy), count);
    for (unsigned i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        check_same_rocket(*context, copy, id);
    }
    buffer_release(&images);
    table_free(copy);
}

/*
 * Each message leaves a gap before it, so there are as many runs as messages,
 * up to the bound. Their strings are `strings` different ones, in turns.
 */
static void apply_gaps(struct table *table, unsigned messages, unsigned strings)
{
    char mission[MESSAGE_MAX_NAME + 1];

    for (unsigned i = 0; i < messages; i++) {
        memset(mission, 'x', MESSAGE_MAX_NAME);
        snprintf(mission, sizeof(mission), "%0200u", i % strings);
        unit_table_apply(table,
                         message_mission("gaps", UINT64_C(2) * i + 3, mission));
    }
}

/* Compare the outcomes of further messages, which may fill gaps. */
static void check_outcomes(struct table *a, struct table *b, uint64_t last)
{
    for (uint64_t i = 0; i <= 2 * last; i++) {
        uint64_t number = 1 + i * 7919 % (2 * last);
        struct message message = message_speed("gaps", number, 1);
        assert_int_equal(table_apply(a, &message), table_apply(b, &message));
    }
    check_same_rocket(a, b, "gaps");
    check_same_tables(a, b);
}

static void rocket_may_have_any_number_of_runs(void **context)
{
    static const unsigned counts[] = {2,   3,    4,    5,    8,   9,  16,
                                      31,  32,   33,   48,   64,  65, 512,
                                      513, 1024, 1025, 2048, 5000};

    (void)context;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct table *table = table_new(SIZE_MAX);
        assert_non_null(table);
        apply_gaps(table, counts[i], 3);
        struct table *copy = load_copy(table);
        assert_true(table_memory(copy) <= table_memory(table));
        check_outcomes(table, copy, UINT64_C(2) * counts[i]);
        table_free(copy);
        table_free(table);
    }
}

/* Far past the bound, so that many gaps have been given up. */
static void rocket_with_the_most_runs_is_loaded(void **context)
{
    enum { MESSAGES = ROCKET_MAX_RUNS + 5000, RUN = 6, STRINGS = 40 };
    struct buffer images = BUFFER_INIT;
    struct table_image image;

    log_set_level(LOG_ERROR);
    apply_gaps(*context, MESSAGES, STRINGS);
    struct table *copy = load_copy(*context);
    log_set_level(LOG_INFO);
    table_images_save(*context, &images);
    assert_in_range(images.length, ROCKET_MAX_RUNS * 4,
                    ROCKET_MAX_RUNS * RUN + STRINGS * MESSAGE_MAX_NAME);
    struct text rest = buffer_text(&images);
    assert_true(table_image_read(&rest, &image));
    assert_int_equal(rest.length, 0);
    assert_int_equal(image.revision, MESSAGES);
    assert_int_equal(image.last_number, 2 * MESSAGES + 1);
    assert_int_equal(image.applied, MESSAGES);
    assert_int_equal(image.runs, ROCKET_MAX_RUNS);
    assert_true(table_memory(copy) <= table_memory(*context));
    check_same_rocket(*context, copy, "gaps");
    check_outcomes(*context, copy, UINT64_C(4) * MESSAGES);
    buffer_release(&images);
    table_free(copy);
}

/* More than the image keeps at hand, so each is written several times. */
static void runs_may_have_any_number_of_strings(void **context)
{
    static const unsigned strings[] = {63, 64, 65, 66, 500};

    (void)context;
    for (size_t i = 0; i < COUNT(strings); i++) {
        struct table *table = table_new(SIZE_MAX);
        assert_non_null(table);
        apply_gaps(table, 1000, strings[i]);
        struct table *copy = load_copy(table);
        assert_true(table_memory(copy) <= table_memory(table));
        check_outcomes(table, copy, 2000);
        table_free(copy);
        table_free(table);
    }
}

/* Also for a walk that continues in a buffer with much in it. */
static void small_and_large_rockets_follow_each_other(void **context)
{
    char id[32];

    apply_gaps(*context, 3000, 500);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(id, sizeof(id), "%u", i);
        unit_table_apply(*context, message_exploded(id, 1 + i % 3, "FIRE"));
    }
    struct table *copy = load_copy(*context);
    check_same_tables(*context, copy);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(id, sizeof(id), "%u", i);
        check_same_rocket(*context, copy, id);
    }
    table_free(copy);
}

static void rocket_that_is_there_is_not_replaced(void **context)
{
    struct buffer images = BUFFER_INIT;
    struct table *copy = table_new(SIZE_MAX);

    assert_non_null(copy);
    unit_table_apply(*context, message_launched("a", 1, "t", "m", 1));
    table_images_save(*context, &images);
    unit_table_apply(copy, message_launched("a", 3, "other", "mission", 7));
    size_t memory = table_memory(copy);
    struct text rest = buffer_text(&images);
    assert_int_equal(table_load(copy, &rest), TABLE_LOAD_DAMAGED);
    assert_int_equal(rest.length, images.length);
    assert_int_equal(table_memory(copy), memory);
    assert_int_equal(table_revision(copy), 1);
    struct rocket_view view;
    assert_true(table_find(copy, TEXT("a"), &view));
    assert_int_equal(view.speed, 7);
    buffer_release(&images);
    table_free(copy);
}

static void revision_is_the_highest_of_all_rockets(void **context)
{
    const struct message messages[] = {message_speed("a", 1, 1),
                                       message_speed("b", 1, 1)};
    struct table_item items[] = {{&messages[0], 1000, MESSAGE_APPLIED},
                                 {&messages[1], 7, MESSAGE_APPLIED}};

    table_apply_group(*context, &items[1], 1);
    table_apply_group(*context, &items[0], 1);
    struct table *copy = load_copy(*context);
    assert_int_equal(table_revision(copy), 1000);
    check_same_rocket(*context, copy, "a");
    check_same_rocket(*context, copy, "b");
    /* A message that was applied before "a" was saved is replayed. */
    const struct message earlier = message_speed("b", 2, 1);
    struct table_item item = {&earlier, 900, MESSAGE_NO_MEMORY};
    table_apply_group(copy, &item, 1);
    assert_int_equal(item.outcome, MESSAGE_APPLIED);
    assert_int_equal(table_revision(copy), 1000);
    unit_table_apply(copy, message_speed("b", 3, 1));
    assert_int_equal(table_revision(copy), 1001);
    table_free(copy);
}

/* At each limit the rocket is loaded, or nothing has changed. */
static void rocket_is_loaded_whole_or_not_at_all(void **context)
{
    struct buffer images = BUFFER_INIT;
    size_t empty = table_memory(*context), refused = 0;
    enum table_loaded loaded = TABLE_LOAD_NO_MEMORY;

    apply_gaps(*context, 200, 100);
    table_images_save(*context, &images);
    for (size_t limit = 0; loaded == TABLE_LOAD_NO_MEMORY; limit += 101) {
        struct table *copy = table_new(empty + limit);
        struct text rest = buffer_text(&images);
        assert_non_null(copy);
        loaded = table_load(copy, &rest);
        if (loaded == TABLE_LOADED) {
            check_same_rocket(*context, copy, "gaps");
        } else {
            assert_int_equal(loaded, TABLE_LOAD_NO_MEMORY);
            assert_int_equal(rest.length, images.length);
            assert_int_equal(table_count(copy), 0);
            assert_int_equal(table_revision(copy), 0);
            assert_true(table_memory(copy) <= empty + limit);
            refused++;
        }
        table_free(copy); /* which checks that all memory was counted */
    }
    assert_int_equal(loaded, TABLE_LOADED);
    assert_true(refused > 100);
    buffer_release(&images);
}

/* As one by one. */
static void group_is_loaded_up_to_the_first_that_fails(void **context)
{
    enum { ROCKETS = 3 * TABLE_LOAD_GROUP + 5 };
    struct buffer images = BUFFER_INIT;
    uint64_t all = 0;
    char id[32];

    for (unsigned i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        unit_table_apply(*context, message_mission(id, 1 + i % 2, "m"));
    }
    table_images_save(*context, &images);
    struct table *whole = table_new(SIZE_MAX);
    assert_non_null(whole);
    for (struct text rest = buffer_text(&images); rest.length > 0;) {
        uint64_t count = 0;
        assert_int_equal(table_load_group(whole, &rest, &count), TABLE_LOADED);
        assert_in_range(count, 1, TABLE_LOAD_GROUP);
        all += count;
    }
    assert_int_equal(all, ROCKETS);
    check_same_tables(*context, whole);
    table_free(whole);

    /* Cut off anywhere. */
    for (size_t i = 0; i < images.length; i += 7) {
        struct table *one = table_new(SIZE_MAX), *group = table_new(SIZE_MAX);
        struct text rests[] = {{images.data, i}, {images.data, i}};
        enum table_loaded ended[2];
        uint64_t count = 0;
        assert_non_null(one);
        assert_non_null(group);
        do
            ended[0] = table_load(one, &rests[0]);
        while (ended[0] == TABLE_LOADED);
        do
            ended[1] = table_load_group(group, &rests[1], &count);
        while (ended[1] == TABLE_LOADED);
        assert_int_equal(ended[1], ended[0]);
        assert_int_equal(rests[1].length, rests[0].length);
        assert_int_equal(count, table_count(one));
        check_same_tables(one, group);
        table_free(one);
        table_free(group);
    }
    buffer_release(&images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(loaded_rocket_is_the_one_that_was_saved),
        TABLE_TEST(loaded_rocket_is_saved_as_the_same_bytes),
        TABLE_TEST(step_is_bounded_by_bytes),
        TABLE_TEST(images_are_small),
        TABLE_TEST(walk_of_an_empty_table_ends_at_once),
        TABLE_TEST(walk_sees_each_rocket_once),
        TABLE_TEST(rocket_may_have_any_number_of_runs),
        TABLE_TEST(rocket_with_the_most_runs_is_loaded),
        TABLE_TEST(runs_may_have_any_number_of_strings),
        TABLE_TEST(small_and_large_rockets_follow_each_other),
        TABLE_TEST(rocket_that_is_there_is_not_replaced),
        TABLE_TEST(revision_is_the_highest_of_all_rockets),
        TABLE_TEST(rocket_is_loaded_whole_or_not_at_all),
        TABLE_TEST(group_is_loaded_up_to_the_first_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
