/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the JSON scan for every production of RFC 8259: texts that pass, and
 * texts that are refused, with offset and reason.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "format/json_scan.h"

#define BYTES(literal)                                                         \
    {                                                                          \
        literal, sizeof(literal) - 1                                           \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct text accepted[] = {
    /* values */
    BYTES("null"),
    BYTES("true"),
    BYTES("false"),
    BYTES("0"),
    BYTES("\"\""),
    BYTES("{}"),
    BYTES("[]"),
    /* white space */
    BYTES(" \t\n\r0 \t\n\r"),
    BYTES(" [ ] "),
    BYTES(" { } "),
    BYTES("\n{\t\"a\"\r: 1 ,\n\"b\" : [ 1 , 2 ] }\n"),
    /* numbers */
    BYTES("-0"),
    BYTES("7"),
    BYTES("-7"),
    BYTES("10"),
    BYTES("1234567890"),
    BYTES("0.5"),
    BYTES("-0.50"),
    BYTES("10.01"),
    BYTES("1e3"),
    BYTES("1E3"),
    BYTES("0e0"),
    BYTES("1e+3"),
    BYTES("1E-3"),
    BYTES("1.5e007"),
    BYTES("1e400"),
    BYTES("123456789012345678901234567890123456789012345678901234567890123"),
    BYTES("-12345678901234567890123456789012345678901234567890.1234567e-12"),
    /* strings */
    BYTES("\"Falcon-9\""),
    BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    BYTES("\"\\u0001\\u001f\\u00e4\\u00E4\\uFFFF\\uffff\""),
    BYTES("\"\\uD7FF\\uE000\""),
    BYTES("\"\\uD800\\uDC00\\udbff\\udfff\""),
    BYTES("\"\\u0041\\\\u0000\""),
    BYTES("\"\x7F\""),
    BYTES("\"'/\""),
    BYTES("\"\xC2\x80 \xDF\xBF\""),
    BYTES("\"\xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF\""),
    BYTES("\"\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF\""),
    BYTES("\"\xEF\xBB\xBF\""),
    /* arrays and objects */
    BYTES("[1]"),
    BYTES("[1,\"a\",null,true,false,{},[]]"),
    BYTES("[[[]],[]]"),
    BYTES("{\"a\":1}"),
    BYTES("{\"\":{}}"),
    BYTES("{\"a\":1,\"a\":2}"),
    BYTES("{\"a\":{\"b\":[{\"c\":null}]},\"d\":-1}"),
};

struct refusal {
    struct text text;
    size_t offset;
    const char *reason;
};

#define NO_VALUE "expected a value"
#define FOLLOWS "unexpected text after the end"
#define NO_DIGIT "expected a digit"
#define NO_NAME "expected a member name"
#define NO_QUOTE "a string has no closing quote"
#define NO_HEX "expected four hexadecimal digits"
#define NO_ESCAPE "an unknown escape"
#define LONE "a lone surrogate"
#define NUL_ESCAPE "\\u0000 is not accepted"
#define CONTROL "a control character in a string must be escaped"
#define NO_UTF8 "invalid UTF-8"
#define LONG "a number has more than 63 characters"
#define IN_ARRAY "expected ',' or ']'"
#define IN_OBJECT "expected ',' or '}'"

static const struct refusal refused_values[] = {
    {BYTES(""), 0, NO_VALUE},
    {BYTES(" \n"), 2, NO_VALUE},
    {BYTES("\0"), 0, NO_VALUE},
    {BYTES("nul"), 3, NO_VALUE},
    {BYTES("nulx"), 3, NO_VALUE},
    {BYTES("True"), 0, NO_VALUE},
    {BYTES("trve"), 2, NO_VALUE},
    {BYTES("fals"), 4, NO_VALUE},
    {BYTES("NaN"), 0, NO_VALUE},
    {BYTES("Infinity"), 0, NO_VALUE},
    {BYTES("'a'"), 0, NO_VALUE},
    {BYTES("a"), 0, NO_VALUE},
    {BYTES("]"), 0, NO_VALUE},
    {BYTES(","), 0, NO_VALUE},
    {BYTES("// c\n1"), 0, NO_VALUE},
    {BYTES("nullx"), 4, FOLLOWS},
    {BYTES("1 2"), 2, FOLLOWS},
    {BYTES("{}{}"), 2, FOLLOWS},
    {BYTES("[]]"), 2, FOLLOWS},
    {BYTES("\"a\"b"), 3, FOLLOWS},
    {BYTES("1\0"), 1, FOLLOWS},
    {BYTES("{}\0{}"), 2, FOLLOWS},
    {BYTES("1,"), 1, FOLLOWS},
    /* bytes that are not white space in JSON */
    {BYTES("\xEF\xBB\xBF{}"), 0, NO_VALUE},
    {BYTES("\f1"), 0, NO_VALUE},
    {BYTES("1\v"), 1, FOLLOWS},
    {BYTES("\xC2\xA0{}"), 0, NO_VALUE},
    {BYTES("[\x01]"), 1, NO_VALUE},
    {BYTES("[1\0]"), 2, IN_ARRAY},
};

static const struct refusal refused_numbers[] = {
    {BYTES("-"), 1, NO_DIGIT},
    {BYTES("-a"), 1, NO_DIGIT},
    {BYTES("--1"), 1, NO_DIGIT},
    {BYTES("- 1"), 1, NO_DIGIT},
    {BYTES("+1"), 0, NO_VALUE},
    {BYTES(".5"), 0, NO_VALUE},
    {BYTES("01"), 1, FOLLOWS},
    {BYTES("-01"), 2, FOLLOWS},
    {BYTES("00"), 1, FOLLOWS},
    {BYTES("0x1"), 1, FOLLOWS},
    {BYTES("1_000"), 1, FOLLOWS},
    {BYTES("[01]"), 2, IN_ARRAY},
    {BYTES("5."), 2, NO_DIGIT},
    {BYTES("5.e1"), 2, NO_DIGIT},
    {BYTES("-.5"), 1, NO_DIGIT},
    {BYTES("1.2.3"), 3, FOLLOWS},
    {BYTES("1e"), 2, NO_DIGIT},
    {BYTES("1e+"), 3, NO_DIGIT},
    {BYTES("1e-x"), 3, NO_DIGIT},
    {BYTES("1e+-1"), 3, NO_DIGIT},
    {BYTES("1e1.5"), 3, FOLLOWS},
    {BYTES("1e5e5"), 3, FOLLOWS},
    {BYTES("1234567890123456789012345678901234567890123456789012345678901234"),
     63, LONG},
    {BYTES(
         "[-12345678901234567890123456789012345678901234567890.1234567e-123]"),
     64, LONG},
};

static const struct refusal refused_strings[] = {
    {BYTES("\""), 1, NO_QUOTE},
    {BYTES("\"abcdefghijklmn"), 15, NO_QUOTE},
    {BYTES("\"\\\""), 3, NO_QUOTE},
    {BYTES("\"\n\""), 1, CONTROL},
    {BYTES("\"a\0b\""), 2, CONTROL},
    {BYTES("\"\t\""), 1, CONTROL},
    {BYTES("\"\x1F\""), 1, CONTROL},
    {BYTES("\"\\"), 2, NO_ESCAPE},
    {BYTES("\"\\x41\""), 2, NO_ESCAPE},
    {BYTES("\"\\'\""), 2, NO_ESCAPE},
    {BYTES("\"\\U0041\""), 2, NO_ESCAPE},
    {BYTES("\"\\\n\""), 2, NO_ESCAPE},
    {BYTES("\"\\u"), 3, NO_HEX},
    {BYTES("\"\\u12\""), 5, NO_HEX},
    {BYTES("\"\\u12g4\""), 5, NO_HEX},
    {BYTES("\"\\u@000\""), 3, NO_HEX},
    {BYTES("\"\\u+123\""), 3, NO_HEX},
    {BYTES("\"\\u0000\""), 6, NUL_ESCAPE},
    {BYTES("\"a\\u0000b\""), 7, NUL_ESCAPE},
    {BYTES("\"\\ud800\""), 7, LONE},
    {BYTES("\"\\ud800"), 7, LONE},
    {BYTES("\"\\uD800x\""), 7, LONE},
    {BYTES("\"\\uD800\\n\""), 8, LONE},
    {BYTES("\"\\uD800\\u0041\""), 9, LONE},
    {BYTES("\"\\uD800\\uD800\""), 10, LONE},
    {BYTES("\"\\uDBFF\\uE000\""), 9, LONE},
    {BYTES("\"\\uD800\\uDC0"), 12, NO_HEX},
    {BYTES("\"\\uDC00\""), 4, LONE},
    {BYTES("\"\\udfff\\ud800\""), 4, LONE},
};

static const struct refusal refused_utf8[] = {
    {BYTES("\"\x80\""), 1, NO_UTF8},
    {BYTES("\"\xBF\""), 1, NO_UTF8},
    {BYTES("\"\xC0\x80\""), 1, NO_UTF8},
    {BYTES("\"\xC1\xBF\""), 1, NO_UTF8},
    {BYTES("\"\xC2\""), 2, NO_UTF8},
    {BYTES("\"\xC2"), 2, NO_UTF8},
    {BYTES("\"\xC2\x41\""), 2, NO_UTF8},
    {BYTES("\"\xC3\xC3\xA4\""), 2, NO_UTF8},
    {BYTES("\"\xE0\x9F\xBF\""), 2, NO_UTF8},
    {BYTES("\"\xE2\x82\""), 3, NO_UTF8},
    {BYTES("\"\xE2\x82"), 3, NO_UTF8},
    {BYTES("\"\xED\xA0\x80\""), 2, NO_UTF8},
    {BYTES("\"\xED\xBF\xBF\""), 2, NO_UTF8},
    {BYTES("\"\xF0\x8F\xBF\xBF\""), 2, NO_UTF8},
    {BYTES("\"\xF0\x9F\x9A\""), 4, NO_UTF8},
    {BYTES("\"\xF4\x90\x80\x80\""), 2, NO_UTF8},
    {BYTES("\"\xF5\x80\x80\x80\""), 1, NO_UTF8},
    {BYTES("\"\xFE\""), 1, NO_UTF8},
    {BYTES("\"\xFF\""), 1, NO_UTF8},
    {BYTES("{\"\xE4\":1}"), 3, NO_UTF8},
    {BYTES("\xC3\xA4"), 0, NO_VALUE},
};

static const struct refusal refused_containers[] = {
    {BYTES("["), 1, NO_VALUE},
    {BYTES("[1"), 2, IN_ARRAY},
    {BYTES("[1,"), 3, NO_VALUE},
    {BYTES("[1,]"), 3, NO_VALUE},
    {BYTES("[,1]"), 1, NO_VALUE},
    {BYTES("[1,,2]"), 3, NO_VALUE},
    {BYTES("[1 2]"), 3, IN_ARRAY},
    {BYTES("[1}"), 2, IN_ARRAY},
    {BYTES("[1:2]"), 2, IN_ARRAY},
    {BYTES("{"), 1, NO_NAME},
    {BYTES("{]"), 1, NO_NAME},
    {BYTES("{,}"), 1, NO_NAME},
    {BYTES("{a:1}"), 1, NO_NAME},
    {BYTES("{'a':1}"), 1, NO_NAME},
    {BYTES("{1:1}"), 1, NO_NAME},
    {BYTES("{null:1}"), 1, NO_NAME},
    {BYTES("{\"a"), 3, NO_QUOTE},
    {BYTES("{\"a\""), 4, "expected ':'"},
    {BYTES("{\"a\"}"), 4, "expected ':'"},
    {BYTES("{\"a\",1}"), 4, "expected ':'"},
    {BYTES("{\"a\" 1}"), 5, "expected ':'"},
    {BYTES("{\"a\"::1}"), 5, NO_VALUE},
    {BYTES("{\"a\":"), 5, NO_VALUE},
    {BYTES("{\"a\":}"), 5, NO_VALUE},
    {BYTES("{\"a\":1"), 6, IN_OBJECT},
    {BYTES("{\"a\":1]"), 6, IN_OBJECT},
    {BYTES("{\"a\":1 \"b\":2}"), 7, IN_OBJECT},
    {BYTES("{\"a\":1,}"), 7, NO_NAME},
    {BYTES("{\"a\":1,,\"b\":2}"), 7, NO_NAME},
    {BYTES("{\"a\":[1}"), 7, IN_ARRAY},
};

/* Scan a copy of exactly its size, so that a sanitizer detects overruns. */
static bool scan_copy(struct text text, struct json_error *error)
{
    char *copy = malloc(text.length + (text.length == 0));

    assert_non_null(copy);
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    bool valid = json_scan((struct text){copy, text.length}, error);
    free(copy);
    return valid;
}

static void valid_texts_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct json_error error = {0, NULL};
        if (!scan_copy(accepted[i], &error))
            fail_msg("row %zu: at byte %zu: %s", i, error.offset, error.reason);
        assert_null(error.reason);
    }
}

