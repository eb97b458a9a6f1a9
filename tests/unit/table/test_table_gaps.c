/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the gaps of a rocket by example: pages of them, and what is given
 * up. tests/property/ compares them with random histories, also past the bound
 * on runs.
 */
#include "lib/table_images.h"
#include "lib/unit_table.h"

#include "domain/rocket.h"
#include "table/table_gaps.h"

enum { MOST = ROCKET_MAX_RUNS };

static struct table_gap gaps[MOST];

static struct table_gaps read_page(struct table *table, uint64_t after,
                                   size_t max)
{
    struct table_gaps page;

    assert_true(table_gaps(table, TEXT("a"), after, gaps, max, &page));
    return page;
}

static void check_gap(size_t i, uint64_t from, uint64_t to)
{
    assert_int_equal(gaps[i].from, from);
    assert_int_equal(gaps[i].to, to);
}

static void apply_numbers(struct table *table, const uint64_t *numbers,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            unit_table_apply(table, message_speed("a", numbers[i], 1)),
            MESSAGE_APPLIED);
}

static void unknown_rocket_is_not_found(void **context)
{
    struct table_gaps page, untouched;

    memset(&page, 0x5a, sizeof(page));
    memcpy(&untouched, &page, sizeof(page));
    assert_false(table_gaps(*context, TEXT("a"), 0, gaps, MOST, &page));
    assert_memory_equal(&page, &untouched, sizeof(page));
}

static void complete_rocket_has_no_gaps(void **context)
{
    for (uint64_t number = 1; number <= 3; number++) {
        apply_numbers(*context, &number, 1);
        struct table_gaps page = read_page(*context, 0, MOST);
        assert_int_equal(page.revision, number);
        assert_int_equal(page.missing, 0);
        assert_int_equal(page.given_up, 0);
        assert_int_equal(page.given_up_to, 0);
        assert_int_equal(page.count, 0);
        assert_false(page.more);
    }
}

/* 2, 5 to 6 and 9: gaps are 1, 3 to 4 and 7 to 8. */
static void pages_begin_behind_any_number(void **context)
{
    static const uint64_t numbers[] = {9, 5, 2, 6};
    static const struct table_gap expected[] = {{1, 1}, {3, 4}, {7, 8}};
    static const struct {
        uint64_t after;
        size_t max, first, count; /* of the expected gaps */
    } rows[] = {
        {0, MOST, 0, 3},
        {0, 3, 0, 3},
        {0, 2, 0, 2},
        {0, 1, 0, 1},
        {0, 0, 0, 0},
        {1, 3, 1, 2},
        {1, 1, 1, 1},
        {2, 3, 1, 2},
        {3, 3, 1, 2},
        {4, 3, 2, 1},
        {5, 3, 2, 1},
        {6, 3, 2, 1},
        {7, 3, 2, 1},
        {7, 0, 2, 0},
        {8, 3, 3, 0},
        {9, 3, 3, 0},
        {10, 3, 3, 0},
        {8, 0, 3, 0},
        {UINT64_MAX - 1, 3, 3, 0},
        {UINT64_MAX, 3, 3, 0},
    };

    apply_numbers(*context, numbers, COUNT(numbers));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct table_gaps page =
            read_page(*context, rows[i].after, rows[i].max);
        assert_int_equal(page.missing, 5);
        assert_int_equal(page.count, rows[i].count);
        for (size_t j = 0; j < page.count; j++)
            check_gap(j, expected[rows[i].first + j].from,
                      expected[rows[i].first + j].to);
        assert_int_equal(page.more, rows[i].first + rows[i].count < 3);
    }
}

static void highest_number_leaves_one_gap(void **context)
{
    static const uint64_t numbers[] = {MESSAGE_MAX_NUMBER};

    apply_numbers(*context, numbers, 1);
    struct table_gaps page = read_page(*context, 0, MOST);
    assert_int_equal(page.count, 1);
    check_gap(0, 1, MESSAGE_MAX_NUMBER - 1);
    page = read_page(*context, MESSAGE_MAX_NUMBER - 2, MOST);
    assert_int_equal(page.count, 1);
    page = read_page(*context, MESSAGE_MAX_NUMBER - 1, MOST);
    assert_int_equal(page.count, 0);
    page = read_page(*context, MESSAGE_MAX_NUMBER, MOST);
    assert_int_equal(page.count, 0);
}

