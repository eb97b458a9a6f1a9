/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of buffers: appended content is complete, in order and in the right
 * notation, and an append after a failed allocation does nothing.
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

/* By default the sanitizers' allocators abort where malloc(3) fails. */
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

/* Bytes: too many for any allocator, too few for a sum to overflow. */
static const size_t impossible = SIZE_MAX / 2;

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
    assert_false(buffer_reserve(&buffer, impossible));
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

static void clearing_removes_content_and_failure_but_not_memory(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER_INIT;

    buffer_append(&buffer, TEXT("old"));
    const char *data = buffer.data;
    buffer_reserve(&buffer, impossible);
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
    buffer_reserve(&buffer, impossible);
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

static void negative_integers_have_a_minus_sign(void **state)
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

static void formatted_text_is_appended_without_a_nul(void **state)
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

static void integers_are_written_as_by_printf(void **state)
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

static void json_escapes_exactly_what_rfc_8259_requires(void **state)
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

/* Write `text` by RFC 8259 section 7, a byte at a time. Returns the length. */
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
 * Source and destination have exactly the needed size, so that a sanitizer
 * detects overruns.
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

static void every_byte_is_escaped_correctly_at_every_position(void **state)
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

/* json_put() tests eight bytes at a time: no byte may mask its neighbour. */
static void neighbours_do_not_mask_bytes_to_escape(void **state)
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

static void json_room_suffices_for_a_string_of_escapes(void **state)
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

static void writing_at_a_cursor_equals_appending(void **state)
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

static void two_digits_are_padded_with_zero(void **state)
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

static void percent_encoding_keeps_only_unreserved_characters(void **state)
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
        cmocka_unit_test(clearing_removes_content_and_failure_but_not_memory),
        cmocka_unit_test(a_released_buffer_can_be_used_again),
        cmocka_unit_test(unsigned_integers_are_decimal),
        cmocka_unit_test(negative_integers_have_a_minus_sign),
        cmocka_unit_test(integers_are_written_as_by_printf),
        cmocka_unit_test(formatted_text_is_appended_without_a_nul),
        cmocka_unit_test(json_escapes_exactly_what_rfc_8259_requires),
        cmocka_unit_test(every_byte_is_escaped_correctly_at_every_position),
        cmocka_unit_test(neighbours_do_not_mask_bytes_to_escape),
        cmocka_unit_test(json_room_suffices_for_a_string_of_escapes),
        cmocka_unit_test(absent_text_is_null_in_json),
        cmocka_unit_test(writing_at_a_cursor_equals_appending),
        cmocka_unit_test(two_digits_are_padded_with_zero),
        cmocka_unit_test(percent_encoding_keeps_only_unreserved_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