static void check_refusals(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json_error error;
        if (scan_copy(rows[i].text, &error))
            fail_msg("row %zu passed", i);
        if (error.offset != rows[i].offset ||
            strcmp(error.reason, rows[i].reason) != 0)
            fail_msg("row %zu: at byte %zu: %s", i, error.offset, error.reason);
    }
}

static void invalid_values_are_refused(void **state)
{
    (void)state;
    check_refusals(refused_values, COUNT(refused_values));
}

static void invalid_numbers_are_refused(void **state)
{
    (void)state;
    check_refusals(refused_numbers, COUNT(refused_numbers));
}

static void invalid_strings_are_refused(void **state)
{
    (void)state;
    check_refusals(refused_strings, COUNT(refused_strings));
}

static void invalid_utf8_is_refused(void **state)
{
    (void)state;
    check_refusals(refused_utf8, COUNT(refused_utf8));
}

static void invalid_arrays_and_objects_are_refused(void **state)
{
    (void)state;
    check_refusals(refused_containers, COUNT(refused_containers));
}

static void absent_text_is_refused(void **state)
{
    (void)state;
    struct json_error error;

    assert_false(json_scan((struct text){NULL, 0}, &error));
    assert_int_equal(error.offset, 0);
    assert_string_equal(error.reason, NO_VALUE);
}

