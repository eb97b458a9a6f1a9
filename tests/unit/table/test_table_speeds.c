/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the histogram of speeds, at both sides of each bound. Also with
 * speeds that no column can hold exactly.
 */
#include "lib/unit_table.h"

#include "property/counts.h"
#include "table/abbreviation.h"
#include "table/table_fleet.h"
#include "table/table_parts.h"

static void bounds_are_preferred_numbers(void **context)
{
    static const int64_t steps[] = {100, 125, 160, 200, 250,
                                    315, 400, 500, 630, 800};
    size_t i = 0;

    (void)context;
    assert_int_equal(table_speed_bounds[i++], 0);
    for (int64_t power = 1; power <= 1000000; power *= 10)
        for (size_t j = 0; j < COUNT(steps); j++)
            assert_int_equal(table_speed_bounds[i++], steps[j] * power);
    for (int64_t bound = 1000000000; bound <= 100000000000; bound *= 10)
        assert_int_equal(table_speed_bounds[i++], bound);
    assert_int_equal(i, TABLE_SPEED_BOUNDS);
}

static void launch(struct table *table, unsigned rocket, int64_t speed)
{
    char id[32];

    snprintf(id, sizeof(id), "%u", rocket);
    unit_table_apply(table, message_launched(id, 1, "t", "m", speed));
}

static uint64_t sum_of(const struct table_speeds *speeds)
{
    uint64_t sum = 0;

    for (size_t i = 0; i <= TABLE_SPEED_BOUNDS; i++)
        sum += speeds->rockets[i];
    return sum;
}

static void empty_table_has_no_speeds(void **context)
{
    struct table_speeds speeds;

    memset(&speeds, 0x5a, sizeof(speeds));
    table_count_speeds(*context, &speeds);
    assert_int_equal(sum_of(&speeds), 0);
}

/* Bucket i has what is below bound i, and not below the one before. */
static void bound_itself_is_in_the_bucket_above(void **context)
{
    struct table_speeds speeds;
    unsigned rocket = 0;

    for (size_t i = 0; i < TABLE_SPEED_BOUNDS; i++)
        for (int64_t beside = -1; beside <= 1; beside++)
            launch(*context, rocket++, table_speed_bounds[i] + beside);
    table_count_speeds(*context, &speeds);
    assert_int_equal(speeds.rockets[0], 1);
    for (size_t i = 1; i < TABLE_SPEED_BOUNDS; i++)
        assert_int_equal(speeds.rockets[i], 3);
    assert_int_equal(speeds.rockets[TABLE_SPEED_BOUNDS], 2);
    assert_int_equal(sum_of(&speeds), rocket);
}

static void least_and_greatest_speeds_are_counted(void **context)
{
    struct table_speeds speeds;
    static const int64_t rows[] = {INT64_MIN,   INT64_MIN + 1, -1,
                                   -1000000000, INT64_MAX,     INT64_MAX - 1};

    for (unsigned i = 0; i < COUNT(rows); i++)
        launch(*context, i, rows[i]);
    table_count_speeds(*context, &speeds);
    assert_int_equal(speeds.rockets[0], 4);
    assert_int_equal(speeds.rockets[TABLE_SPEED_BOUNDS], 2);
}

/*
 * The last bound has more binary digits than a key. So others have its key,
 * below it and above it, and the rockets themselves decide.
 */
static void speeds_with_the_key_of_a_bound_are_counted_exactly(void **context)
{
    enum { WIDTH = 64 };
    int64_t last = table_speed_bounds[TABLE_SPEED_BOUNDS - 1];
    uint32_t key = abbreviation_of_integer(last);
    struct table_speeds speeds;
    unsigned below = 0, above = 0;

    assert_false(abbreviation_is_exact(key));
    for (int64_t speed = last - WIDTH; speed < last + WIDTH; speed++) {
        launch(*context, below + above, speed);
        below += speed < last;
        above += speed >= last;
    }
    assert_int_equal(abbreviation_of_integer(last - 1), key);
    assert_int_equal(abbreviation_of_integer(last + 1), key);
    table_count_speeds(*context, &speeds);
    assert_int_equal(speeds.rockets[TABLE_SPEED_BOUNDS - 1], below);
    assert_int_equal(speeds.rockets[TABLE_SPEED_BOUNDS], above);
}

/* Also speeds that messages reach only together, and that wrap around. */
static void random_speeds_are_counted_exactly(void **context)
{
    uint64_t state = 88172645463325252;

    for (unsigned i = 0; i < 20000; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%u", i % 5000);
        int64_t speed = (int64_t)(unit_random(&state) >> i % 64);
        unit_table_apply(*context,
                         message_speed(id, 1 + i / 5000,
                                       i % 2 == 0 || speed == INT64_MIN
                                           ? speed & INT64_MAX
                                           : -(speed & INT64_MAX)));
    }
    assert_null(counts_difference(*context));
}

/* More than one step reads, and the last block is not full. */
static void stripe_of_many_rockets_is_counted_once(void **context)
{
    enum { ROCKETS = 1100 };
    struct table_speeds speeds;
    char id[32];

    for (unsigned i = 0, rockets = 0; rockets < ROCKETS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        if (table_locate(*context, text_of(id)).index == 0)
            launch(*context, i, rockets++);
    }
    table_count_speeds(*context, &speeds);
    assert_int_equal(speeds.rockets[1], 100);
    assert_int_equal(speeds.rockets[2], 25);
    assert_int_equal(sum_of(&speeds), ROCKETS);
    assert_null(counts_difference(*context));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_preferred_numbers),
        TABLE_TEST(empty_table_has_no_speeds),
        TABLE_TEST(bound_itself_is_in_the_bucket_above),
        TABLE_TEST(least_and_greatest_speeds_are_counted),
        TABLE_TEST(speeds_with_the_key_of_a_bound_are_counted_exactly),
        TABLE_TEST(random_speeds_are_counted_exactly),
        TABLE_TEST(stripe_of_many_rockets_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
