/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the counts of rockets by type and mission: what each message does to
 * them, their order, and names without number.
 */
#include "lib/table_images.h"
#include "lib/unit_table.h"

#include "property/counts.h"
#include "table/table_fleet.h"
#include "table/table_parts.h"

/* Of the latest count. */
static struct table_names names;

static void count_names(struct table *table, enum table_field field)
{
    memset(&names, 0x5a, sizeof(names));
    assert_true(table_count_names(table, field, &names));
}

static void check_name(size_t i, struct text name, uint64_t rockets)
{
    unit_check_text(names.names[i].name, name);
    assert_int_equal(names.names[i].rockets, rockets);
}

static void check_rest(size_t count, uint64_t other_names,
                       uint64_t other_rockets, uint64_t unknown)
{
    assert_int_equal(names.count, count);
    assert_int_equal(names.other_names, other_names);
    assert_int_equal(names.other_rockets, other_rockets);
    assert_int_equal(names.unknown, unknown);
}

/* Launch a rocket of its own, with a numbered id. */
static void launch(struct table *table, unsigned rocket, const char *type,
                   const char *mission)
{
    char id[32];

    snprintf(id, sizeof(id), "%u", rocket);
    unit_table_apply(table, message_launched(id, 1, type, mission, 1));
}

static void empty_table_has_no_names(void **context)
{
    count_names(*context, TABLE_TYPE);
    check_rest(0, 0, 0, 0);
    count_names(*context, TABLE_MISSION);
    check_rest(0, 0, 0, 0);
}

/* Of one rocket. NULL: unknown. */
static void names_follow_each_message(void **context)
{
    const struct {
        struct message message;
        const char *type, *mission;
    } steps[] = {
        {message_speed("a", 20, 1), NULL, NULL},
        {message_mission("a", 15, "late"), NULL, "late"},
        {message_mission("a", 25, "M25"), NULL, "M25"},
        /* Replaced already, and known already. */
        {message_mission("a", 14, "M14"), NULL, "M25"},
        {message_mission("a", 25, "other"), NULL, "M25"},
        /* A late launch, whose mission is replaced already. */
        {message_launched("a", 10, "T10", "M10", 1), "T10", "M25"},
        {message_launched("a", 30, "T30", "M30", 1), "T30", "M30"},
        {message_launched("a", 5, "T5", "M5", 1), "T30", "M30"},
        {message_mission("a", 33, "M33"), "T30", "M33"},
        /* A late explosion: what follows it did not happen. */
        {message_exploded("a", 31, "HEAT"), "T30", "M30"},
        {message_mission("a", 34, "M34"), "T30", "M30"},
        /* The same names again, as new rocket. */
        {message_launched("a", 40, "T30", "M30", 1), "T30", "M30"},
        {message_launched("a", 41, "M30", "T30", 1), "M30", "T30"},
        {message_exploded("a", 42, "M30"), "M30", "T30"},
        {message_launched("a", 43, "T43", "T43", 1), "T43", "T43"},
    };

    for (size_t i = 0; i < COUNT(steps); i++) {
        table_apply(*context, &steps[i].message);
        count_names(*context, TABLE_TYPE);
        check_rest(steps[i].type != NULL, 0, 0, steps[i].type == NULL);
        if (names.count > 0)
            check_name(0, text_of(steps[i].type), 1);
        count_names(*context, TABLE_MISSION);
        check_rest(steps[i].mission != NULL, 0, 0, steps[i].mission == NULL);
        if (names.count > 0)
            check_name(0, text_of(steps[i].mission), 1);
    }
}