/* The bytes before the offset of an error are valid or only incomplete. */
static void check_prefixes(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct json_error error;
        struct text prefix = {rows[i].text.data, rows[i].offset};
        if (!scan_copy(prefix, &error) && error.offset != prefix.length)
            fail_msg("row %zu: the bytes before the error fail at byte %zu", i,
                     error.offset);
    }
}

static void error_offset_is_the_first_invalid_byte(void **state)
{
    (void)state;
    check_prefixes(refused_values, COUNT(refused_values));
    check_prefixes(refused_numbers, COUNT(refused_numbers));
    check_prefixes(refused_strings, COUNT(refused_strings));
    check_prefixes(refused_utf8, COUNT(refused_utf8));
    check_prefixes(refused_containers, COUNT(refused_containers));
}

/* `levels` of objects and arrays in turn, with a number in the innermost. */
static struct text nested(char *out, int levels)
{
    char *at = out;

    for (int i = 0; i < levels; i++)
        at = stpcpy(at, i % 2 == 0 ? "[" : "{\"a\":");
    *at++ = '1';
    for (int i = levels - 1; i >= 0; i--)
        *at++ = i % 2 == 0 ? ']' : '}';
    return (struct text){out, (size_t)(at - out)};
}

static void nesting_is_limited_to_64_levels(void **state)
{
    (void)state;
    char memory[1000];
    struct json_error error;

    assert_int_equal(JSON_MAX_DEPTH, 64);
    assert_true(scan_copy(nested(memory, 64), &error));
    assert_false(scan_copy(nested(memory, 65), &error));
    assert_string_equal(error.reason, "more than 64 levels deep");
    assert_int_equal(error.offset, 32 * strlen("[{\"a\":"));
}

