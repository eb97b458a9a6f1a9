/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of scans of the table, and of the values that rockets are sorted by.
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
#include "table/scan_step.h"
#include "table/stripe.h"
#include "table/table.h"
#include "table/table_entry.h"
#include "table/table_scan.h"

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

static void add_fleet(struct table *table, unsigned rockets)
{
    char id[32];
    for (unsigned i = 0; i < rockets; i++) {
        snprintf(id, sizeof(id), "%u", i);
        apply(table, message_launched(id, 1, i % 2 ? "Falcon-9" : "Saturn-I",
                                      i % 3 ? "ARTEMIS" : "APOLLO", i));
        if (i % 5 == 0)
            apply(table, message_exploded(id, 2, "FROZEN_O_RINGS"));
    }
}

/* Count in `seen` how often a scan returns each of `rockets`. */
static void scan_fleet(struct table *table, const struct table_filter *filter,
                       unsigned rockets, unsigned seen[])
{
    struct table_scan scan;
    table_scan_init(&scan, TABLE_SPEED, false, filter);
    while (table_scan_next(table, &scan)) {
        assert_in_range(scan.count, 0, TABLE_SCAN_ROWS);
        assert_int_equal(scan.matched, scan.count);
        for (size_t i = 0; i < scan.count; i++) {
            struct text id = table_entry_id(scan.rows[i].entry);
            char copy[32] = {0};
            memcpy(copy, id.data, id.length);
            unsigned long rocket = strtoul(copy, NULL, 10);
            assert_in_range(rocket, 0, rockets - 1);
            seen[rocket]++;
        }
    }
    assert_int_equal(scan.count, 0);
    assert_int_equal(scan.matched, 0);
}

enum { FLEET = 5000 };

/* So many rockets that nearly all stripes take more than one step. */
static void scan_returns_every_rocket_once(void **context)
{
    struct table *table = *context;
    const struct table_filter all = {0};
    enum { ROCKETS = TABLE_STRIPES * TABLE_SCAN_ROWS * 3 / 2 };
    static unsigned seen[ROCKETS];
    add_fleet(table, ROCKETS);
    scan_fleet(table, &all, ROCKETS, seen);
    for (unsigned i = 0; i < ROCKETS; i++)
        assert_int_equal(seen[i], 1);
}

/* Some stripes have rockets for exactly one step, some one rocket less. */
static void scan_ends_with_the_last_rocket_of_a_stripe(void **context)
{
    struct table *table = *context;
    const struct table_filter exploded = {.status = TABLE_EXPLODED};
    enum { ROCKETS = TABLE_STRIPES * TABLE_SCAN_ROWS };
    struct table_scan scan;
    for (unsigned i = 0; i < ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%u", i);
        apply(table, message_speed(id, 1, 1));
    }
    table_scan_init(&scan, TABLE_SPEED, false, &exploded);
    while (table_scan_next(table, &scan)) {
        assert_int_equal(scan.matched, 0);
        assert_int_equal(scan.count, 0);
    }
}

static void strings_of_a_step_are_distinct(void **context)
{
    struct table *table = *context;
    const struct table_filter all = {0};
    struct table_scan scan;
    size_t most = 0;
    add_fleet(table, FLEET);
    table_scan_init(&scan, TABLE_TYPE, false, &all);
    while (table_scan_next(table, &scan)) {
        most = scan.string_count > most ? scan.string_count : most;
        for (size_t i = 0; i < scan.count; i++)
            assert_in_range(scan.rows[i].value.major, 0, scan.string_count - 1);
    }
    assert_int_equal(most, 2);
}

/* The stripe numbers of rockets 0 to FLEET - 1 in a new table. */
static void get_stripes(uint32_t stripes[FLEET])
{
    const struct table_filter all = {0};
    struct table *table = table_new(SIZE_MAX);
    struct table_scan scan;

    assert_non_null(table);
    add_fleet(table, FLEET);
    table_scan_init(&scan, TABLE_ID, false, &all);
    while (table_scan_next(table, &scan)) {
        for (size_t i = 0; i < scan.count; i++) {
            struct text id = table_entry_id(scan.rows[i].entry);
            char copy[32] = {0};
            memcpy(copy, id.data, id.length);
            stripes[strtoul(copy, NULL, 10)] =
                table_entry_stripe(scan.rows[i].entry);
        }
    }
    table_free(table);
}