/* So they are in many stripes. */
static void rockets_of_all_stripes_are_added_up(void **context)
{
    enum { ROCKETS = 5000 };

    for (unsigned i = 0; i < ROCKETS; i++)
        launch(*context, i, i % 5 == 0 ? "Athena" : "Falcon-9", "Falcon-9");
    unit_table_apply(*context, message_speed("in flight", 7, 1));
    count_names(*context, TABLE_TYPE);
    check_rest(2, 0, 0, 1);
    check_name(0, TEXT("Falcon-9"), UINT64_C(4) * ROCKETS / 5);
    check_name(1, TEXT("Athena"), ROCKETS / 5);
    count_names(*context, TABLE_MISSION);
    check_rest(1, 0, 0, 1);
    check_name(0, TEXT("Falcon-9"), ROCKETS);
    assert_null(counts_difference(*context));
}

static void names_are_the_same_if_every_byte_is(void **context)
{
    static char longest[2][MESSAGE_MAX_NAME];
    const struct text types[] = {
        {"a", 1},          {"a\0", 2},        {"a\0a", 3},
        {"", 0},           {"A", 1},          {"\377", 1},
        {longest[0], 256}, {longest[1], 256}, {longest[0], 255},
    };

    memset(longest, 'n', sizeof(longest));
    longest[1][MESSAGE_MAX_NAME - 1] = 'N';
    for (unsigned i = 0; i < COUNT(types); i++) {
        struct message message = message_launched("", 1, "", "m", 1);
        char id[32];
        snprintf(id, sizeof(id), "%u", i);
        message.channel = text_of(id);
        message.rocket_type = types[i];
        assert_int_equal(table_apply(*context, &message), MESSAGE_APPLIED);
    }
    count_names(*context, TABLE_TYPE);
    check_rest(COUNT(types), 0, 0, 0);
    check_name(0, TEXT(""), 1);
    check_name(1, TEXT("A"), 1);
    check_name(2, TEXT("a"), 1);
    check_name(3, TEXT("a\0"), 1);
    check_name(4, TEXT("a\0a"), 1);
    check_name(5, types[8], 1);
    check_name(6, types[7], 1);
    check_name(7, types[6], 1);
    check_name(8, TEXT("\377"), 1);
}

/*
 * 50 types have two rockets each, and 90 have one: 50 of these are in the list,
 * those whose bytes come first.
 */
static void ties_at_the_last_place_are_decided_by_bytes(void **context)
{
    enum { DOUBLE = 50, SINGLE = 90 };
    unsigned rocket = 0;
    char type[32];

    for (unsigned i = 0; i < SINGLE; i++) {
        snprintf(type, sizeof(type), "single %02u", i * 7 % SINGLE);
        launch(*context, rocket++, type, "m");
    }
    for (unsigned i = 0; i < 2 * DOUBLE; i++) {
        snprintf(type, sizeof(type), "twice %02u", i * 7 % DOUBLE);
        launch(*context, rocket++, type, "m");
    }
    count_names(*context, TABLE_TYPE);
    check_rest(TABLE_TOP, SINGLE + DOUBLE - TABLE_TOP,
               SINGLE + DOUBLE - TABLE_TOP, 0);
    for (unsigned i = 0; i < TABLE_TOP; i++) {
        if (i < DOUBLE)
            snprintf(type, sizeof(type), "twice %02u", i);
        else
            snprintf(type, sizeof(type), "single %02u", i - DOUBLE);
        check_name(i, text_of(type), i < DOUBLE ? 2 : 1);
    }
}

static void list_has_as_many_names_as_fit(void **context)
{
    char type[32];

    for (unsigned i = 0; i <= TABLE_TOP; i++) {
        snprintf(type, sizeof(type), "%03u", i);
        launch(*context, i, type, "m");
        count_names(*context, TABLE_TYPE);
        bool all = i < TABLE_TOP;
        check_rest(all ? i + 1 : TABLE_TOP, !all, !all, 0);
    }
}

/* Each hash is made and looked up many times. */
static void more_names_than_are_listed_are_counted(void **context)
{
    enum { NAMES = 3000, ROCKETS = 10000 };
    uint64_t state = 88172645463325252;
    char name[32];

    for (unsigned i = 0; i < ROCKETS; i++) {
        /* Low numbers are drawn more often. */
        uint64_t drawn = unit_random(&state) % NAMES;
        snprintf(name, sizeof(name), "%u",
                 (unsigned)(unit_random(&state) % (drawn + 1)));
        launch(*context, i, "t", name);
    }
    assert_null(counts_difference(*context));
    count_names(*context, TABLE_MISSION);
    assert_in_range(names.other_names, NAMES / 2, NAMES);
}