static void siblings_do_not_nest(void **state)
{
    (void)state;
    char memory[1000];
    char *at = stpcpy(memory, "[[]");
    struct json_error error;

    for (int i = 0; i < 100; i++)
        at = stpcpy(at, i % 2 == 0 ? ",[]" : ",{}");
    at = stpcpy(at, "]");
    assert_true(
        scan_copy((struct text){memory, (size_t)(at - memory)}, &error));
}

/*
 * The offset at which a string of ASCII letters with one other `byte` fails; 0
 * if it is valid.
 */
static size_t expected_failure(int byte, size_t position)
{
    if (byte < 0x20)
        return position;
    if (byte < 0x80)
        return 0;
    return byte >= 0xC2 && byte <= 0xF4 ? position + 1 : position;
}

static void check_byte_in_string(int byte, size_t position, size_t length)
{
    char memory[40];
    struct json_error error = {0, NULL};

    memset(memory, 'a', sizeof(memory));
    memory[0] = '"';
    memory[position] = (char)byte;
    memory[length + 1] = '"';
    bool valid = scan_copy((struct text){memory, length + 2}, &error);
    size_t expected = expected_failure(byte, position);
    if (valid != (expected == 0) || error.offset != expected)
        fail_msg("byte %02x at offset %zu of a string of %zu bytes",
                 (unsigned)byte, position, length);
}