/*
 * With random keys a client cannot choose ids that fall into one stripe. About
 * 5 of 5000 ids are in the same stripe of both tables by chance.
 */
static void each_table_has_its_own_hash_key(void **context)
{
    (void)context;
    static uint32_t one[FLEET], other[FLEET];
    unsigned same = 0;
    get_stripes(one);
    get_stripes(other);
    for (unsigned i = 0; i < FLEET; i++)
        same += one[i] == other[i];
    assert_in_range(same, 0, 100);
}

static void scan_of_an_empty_table_ends_at_once(void **context)
{
    const struct table_filter all = {0};
    struct table_scan scan;
    table_scan_init(&scan, TABLE_ID, false, &all);
    assert_false(table_scan_next(*context, &scan));
}

static void scan_returns_only_what_matches_the_filter(void **context)
{
    struct table *table = *context;
    static unsigned seen[FLEET];
    add_fleet(table, FLEET);
    static const struct table_filter filters[] = {
        {.status = TABLE_ACTIVE},
        {.status = TABLE_EXPLODED},
        {.type = {"Falcon-9", 8}},
        {.mission = {"APOLLO", 6}},
        {TABLE_EXPLODED, {"Saturn-I", 8}, {"ARTEMIS", 7}},
        {.type = {"nobody's", 8}},
        {.mission = {"nobody's", 8}},
    };
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        const struct table_filter *filter = &filters[i];
        memset(seen, 0, sizeof(seen));
        scan_fleet(table, filter, FLEET, seen);
        for (unsigned j = 0; j < FLEET; j++) {
            struct text type = text_of(j % 2 ? "Falcon-9" : "Saturn-I");
            struct text mission = text_of(j % 3 ? "ARTEMIS" : "APOLLO");
            bool wanted =
                (filter->status == TABLE_ANY_STATUS ||
                 (filter->status == TABLE_EXPLODED) == (j % 5 == 0)) &&
                (!filter->type.data || text_equal(filter->type, type)) &&
                (!filter->mission.data || text_equal(filter->mission, mission));
            assert_int_equal(seen[j], wanted);
        }
    }
}

static void
scan_returns_old_rockets_once_while_new_ones_are_added(void **context)
{
    struct table *table = *context;
    const struct table_filter all = {0};
    struct table_scan scan;
    unsigned old = 0, fresh = 0, step = 0;
    add_fleet(table, FLEET);
    table_scan_init(&scan, TABLE_ID, false, &all);
    while (table_scan_next(table, &scan)) {
        char id[32];
        for (size_t i = 0; i < scan.count; i++) {
            bool is_new = table_entry_id(scan.rows[i].entry).data[0] == 'n';
            old += !is_new;
            fresh += is_new;
        }
        for (unsigned i = 0; i < 10; i++) {
            snprintf(id, sizeof(id), "new %u", step++);
            apply(table, message_speed(id, 1, 1));
        }
    }
    assert_int_equal(old, FLEET);
    assert_in_range(fresh, 0, step);
}

/* The value of the only rocket. */
static struct table_value value_of(struct table *table, enum table_field field)
{
    const struct table_filter all = {0};
    struct table_scan scan;
    table_scan_init(&scan, field, false, &all);
    do
        assert_true(table_scan_next(table, &scan));
    while (scan.count == 0);
    return scan.rows[0].value;
}

static void values_keep_the_order_of_speeds(void **context)
{
    (void)context;
    static const int64_t speeds[] = {INT64_MIN, INT64_MIN + 1, -500, -1, 0,
                                     1,         INT64_MAX};
    uint64_t last = 0;
    for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
        struct table *table = table_new(SIZE_MAX);
        /* No message has a "by" of INT64_MIN: two messages reach that speed. */
        int64_t half = speeds[i] / 2;
        apply(table, message_speed("a", 1, half));
        apply(table, message_speed("a", 2, speeds[i] - half));
        struct table_value value = value_of(table, TABLE_SPEED);
        assert_true(value.known);
        assert_true(i == 0 || value.major > last);
        last = value.major;
        table_free(table);
    }
}

/* Whether a rocket has a value before its launch arrives. */
static bool known_before_launch(enum table_field field)
{
    switch (field) {
    case TABLE_TYPE:
    case TABLE_MISSION:
    case TABLE_CREATED:
        return false;
    case TABLE_ID:
    case TABLE_SPEED:
    case TABLE_STATUS:
    case TABLE_UPDATED:
    case TABLE_LAST_NUMBER:
    case TABLE_FIELD_COUNT:
        break;
    }
    return true;
}

