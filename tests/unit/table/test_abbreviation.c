/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that abbreviated keys keep the order of the values. Every pair of a
 * list of edge cases and random values is compared, so that pairs are both near
 * to and far from each other.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "table/abbreviation.h"

enum { VALUES = 1500, NANOSECONDS = 1000000000 };

/* xorshift64. The same seed gives the same numbers. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A number of 0 to 64 binary digits; in half of them some last ones are 0. */
static uint64_t random_number(uint64_t *state)
{
    unsigned length = (unsigned)(next_random(state) % 65);
    uint64_t number = length == 0 ? 0 : next_random(state) >> (64 - length);
    unsigned zeros = (unsigned)(next_random(state) % 64);

    return next_random(state) % 2 == 0 ? number >> zeros << zeros : number;
}

/*
 * `a` and `b` must be in the order that abbreviation.h promises for two values
 * whose comparison gives `order`.
 */
static void assert_order(uint32_t a, uint32_t b, int order)
{
    assert_int_not_equal(a, ABBREVIATION_UNKNOWN);
    assert_int_not_equal(b, ABBREVIATION_UNKNOWN);
    if (a < b)
        assert_true(order < 0);
    else if (a > b)
        assert_true(order > 0);
    else if (abbreviation_is_exact(a))
        assert_int_equal(order, 0);
    if (order == 0)
        assert_int_equal(a, b);
}

/* Powers of two and numbers near them, then random numbers. */
static size_t make_numbers(uint64_t values[VALUES])
{
    uint64_t state = 0x9e3779b97f4a7c15;
    size_t count = 0;

    for (unsigned digit = 0; digit < 64; digit++) {
        uint64_t power = UINT64_C(1) << digit;
        for (uint64_t near = 0; near < 5; near++)
            values[count++] = power - 2 + near;
        values[count++] = power | power >> 25;
        values[count++] = power | power >> 26;
    }
    values[count++] = (uint64_t)INT64_MAX;
    values[count++] = UINT64_MAX;
    while (count < VALUES)
        values[count++] = random_number(&state);
    return count;
}

static void numbers_keep_their_order(void **context)
{
    (void)context;
    static uint64_t values[VALUES];
    size_t count = make_numbers(values);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j <= i; j++)
            assert_order(abbreviation_of_number(values[i]),
                         abbreviation_of_number(values[j]),
                         (values[i] > values[j]) - (values[i] < values[j]));
}

static void integers_keep_their_order(void **context)
{
    (void)context;
    static uint64_t values[VALUES];
    size_t count = make_numbers(values);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            /* Against its opposite and the others as well. */
            int64_t a = (int64_t)values[i];
            int64_t b = (int64_t)(i % 2 != 0 ? -values[j] : values[j]);
            assert_order(abbreviation_of_integer(a), abbreviation_of_integer(b),
                         (a > b) - (a < b));
        }
}

/* Exact: different numbers have different abbreviations. */
static void small_numbers_are_exact(void **context)
{
    (void)context;
    for (uint64_t number = 0; number < UINT64_C(1) << 26; number += 977)
        assert_true(abbreviation_is_exact(abbreviation_of_number(number)));
    for (int64_t integer = -(1 << 25); integer <= 1 << 25; integer += 512)
        assert_true(abbreviation_is_exact(abbreviation_of_integer(integer)));
    assert_true(abbreviation_is_exact(abbreviation_of_number((1 << 26) - 1)));
    assert_true(abbreviation_is_exact(abbreviation_of_integer((1 << 25) - 1)));
}

static void numbers_with_few_binary_digits_are_exact(void **context)
{
    (void)context;
    const uint64_t digits = (1 << 25) - 1;
    for (unsigned shift = 0; shift <= 64 - 25; shift++) {
        uint64_t number = digits << shift;
        assert_true(abbreviation_is_exact(abbreviation_of_number(number)));
        assert_true(abbreviation_is_exact(
            abbreviation_of_integer(-(int64_t)(number >> 1 >> 24 << 24))));
    }
    assert_true(abbreviation_is_exact(abbreviation_of_integer(INT64_MIN)));
    assert_false(abbreviation_is_exact(abbreviation_of_integer(INT64_MAX)));
    assert_false(abbreviation_is_exact(abbreviation_of_number(UINT64_MAX)));
}

static struct timestamp instant(int64_t seconds, uint32_t nanoseconds)
{
    return (struct timestamp){.seconds = seconds, .nanoseconds = nanoseconds};
}

/* Nanoseconds, in half of the cases at the edge of a step or of a second. */
static uint32_t random_nanoseconds(uint64_t *state)
{
    static const uint32_t parts[] = {0,
                                     1,
                                     (1 << 20) - 1,
                                     1 << 20,
                                     (1 << 20) + 1,
                                     500000000,
                                     (953 << 20) - 1,
                                     953 << 20,
                                     NANOSECONDS - 1};
    enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
    uint64_t choice = next_random(state) % (UINT64_C(2) * PARTS);

    return choice < PARTS ? parts[choice]
                          : (uint32_t)(next_random(state) % NANOSECONDS);
}

