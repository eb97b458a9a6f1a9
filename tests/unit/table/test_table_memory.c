/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the table's memory: it is proportional to the live data, its limit
 * holds, and a full table loses nothing and still applies messages that need no
 * memory.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/messages.h"
#include "table/table.h"

static int set_up(void **context)
{
    *context = table_new(SIZE_MAX);
    return *context ? 0 : -1;
}

static int tear_down(void **context)
{
    table_free(*context);
    return 0;
}

static enum message_outcome apply(struct table *table, struct message message)
{
    return table_apply(table, &message);
}

static void assert_text(struct text text, const char *expected)
{
    if (!expected) {
        assert_null(text.data);
        return;
    }
    assert_non_null(text.data);
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

static void memory_of_replaced_missions_is_freed(void **context)
{
    struct table *table = *context;
    char mission[32];
    apply(table, message_launched("a", 1, "Falcon-9", "ARTEMIS", 500));
    apply(table, message_mission("a", 2, "mission 1000000"));
    size_t before = table_memory(table);
    for (unsigned i = 0; i < 200000; i++) {
        snprintf(mission, sizeof(mission), "mission %u", 1000000 + i);
        apply(table, message_mission("a", 3 + i, mission));
        assert_int_equal(table_memory(table), before);
    }
}

static void strings_of_messages_without_effect_are_freed(void **context)
{
    struct table *table = *context;
    char name[32];
    apply(table, message_launched("a", 1, "Falcon-9", "ARTEMIS", 500));
    apply(table, message_exploded("a", 2, "FROZEN_O_RINGS"));
    size_t before = table_memory(table);
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(name, sizeof(name), "name %u", i);
        apply(table, message_launched("a", 1, name, name, 500));
        apply(table, message_mission("a", 3 + i, name));
        assert_int_equal(table_memory(table), before);
    }
}

static void memory_of_filled_gaps_is_freed(void **context)
{
    struct table *table = *context;
    apply(table, message_speed("a", 1, 1));
    size_t before = table_memory(table);
    for (uint64_t number = 3; number < 1000; number += 2)
        apply(table, message_speed("a", number, 1));
    assert_in_range(table_memory(table), before + 1, SIZE_MAX);
    for (uint64_t number = 2; number < 1000; number += 2)
        apply(table, message_speed("a", number, 1));
    assert_int_equal(table_memory(table), before);
}

/* About 190 bytes with ids of 36, plus the largest growth of the slots. */
static void rockets_take_little_memory(void **context)
{
    struct table *table = *context;
    enum { ROCKETS = 150000 };
    size_t empty = table_memory(table);
    for (unsigned i = 0; i < ROCKETS; i++) {
        char id[40];
        snprintf(id, sizeof(id), "0e9e9df5-38fd-52e2-916f-%012u", i);
        apply(table, message_launched(id, 1, "Falcon-9", "ARTEMIS", i));
        if (i > ROCKETS / 2)
            assert_in_range(table_memory(table) - empty, 0, i * 250);
    }
}

static void limit_below_an_empty_table_refuses_messages(void **context)
{
    (void)context;
    struct table *table = table_new(1);
    if (!table)
        return;
    assert_int_equal(apply(table, message_speed("a", 1, 1)), MESSAGE_NO_MEMORY);
    table_free(table);
}

/*
 * Add rockets, each with its own type, to a table of `limit` bytes until one is
 * refused. Returns how many were added.
 */
static unsigned fill_table(struct table *table, size_t limit)
{
    char id[32];
    for (unsigned i = 0;; i++) {
        snprintf(id, sizeof(id), "rocket %u", i);
        enum message_outcome result =
            apply(table, message_launched(id, 1, id, "ARTEMIS", i));
        assert_in_range(table_memory(table), 0, limit);
        if (result == MESSAGE_NO_MEMORY)
            return i;
        assert_int_equal(result, MESSAGE_APPLIED);
    }
}