static void values_before_the_launch_are_unknown(void **context)
{
    struct table *table = *context;
    apply(table, message_speed("a", 5, 1));
    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++)
        assert_int_equal(value_of(table, field).known,
                         known_before_launch(field));
    assert_int_equal(value_of(table, TABLE_LAST_NUMBER).major, 5);
}

static void read_by_entry_equals_find_by_id(void **context)
{
    struct table *table = *context;
    const struct table_filter all = {0};
    struct table_scan scan;
    add_fleet(table, 100);
    table_scan_init(&scan, TABLE_ID, false, &all);
    while (table_scan_next(table, &scan)) {
        for (size_t i = 0; i < scan.count; i++) {
            const struct table_entry *entry = scan.rows[i].entry;
            struct rocket_view read, found;
            table_read(table, entry, &read);
            assert_true(table_find(table, table_entry_id(entry), &found));
            assert_ptr_equal(read.id.data, found.id.data);
            assert_int_equal(read.revision, found.revision);
            assert_int_equal(read.speed, found.speed);
            assert_true(text_equal(read.type, found.type));
        }
    }
}

/* Add `count` rockets: the first block has one type, the rest another. */
static void fill_stripe(struct stripe *stripe, struct quota *quota,
                        unsigned count)
{
    static const uint8_t key[16] = {1};

    quota_init(quota, SIZE_MAX, 0);
    stripe_init(stripe, 0, quota, key);
    for (unsigned i = 0; i < count; i++) {
        char id[32];
        struct table_entry *entry;
        snprintf(id, sizeof(id), "%u", i);
        struct message message = message_launched(
            id, 1, i < COLUMNS_ROCKETS ? "Atlas-H" : "Scout", "ARTEMIS", 1);
        assert_int_equal(stripe_apply(stripe, i, &message, &entry),
                         MESSAGE_APPLIED);
    }
}

static void window_by_string_applies_to_each_block(void **context)
{
    (void)context;
    const struct table_filter all = {0};
    struct table_value scout = {.known = true, .string = TEXT("Scout")};
    enum { ROCKETS = 2 * COLUMNS_ROCKETS };
    struct stripe stripe;
    struct quota quota;
    struct table_scan scan;
    size_t seen = 0;

    fill_stripe(&stripe, &quota, ROCKETS);
    table_scan_init(&scan, TABLE_TYPE, false, &all);
    table_scan_from(&scan, &scout, TEXT(""));
    while (scan.block * COLUMNS_ROCKETS < ROCKETS) {
        scan.matched = scan.count = scan.string_count = 0;
        scan_step_run(&scan, &stripe);
        seen += scan.count;
    }
    assert_int_equal(seen, COLUMNS_ROCKETS);
    stripe_release(&stripe);
}

static void step_ends_with_the_last_full_block(void **context)
{
    (void)context;
    const struct table_filter exploded = {.status = TABLE_EXPLODED};
    struct stripe stripe;
    struct quota quota;
    struct table_scan scan;

    fill_stripe(&stripe, &quota, COLUMNS_ROCKETS);
    table_scan_init(&scan, TABLE_SPEED, false, &exploded);
    scan.matched = scan.count = scan.string_count = 0;
    scan_step_run(&scan, &stripe);
    assert_int_equal(scan.block, 1);
    assert_int_equal(scan.count, 0);
    stripe_release(&stripe);
}

#define TABLE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(scan_returns_every_rocket_once),
        TABLE_TEST(scan_ends_with_the_last_rocket_of_a_stripe),
        cmocka_unit_test(window_by_string_applies_to_each_block),
        cmocka_unit_test(step_ends_with_the_last_full_block),
        TABLE_TEST(strings_of_a_step_are_distinct),
        TABLE_TEST(each_table_has_its_own_hash_key),
        TABLE_TEST(scan_of_an_empty_table_ends_at_once),
        TABLE_TEST(scan_returns_only_what_matches_the_filter),
        TABLE_TEST(scan_returns_old_rockets_once_while_new_ones_are_added),
        TABLE_TEST(values_keep_the_order_of_speeds),
        TABLE_TEST(values_before_the_launch_are_unknown),
        TABLE_TEST(read_by_entry_equals_find_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
