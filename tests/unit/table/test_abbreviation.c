/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that abbreviated keys keep the order of the values. Every pair of a
 * list of edge cases and random values is compared, so that pairs are both near
 * to and far from each other.
 */
#include "lib/unit_check.h"

#include "lib/messages.h"
#include "table/abbreviation.h"

enum { VALUES = 1500, NANOSECONDS = 1000000000 };

static uint64_t numbers[VALUES];
static struct timestamp times[VALUES];
static struct text texts[VALUES];
static uint32_t keys[VALUES]; /* of the values that are compared */

static int compare_numbers(size_t i, size_t j)
{
    return (numbers[i] > numbers[j]) - (numbers[i] < numbers[j]);
}

static int compare_integers(size_t i, size_t j)
{
    int64_t a = (int64_t)numbers[i], b = (int64_t)numbers[j];

    return (a > b) - (a < b);
}

static int compare_times(size_t i, size_t j)
{
    return messages_compare_times(&times[i], &times[j]);
}

static int compare_texts(size_t i, size_t j)
{
    return text_compare(texts[i], texts[j]);
}

/*
 * Each pair of keys must be in the order that abbreviation.h promises for their
 * values. `is_exact`: equal even keys stand for equal values.
 */
static void check_pairs(int (*compare)(size_t i, size_t j), bool is_exact)
{
    for (size_t i = 0; i < VALUES; i++) {
        assert_int_not_equal(keys[i], ABBREVIATION_UNKNOWN);
        for (size_t j = 0; j <= i; j++) {
            int order = compare(i, j);
            assert_true(keys[i] >= keys[j] || order < 0);
            assert_true(keys[i] <= keys[j] || order > 0);
            if (is_exact && keys[i] == keys[j] &&
                abbreviation_is_exact(keys[i]))
                assert_int_equal(order, 0);
        }
    }
}

/* A number of 0 to 64 binary digits; in half of them some last ones are 0. */
static uint64_t random_number(uint64_t *state)
{
    unsigned length = (unsigned)(unit_random(state) % 65);
    uint64_t number = length == 0 ? 0 : unit_random(state) >> (64 - length);
    unsigned zeros = (unsigned)(unit_random(state) % 64);

    return unit_random(state) % 2 == 0 ? number >> zeros << zeros : number;
}

/* Powers of two and numbers near them, then random numbers, and opposites. */
static void make_numbers(void)
{
    uint64_t state = 0x9e3779b97f4a7c15;
    size_t count = 0;

    for (unsigned digit = 0; digit < 64; digit++) {
        uint64_t power = UINT64_C(1) << digit;
        for (uint64_t near = 0; near < 5; near++)
            numbers[count++] = power - 2 + near;
        numbers[count++] = power | power >> 25;
        numbers[count++] = power | power >> 26;
    }
    numbers[count++] = (uint64_t)INT64_MAX;
    numbers[count++] = UINT64_MAX;
    for (size_t i = 0; count < VALUES; i++)
        numbers[count++] = i % 2 == 0 ? random_number(&state) : -numbers[i];
}

static void numbers_and_integers_keep_their_order(void **context)
{
    (void)context;
    make_numbers();
    for (size_t i = 0; i < VALUES; i++)
        keys[i] = abbreviation_of_number(numbers[i]);
    check_pairs(compare_numbers, true);
    for (size_t i = 0; i < VALUES; i++)
        keys[i] = abbreviation_of_integer((int64_t)numbers[i]);
    check_pairs(compare_integers, true);
}

/* Exact: different numbers have different abbreviations. */
static void numbers_with_few_binary_digits_are_exact(void **context)
{
    (void)context;
    const uint64_t digits = (1 << 25) - 1;

    for (uint64_t number = 0; number < UINT64_C(1) << 26; number += 977)
        assert_true(abbreviation_is_exact(abbreviation_of_number(number)));
    for (int64_t integer = -(1 << 25); integer <= 1 << 25; integer += 511)
        assert_true(abbreviation_is_exact(abbreviation_of_integer(integer)));
    for (unsigned shift = 0; shift <= 64 - 25; shift++) {
        uint64_t number = digits << shift;
        assert_true(abbreviation_is_exact(abbreviation_of_number(number)));
        assert_true(abbreviation_is_exact(
            abbreviation_of_integer(-(int64_t)(number >> 1 >> 24 << 24))));
    }
    assert_true(abbreviation_is_exact(abbreviation_of_integer(INT64_MIN)));
    assert_false(abbreviation_is_exact(abbreviation_of_integer(INT64_MAX)));
    assert_false(abbreviation_is_exact(abbreviation_of_number(UINT64_MAX)));
    assert_true(abbreviation_is_exact(ABBREVIATION_UNKNOWN));
}

