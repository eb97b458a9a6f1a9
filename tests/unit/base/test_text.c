/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of text: comparison by bytes, absent text, trimming and splitting.
 */
#include "lib/unit_check.h"

#include <limits.h>

static const struct text absent = {NULL, 0};

static void a_string_becomes_text_without_its_nul(void **state)
{
    (void)state;
    assert_int_equal(text_of("rocket").length, 6);
    assert_memory_equal(text_of("rocket").data, "rocket", 6);
    unit_check_text(text_of(""), TEXT(""));
    assert_null(text_of(NULL).data);
    assert_int_equal(text_of(NULL).length, 0);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void texts_compare_by_unsigned_bytes(void **state)
{
    (void)state;
    const struct {
        struct text a, b;
        int order;
    } cases[] = {
        {TEXT("Falcon"), text_of("Falcon"), 0},
        {TEXT("a\0b"), TEXT("a\0b"), 0},
        {TEXT("a\0b"), TEXT("a\0c"), -1},
        {TEXT("a"), TEXT("b"), -1},
        {TEXT("Falcon"), TEXT("falcon"), -1},
        {TEXT("b"), TEXT("ab"), 1},
        {TEXT("Falcon"), TEXT("Falcon-9"), -1},
        {TEXT("a"), TEXT(""), 1},
        {TEXT("z"), TEXT("\xC3\xA4"), -1},
        {absent, absent, 0},
        {absent, TEXT(""), 0},
        {absent, TEXT("x"), -1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text a = cases[i].a, b = cases[i].b;
        assert_int_equal(sign(text_compare(a, b)), cases[i].order);
        assert_int_equal(sign(text_compare(b, a)), -cases[i].order);
        assert_int_equal(text_equal(a, b), cases[i].order == 0);
        assert_int_equal(text_equal(b, a), cases[i].order == 0);
    }
}

static void case_is_ignored_only_for_ascii_letters(void **state)
{
    (void)state;
    assert_true(text_equal_ignoring_case(TEXT("gZIP"), TEXT("GzIp")));
    assert_true(text_equal_ignoring_case(TEXT("az"), TEXT("AZ")));
    assert_false(text_equal_ignoring_case(TEXT("gzip"), TEXT("gzip ")));
    assert_false(text_equal_ignoring_case(TEXT("gzip"), TEXT("gzap")));
    /* These differ in the bit in which the cases of a letter differ. */
    assert_false(text_equal_ignoring_case(TEXT("@"), TEXT("`")));
    assert_false(text_equal_ignoring_case(TEXT("["), TEXT("{")));
    assert_false(text_equal_ignoring_case(TEXT("\xC4"), TEXT("\xE4")));
}

static void only_ascii_has_letters_and_digits(void **state)
{
    static const char digits[] = "0123456789";
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    (void)state;
    assert_false(text_is_digit(-1) || text_is_letter(-1));
    for (int c = CHAR_MIN; c <= UCHAR_MAX; c++) {
        bool listed = c > 0 && strchr(digits, c) != NULL;
        assert_int_equal(text_is_digit(c), listed);
        listed = c > 0 && strchr(letters, c) != NULL;
        assert_int_equal(text_is_letter(c), listed);
    }
}

static void trimming_removes_spaces_and_tabs_at_both_ends(void **state)
{
    (void)state;
    unit_check_text(text_trim(TEXT(" \t a b\t ")), TEXT("a b"));
    unit_check_text(text_trim(TEXT("a")), TEXT("a"));
    unit_check_text(text_trim(TEXT("\na\r")), TEXT("\na\r"));
    unit_check_text(text_trim(TEXT(" \t ")), TEXT(""));
    unit_check_text(text_trim(absent), absent);
}

static void splitting_yields_every_part_and_then_absent_text(void **state)
{
    (void)state;
    struct text rest = TEXT("a,,bc,");

    unit_check_text(text_split(&rest, ','), TEXT("a"));
    unit_check_text(rest, TEXT(",bc,"));
    unit_check_text(text_split(&rest, ','), TEXT(""));
    unit_check_text(text_split(&rest, ','), TEXT("bc"));
    unit_check_text(rest, TEXT(""));
    unit_check_text(text_split(&rest, ','), TEXT(""));
    unit_check_text(rest, absent);
    unit_check_text(text_split(&rest, ','), absent);

    rest = TEXT("abc");
    unit_check_text(text_split(&rest, ','), TEXT("abc"));
    unit_check_text(rest, absent);
    assert_int_equal(rest.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_becomes_text_without_its_nul),
        cmocka_unit_test(texts_compare_by_unsigned_bytes),
        cmocka_unit_test(case_is_ignored_only_for_ascii_letters),
        cmocka_unit_test(only_ascii_has_letters_and_digits),
        cmocka_unit_test(trimming_removes_spaces_and_tabs_at_both_ends),
        cmocka_unit_test(splitting_yields_every_part_and_then_absent_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
