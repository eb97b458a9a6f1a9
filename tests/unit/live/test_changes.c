/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that what has changed is found in the order of revisions, and that of
 * too many changes the oldest or the newest ones are kept.
 */
#include "lib/unit_table.h"
#include "live/changes.h"
#include "table/table_changes.h"

enum { ID_SIZE = 24, ROCKETS = 500 };

/* Change each of `count` rockets once, in an order of its own. */
static void change_rockets(struct table *table, size_t count, uint64_t number)
{
    char id[ID_SIZE];

    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%zu", i * 7 % count);
        assert_int_equal(unit_table_apply(table, message_speed(id, number, 1)),
                         MESSAGE_APPLIED);
    }
}

/* Fail unless the rockets with revisions `first` to `last` are found. */
static void check_found(struct table *table, uint64_t after,
                        enum changes_end end, size_t max, uint64_t first,
                        uint64_t last)
{
    struct changes changes = {.total = 99};
    uint64_t revision = table_revision(table);

    assert_true(changes_find(table, after, end, max, &changes));
    assert_int_equal(changes.revision, revision);
    assert_int_equal(changes.count, last + 1 - first);
    for (size_t i = 0; i < changes.count; i++) {
        assert_int_equal(changes.rockets[i].revision, first + i);
        assert_int_equal(table_read_revision(table, changes.rockets[i].entry),
                         first + i);
    }
    assert_int_equal(changes.total, revision > after ? revision - after : 0);
    changes_release(&changes);
    assert_null(changes.rockets);
    assert_int_equal(changes.count, 0);
    changes_release(&changes);
}

static void nothing_is_found_where_nothing_has_changed(void **context)
{
    check_found(*context, 0, CHANGES_OLDEST, 1, 1, 0);
    change_rockets(*context, 3, 1);
    check_found(*context, 3, CHANGES_NEWEST, 10, 1, 0);
    check_found(*context, UINT64_MAX, CHANGES_OLDEST, 10, 1, 0);
}

static void all_changes_are_found_in_order(void **context)
{
    change_rockets(*context, ROCKETS, 1);
    for (uint64_t after = 0; after < ROCKETS; after += 49) {
        check_found(*context, after, CHANGES_OLDEST, ROCKETS, after + 1,
                    ROCKETS);
        check_found(*context, after, CHANGES_NEWEST, ROCKETS + 1, after + 1,
                    ROCKETS);
    }
}

static void oldest_or_newest_changes_are_kept(void **context)
{
    change_rockets(*context, ROCKETS, 1);
    for (size_t max = 1; max < ROCKETS; max += 1 + max / 4) {
        check_found(*context, 0, CHANGES_OLDEST, max, 1, max);
        check_found(*context, 0, CHANGES_NEWEST, max, ROCKETS - max + 1,
                    ROCKETS);
    }
    check_found(*context, 100, CHANGES_OLDEST, 10, 101, 110);
    check_found(*context, 100, CHANGES_NEWEST, 10, ROCKETS - 9, ROCKETS);
}

/* Of the rockets of a page, the first has changed again: it comes last. */
static void pages_have_all_changes(void **context)
{
    struct changes changes;
    uint64_t after = 0, total = 0;

    change_rockets(*context, ROCKETS, 1);
    for (uint64_t number = 2;; number++) {
        assert_true(
            changes_find(*context, after, CHANGES_OLDEST, 100, &changes));
        if (changes.count == 0)
            break;
        assert_true(changes.rockets[0].revision > after);
        after = changes.rockets[changes.count - 1].revision;
        total += changes.count;
        changes_release(&changes);
        if (number <= 6)
            unit_table_apply(*context, message_speed("0", number, 1));
    }
    changes_release(&changes);
    assert_int_equal(after, table_revision(*context));
    assert_in_range(total, ROCKETS, ROCKETS + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(nothing_is_found_where_nothing_has_changed),
        TABLE_TEST(all_changes_are_found_in_order),
        TABLE_TEST(oldest_or_newest_changes_are_kept),
        TABLE_TEST(pages_have_all_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
