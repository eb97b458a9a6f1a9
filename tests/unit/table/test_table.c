/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the table: messages applied, and views of rockets.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

static struct rocket_view find(struct table *table, const char *id)
{
    struct rocket_view view;
    assert_true(table_find(table, text_of(id), &view));
    return view;
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

static void freeing_null_does_nothing(void **context)
{
    (void)context;
    table_free(NULL);
}

static void new_table_is_empty(void **context)
{
    struct table *table = *context;
    assert_int_equal(table_count(table), 0);
    assert_int_equal(table_revision(table), 0);
    assert_in_range(table_memory(table), 1, 1024 * 1024);
}

static void unknown_rocket_is_not_found(void **context)
{
    struct table *table = *context;
    struct rocket_view view;
    memset(&view, 0x5a, sizeof(view));
    struct rocket_view before = view;
    apply(table, message_speed("a", 1, 1));
    assert_false(table_find(table, TEXT("b"), &view));
    assert_memory_equal(&view, &before, sizeof(view));
}

static void first_message_makes_the_rocket(void **context)
{
    struct table *table = *context;
    struct message message =
        message_launched("a", 1, "Falcon-9", "ARTEMIS", 500);
    assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
    assert_int_equal(table_count(table), 1);
    struct rocket_view view;
    assert_true(table_find(table, TEXT("a"), &view));
    assert_text(view.id, "a");
    assert_text(view.type, "Falcon-9");
    assert_text(view.mission, "ARTEMIS");
    assert_text(view.reason, NULL);
    assert_int_equal(view.speed, 500);
    assert_false(view.exploded);
    assert_true(view.launched);
    assert_memory_equal(&view.created, &message.time, sizeof(message.time));
    assert_memory_equal(&view.updated, &message.time, sizeof(message.time));
    assert_int_equal(view.last_number, 1);
    assert_int_equal(view.missing, 0);
    assert_int_equal(view.revision, 1);
}

static void every_kind_of_message_changes_the_view(void **context)
{
    struct table *table = *context;
    apply(table, message_launched("a", 1, "Falcon-9", "ARTEMIS", 500));
    apply(table, message_speed("a", 2, 3000));
    assert_int_equal(find(table, "a").speed, 3500);
    apply(table, message_speed("a", 3, -2500));
    assert_int_equal(find(table, "a").speed, 1000);
    apply(table, message_mission("a", 4, "SHUTTLE_MIR"));
    struct rocket_view view;
    assert_true(table_find(table, TEXT("a"), &view));
    assert_text(view.mission, "SHUTTLE_MIR");
    apply(table, message_exploded("a", 5, "PRESSURE_VESSEL_FAILURE"));
    assert_true(table_find(table, TEXT("a"), &view));
    assert_true(view.exploded);
    assert_text(view.reason, "PRESSURE_VESSEL_FAILURE");
}

static void unknown_values_are_absent(void **context)
{
    struct table *table = *context;
    apply(table, message_speed("a", 10, 5));
    struct rocket_view view;
    assert_true(table_find(table, TEXT("a"), &view));
    assert_text(view.type, NULL);
    assert_text(view.mission, NULL);
    assert_text(view.reason, NULL);
    assert_false(view.launched);
    assert_int_equal(view.missing, 9);
}

static void result_is_applied_duplicate_or_stale(void **context)
{
    struct table *table = *context;
    assert_int_equal(apply(table, message_speed("a", 1, 1)), MESSAGE_APPLIED);
    assert_int_equal(apply(table, message_speed("a", 1, 1)), MESSAGE_DUPLICATE);
    for (uint64_t number = 3; number < 3 + 2 * 1024; number += 2)
        apply(table, message_speed("a", number, 1));
    assert_int_equal(apply(table, message_speed("a", 2, 1)), MESSAGE_STALE);
}

static void revision_counts_only_state_changes(void **context)
{
    struct table *table = *context;
    apply(table, message_speed("a", 1, 1));
    apply(table, message_speed("b", 1, 1));
    apply(table, message_speed("a", 1, 1));
    assert_int_equal(table_revision(table), 2);
    apply(table, message_speed("a", 2, 1));
    assert_int_equal(table_revision(table), 3);
    assert_int_equal(find(table, "a").revision, 3);
    assert_int_equal(find(table, "b").revision, 2);
}

static void ids_are_compared_by_every_byte(void **context)
{
    struct table *table = *context;
    static const struct text ids[] = {
        {"a", 1}, {"A", 1}, {"a\0", 2}, {"a ", 2}, {"", 0}, {"aa", 2},
    };
    enum { IDS = sizeof(ids) / sizeof(ids[0]) };
    for (size_t i = 0; i < IDS; i++) {
        struct message message = message_speed("", 1, (int64_t)i);
        message.channel = ids[i];
        assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
    }
    assert_int_equal(table_count(table), IDS);
    for (size_t i = 0; i < IDS; i++) {
        struct rocket_view view;
        assert_true(table_find(table, ids[i], &view));
        assert_true(text_equal(view.id, ids[i]));
        assert_int_equal(view.speed, i);
    }
}

static void longest_texts_are_kept_completely(void **context)
{
    struct table *table = *context;
    static char id[MESSAGE_MAX_CHANNEL + 1];
    static char type[MESSAGE_MAX_NAME + 1], mission[MESSAGE_MAX_NAME + 1],
        reason[MESSAGE_MAX_NAME + 1];
    memset(id, 'i', MESSAGE_MAX_CHANNEL);
    memset(type, 't', MESSAGE_MAX_NAME);
    memset(mission, 'm', MESSAGE_MAX_NAME);
    memset(reason, 'r', MESSAGE_MAX_NAME);
    apply(table, message_launched(id, 1, type, mission, 1));
    apply(table, message_exploded(id, 2, reason));
    struct rocket_view view;
    assert_true(table_find(table, text_of(id), &view));
    assert_text(view.id, id);
    assert_text(view.type, type);
    assert_text(view.mission, mission);
    assert_text(view.reason, reason);
}

static void message_is_only_borrowed(void **context)
{
    struct table *table = *context;
    char id[] = "a", type[] = "Falcon-9", mission[] = "ARTEMIS";
    apply(table, message_launched(id, 1, type, mission, 500));
    id[0] = type[0] = mission[0] = 'x';
    struct rocket_view view;
    assert_true(table_find(table, TEXT("a"), &view));
    assert_text(view.type, "Falcon-9");
    assert_text(view.mission, "ARTEMIS");
}

static void view_is_a_copy(void **context)
{
    struct table *table = *context;
    apply(table, message_launched("a", 1, "Falcon-9", "ARTEMIS", 500));
    struct rocket_view view;
    assert_true(table_find(table, TEXT("a"), &view));
    apply(table, message_launched("a", 2, "Saturn-I", "APOLLO", 9));
    for (unsigned i = 0; i < 20000; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        apply(table, message_speed(id, 1, 1));
    }
    assert_text(view.id, "a");
    assert_text(view.type, "Falcon-9");
    assert_text(view.mission, "ARTEMIS");
    assert_int_equal(view.speed, 500);
}

static void many_rockets_are_all_found(void **context)
{
    struct table *table = *context;
    enum { ROCKETS = 50000 };
    char id[32];
    for (unsigned i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), "rocket %u", i);
        assert_int_equal(apply(table, message_speed(id, 1, i)),
                         MESSAGE_APPLIED);
    }
    assert_int_equal(table_count(table), ROCKETS);
    for (unsigned i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), "rocket %u", i);
        assert_int_equal(find(table, id).speed, i);
    }
}

#define TABLE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(freeing_null_does_nothing),
        TABLE_TEST(new_table_is_empty),
        TABLE_TEST(unknown_rocket_is_not_found),
        TABLE_TEST(first_message_makes_the_rocket),
        TABLE_TEST(every_kind_of_message_changes_the_view),
        TABLE_TEST(unknown_values_are_absent),
        TABLE_TEST(result_is_applied_duplicate_or_stale),
        TABLE_TEST(revision_counts_only_state_changes),
        TABLE_TEST(ids_are_compared_by_every_byte),
        TABLE_TEST(longest_texts_are_kept_completely),
        TABLE_TEST(message_is_only_borrowed),
        TABLE_TEST(view_is_a_copy),
        TABLE_TEST(many_rockets_are_all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
