/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of columns: windows over keys, compared with a plain loop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "table/abbreviation.h"
#include "table/columns.h"

/* xorshift64. The same seed gives the same numbers. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* One of a few keys, so that ties are frequent; both ends are among them. */
static uint32_t common_key(uint64_t *state)
{
    static const uint32_t keys[] = {
        0,         1, 2, 5, 0x7fffffff, 0x80000000, 0x80000001, UINT32_MAX - 1,
        UINT32_MAX};
    return keys[next_random(state) % (sizeof(keys) / sizeof(keys[0]))];
}

static uint32_t any_key(uint64_t *state, bool wide)
{
    return wide ? (uint32_t)next_random(state) : common_key(state);
}

/* The order of a list: unknown values are last. */
static bool comes_before(uint32_t a, uint32_t b, bool descending)
{
    if (a == ABBREVIATION_UNKNOWN || b == ABBREVIATION_UNKNOWN)
        return a != ABBREVIATION_UNKNOWN;
    return descending ? a > b : a < b;
}

static void ranks_are_in_the_order_of_the_list(void **context)
{
    (void)context;
    uint64_t state = 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < 100000; i++) {
        bool descending = i % 2 != 0;
        uint32_t a = any_key(&state, i % 3 == 0);
        uint32_t b = any_key(&state, i % 3 == 0);
        uint32_t rank_a = columns_rank(a, descending);
        uint32_t rank_b = columns_rank(b, descending);
        assert_int_equal(rank_a == rank_b, a == b);
        if (a != b)
            assert_int_equal(rank_a < rank_b, comes_before(a, b, descending));
        assert_int_equal(abbreviation_is_exact(a),
                         abbreviation_is_exact(rank_a));
    }
}

static void unknown_values_rank_last_in_both_orders(void **context)
{
    (void)context;
    assert_int_equal(columns_rank(ABBREVIATION_UNKNOWN, false), UINT32_MAX);
    assert_int_equal(columns_rank(ABBREVIATION_UNKNOWN, true), UINT32_MAX);
    assert_int_equal(columns_rank(UINT32_MAX - 1, true), 0);
    assert_int_equal(columns_rank(0, true), UINT32_MAX - 1);
}

static bool not_after(struct columns_bound a, struct columns_bound b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.id <= b.id;
}

static uint64_t plain_inside(const uint32_t keys[COLUMNS_ROCKETS],
                             const uint32_t ids[COLUMNS_ROCKETS],
                             const struct columns_window *window)
{
    uint64_t inside = 0;

    for (unsigned i = 0; i < COLUMNS_ROCKETS; i++) {
        struct columns_bound at = {columns_rank(keys[i], window->descending),
                                   ids[i]};
        if (not_after(window->first, at) && not_after(at, window->last))
            inside |= UINT64_C(1) << i;
    }
    return inside;
}

/* In half of the cases the rank and id of a rocket, as for a cursor. */
static struct columns_bound random_bound(uint64_t *state,
                                         const uint32_t keys[COLUMNS_ROCKETS],
                                         const uint32_t ids[COLUMNS_ROCKETS],
                                         bool descending)
{
    size_t i = next_random(state) % COLUMNS_ROCKETS;

    switch (next_random(state) % 4) {
    case 0:
        return (struct columns_bound){common_key(state), common_key(state)};
    case 1:
        return (struct columns_bound){columns_rank(keys[i], descending),
                                      (uint32_t)next_random(state)};
    default:
        return (struct columns_bound){columns_rank(keys[i], descending),
                                      ids[i]};
    }
}

static void windows_agree_with_a_plain_loop(void **context)
{
    (void)context;
    uint64_t state = 0xd1b54a32d192ed03;
    unsigned some = 0, none = 0;
    for (unsigned round = 0; round < 50000; round++) {
        uint32_t keys[COLUMNS_ROCKETS], ids[COLUMNS_ROCKETS];
        struct columns_window window = {.descending = round % 2 != 0};
        for (unsigned i = 0; i < COLUMNS_ROCKETS; i++) {
            keys[i] = any_key(&state, round % 3 == 0);
            ids[i] = any_key(&state, round % 5 == 0);
        }
        window.first = random_bound(&state, keys, ids, window.descending);
        window.last = random_bound(&state, keys, ids, window.descending);
        uint64_t expected = plain_inside(keys, ids, &window);
        assert_true(columns_inside(keys, ids, &window) == expected);
        some += expected != 0;
        none += expected == 0;
    }
    assert_true(some > 1000);
    assert_true(none > 1000);
}

/* In a long list nearly every window contains one rocket of 64, or none. */
static void windows_find_one_rocket_at_any_place(void **context)
{
    (void)context;
    uint32_t keys[COLUMNS_ROCKETS], ids[COLUMNS_ROCKETS];
    for (unsigned i = 0; i < COLUMNS_ROCKETS; i++) {
        keys[i] = 100;
        ids[i] = i;
    }
    for (unsigned i = 0; i < 2 * COLUMNS_ROCKETS; i++) {
        bool descending = i % 2 != 0;
        unsigned at = i / 2;
        uint32_t rank = columns_rank(100, descending);
        struct columns_window window = {descending, {rank, at}, {rank, at}};
        assert_true(columns_inside(keys, ids, &window) == UINT64_C(1) << at);
        keys[at] = 7;
        rank = columns_rank(7, descending);
        window =
            (struct columns_window){descending, {rank, 0}, {rank, UINT32_MAX}};
        assert_true(columns_inside(keys, ids, &window) == UINT64_C(1) << at);
        keys[at] = 100;
        assert_true(columns_inside(keys, ids, &window) == 0);
    }
}

static void widest_window_contains_unknown_values_too(void **context)
{
    (void)context;
    uint32_t keys[COLUMNS_ROCKETS], ids[COLUMNS_ROCKETS];
    memset(keys, 0xff, sizeof(keys));
    memset(ids, 0xff, sizeof(ids));
    keys[1] = ids[2] = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct columns_window window = {
            i != 0, {0, 0}, {UINT32_MAX, UINT32_MAX}};
        assert_true(columns_inside(keys, ids, &window) == UINT64_MAX);
    }
}

/* A column without a field would never be read. */
static void each_column_belongs_to_one_field(void **context)
{
    (void)context;
    unsigned fields[COLUMN_COUNT] = {0};
    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
        enum column column = columns_of_field(field);
        if (column != COLUMN_COUNT)
            fields[column]++;
        assert_false(column != COLUMN_COUNT && table_field_is_string(field));
    }
    for (enum column column = 0; column < COLUMN_COUNT; column++)
        assert_int_equal(fields[column], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_column_belongs_to_one_field),
        cmocka_unit_test(ranks_are_in_the_order_of_the_list),
        cmocka_unit_test(unknown_values_rank_last_in_both_orders),
        cmocka_unit_test(windows_agree_with_a_plain_loop),
        cmocka_unit_test(windows_find_one_rocket_at_any_place),
        cmocka_unit_test(widest_window_contains_unknown_values_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
