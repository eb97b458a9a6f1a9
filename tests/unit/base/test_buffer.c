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

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "format/json_write.h"
#include "http/target.h"

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
    json_append(&buffer, TEXT("x"));
    json_append_or_null(&buffer, (struct text){NULL, 0});
    http_percent_encode(&buffer, TEXT("x"));
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

static void check_integer(uint64_t value)
{
    struct buffer buffer = BUFFER_INIT;
    char expected[64];

    snprintf(expected, sizeof(expected), "%" PRIu64 " %" PRId64, value,
             (int64_t)value);
    buffer_append_unsigned(&buffer, value);
    buffer_append(&buffer, TEXT(" "));
    buffer_append_signed(&buffer, (int64_t)value);
    if (!text_equal(buffer_text(&buffer), text_of(expected)))
        fail_msg("%s is written as %.*s", expected, (int)buffer.length,
                 buffer.data);
    buffer_release(&buffer);
}

static void integers_of_every_length_are_as_printf_writes_them(void **state)
{
    (void)state;
    for (uint64_t value = 0; value <= 10100; value++) {
        check_integer(value);
        check_integer(0 - value);
    }
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        for (uint64_t digit = 1; digit <= 9; digit++) {
            check_integer(power * digit - 1);
            check_integer(power * digit);
            check_integer(0 - power * digit);
        }
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        check_integer((UINT64_C(1) << bit) - 1);
        check_integer(UINT64_C(1) << bit);
    }
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

    check_notation(json_append, rows, sizeof(rows) / sizeof(rows[0]));
}

/* RFC 8259 section 7, a byte at a time. */
static size_t plain_json(struct text text, char *out)
{
    char *at = out;

    *at++ = '"';
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        const char *letter = c == 0 ? NULL : strchr("\bb\ff\nn\rr\tt", c);

        if (c == '"' || c == '\\')
            at += sprintf(at, "\\%c", c);
        else if (c < 0x20 && letter != NULL)
            at += sprintf(at, "\\%c", letter[1]);
        else if (c < 0x20)
            at += sprintf(at, "\\u%04X", c);
        else
            *at++ = (char)c;
    }
    *at++ = '"';
    return (size_t)(at - out);
}

/*
 * Source and destination are allocated to measure, so that the sanitizers
 * see a byte read or written too much.
 */
static void check_json(const char *data, size_t length)
{
    char *source = malloc(length + (length == 0));
    char *written = malloc(json_room(length));
    char *expected = malloc(json_room(length) + 1);

    assert_non_null(source);
    assert_non_null(written);
    assert_non_null(expected);
    memcpy(source, data, length);
    struct text text = {source, length};
    size_t size = (size_t)(json_put(written, text) - written);
    size_t expected_size = plain_json(text, expected);
    if (!text_equal((struct text){written, size},
                    (struct text){expected, expected_size}))
        fail_msg("expected %.*s, got %.*s", (int)expected_size, expected,
                 (int)size, written);
    free(expected);
    free(written);
    free(source);
}

static void every_byte_is_escaped_as_needed_wherever_it_stands(void **state)
{
    (void)state;
    char text[34];

    for (size_t length = 1; length <= sizeof(text); length++) {
        for (size_t place = 0; place < length; place++) {
            for (int byte = 0; byte < 256; byte++) {
                memset(text, 'a', sizeof(text));
                text[place] = (char)byte;
                check_json(text, length);
            }
        }
    }
}

/* Whether one byte hides another from a look at eight of them at once. */
static void neighbours_do_not_hide_what_must_be_escaped(void **state)
{
    (void)state;
    const unsigned char bytes[] = {0x00, 0x01, 0x1F, 0x20, 0x21, 0x22, 0x23,
                                   0x5B, 0x5C, 0x5D, 0x7F, 0x80, 0x81, 0x9F,
                                   0xA0, 0xA2, 0xDC, 0xFE, 0xFF};
    enum { COUNT = sizeof(bytes) };
    char text[8];

    for (size_t place = 0; place + 2 < sizeof(text); place++) {
        for (size_t i = 0; i < (size_t)COUNT * COUNT * COUNT; i++) {
            memset(text, 'a', sizeof(text));
            text[place] = (char)bytes[i % COUNT];
            text[place + 1] = (char)bytes[i / COUNT % COUNT];
            text[place + 2] = (char)bytes[i / COUNT / COUNT];
            check_json(text, sizeof(text));
        }
    }
}

static void room_for_a_json_string_holds_one_that_is_all_escapes(void **state)
{
    (void)state;
    char text[300] = {0};

    for (size_t length = 0; length <= sizeof(text); length++)
        check_json(text, length);
}

static void absent_text_is_null_in_json(void **state)
{
    (void)state;
    const struct notation rows[] = {
        {{NULL, 0}, TEXT("null")},
        {TEXT(""), TEXT("\"\"")},
        {TEXT("null"), TEXT("\"null\"")},
    };

    check_notation(json_append_or_null, rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_is_put_at_a_cursor_is_as_if_appended(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append(&buffer, TEXT("old "));
    assert_true(buffer_reserve(&buffer, 200));
    char *at = buffer_end(&buffer);
    at = buffer_put(at, TEXT("a\0b"));
    at = buffer_put_unsigned(at, UINT64_MAX);
    at = buffer_put_signed(at, INT64_MIN);
    at = json_put(at, TEXT("a longer \"text\""));
    at = json_put_or_null(at, TEXT("Saturn-V"));
    at = json_put_or_null(at, (struct text){NULL, 0});
    assert_holds(&buffer, "old ");
    buffer_set_end(&buffer, at);
    assert_holds(&buffer, "old a\0b18446744073709551615-9223372036854775808"
                          "\"a longer \\\"text\\\"\"\"Saturn-V\"null");
    buffer_release(&buffer);
}

static void two_digits_are_always_two(void **state)
{
    (void)state;
    for (unsigned value = 0; value <= 99; value++) {
        char expected[16];
        char written[2];

        snprintf(expected, sizeof(expected), "%02u", value);
        assert_ptr_equal(buffer_put_two_digits(written, value), written + 2);
        assert_memory_equal(written, expected, 2);
    }
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

    check_notation(http_percent_encode, rows, sizeof(rows) / sizeof(rows[0]));
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
        cmocka_unit_test(integers_of_every_length_are_as_printf_writes_them),
        cmocka_unit_test(a_format_of_any_length_is_appended_without_a_nul),
        cmocka_unit_test(json_escapes_what_rfc_8259_says_and_nothing_else),
        cmocka_unit_test(every_byte_is_escaped_as_needed_wherever_it_stands),
        cmocka_unit_test(neighbours_do_not_hide_what_must_be_escaped),
        cmocka_unit_test(room_for_a_json_string_holds_one_that_is_all_escapes),
        cmocka_unit_test(absent_text_is_null_in_json),
        cmocka_unit_test(what_is_put_at_a_cursor_is_as_if_appended),
        cmocka_unit_test(two_digits_are_always_two),
        cmocka_unit_test(percent_encoding_spares_unreserved_characters_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
