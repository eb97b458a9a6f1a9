/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of buffers and of what is written into them: content is complete, in
 * order and in the right notation, and an append after a failed allocation does
 * nothing.
 */
#include "lib/unit_check.h"

#include <inttypes.h>

#include "base/buffer.h"
#include "format/json_write.h"
#include "http/target.h"

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

static int set_up(void **state)
{
    static struct buffer buffer;

    buffer = BUFFER_INIT;
    *state = &buffer;
    return 0;
}

static int tear_down(void **state)
{
    buffer_release(*state);
    return 0;
}

static void appended_texts_follow_each_other(void **state)
{
    struct buffer *buffer = *state;

    unit_check_text(buffer_text(buffer), text_of(NULL));
    assert_false(buffer_failed(buffer));
    buffer_append(buffer, TEXT(""));
    assert_null(buffer->data);
    buffer_append(buffer, TEXT("a\0b"));
    buffer_append(buffer, text_of(NULL));
    buffer_append(buffer, TEXT("c"));
    unit_check_text(buffer_text(buffer), TEXT("a\0bc"));
}

static void content_survives_growth(void **state)
{
    struct buffer *buffer = *state;

    for (size_t i = 0; i < 100000; i++) {
        char c = (char)('a' + i % 26);
        buffer_append(buffer, (struct text){&c, 1});
    }
    assert_int_equal(buffer->length, 100000);
    assert_true(buffer->capacity < 2 * buffer->length);
    for (size_t i = 0; i < buffer->length; i++)
        assert_int_equal(buffer->data[i], 'a' + i % 26);
    buffer_clear(buffer);

    /* Room that was reserved is used without moving. */
    assert_true(buffer_reserve(buffer, 200000));
    const char *data = buffer->data;
    for (size_t i = 0; i < 200000; i++)
        buffer_append(buffer, TEXT("x"));
    assert_ptr_equal(buffer->data, data);
}

static void failure_keeps_the_content_and_is_sticky(void **state)
{
    struct buffer *buffer = *state;

    buffer_append(buffer, TEXT("kept"));
    assert_false(buffer_reserve(buffer, SIZE_MAX - strlen("kept")));
    assert_true(buffer_failed(buffer));
    buffer_append(buffer, TEXT("x"));
    buffer_append_unsigned(buffer, 1);
    buffer_append_format(buffer, "%d", 1);
    json_append(buffer, TEXT("x"));
    http_percent_encode(buffer, TEXT("x"));
    assert_false(buffer_reserve(buffer, 1));
    assert_true(buffer_failed(buffer));
    unit_check_text(buffer_text(buffer), TEXT("kept"));
}

/* Clearing keeps the memory, releasing does not. */
static void a_failed_buffer_can_be_cleared_or_released(void **state)
{
    struct buffer *buffer = *state;

    buffer_append(buffer, TEXT("old"));
    const char *data = buffer->data;
    buffer_reserve(buffer, SIZE_MAX);
    buffer_clear(buffer);
    assert_false(buffer_failed(buffer));
    buffer_append(buffer, TEXT("new"));
    unit_check_text(buffer_text(buffer), TEXT("new"));
    assert_ptr_equal(buffer->data, data);

    buffer_reserve(buffer, SIZE_MAX);
    buffer_release(buffer);
    assert_null(buffer->data);
    assert_false(buffer_failed(buffer));
    buffer_append(buffer, TEXT("newer"));
    unit_check_text(buffer_text(buffer), TEXT("newer"));
}

static void formatted_text_is_appended_without_a_nul(void **state)
{
    struct buffer *buffer = *state;

    buffer_append_format(buffer, "%s-%d", "a", 7);
    buffer_append_format(buffer, "%s", "");
    unit_check_text(buffer_text(buffer), TEXT("a-7"));
    buffer_append_format(buffer, "%*d", 5000, 1);
    assert_int_equal(buffer->length, 5003);
    assert_int_equal(buffer->data[5001], ' ');
    assert_int_equal(buffer->data[5002], '1');
}

static void check_integer(struct buffer *buffer, uint64_t value)
{
    char expected[64];

    snprintf(expected, sizeof(expected), "%" PRIu64 " %" PRId64, value,
             (int64_t)value);
    buffer_clear(buffer);
    buffer_append_unsigned(buffer, value);
    buffer_append(buffer, TEXT(" "));
    assert_true(buffer_reserve(buffer, BUFFER_INTEGER_ROOM));
    buffer_set_end(buffer,
                   buffer_put_signed(buffer_end(buffer), (int64_t)value));
    unit_check_text(buffer_text(buffer), text_of(expected));
}

static void integers_are_written_as_by_printf(void **state)
{
    struct buffer *buffer = *state;
    char expected[16], written[2];

    for (unsigned value = 0; value <= 99; value++) {
        snprintf(expected, sizeof(expected), "%02u", value);
        assert_ptr_equal(buffer_put_two_digits(written, value), written + 2);
        assert_memory_equal(written, expected, 2);
    }
    for (uint64_t value = 0; value <= 10100; value++) {
        check_integer(buffer, value);
        check_integer(buffer, 0 - value);
    }
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        for (uint64_t digit = 1; digit <= 9; digit++) {
            check_integer(buffer, power * digit - 1);
            check_integer(buffer, power * digit);
            check_integer(buffer, 0 - power * digit);
        }
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        check_integer(buffer, (UINT64_C(1) << bit) - 1);
        check_integer(buffer, UINT64_C(1) << bit);
    }
}

static void append_or_null(struct buffer *buffer, struct text text)
{
    assert_true(buffer_reserve(buffer, json_room(text.length)));
    buffer_set_end(buffer, json_put_or_null(buffer_end(buffer), text));
}