/* Times near to the reference and far from it, before and after it. */
static void make_times(struct timestamp times[VALUES], int64_t reference)
{
    uint64_t state = 0xd1b54a32d192ed03;

    for (size_t i = 0; i < VALUES; i++) {
        uint64_t distance = i < 300 ? i / 30 : random_number(&state);
        if (i % 2 != 0)
            distance = -distance;
        /* A sum that wraps around is a valid time too. */
        times[i] = instant((int64_t)((uint64_t)reference + distance),
                           random_nanoseconds(&state));
    }
    times[300] = instant(INT64_MIN, 0);
    times[301] = instant(INT64_MAX, NANOSECONDS - 1);
    for (size_t i = 0; i < 6; i++) {
        int64_t edge = (INT64_C(1) << 44) + (int64_t)(i / 2) - 1;
        uint64_t far = (uint64_t)(i % 2 == 0 ? edge : -edge);
        times[302 + i] = instant((int64_t)((uint64_t)reference + far), 0);
        times[308 + i] = instant((int64_t)((uint64_t)reference + far), 1);
    }
}

static void times_keep_their_order(void **context)
{
    (void)context;
    static const int64_t references[] = {
        0, 1643830745, -62167219200, 253402300799, INT64_MIN, INT64_MAX};
    static struct timestamp times[VALUES];
    static uint32_t keys[VALUES];
    for (size_t r = 0; r < sizeof(references) / sizeof(references[0]); r++) {
        make_times(times, references[r]);
        for (size_t i = 0; i < VALUES; i++)
            keys[i] = abbreviation_of_time(&times[i], references[r]);
        for (size_t i = 0; i < VALUES; i++)
            for (size_t j = 0; j <= i; j++)
                assert_order(keys[i], keys[j],
                             timestamp_compare(&times[i], &times[j]));
    }
}

static uint32_t key_of_time(int64_t seconds, uint32_t nanoseconds)
{
    struct timestamp time = instant(1643830745 + seconds, nanoseconds);
    return abbreviation_of_time(&time, 1643830745);
}

static void near_times_have_different_abbreviations(void **context)
{
    (void)context;
    const int64_t hours = INT64_C(18) * 3600, year = INT64_C(365) * 86400;
    for (int64_t s = -hours; s < hours; s += 61)
        for (uint32_t ms = 0; ms < 998; ms += 7)
            assert_true(key_of_time(s, ms * 1000000) <
                        key_of_time(s, (ms + 2) * 1000000));
    for (int64_t s = -year; s < year; s += 997) {
        assert_true(key_of_time(s, 0) < key_of_time(s, 500000000));
        assert_true(key_of_time(s, 500000000) < key_of_time(s + 1, 0));
    }
    for (int64_t s = -2 * year; s < 2 * year; s += 997)
        assert_true(abbreviation_is_exact(key_of_time(s, 0)));
}

static void texts_keep_their_order(void **context)
{
    (void)context;
    static const char bytes[] = {0,      1,      'a',    'b',
                                 '\x7f', '\x80', '\xfe', '\xff'};
    static char texts[VALUES][6];
    static struct text values[VALUES];
    uint64_t state = 88172645463325252;
    for (size_t i = 0; i < VALUES; i++) {
        for (size_t j = 0; j < sizeof(texts[i]); j++)
            texts[i][j] = bytes[next_random(&state) % sizeof(bytes)];
        values[i] = (struct text){texts[i], next_random(&state) % 7};
    }
    memset(texts[0], 0xff, sizeof(texts[0]));
    values[0].length = 4;
    memset(texts[1], 0xff, sizeof(texts[1]));
    values[1].length = 6;
    for (size_t i = 0; i < VALUES; i++)
        for (size_t j = 0; j <= i; j++) {
            uint32_t a = abbreviation_of_text(values[i]);
            uint32_t b = abbreviation_of_text(values[j]);
            int order = text_compare(values[i], values[j]);
            assert_int_not_equal(a, ABBREVIATION_UNKNOWN);
            assert_true(a >= b || order < 0);
            assert_true(a <= b || order > 0);
        }
}

static void unknown_is_exact(void **context)
{
    (void)context;
    assert_true(abbreviation_is_exact(ABBREVIATION_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_their_order),
        cmocka_unit_test(integers_keep_their_order),
        cmocka_unit_test(small_numbers_are_exact),
        cmocka_unit_test(numbers_with_few_binary_digits_are_exact),
        cmocka_unit_test(times_keep_their_order),
        cmocka_unit_test(near_times_have_different_abbreviations),
        cmocka_unit_test(texts_keep_their_order),
        cmocka_unit_test(unknown_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
