/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of scans of the whole table. test_scan_step.c tests which rockets of a
 * stripe a scan returns.
 */
#include "lib/unit_table.h"

enum { FLEET = 5000 };

static const struct table_filter all = {0};

static void add_fleet(struct table *table, unsigned rockets)
{
    char id[32];

    for (unsigned i = 0; i < rockets; i++) {
        snprintf(id, sizeof(id), "%u", i);
        unit_table_apply(table, message_speed(id, 1, i));
    }
}

/* Scan all rockets of the fleet. Their numbers are put into `found`, in the
 * order of the scan. Returns how many there are. */
static unsigned scan_fleet(struct table *table, unsigned long found[])
{
    struct table_scan scan;
    unsigned count = 0;

    table_scan_init(&scan, TABLE_SPEED, false, &all);
    while (table_scan_next(table, &scan)) {
        assert_in_range(scan.count, 0, TABLE_SCAN_ROWS);
        assert_int_equal(scan.matched, scan.count);
        for (size_t i = 0; i < scan.count; i++) {
            struct text id = table_entry_id(scan.rows[i].entry);
            char digits[32] = {0};
            memcpy(digits, id.data, id.length);
            found[count++] = strtoul(digits, NULL, 10);
        }
    }
    assert_int_equal(scan.count, 0);
    assert_int_equal(scan.matched, 0);
    return count;
}

/*
 * With so many rockets nearly all stripes take more than one step, or some take
 * exactly one step.
 */
static void scan_returns_every_rocket_once(void **context)
{
    (void)context;
    enum { MOST = TABLE_STRIPES * TABLE_SCAN_ROWS * 3 / 2 };
    static const unsigned counts[] = {0, TABLE_STRIPES * TABLE_SCAN_ROWS, MOST};
    static unsigned long found[MOST];

    for (size_t i = 0; i < COUNT(counts); i++) {
        struct table *table = table_new(SIZE_MAX);
        bool seen[MOST] = {false};
        assert_non_null(table);
        add_fleet(table, counts[i]);
        assert_int_equal(scan_fleet(table, found), counts[i]);
        for (unsigned j = 0; j < counts[i]; j++) {
            assert_in_range(found[j], 0, counts[i] - 1);
            assert_false(seen[found[j]]);
            seen[found[j]] = true;
        }
        table_free(table);
    }
}

/*
 * With random keys a client cannot choose ids that fall into one stripe. The
 * order of a scan is that of the stripes.
 */
static void each_table_has_its_own_hash_key(void **context)
{
    static unsigned long one[FLEET], other[FLEET];
    struct table *table = table_new(SIZE_MAX);
    unsigned same = 0;

    add_fleet(*context, FLEET);
    add_fleet(table, FLEET);
    scan_fleet(*context, one);
    scan_fleet(table, other);
    for (unsigned i = 0; i < FLEET; i++)
        same += one[i] == other[i];
    assert_in_range(same, 0, 100);
    table_free(table);
}

static void
scan_returns_old_rockets_once_while_new_ones_are_added(void **context)
{
    struct table_scan scan;
    unsigned old = 0, fresh = 0, step = 0;

    add_fleet(*context, FLEET);
    table_scan_init(&scan, TABLE_ID, false, &all);
    while (table_scan_next(*context, &scan)) {
        char id[32];
        for (size_t i = 0; i < scan.count; i++) {
            bool is_new = table_entry_id(scan.rows[i].entry).data[0] == 'n';
            old += !is_new;
            fresh += is_new;
        }
        for (unsigned i = 0; i < 10; i++) {
            snprintf(id, sizeof(id), "new %u", step++);
            unit_table_apply(*context, message_speed(id, 1, 1));
        }
    }
    assert_int_equal(old, FLEET);
    assert_in_range(fresh, 0, step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_returns_every_rocket_once),
        TABLE_TEST(each_table_has_its_own_hash_key),
        TABLE_TEST(scan_returns_old_rockets_once_while_new_ones_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