/* All strings of its runs are in one stripe; its state has one mission. */
static void rocket_with_many_strings_has_one_mission(void **context)
{
    enum { RUNS = 5000 };
    char mission[32];

    for (unsigned i = 0; i < RUNS; i++) {
        snprintf(mission, sizeof(mission), "%u", i);
        unit_table_apply(*context, message_mission("a", 2 * i + 2, mission));
    }
    count_names(*context, TABLE_MISSION);
    check_rest(1, 0, 0, 0);
    check_name(0, text_of(mission), 1);
}

static void million_missions_in_order_leave_one(void **context)
{
    enum { MISSIONS = 1000000 };
    char mission[32];

    for (unsigned i = 1; i <= MISSIONS; i++) {
        snprintf(mission, sizeof(mission), "%u", i);
        unit_table_apply(*context, message_mission("a", i, mission));
    }
    count_names(*context, TABLE_MISSION);
    check_rest(1, 0, 0, 0);
    check_name(0, text_of(mission), 1);
}

/* Hundreds of strings of one stripe, which takes several steps. */
static void stripe_with_many_names_is_counted_once(void **context)
{
    enum { ROCKETS = 700 };
    char id[32];

    for (unsigned i = 0, rockets = 0; rockets < ROCKETS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        if (table_locate(*context, text_of(id)).index != 0)
            continue;
        rockets++;
        if (rockets % 7 == 0)
            unit_table_apply(*context, message_speed(id, 1, 1));
        else
            unit_table_apply(*context, message_launched(id, 1, id, "m", 1));
    }
    count_names(*context, TABLE_TYPE);
    check_rest(TABLE_TOP, ROCKETS / 7 * 6 - TABLE_TOP,
               ROCKETS / 7 * 6 - TABLE_TOP, ROCKETS / 7);
    assert_null(counts_difference(*context));
}

static void loaded_table_has_the_same_names(void **context)
{
    struct buffer images = BUFFER_INIT;
    struct table *copy = table_new(SIZE_MAX);
    char name[32];

    assert_non_null(copy);
    for (unsigned i = 0; i < 600; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%u", i);
        snprintf(name, sizeof(name), "%u", i * i % 150);
        unit_table_apply(*context, message_mission(id, 9, name));
        if (i % 3 > 0)
            unit_table_apply(*context, message_launched(id, 5, name, "m", 1));
        if (i % 5 == 0)
            unit_table_apply(*context, message_exploded(id, 7, name));
    }
    table_images_save(*context, &images);
    assert_int_equal(table_images_load(copy, buffer_text(&images)),
                     TABLE_LOADED);
    assert_null(counts_difference(*context));
    assert_null(counts_difference(copy));
    /* A string that only a count holds would fail an assertion now. */
    for (unsigned i = 0; i < 600; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%u", i);
        unit_table_apply(copy, message_launched(id, 10, "t", "m", 1));
    }
    assert_null(counts_difference(copy));
    buffer_release(&images);
    table_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(empty_table_has_no_names),
        TABLE_TEST(names_follow_each_message),
        TABLE_TEST(rockets_of_all_stripes_are_added_up),
        TABLE_TEST(names_are_the_same_if_every_byte_is),
        TABLE_TEST(ties_at_the_last_place_are_decided_by_bytes),
        TABLE_TEST(list_has_as_many_names_as_fit),
        TABLE_TEST(more_names_than_are_listed_are_counted),
        TABLE_TEST(rocket_with_many_strings_has_one_mission),
        TABLE_TEST(million_missions_in_order_leave_one),
        TABLE_TEST(stripe_with_many_names_is_counted_once),
        TABLE_TEST(loaded_table_has_the_same_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