static void texts_are_written_in_each_notation(void **state)
{
    struct buffer *buffer = *state;
    const struct {
        void (*append)(struct buffer *buffer, struct text text);
        struct text plain, written;
    } rows[] = {
        /* RFC 8259 section 7: only what must be escaped is escaped. */
        {json_append, TEXT(""), TEXT("\"\"")},
        {json_append, TEXT("Falcon-9/"), TEXT("\"Falcon-9/\"")},
        {json_append, TEXT("a\"b\\\\c"), TEXT("\"a\\\"b\\\\\\\\c\"")},
        {json_append, TEXT("\b\f\n\r\t"), TEXT("\"\\b\\f\\n\\r\\t\"")},
        {json_append, TEXT("\0\x0b\x1f \x7f"),
         TEXT("\"\\u0000\\u000B\\u001F \x7f\"")},
        {json_append, TEXT("\xF0\x9F\x9A\x80"), TEXT("\"\xF0\x9F\x9A\x80\"")},
        {append_or_null, text_of(NULL), TEXT("null")},
        {append_or_null, TEXT(""), TEXT("\"\"")},
        {append_or_null, TEXT("null"), TEXT("\"null\"")},
        /* RFC 3986 section 2.3: only unreserved characters are kept. */
        {http_percent_encode, TEXT("azAZ09-._~"), TEXT("azAZ09-._~")},
        {http_percent_encode, TEXT("a b+c"), TEXT("a%20b%2Bc")},
        {http_percent_encode, TEXT("/?#[]@!$&'()*,;=%"),
         TEXT("%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%25")},
        {http_percent_encode, TEXT("\0\x7f\xC3\xA4\xFF"),
         TEXT("%00%7F%C3%A4%FF")},
        {http_percent_encode, TEXT("@`{:"), TEXT("%40%60%7B%3A")},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        buffer_clear(buffer);
        rows[i].append(buffer, rows[i].plain);
        unit_check_text(buffer_text(buffer), rows[i].written);
    }
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
    struct text source = exact_copy((struct text){data, length});
    char *written = malloc(6 * length + 2);
    char expected[2000];

    if (written == NULL)
        abort();
    size_t size = (size_t)(json_put(written, source) - written);
    unit_check_text((struct text){written, size},
                    (struct text){expected, plain_json(source, expected)});
    free(written);
    exact_copy_free(source);
}

/*
 * json_put() tests eight bytes at a time. So each byte is tried at every place,
 * and beside each other byte, which must not mask it.
 */
static void every_byte_is_escaped_correctly_at_every_position(void **state)
{
    (void)state;
    char text[34], zeros[300] = {0};

    for (size_t length = 1; length <= sizeof(text); length++) {
        for (size_t i = 0; i < length * 256; i++) {
            memset(text, 'a', sizeof(text));
            text[i / 256] = (char)(i % 256);
            check_json(text, length);
        }
    }
    for (size_t i = 0; i < (size_t)7 * 256 * 256; i++) {
        memset(text, 'a', 8);
        text[i / 256 / 256] = (char)(i % 256);
        text[i / 256 / 256 + 1] = (char)(i / 256 % 256);
        check_json(text, 8);
    }
    /* The most room that any text of this length needs. */
    for (size_t length = 0; length <= sizeof(zeros); length++)
        check_json(zeros, length);
}

static void writing_at_a_cursor_equals_appending(void **state)
{
    struct buffer *buffer = *state;

    buffer_append(buffer, TEXT("old "));
    assert_true(buffer_reserve(buffer, 200));
    char *at = buffer_end(buffer);
    at = buffer_put(at, TEXT("a\0b"));
    at = buffer_put_unsigned(at, UINT64_MAX);
    at = buffer_put_signed(at, INT64_MIN);
    at = json_put(at, TEXT("a longer \"text\""));
    at = json_put_or_null(at, TEXT("Saturn-V"));
    at = json_put_or_null(at, text_of(NULL));
    unit_check_text(buffer_text(buffer), TEXT("old "));
    buffer_set_end(buffer, at);
    unit_check_text(buffer_text(buffer),
                    TEXT("old a\0b18446744073709551615-9223372036854775808"
                         "\"a longer \\\"text\\\"\"\"Saturn-V\"null"));
}

static void members_are_separated_within_their_object(void **state)
{
    struct buffer *buffer = *state;

    json_append_member(buffer, TEXT("without"), 1);
    json_append_name(buffer, TEXT("object"));
    buffer_append(buffer, TEXT("{"));
    json_append_name(buffer, TEXT("first"));
    json_append(buffer, TEXT("{"));
    json_append_member(buffer, TEXT("last"), UINT64_MAX);
    buffer_append(buffer, TEXT("}"));
    json_append_member(buffer, TEXT("behind"), 0);
    unit_check_text(buffer_text(buffer),
                    TEXT("\"without\":1,\"object\":{\"first\":\"{\","
                         "\"last\":18446744073709551615},\"behind\":0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(appended_texts_follow_each_other),
        FIXTURE_TEST(content_survives_growth),
        FIXTURE_TEST(failure_keeps_the_content_and_is_sticky),
        FIXTURE_TEST(a_failed_buffer_can_be_cleared_or_released),
        FIXTURE_TEST(formatted_text_is_appended_without_a_nul),
        FIXTURE_TEST(integers_are_written_as_by_printf),
        FIXTURE_TEST(texts_are_written_in_each_notation),
        cmocka_unit_test(every_byte_is_escaped_correctly_at_every_position),
        FIXTURE_TEST(writing_at_a_cursor_equals_appending),
        FIXTURE_TEST(members_are_separated_within_their_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
