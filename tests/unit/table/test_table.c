/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the table by example: views of rockets, their summary, and
 * memory, which is proportional to the live data. The limit of memory holds,
 * and a full table loses nothing and still applies messages that need no
 * memory. tests/property/test_state_property.c compares views with random
 * histories.
 */
#include "lib/captured_log.h"
#include "lib/count_parts.h"
#include "lib/unit_table.h"

#include <assert.h>

#include "base/log.h"
#include "base/sync.h"
#include "domain/rocket.h"
#include "table/table_parts.h"

static void new_table_is_empty(void **context)
{
    assert_int_equal(table_count(*context), 0);
    assert_int_equal(table_revision(*context), 0);
    assert_in_range(table_memory(*context), 1, 1024 * 1024);
    table_free(NULL);
}

static void first_message_makes_the_rocket(void **context)
{
    struct message message =
        message_launched("a", 1, "Falcon-9", "ARTEMIS", 500);
    struct rocket_view view, untouched;

    assert_int_equal(table_apply(*context, &message), MESSAGE_APPLIED);
    assert_int_equal(table_count(*context), 1);
    memset(&view, 0x5a, sizeof(view));
    memcpy(&untouched, &view, sizeof(view));
    assert_false(table_find(*context, TEXT("b"), &view));
    assert_memory_equal(&view, &untouched, sizeof(view));
    assert_true(table_find(*context, TEXT("a"), &view));
    unit_check_text(view.id, TEXT("a"));
    unit_check_text(view.type, TEXT("Falcon-9"));
    unit_check_text(view.mission, TEXT("ARTEMIS"));
    unit_check_text(view.reason, text_of(NULL));
    assert_int_equal(view.speed, 500);
    assert_false(view.exploded);
    assert_true(view.launched);
    assert_memory_equal(&view.created, &message.time, sizeof(message.time));
    assert_memory_equal(&view.updated, &message.time, sizeof(message.time));
    assert_int_equal(view.last_number, 1);
    assert_int_equal(view.missing, 0);
    assert_int_equal(view.revision, 1);
}

static void revision_counts_only_state_changes(void **context)
{
    struct rocket_view a, b;

    unit_table_apply(*context, message_speed("a", 1, 1));
    unit_table_apply(*context, message_speed("b", 1, 1));
    unit_table_apply(*context, message_speed("a", 1, 1));
    assert_int_equal(table_revision(*context), 2);
    unit_table_apply(*context, message_speed("a", 2, 1));
    assert_int_equal(table_revision(*context), 3);
    assert_true(table_find(*context, TEXT("a"), &a));
    assert_true(table_find(*context, TEXT("b"), &b));
    assert_int_equal(a.revision, 3);
    assert_int_equal(b.revision, 2);
}

static void ids_are_compared_by_every_byte(void **context)
{
    static const struct text ids[] = {
        {"a", 1}, {"A", 1}, {"a\0", 2}, {"a ", 2}, {"", 0}, {"aa", 2},
    };

    for (size_t i = 0; i < COUNT(ids); i++) {
        struct message message = message_speed("", 1, (int64_t)i);
        message.channel = ids[i];
        assert_int_equal(table_apply(*context, &message), MESSAGE_APPLIED);
    }
    assert_int_equal(table_count(*context), COUNT(ids));
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct rocket_view view;
        assert_true(table_find(*context, ids[i], &view));
        unit_check_text(view.id, ids[i]);
        assert_int_equal(view.speed, i);
    }
}

/* As long as they may be. The message is overwritten, and so is the rocket. */
static void texts_are_copied_in_and_out_completely(void **context)
{
    char id[MESSAGE_MAX_CHANNEL + 1] = {0}, name[MESSAGE_MAX_NAME + 1] = {0};
    char expected[MESSAGE_MAX_NAME + 1] = {0};
    struct rocket_view view;

    memset(id, 'i', MESSAGE_MAX_CHANNEL);
    memset(expected, 'n', MESSAGE_MAX_NAME);
    memcpy(name, expected, sizeof(name));
    unit_table_apply(*context, message_launched(id, 1, name, name, 1));
    unit_table_apply(*context, message_exploded(id, 2, name));
    memset(name, 'x', MESSAGE_MAX_NAME);
    assert_true(table_find(*context, text_of(id), &view));
    unit_table_apply(*context, message_launched(id, 3, "Scout", "APOLLO", 1));
    unit_check_text(view.id, text_of(id));
    unit_check_text(view.type, text_of(expected));
    unit_check_text(view.mission, text_of(expected));
    unit_check_text(view.reason, text_of(expected));
}

