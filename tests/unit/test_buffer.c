/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is appended comes out in order, in the right notation, and nothing
 * more once memory has ended.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "buffer.h"

#define assert_holds(buffer, expected)                                         \
    assert_true(text_equal(buffer_text(buffer), TEXT(expected)))

/* The sanitizers' allocators abort where malloc(3) fails, unless told. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* More than any allocator gives, but too little for sums to wrap. */
static const size_t hopeless = SIZE_MAX / 2;

static void a_new_buffer_is_empty(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    assert_null(buffer.data);
    assert_int_equal(buffer_text(&buffer).length, 0);
    assert_false(buffer_failed(&buffer));
    buffer_append(&buffer, TEXT(""));
    assert_null(buffer.data);
    buffer_release(&buffer);
}

static void appended_texts_follow_each_other(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append(&buffer, TEXT("a\0b"));
    buffer_append(&buffer, (struct text){NULL, 0});
    buffer_append(&buffer, TEXT("c"));
    assert_holds(&buffer, "a\0bc");
    buffer_release(&buffer);
}

static void content_survives_growth(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    for (size_t i = 0; i < 100000; i++) {
        char c = (char)('a' + i % 26);
        buffer_append(&buffer, (struct text){&c, 1});
    }
    assert_int_equal(buffer.length, 100000);
    assert_true(buffer.capacity < 2 * buffer.length);
    for (size_t i = 0; i < buffer.length; i++)
        assert_int_equal(buffer.data[i], 'a' + i % 26);
    buffer_release(&buffer);
}

static void reserved_room_is_used_without_moving(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    assert_true(buffer_reserve(&buffer, 10000));
    const char *data = buffer.data;
    for (int i = 0; i < 10000; i++)
        buffer_append(&buffer, TEXT("x"));
    assert_ptr_equal(buffer.data, data);
    assert_int_equal(buffer.length, 10000);
    buffer_release(&buffer);
}

static void failure_keeps_the_content_and_is_sticky(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append(&buffer, TEXT("kept"));
    assert_false(buffer_reserve(&buffer, hopeless));
    assert_true(buffer_failed(&buffer));
    buffer_append(&buffer, TEXT("x"));
    buffer_append_unsigned(&buffer, 1);
    buffer_append_signed(&buffer, -1);
    buffer_append_format(&buffer, "%d", 1);
    buffer_append_json(&buffer, TEXT("x"));
    buffer_append_percent(&buffer, TEXT("x"));
    assert_false(buffer_reserve(&buffer, 1));
    assert_true(buffer_failed(&buffer));
    assert_holds(&buffer, "kept");
    buffer_release(&buffer);
}

static void a_length_past_size_max_fails(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append(&buffer, TEXT("kept"));
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    assert_true(buffer_failed(&buffer));
    buffer_release(&buffer);
}

static void clearing_forgets_content_and_failure_but_not_memory(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append(&buffer, TEXT("old"));
    const char *data = buffer.data;
    buffer_reserve(&buffer, hopeless);
    buffer_clear(&buffer);
    assert_false(buffer_failed(&buffer));
    buffer_append(&buffer, TEXT("new"));
    assert_holds(&buffer, "new");
    assert_ptr_equal(buffer.data, data);
    buffer_release(&buffer);
}

static void a_released_buffer_can_be_used_again(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append(&buffer, TEXT("old"));
    buffer_reserve(&buffer, hopeless);
    buffer_release(&buffer);
    assert_null(buffer.data);
    assert_false(buffer_failed(&buffer));
    buffer_append(&buffer, TEXT("new"));
    assert_holds(&buffer, "new");
    buffer_release(&buffer);
}

static void unsigned_integers_are_decimal(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    const uint64_t values[] = {0, 9, 10, 1000, 4294967296, UINT64_MAX};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        buffer_append_unsigned(&buffer, values[i]);
        buffer_append(&buffer, TEXT(" "));
    }
    assert_holds(&buffer, "0 9 10 1000 4294967296 18446744073709551615 ");
    buffer_release(&buffer);
}

static void signed_integers_have_a_minus_where_negative(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;
    const int64_t values[] = {0, -1, 500, -500, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        buffer_append_signed(&buffer, values[i]);
        buffer_append(&buffer, TEXT(" "));
    }
    assert_holds(&buffer, "0 -1 500 -500 9223372036854775807 "
                          "-9223372036854775808 ");
    buffer_release(&buffer);
}