/* The scan reads eight bytes at a time: each position in them is tested. */
static void every_byte_is_checked_at_every_position(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 20; length++) {
        for (size_t position = 1; position <= length; position++) {
            for (int byte = 0; byte < 256; byte++) {
                if (byte != '"' && byte != '\\')
                    check_byte_in_string(byte, position, length);
            }
        }
    }
}

/*
 * How many sequences of `length` bytes pass as a string if the first byte is
 * `lead` and the others are 0x80 to 0xFF.
 */
static unsigned count_valid(int lead, size_t length)
{
    unsigned combinations = 1U << (7 * (length - 1));
    unsigned valid = 0;

    for (unsigned rest = 0; rest < combinations; rest++) {
        char memory[6] = {'"', (char)lead};
        struct json_error error;

        for (size_t i = 1; i < length; i++)
            memory[i + 1] = (char)(0x80 | (rest >> (7 * (i - 1)) & 0x7F));
        memory[length + 1] = '"';
        valid += json_scan((struct text){memory, length + 2}, &error);
    }
    return valid;
}

static unsigned count_valid_from(int first, int last, size_t length)
{
    unsigned valid = 0;

    for (int lead = first; lead <= last; lead++)
        valid += count_valid(lead, length);
    return valid;
}

static void exactly_the_utf8_of_characters_passes(void **state)
{
    (void)state;
    assert_int_equal(count_valid_from(0x80, 0xFF, 1), 0);
    assert_int_equal(count_valid_from(0x80, 0xFF, 2), 0x800 - 0x80);
    /* Without the surrogates. */
    assert_int_equal(count_valid_from(0xE0, 0xFF, 3), 0x10000 - 0x800 - 0x800);
    /* Only the first and the last lead byte restrict the byte after them. */
    assert_int_equal(count_valid(0xF0, 4), 0x40000 - 0x10000);
    assert_int_equal(count_valid(0xF4, 4), 0x110000 - 0x100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_texts_pass),
        cmocka_unit_test(invalid_values_are_refused),
        cmocka_unit_test(invalid_numbers_are_refused),
        cmocka_unit_test(invalid_strings_are_refused),
        cmocka_unit_test(invalid_utf8_is_refused),
        cmocka_unit_test(invalid_arrays_and_objects_are_refused),
        cmocka_unit_test(absent_text_is_refused),
        cmocka_unit_test(error_offset_is_the_first_invalid_byte),
        cmocka_unit_test(nesting_is_limited_to_64_levels),
        cmocka_unit_test(siblings_do_not_nest),
        cmocka_unit_test(every_byte_is_checked_at_every_position),
        cmocka_unit_test(exactly_the_utf8_of_characters_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