static void replaced_and_unused_strings_are_freed(void **context)
{
    char name[32];

    unit_table_apply(*context, message_launched("a", 1, "t", "m", 500));
    unit_table_apply(*context, message_mission("a", 2, "name 1000000"));
    size_t before = table_memory(*context);
    for (unsigned i = 0; i < 200000; i++) {
        snprintf(name, sizeof(name), "name %u", 1000000 + i);
        unit_table_apply(
            *context, i % 2 == 0 ? message_mission("a", 3 + i, name)
                                 : message_launched("a", 3 + i, "t", name, 0));
        assert_int_equal(table_memory(*context), before);
    }

    /* A duplicate, and a mission that does not change an exploded rocket. */
    unit_table_apply(*context, message_exploded("a", 300000, "r"));
    before = table_memory(*context);
    for (unsigned i = 1; i < 50000; i++) {
        snprintf(name, sizeof(name), "name %u", i);
        unit_table_apply(*context, message_launched("a", 1, name, name, 500));
        unit_table_apply(*context, message_mission("a", 300000 + i, name));
        assert_int_equal(table_memory(*context), before);
    }
}

/* About 190 bytes with ids of 36, plus the largest growth of the slots. */
static void rockets_take_little_memory(void **context)
{
    enum { ROCKETS = 150000 };
    size_t empty = table_memory(*context);

    for (unsigned i = 0; i < ROCKETS; i++) {
        char id[40];
        snprintf(id, sizeof(id), "0e9e9df5-38fd-52e2-916f-%012u", i);
        unit_table_apply(*context,
                         message_launched(id, 1, "Falcon-9", "ARTEMIS", i));
        if (i > ROCKETS / 2)
            assert_in_range(table_memory(*context) - empty, 0, i * 250);
    }
}

static void check_summary(struct table *table, struct table_summary expected)
{
    struct table_summary summary = table_summary(table);

    static_assert(sizeof(summary) == 6 * sizeof(uint64_t),
                  "compare a new member of struct table_summary here");
    assert_int_equal(summary.rockets, expected.rockets);
    assert_int_equal(summary.exploded, expected.exploded);
    assert_int_equal(summary.unlaunched, expected.unlaunched);
    assert_int_equal(summary.incomplete, expected.incomplete);
    assert_int_equal(summary.missing, expected.missing);
    assert_int_equal(summary.given_up, expected.given_up);
}

/* One rocket; a second one is added at the end. */
static void summary_follows_each_message(void **context)
{
    enum { LAST = 20000 };
    const struct {
        struct message message;
        enum message_outcome outcome;
        struct table_summary after;
    } steps[] = {
        /* rockets, exploded, unlaunched, incomplete, missing, given up */
        {message_speed("a", 4, 1), MESSAGE_APPLIED, {1, 0, 1, 1, 3, 0}},
        {message_speed("a", 4, 1), MESSAGE_DUPLICATE, {1, 0, 1, 1, 3, 0}},
        {message_exploded("a", 8, "HEAT"), MESSAGE_APPLIED, {1, 1, 1, 1, 6, 0}},
        {message_speed("a", 9, 1), MESSAGE_APPLIED, {1, 1, 1, 1, 6, 0}},
        /* A launch before the explosion, and one behind it. */
        {message_launched("a", 1, "t", "m", 1),
         MESSAGE_APPLIED,
         {1, 1, 0, 1, 5, 0}},
        {message_launched("a", 10, "t", "m", 1),
         MESSAGE_APPLIED,
         {1, 0, 0, 1, 5, 0}},
        /* An explosion that is late for the second launch. */
        {message_exploded("a", 3, "HEAT"), MESSAGE_APPLIED, {1, 0, 0, 1, 4, 0}},
        {message_exploded("a", 11, "HEAT"),
         MESSAGE_APPLIED,
         {1, 1, 0, 1, 4, 0}},
        {message_exploded("a", 12, "COLD"),
         MESSAGE_APPLIED,
         {1, 1, 0, 1, 4, 0}},
        {message_speed("a", 2, 1), MESSAGE_APPLIED, {1, 1, 0, 1, 3, 0}},
        {message_speed("a", 7, 1), MESSAGE_APPLIED, {1, 1, 0, 1, 2, 0}},
        {message_speed("a", 5, 1), MESSAGE_APPLIED, {1, 1, 0, 1, 1, 0}},
        {message_speed("a", 6, 1), MESSAGE_APPLIED, {1, 1, 0, 0, 0, 0}},
        {message_launched("a", 13, "t", "m", 1),
         MESSAGE_APPLIED,
         {1, 0, 0, 0, 0, 0}},
        {message_launched("b", 1, "t", "m", 1),
         MESSAGE_APPLIED,
         {2, 0, 0, 0, 0, 0}},
        {message_speed("c", LAST, 1),
         MESSAGE_APPLIED,
         {3, 0, 1, 1, LAST - 1, 0}},
    };

    check_summary(*context, (struct table_summary){0});
    for (size_t i = 0; i < COUNT(steps); i++) {
        assert_int_equal(table_apply(*context, &steps[i].message),
                         steps[i].outcome);
        check_summary(*context, steps[i].after);
    }
}