static void a_format_of_any_length_is_appended_without_a_nul(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append_format(&buffer, "%s-%d", "a", 7);
    buffer_append_format(&buffer, "%s", "");
    assert_holds(&buffer, "a-7");
    buffer_append_format(&buffer, "%*d", 5000, 1);
    assert_int_equal(buffer.length, 5003);
    assert_int_equal(buffer.data[5001], ' ');
    assert_int_equal(buffer.data[5002], '1');
    buffer_release(&buffer);
}

struct notation {
    struct text plain;
    struct text written;
};

static void check_notation(void (*append)(struct buffer *, struct text),
                           const struct notation *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer buffer = BUFFER_INIT;

        append(&buffer, rows[i].plain);
        struct text got = buffer_text(&buffer);
        if (!text_equal(got, rows[i].written))
            fail_msg("row %zu: got %.*s", i, (int)got.length, got.data);
        buffer_release(&buffer);
    }
}

static void json_escapes_what_rfc_8259_says_and_nothing_else(void **state)
{
    (void)state;
    const struct notation rows[] = {
        {TEXT(""), TEXT("\"\"")},
        {TEXT("Falcon-9"), TEXT("\"Falcon-9\"")},
        {TEXT("\""), TEXT("\"\\\"\"")},
        {TEXT("\\"), TEXT("\"\\\\\"")},
        {TEXT("/"), TEXT("\"/\"")},
        {TEXT("a\"b\\\\c"), TEXT("\"a\\\"b\\\\\\\\c\"")},
        {TEXT("\b\f\n\r\t"), TEXT("\"\\b\\f\\n\\r\\t\"")},
        {TEXT("\0"), TEXT("\"\\u0000\"")},
        {TEXT("\x01\x0b\x1f "), TEXT("\"\\u0001\\u000B\\u001F \"")},
        {TEXT("\x7f"), TEXT("\"\x7f\"")},
        {TEXT("\xC3\xA4\xF0\x9F\x9A\x80"),
         TEXT("\"\xC3\xA4\xF0\x9F\x9A\x80\"")},
        {TEXT("\nab\n"), TEXT("\"\\nab\\n\"")},
    };

    check_notation(buffer_append_json, rows, sizeof(rows) / sizeof(rows[0]));
}

static void absent_text_is_null_in_json(void **state)
{
    (void)state;
    const struct notation rows[] = {
        {{NULL, 0}, TEXT("null")},
        {TEXT(""), TEXT("\"\"")},
        {TEXT("null"), TEXT("\"null\"")},
    };

    check_notation(buffer_append_json_or_null, rows,
                   sizeof(rows) / sizeof(rows[0]));
}

static void percent_encoding_spares_unreserved_characters_alone(void **state)
{
    (void)state;
    const struct notation rows[] = {
        {TEXT("azAZ09-._~"), TEXT("azAZ09-._~")},
        {TEXT("a b+c"), TEXT("a%20b%2Bc")},
        {TEXT("/?#[]@!$&'()*,;=%"),
         TEXT("%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%25")},
        {TEXT("\0\x7f\xC3\xA4\xFF"), TEXT("%00%7F%C3%A4%FF")},
        {TEXT("@`{:"), TEXT("%40%60%7B%3A")},
    };

    check_notation(buffer_append_percent, rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_buffer_is_empty),
        cmocka_unit_test(appended_texts_follow_each_other),
        cmocka_unit_test(content_survives_growth),
        cmocka_unit_test(reserved_room_is_used_without_moving),
        cmocka_unit_test(failure_keeps_the_content_and_is_sticky),
        cmocka_unit_test(a_length_past_size_max_fails),
        cmocka_unit_test(clearing_forgets_content_and_failure_but_not_memory),
        cmocka_unit_test(a_released_buffer_can_be_used_again),
        cmocka_unit_test(unsigned_integers_are_decimal),
        cmocka_unit_test(signed_integers_have_a_minus_where_negative),
        cmocka_unit_test(a_format_of_any_length_is_appended_without_a_nul),
        cmocka_unit_test(json_escapes_what_rfc_8259_says_and_nothing_else),
        cmocka_unit_test(absent_text_is_null_in_json),
        cmocka_unit_test(percent_encoding_spares_unreserved_characters_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