/*
 * Times near to the reference and far from it, before and after it, also around
 * the distance from which on all keys are the same. In half of the cases the
 * nanoseconds are near the edge of a step.
 */
static void make_times(int64_t reference)
{
    uint64_t state = 0xd1b54a32d192ed03;

    for (size_t i = 0; i < VALUES; i++) {
        uint64_t distance = random_number(&state);
        /* Up to the end of a leap second. */
        uint32_t nanoseconds =
            (uint32_t)(unit_random(&state) % (UINT64_C(2) * NANOSECONDS));
        if (i < 300)
            distance = i / 30;
        else if (i < 330)
            distance = (UINT64_C(1) << 44) - 1 + i % 3;
        if (unit_random(&state) % 2 == 0)
            nanoseconds =
                (nanoseconds >> 20 << 20) + (uint32_t)(unit_random(&state) % 3);
        if (unit_random(&state) % 2 == 0)
            distance = -distance;
        /* A sum that wraps around is a valid time too. */
        times[i].seconds = (int64_t)((uint64_t)reference + distance);
        times[i].nanoseconds = nanoseconds;
    }
    times[0] = (struct timestamp){.seconds = INT64_MIN};
    times[1] = (struct timestamp){.seconds = INT64_MAX,
                                  .nanoseconds = TIMESTAMP_MAX_NANOSECONDS};
}

static void times_keep_their_order(void **context)
{
    (void)context;
    static const int64_t references[] = {
        0, 1643830745, -62167219200, 253402300799, INT64_MIN, INT64_MAX};

    for (size_t i = 0; i < COUNT(references); i++) {
        make_times(references[i]);
        for (size_t j = 0; j < VALUES; j++)
            keys[j] = abbreviation_of_time(&times[j], references[i]);
        check_pairs(compare_times, true);
    }
}

static uint32_t key_of_time(int64_t seconds, uint32_t nanoseconds)
{
    struct timestamp time = {.seconds = 1643830745 + seconds,
                             .nanoseconds = nanoseconds};

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
    static const char some[] = "\0\1ab\x7f\x80\xfe\xff";
    static char bytes[VALUES][6];
    uint64_t state = 88172645463325252;

    for (size_t i = 0; i < VALUES; i++) {
        for (size_t j = 0; j < sizeof(bytes[i]); j++)
            bytes[i][j] = some[unit_random(&state) % 8];
        texts[i] = (struct text){bytes[i], unit_random(&state) % 7};
    }
    texts[0] = TEXT("\xff\xff\xff\xff");
    texts[1] = TEXT("\xff\xff\xff\xff\xff\xff");
    texts[2] = TEXT("\xff\xff\xff\xfe");
    for (size_t i = 0; i < VALUES; i++)
        keys[i] = abbreviation_of_text(texts[i]);
    check_pairs(compare_texts, false);
}

static bool begins_with(struct text text, struct text prefix)
{
    return text.length >= prefix.length &&
           memcmp(text.data, prefix.data, prefix.length) == 0;
}

/* Uses the texts and keys of the test before. */
static void keys_of_a_prefix_are_those_of_its_texts(void **context)
{
    (void)context;
    unsigned exact = 0;

    for (size_t i = 0; i < VALUES; i++) {
        struct text prefix = texts[i];
        uint32_t first, last;
        if (prefix.length == 0 || memchr(prefix.data, 0, prefix.length) != NULL)
            continue;
        bool decides = abbreviation_of_prefix(prefix, &first, &last);
        exact += decides;
        assert_true(decides ? prefix.length <= 4 : prefix.length >= 4);
        for (size_t j = 0; j < VALUES; j++) {
            bool inside = first <= keys[j] && keys[j] <= last;
            if (begins_with(texts[j], prefix))
                assert_true(inside);
            else if (decides)
                assert_false(inside);
        }
    }
    assert_true(exact > VALUES / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_integers_keep_their_order),
        cmocka_unit_test(numbers_with_few_binary_digits_are_exact),
        cmocka_unit_test(times_keep_their_order),
        cmocka_unit_test(near_times_have_different_abbreviations),
        cmocka_unit_test(texts_keep_their_order),
        cmocka_unit_test(keys_of_a_prefix_are_those_of_its_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
