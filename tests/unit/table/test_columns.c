/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows over columns of keys, against a plain loop.
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

/* xorshift64, always the same from the same start. */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* From few keys, so that ties come often, with both ends among them. */
static uint32_t few(uint64_t *state)
{
    static const uint32_t keys[] = {
        0,         1, 2, 5, 0x7fffffff, 0x80000000, 0x80000001, UINT32_MAX - 1,
        UINT32_MAX};
    return keys[next(state) % (sizeof(keys) / sizeof(keys[0]))];
}

static uint32_t any_key(uint64_t *state, bool wide)
{
    return wide ? (uint32_t)next(state) : few(state);
}

/* As the header says: in the order of the list, unknown values last. */
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

static void the_unknown_rank_last_in_either_order(void **context)
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

/* Mostly the rank and id of one of the rockets, as a cursor has them. */
static struct columns_bound random_bound(uint64_t *state,
                                         const uint32_t keys[COLUMNS_ROCKETS],
                                         const uint32_t ids[COLUMNS_ROCKETS],
                                         bool descending)
{
    size_t i = next(state) % COLUMNS_ROCKETS;

    switch (next(state) % 4) {
    case 0:
        return (struct columns_bound){few(state), few(state)};
    case 1:
        return (struct columns_bound){columns_rank(keys[i], descending),
                                      (uint32_t)next(state)};
    default:
        return (struct columns_bound){columns_rank(keys[i], descending),
                                      ids[i]};
    }
}

static void windows_let_in_what_a_plain_loop_does(void **context)
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

/* Nearly all windows of a long list: one rocket lies in it, or none. */
static void windows_find_one_rocket_wherever_it_is(void **context)
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

static void the_widest_window_lets_all_in_the_unknown_too(void **context)
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

/* A column that no field has would never be read. */
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
        cmocka_unit_test(the_unknown_rank_last_in_either_order),
        cmocka_unit_test(windows_let_in_what_a_plain_loop_does),
        cmocka_unit_test(windows_find_one_rocket_wherever_it_is),
        cmocka_unit_test(the_widest_window_lets_all_in_the_unknown_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