/* Numbers that were given up are missing for good. */
static void summary_counts_gaps_that_are_given_up(void **context)
{
    enum { RUNS = ROCKET_MAX_RUNS + 100 };

    for (uint64_t number = 1; number <= RUNS; number++)
        unit_table_apply(*context, message_speed("a", 2 * number, 1));
    assert_int_equal(unit_table_apply(*context, message_speed("a", 101, 1)),
                     MESSAGE_STALE);
    check_summary(*context, (struct table_summary){1, 0, 1, 1, RUNS, 100});
}

/* The longest id, all of it escaped, leaves room for all that is said. */
static void gap_that_is_given_up_is_one_object_of_json(void **context)
{
    struct captured_log capture;
    char id[MESSAGE_MAX_CHANNEL + 1];

    memset(id, '\\', MESSAGE_MAX_CHANNEL);
    id[MESSAGE_MAX_CHANNEL] = '\0';
    log_set_format(LOG_JSON);
    captured_log_start(&capture);
    for (uint64_t number = 1; number <= ROCKET_MAX_RUNS + 1; number++)
        unit_table_apply(*context, message_speed(id, 2 * number, 1));
    captured_log_stop(&capture);
    log_set_format(LOG_TEXT);
    assert_int_equal(capture.writes, 1);
    assert_non_null(
        strstr(capture.text, "not logged\",\"rocketId\":\"\\\\x5c"));
    /* In the message, and in the member. */
    assert_int_equal(count_parts(capture.text, "\\\\x5c"),
                     2 * MESSAGE_MAX_CHANNEL);
    assert_string_equal(strrchr(capture.text, '\\'), "\\x5c\"}\n");
}

/*
 * A table with so much room beyond an empty one, filled with rockets until one
 * is refused. Each has its own type.
 */
static struct table *full_table(size_t limit, unsigned *rockets)
{
    struct table *table = table_new(limit);
    enum message_outcome outcome;
    char id[32];

    if (table == NULL)
        abort();
    assert_int_equal(table_memory_limit(table), limit);
    for (*rockets = 0;; ++*rockets) {
        snprintf(id, sizeof(id), "rocket %u", *rockets);
        outcome = unit_table_apply(
            table, message_launched(id, 1, id, "ARTEMIS", *rockets));
        assert_in_range(table_memory(table), 0, limit);
        if (outcome != MESSAGE_APPLIED)
            break;
    }
    assert_int_equal(outcome, MESSAGE_NO_MEMORY);
    return table;
}

static void full_table_is_unchanged_and_updates_rockets(void **context)
{
    unsigned rockets;
    struct table *table = full_table(table_memory(*context) + 200000, &rockets);
    struct rocket_view view;
    char id[32];

    check_summary(table, (struct table_summary){.rockets = rockets});
    snprintf(id, sizeof(id), "rocket %u", rockets);
    assert_false(table_find(table, text_of(id), &view));
    assert_int_equal(table_count(table), rockets);
    assert_int_equal(table_revision(table), rockets);
    for (unsigned i = 0; i < rockets; i++) {
        snprintf(id, sizeof(id), "rocket %u", i);
        assert_true(table_find(table, text_of(id), &view));
        unit_check_text(view.type, text_of(id));
        assert_int_equal(view.speed, i);
        assert_int_equal(unit_table_apply(table, message_speed(id, 2, 1)),
                         MESSAGE_APPLIED);
        assert_int_equal(
            unit_table_apply(table, message_mission(id, 3, "ARTEMIS")),
            MESSAGE_APPLIED);
        assert_int_equal(unit_table_apply(table, message_speed(id, 2, 1)),
                         MESSAGE_DUPLICATE);
    }
    table_free(table);
}