static void full_table_is_unchanged_and_updates_rockets(void **context)
{
    enum { ROOM = 200000 };
    size_t limit = table_memory(*context) + ROOM;
    struct table *table = table_new(limit);
    unsigned rockets = fill_table(table, limit);
    char refused[32];
    snprintf(refused, sizeof(refused), "rocket %u", rockets);
    struct rocket_view view;
    assert_false(table_find(table, text_of(refused), &view));
    assert_int_equal(table_count(table), rockets);
    assert_int_equal(table_revision(table), rockets);
    for (unsigned i = 0; i < rockets; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket %u", i);
        assert_true(table_find(table, text_of(id), &view));
        assert_text(view.type, id);
        assert_int_equal(view.speed, i);
        assert_int_equal(apply(table, message_speed(id, 2, 1)),
                         MESSAGE_APPLIED);
        assert_int_equal(apply(table, message_mission(id, 3, "ARTEMIS")),
                         MESSAGE_APPLIED);
        assert_int_equal(apply(table, message_speed(id, 2, 1)),
                         MESSAGE_DUPLICATE);
    }
    table_free(table);
}

/* No memory is allocated for a duplicate. */
static void full_table_still_recognises_duplicates(void **context)
{
    size_t limit = table_memory(*context) + 100000;
    struct table *table = table_new(limit);
    unsigned rockets = fill_table(table, limit), refused = 0;
    char id[32], name[MESSAGE_MAX_NAME + 1] = {0};
    memset(name, 'n', MESSAGE_MAX_NAME);
    for (unsigned i = 0; i < rockets; i++) {
        snprintf(id, sizeof(id), "rocket %u", i);
        for (size_t j = 0; id[j]; j++)
            name[j] = id[j];
        if (apply(table, message_mission(id, 2, name)) != MESSAGE_NO_MEMORY)
            continue;
        refused++;
        assert_int_equal(apply(table, message_mission(id, 1, name)),
                         MESSAGE_DUPLICATE);
    }
    assert_in_range(refused, 1, rockets);
    table_free(table);
}

static void strings_of_refused_rockets_are_freed(void **context)
{
    size_t limit = table_memory(*context) + 100000;
    struct table *table = table_new(limit);
    char id[32], name[32];
    snprintf(id, sizeof(id), "rocket %u", fill_table(table, limit));
    size_t memory = table_memory(table);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "name %u", i);
        assert_int_equal(apply(table, message_launched(id, 1, name, name, 1)),
                         MESSAGE_NO_MEMORY);
        assert_int_equal(table_memory(table), memory);
    }
    table_free(table);
}

/*
 * Missions and gaps of one rocket, with each of many limits: a refused message
 * leaves the rocket unchanged.
 */
static void refused_message_leaves_the_rocket_unchanged(void **context)
{
    size_t empty = table_memory(*context);
    for (size_t room = 0; room < 6000; room += 100) {
        struct table *table = table_new(empty + room);
        char name[32];
        for (uint64_t number = 1; number < 50; number += 2) {
            struct rocket_view before = {0}, after = {0};
            bool known = table_find(table, TEXT("a"), &before);
            size_t memory = table_memory(table);
            snprintf(name, sizeof(name), "mission %u", (unsigned)number);
            if (apply(table, message_mission("a", number, name)) ==
                MESSAGE_APPLIED)
                continue;
            assert_int_equal(table_find(table, TEXT("a"), &after), known);
            assert_int_equal(after.revision, before.revision);
            assert_int_equal(after.last_number, before.last_number);
            assert_true(text_equal(after.mission, before.mission));
            assert_in_range(table_memory(table), memory, empty + room);
        }
        table_free(table);
    }
}

#define TABLE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(memory_of_replaced_missions_is_freed),
        TABLE_TEST(strings_of_messages_without_effect_are_freed),
        TABLE_TEST(memory_of_filled_gaps_is_freed),
        TABLE_TEST(rockets_take_little_memory),
        TABLE_TEST(limit_below_an_empty_table_refuses_messages),
        TABLE_TEST(full_table_is_unchanged_and_updates_rockets),
        TABLE_TEST(full_table_still_recognises_duplicates),
        TABLE_TEST(strings_of_refused_rockets_are_freed),
        TABLE_TEST(refused_message_leaves_the_rocket_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
