/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of text: comparison by bytes, absent text, trimming and splitting.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

static const struct text absent = {NULL, 0};

static void a_string_becomes_text_without_its_nul(void **state)
{
    (void)state;
    struct text text = text_of("rocket");

    assert_int_equal(text.length, 6);
    assert_memory_equal(text.data, "rocket", 6);
    assert_non_null(text_of("").data);
    assert_int_equal(text_of("").length, 0);
}

static void null_becomes_absent_text(void **state)
{
    (void)state;
    assert_null(text_of(NULL).data);
    assert_int_equal(text_of(NULL).length, 0);
}

static void equality_compares_every_byte(void **state)
{
    (void)state;
    assert_true(text_equal(TEXT("Falcon"), text_of("Falcon")));
    assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_false(text_equal(TEXT("Falcon"), TEXT("falcon")));
    assert_false(text_equal(TEXT("Falcon"), TEXT("Falcon-9")));
    assert_false(text_equal(TEXT("Falcon"), TEXT("")));
}

static void absent_text_equals_empty_text(void **state)
{
    (void)state;
    assert_true(text_equal(absent, absent));
    assert_true(text_equal(absent, TEXT("")));
    assert_false(text_equal(absent, TEXT("x")));
    assert_int_equal(text_compare(absent, TEXT("")), 0);
    assert_true(text_compare(absent, TEXT("x")) < 0);
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

static void order_is_by_unsigned_bytes_and_prefixes_come_first(void **state)
{
    (void)state;
    assert_true(text_compare(TEXT("a"), TEXT("b")) < 0);
    assert_true(text_compare(TEXT("b"), TEXT("a")) > 0);
    assert_true(text_compare(TEXT("a"), TEXT("ab")) < 0);
    assert_true(text_compare(TEXT("ab"), TEXT("a")) > 0);
    assert_true(text_compare(TEXT("b"), TEXT("ab")) > 0);
    assert_true(text_compare(TEXT("z"), TEXT("\xC3\xA4")) < 0);
    assert_int_equal(text_compare(TEXT("ab"), TEXT("ab")), 0);
}

static void trimming_removes_spaces_and_tabs_at_both_ends(void **state)
{
    (void)state;
    assert_true(text_equal(text_trim(TEXT(" \t a b\t ")), TEXT("a b")));
    assert_true(text_equal(text_trim(TEXT("a")), TEXT("a")));
    assert_true(text_equal(text_trim(TEXT("\na\r")), TEXT("\na\r")));
    assert_int_equal(text_trim(TEXT(" \t ")).length, 0);
    assert_non_null(text_trim(TEXT("  ")).data);
    assert_null(text_trim(absent).data);
}

static void splitting_yields_every_part_and_then_absent_text(void **state)
{
    (void)state;
    struct text rest = TEXT("a,,bc,");

    assert_true(text_equal(text_split(&rest, ','), TEXT("a")));
    assert_true(text_equal(rest, TEXT(",bc,")));
    assert_int_equal(text_split(&rest, ',').length, 0);
    assert_true(text_equal(text_split(&rest, ','), TEXT("bc")));
    assert_non_null(rest.data);
    assert_int_equal(rest.length, 0);

    struct text last = text_split(&rest, ',');
    assert_non_null(last.data);
    assert_int_equal(last.length, 0);
    assert_null(rest.data);
    assert_null(text_split(&rest, ',').data);
}

static void splitting_without_a_separator_yields_all(void **state)
{
    (void)state;
    struct text rest = TEXT("abc");

    assert_true(text_equal(text_split(&rest, ','), TEXT("abc")));
    assert_null(rest.data);
    assert_int_equal(rest.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_string_becomes_text_without_its_nul),
        cmocka_unit_test(null_becomes_absent_text),
        cmocka_unit_test(equality_compares_every_byte),
        cmocka_unit_test(absent_text_equals_empty_text),
        cmocka_unit_test(case_is_ignored_only_for_ascii_letters),
        cmocka_unit_test(order_is_by_unsigned_bytes_and_prefixes_come_first),
        cmocka_unit_test(trimming_removes_spaces_and_tabs_at_both_ends),
        cmocka_unit_test(splitting_yields_every_part_and_then_absent_text),
        cmocka_unit_test(splitting_without_a_separator_yields_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
