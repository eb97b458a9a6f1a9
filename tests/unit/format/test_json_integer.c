/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that an integer is read exactly, however it is written, and that
 * nothing else is read as one. The reader of tests/fuzz, which writes numbers
 * out, tells what is right for random ones.
 */
#include "lib/unit_check.h"

#include <inttypes.h>

#include "format/json_integer.h"
#include "format/json_scan.h"
#include "fuzz/strict.h"

static const uint64_t untouched = 12345678901234567;

/* Read a copy of exactly its size. */
static uint64_t read_integer(const char *text, uint64_t highest, bool *accepted)
{
    struct text copy = exact_copy(text_of(text));
    uint64_t number = untouched;

    *accepted = json_integer_read(copy, highest, &number);
    exact_copy_free(copy);
    if (!*accepted && number != untouched)
        fail_msg("%s is refused, but sets %" PRIu64, text, number);
    return number;
}

static void integers_are_read_in_every_spelling(void **state)
{
    static const struct {
        uint64_t number;
        const char *spellings[16];
    } cases[] = {
        {0,
         {"0", "-0", "0.0", "-0.000", "0e0", "0E+00", "0e999999", "-0e-999999",
          "0.0e99999999999999999999", "0.00e-99999999999999999999"}},
        {1,
         {"1", "1.0", "1e0", "1E-0", "10e-1", "0.1e1", "0.0001e4", "1000E-3",
          "1.0e00000000000000000000",
          "10000000000000000000000000000000000000000000000000000000e-55",
          "0.00000000000000000000000000000000000000000000000000001e+53"}},
        {100, {"100", "1e2", "1E+2", "100.00", "10.0e1", "0.1e+3", "1.00e2"}},
        {1050, {"1050", "1.05e3", "10.50e2", "105000e-2", "1050.0e0"}},
        {9007199254740991,
         {"9007199254740991", "9007199254740991.0", "0.9007199254740991e16",
          "9.007199254740991E+15", "90071992547409910e-1",
          "9007199254740991000000000000000000000000000000000000000e-39"}},
        {UINT64_MAX,
         {"18446744073709551615", "18446744073709551615.00",
          "1844674407370955161500e-2", "1.8446744073709551615e19"}},
        {UINT64_C(10000000000000000000),
         {"10000000000000000000", "1e19", "1.0E19", "100e17"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t j = 0; cases[i].spellings[j] != NULL; j++) {
            const char *text = cases[i].spellings[j];
            uint64_t highest = cases[i].number;
            bool accepted, above;
            uint64_t number = read_integer(text, highest, &accepted);

            if (!accepted || number != cases[i].number)
                fail_msg("%s is %" PRIu64, text, number);
            if (highest == 0)
                continue;
            read_integer(text, highest - 1, &above);
            if (above)
                fail_msg("%s is accepted as %" PRIu64, text, highest - 1);
        }
    }
}

static void other_values_are_no_integers(void **state)
{
    static const char *const texts[] = {
        /* Negative. */
        "-1", "-1.0", "-1e-400", "-0.1e1", "-9007199254740991",
        /* With a fraction, however small. */
        "0.5", "1.5", "10.01", "1e-1", "15e-1", "105e-2", "1e-400",
        "9007199254740990.7", "0.99999999999999999999",
        "1.00000000000000000000000000000000000000000000000000000000001",
        "1e-99999999999999999999", "100e-3",
        "1000000000000000000000000000000000000000000000000000000e-56",
        /* Too large. */
        "18446744073709551616", "18446744073709551615.5", "1e20",
        "18446744073709551616e0", "184467440737095516150", "2e19",
        "18446744073709551615e1", "1e400", "1e99999999999999999999",
        "0.00000000000000000000000000000001e99", "1.8446744073709551616e19",
        "99999999999999999999999999999999999999999999999999999999999999",
        /* No numbers. */
        "\"1\"", "\"\"", "null", "true", "false", "[1]", "{\"a\":1}", "[]",
        "{}"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        bool accepted;
        uint64_t number = read_integer(texts[i], UINT64_MAX, &accepted);
        if (accepted)
            fail_msg("%s is read as %" PRIu64, texts[i], number);
    }
}

/*
 * Write a number of at most JSON_MAX_NUMBER characters, with many zeros, and
 * often with an exponent that nearly makes up for its point.
 */
static void write_number(uint64_t *random, char out[JSON_MAX_NUMBER + 1])
{
    int whole = 1 + (int)(unit_random(random) % 22);
    int fraction = (int)(unit_random(random) % 24);
    int exponent = (int)(unit_random(random) % 24) - 8;
    char *at = out;

    if (unit_random(random) % 16 == 0)
        *at++ = '-';
    for (int i = 0; i < whole + fraction; i++) {
        bool is_zero = unit_random(random) % 4 != 0;
        if (i == whole)
            *at++ = '.';
        *at++ = (char)('0' + (is_zero ? 0 : unit_random(random) % 10));
        if (i == 0 && at[-1] == '0')
            whole = 1;
    }
    if (unit_random(random) % 4 == 0)
        exponent = fraction;
    sprintf(at, unit_random(random) % 2 == 0 ? "e%d" : "E%+03d", exponent);
}

static void random_numbers_agree_with_the_strict_reader(void **state)
{
    static const int64_t limits[] = {0, 1, 1000000000, 9007199254740991,
                                     INT64_MAX};
    uint64_t random = 88172645463325252;
    size_t integers = 0;
    char text[JSON_MAX_NUMBER + 1];

    (void)state;
    for (size_t i = 0; i < 200000; i++) {
        int64_t highest = limits[i % COUNT(limits)];
        struct json_error error;
        bool accepted;

        write_number(&random, text);
        if (!json_scan(text_of(text), &error))
            fail_msg("%s: %s", text, error.reason);
        int64_t expected = strict_integer(text, highest);
        uint64_t number = read_integer(text, (uint64_t)highest, &accepted);
        if (accepted != (expected >= 0) ||
            (accepted && number != (uint64_t)expected))
            fail_msg("%s is %" PRIu64 ", expected %" PRId64, text, number,
                     expected);
        integers += accepted;
    }
    assert_in_range(integers, 20000, 180000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_in_every_spelling),
        cmocka_unit_test(other_values_are_no_integers),
        cmocka_unit_test(random_numbers_agree_with_the_strict_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