/* A refusal fills it; freed memory ends that, and the next refusal renews it.
 */
static void table_is_full_from_a_refusal_until_memory_is_freed(void **context)
{
    struct table *table = table_new(table_memory(*context) + 100000);
    uint64_t number = 1;

    if (table == NULL)
        abort();
    assert_false(table_is_full(table));
    while (unit_table_apply(table, message_speed("a", number, 1)) ==
           MESSAGE_APPLIED) {
        assert_false(table_is_full(table));
        number += 2;
    }
    assert_true(table_is_full(table));
    assert_int_equal(unit_table_apply(table, message_speed("a", 1, 1)),
                     MESSAGE_DUPLICATE);
    assert_true(table_is_full(table));
    size_t before = table_memory(table);
    for (uint64_t gap = 2; gap < number - 1; gap += 2) {
        assert_int_equal(unit_table_apply(table, message_speed("a", gap, 1)),
                         MESSAGE_APPLIED);
        assert_int_equal(table_is_full(table), table_memory(table) >= before);
    }
    assert_false(table_is_full(table));
    while (unit_table_apply(table, message_speed("a", number, 1)) ==
           MESSAGE_APPLIED)
        number += 2;
    assert_true(table_is_full(table));
    table_free(table);
}

static void probe_has_each_lock_once(void **context)
{
    struct table *table = *context;
    pthread_rwlock_t *first = &table->stripes[0].lock;
    pthread_rwlock_t *last = &table->stripes[TABLE_STRIPES - 1].lock;
    struct table_probe probe;

    table_probe_begin(table, &probe);
    sync_write_lock(first);
    assert_false(table_probe(table, &probe));
    sync_rwlock_unlock(first);
    /* It was had above. */
    sync_write_lock(last);
    assert_true(table_probe(table, &probe));
    table_probe_begin(table, &probe);
    assert_false(table_probe(table, &probe));
    sync_rwlock_unlock(last);
    assert_true(table_probe(table, &probe));
}

/* Where messages queue for a lock, a reader does not get it. */
static void probe_sees_a_lock_that_messages_pass_on(void **context)
{
    struct table *table = *context;
    pthread_rwlock_t *lock =
        &table->stripes[table_locate(table, TEXT("a")).index].lock;
    struct table_probe probe;

    table_probe_begin(table, &probe);
    unit_table_apply(table, message_speed("a", 1, 1));
    sync_write_lock(lock);
    assert_true(table_probe(table, &probe));
    table_probe_begin(table, &probe);
    assert_false(table_probe(table, &probe));
    sync_rwlock_unlock(lock);
    /* Also by one that changes nothing. */
    unit_table_apply(table, message_speed("a", 1, 1));
    sync_write_lock(lock);
    assert_true(table_probe(table, &probe));
    sync_rwlock_unlock(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(new_table_is_empty),
        TABLE_TEST(first_message_makes_the_rocket),
        TABLE_TEST(revision_counts_only_state_changes),
        TABLE_TEST(ids_are_compared_by_every_byte),
        TABLE_TEST(texts_are_copied_in_and_out_completely),
        TABLE_TEST(replaced_and_unused_strings_are_freed),
        TABLE_TEST(rockets_take_little_memory),
        TABLE_TEST(summary_follows_each_message),
        TABLE_TEST(summary_counts_gaps_that_are_given_up),
        TABLE_TEST(gap_that_is_given_up_is_one_object_of_json),
        TABLE_TEST(full_table_is_unchanged_and_updates_rockets),
        TABLE_TEST(table_is_full_from_a_refusal_until_memory_is_freed),
        TABLE_TEST(probe_has_each_lock_once),
        TABLE_TEST(probe_sees_a_lock_that_messages_pass_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