/* Every second number from `first` on, up to the bound on runs and past it. */
static void exceed_the_bound(struct table *table, uint64_t first, unsigned past)
{
    for (uint64_t i = 0; i < MOST + past; i++) {
        uint64_t number = first + 2 * i;
        apply_numbers(table, &number, 1);
    }
}

static uint64_t sum_of_gaps(size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += gaps[i].to - gaps[i].from + 1;
    return sum;
}

static void numbers_given_up_are_in_no_gap(void **context)
{
    enum { PAST = 10 };

    exceed_the_bound(*context, 2, PAST);
    struct table_gaps page = read_page(*context, 0, MOST);
    assert_int_equal(page.given_up, PAST);
    assert_int_equal(page.given_up_to, 2 * PAST + 1);
    assert_int_equal(page.count, MOST);
    assert_false(page.more);
    check_gap(0, 1, 1);
    check_gap(1, 2 * PAST + 3, 2 * PAST + 3);
    assert_int_equal(sum_of_gaps(page.count) + page.given_up, page.missing);
}

/*
 * What was given up lies between 1,001 and 1,005. A late rocket's first
 * messages leave a gap below it, which is not given up.
 */
static void gap_below_those_given_up_is_open(void **context)
{
    static const uint64_t late[] = {1006, 1008, 5};

    exceed_the_bound(*context, 1001, 2);
    apply_numbers(*context, late, COUNT(late));
    struct table_gaps page = read_page(*context, 0, MOST);
    assert_int_equal(page.given_up, 2);
    assert_int_equal(page.given_up_to, 1004);
    check_gap(0, 1, 4);
    check_gap(1, 6, 1000);
    check_gap(2, 1010, 1010);
    assert_int_equal(sum_of_gaps(page.count) + page.given_up, page.missing);
    assert_int_equal(unit_table_apply(*context, message_speed("a", 1004, 1)),
                     MESSAGE_STALE);
    assert_int_equal(unit_table_apply(*context, message_speed("a", 1000, 1)),
                     MESSAGE_APPLIED);
    page = read_page(*context, 0, MOST);
    assert_int_equal(sum_of_gaps(page.count) + page.given_up, page.missing);
    check_gap(1, 6, 999);
}

static void loaded_rocket_has_the_same_gaps(void **context)
{
    static const uint64_t late[] = {1006, 1008, 5};
    static struct table_gap saved[MOST];
    struct buffer images = BUFFER_INIT;
    struct table *copy = table_new(SIZE_MAX);

    assert_non_null(copy);
    exceed_the_bound(*context, 1001, 2);
    apply_numbers(*context, late, COUNT(late));
    table_images_save(*context, &images);
    assert_int_equal(table_images_load(copy, buffer_text(&images)),
                     TABLE_LOADED);
    struct table_gaps page = read_page(*context, 0, MOST);
    memcpy(saved, gaps, sizeof(gaps));
    struct table_gaps loaded = read_page(copy, 0, MOST);
    assert_memory_equal(&loaded, &page, sizeof(page));
    assert_memory_equal(gaps, saved, page.count * sizeof(gaps[0]));
    assert_int_equal(table_summary(copy).given_up, 2);
    buffer_release(&images);
    table_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(unknown_rocket_is_not_found),
        TABLE_TEST(complete_rocket_has_no_gaps),
        TABLE_TEST(pages_begin_behind_any_number),
        TABLE_TEST(highest_number_leaves_one_gap),
        TABLE_TEST(numbers_given_up_are_in_no_gap),
        TABLE_TEST(gap_below_those_given_up_is_open),
        TABLE_TEST(loaded_rocket_has_the_same_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
