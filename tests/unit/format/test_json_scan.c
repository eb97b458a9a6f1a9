/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the JSON scan for every production of RFC 8259: texts that pass, and
 * texts that are refused, with offset and reason.
 */
#include "lib/unit_check.h"

#include "format/json_scan.h"
#include "fuzz/strict.h"

enum { MAX_TEXTS = 32 };

/* In a refused text, ^ stands in front of the first invalid byte. */
static const struct {
    const char *reason; /* NULL: accepted */
    const char *texts[MAX_TEXTS];
} cases[] = {
    /* accepted */
    {NULL, {"null",  "true",       "false",   " \t\n\r0 \t\n\r",
            "0",     "-0",         "7",       "-7",
            "10",    "1234567890", "0.5",     "-0.50",
            "10.01", "1e3",        "1E3",     "0e0",
            "1e+3",  "1E-3",       "1.5e007", "1e400"}},
    {NULL,
     {"-12345678901234567890123456789012345678901234567890.1234567e-12",
      "123456789012345678901234567890123456789012345678901234567890123"}},
    {NULL,
     {"{}", "[]", " [ ] ", " { } ", "\n{\t\"a\"\r: 1 ,\n\"b\" : [ 1 , 2 ] }\n",
      "[1]", "[1,\"a\",null,true,false,{},[]]", "[[[]],[]]", "{\"a\":1}",
      "{\"\":{}}", "{\"a\":1,\"a\":2}",
      "{\"a\":{\"b\":[{\"c\":null}]},\"d\":-1}"}},
    {NULL,
     {"\"\"", "\"Falcon-9\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
      "\"\\u0001\\u001f\\u00e4\\u00E4\\uFFFF\\uffff\"", "\"\\uD7FF\\uE000\"",
      "\"\\uD800\\uDC00\\udbff\\udfff\"", "\"\\u0041\\\\u0000\"", "\"\x7F\"",
      "\"'/\"", "\"\xC2\x80 \xDF\xBF\"",
      "\"\xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF\"",
      "\"\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF\"", "\"\xEF\xBB\xBF\""}},
    /* refused */
    {"expected a value",
     {"^",        "^a",        "^]",        "^,",          "^+1",
      "^.5",      " \n^",      "nul^",      "^NaN",        "^'a'",
      "^\f1",     "nul^x",     "^True",     "tr^ve",       "fals^",
      "^// c\n1", "^Infinity", "^\xC3\xA4", "^\xC2\xA0{}", "^\xEF\xBB\xBF{}"}},
    {"expected a value",
     {"[^", "[1,^", "[1,^]", "[^,1]", "[^\x01]", "[1,^,2]", "{\"a\":^",
      "{\"a\":^}", "{\"a\":^:1}"}},
    {"unexpected text after the end",
     {"1^,", "0^1", "0^0", "1 ^2", "[]^]", "1^\v", "-0^1", "0^x1", "{}^{}",
      "null^x", "1^_000", "1.2^.3", "1e1^.5", "1e5^e5", "\"a\"^b"}},
    {"expected a digit",
     {"-^", "-^a", "5.^", "1e^", "-^-1", "-^ 1", "-^.5", "1e+^", "5.^e1",
      "1e-^x", "1e+^-1"}},
    {"expected ',' or ']'",
     {"[1^", "[1^}", "[0^1]", "[1 ^2]", "[1^:2]", "{\"a\":[1^}"}},
    {"a number has more than 63 characters",
     {"123456789012345678901234567890123456789012345678901234567890123^4",
      "[-12345678901234567890123456789012345678901234567890.1234567e-12^3]"}},
    {"a string has no closing quote",
     {"\"^", "{\"a^", "\"\\\"^", "\"abcdefghijklmn^"}},
    {"a control character in a string must be escaped",
     {"\"^\n\"", "\"^\t\"", "\"^\x1F\""}},
    {"an unknown escape",
     {"\"\\^", "\"\\^'\"", "\"\\^\n\"", "\"\\^x41\"", "\"\\^U0041\""}},
    {"expected four hexadecimal digits",
     {"\"\\u^", "\"\\u12^\"", "\"\\u12^g4\"", "\"\\u^@000\"", "\"\\u^+123\"",
      "\"\\uD800\\uDC0^"}},
    {"\\u0000 in a string", {"\"\\u000^0\"", "\"a\\u000^0b\""}},
    {"a lone surrogate",
     {"\"\\ud800^", "\"\\ud800^\"", "\"\\uD^C00\"", "\"\\uD800^x\"",
      "\"\\uD800\\^n\"", "\"\\uD800\\u^0041\"", "\"\\uD800\\uD^800\"",
      "\"\\uDBFF\\u^E000\"", "\"\\ud^fff\\ud800\""}},
    {"invalid UTF-8",
     {"\"^\x80\"", "\"^\xBF\"", "\"^\xFE\"", "\"^\xFF\"", "\"^\xC0\x80\"",
      "\"^\xC1\xBF\"", "\"^\xF5\x80\x80\x80\""}},
    {"invalid UTF-8",
     {"\"\xC2^", "\"\xC2^\"", "\"\xE2\x82^", "\"\xC2^\x41\"", "\"\xE2\x82^\"",
      "{\"\xE4^\":1}", "\"\xC3^\xC3\xA4\"", "\"\xE0^\x9F\xBF\"",
      "\"\xED^\xA0\x80\"", "\"\xED^\xBF\xBF\"", "\"\xF0\x9F\x9A^\"",
      "\"\xF0^\x8F\xBF\xBF\"", "\"\xF4^\x90\x80\x80\""}},
    {"expected a member name",
     {"{^", "{^]", "{^,}", "{^a:1}", "{^1:1}", "{^'a':1}", "{^null:1}",
      "{\"a\":1,^}", "{\"a\":1,^,\"b\":2}"}},
    {"expected ':'", {"{\"a\"^", "{\"a\"^}", "{\"a\"^,1}", "{\"a\" ^1}"}},
    {"expected ',' or '}'", {"{\"a\":1^", "{\"a\":1^]", "{\"a\":1 ^\"b\":2}"}},
};

/* Whether the reason is one of the limits of this service, not a rule of JSON.
 */
static bool is_limit(const char *reason)
{
    static const char *const limits[] = {
        "a number has more than 63 characters", "\\u0000 in a string",
        "a lone surrogate", "more than 64 levels of nesting"};

    for (size_t i = 0; i < COUNT(limits); i++) {
        if (strcmp(reason, limits[i]) == 0)
            return true;
    }
    return false;
}

static void check_fault(const struct json_error *error, struct text text)
{
    enum json_fault expected = JSON_NOT_JSON;

    if (is_limit(error->reason))
        expected = JSON_NOT_ACCEPTED;
    else if (strcmp(error->reason, "unexpected text after the end") == 0)
        expected = JSON_TEXT_AFTER;
    assert_int_equal(error->fault, expected);
    if (expected != JSON_NOT_ACCEPTED && strict_json_is_json(text))
        fail_msg("\"%.*s\" is JSON", (int)text.length, text.data);
}

/* Scan a copy of exactly its size. On success the error must be untouched. */
static void check_scan(struct text text, size_t offset, const char *reason)
{
    struct text copy = exact_copy(text);
    struct json_error error = {.offset = 0};
    bool valid = json_scan(copy, &error);

    exact_copy_free(copy);
    if (valid != (reason == NULL) || error.offset != offset)
        fail_msg("\"%.*s\": %s, at byte %zu", (int)text.length, text.data,
                 valid ? "accepted" : error.reason, error.offset);
    unit_check_text(text_of(error.reason), text_of(reason));
    if (!valid)
        check_fault(&error, text);
}

static void texts_are_accepted_or_refused_where_they_are_wrong(void **state)
{
    (void)state;
    char text[128];

    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t j = 0; cases[i].texts[j] != NULL; j++) {
            const char *marked = cases[i].texts[j];
            size_t offset = cases[i].reason == NULL ? 0 : strcspn(marked, "^");
            snprintf(text, sizeof(text), "%.*s%s", (int)offset, marked,
                     marked + offset + (cases[i].reason != NULL));
            check_scan(text_of(text), offset, cases[i].reason);
        }
    }
}

static void nul_is_refused_everywhere(void **state)
{
    (void)state;
    check_scan(text_of(NULL), 0, "expected a value");
    check_scan(TEXT("\0"), 0, "expected a value");
    check_scan(TEXT("1\0"), 1, "unexpected text after the end");
    check_scan(TEXT("{}\0{}"), 2, "unexpected text after the end");
    check_scan(TEXT("[1\0]"), 2, "expected ',' or ']'");
    check_scan(TEXT("\"a\0b\""), 2,
               "a control character in a string must be escaped");
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

/* Siblings do not nest. */
static void nesting_is_limited_to_64_levels(void **state)
{
    (void)state;
    char memory[1000];

    assert_int_equal(JSON_MAX_DEPTH, 64);
    check_scan(nested(memory, 64), 0, NULL);
    check_scan(nested(memory, 65), 32 * strlen("[{\"a\":"),
               "more than 64 levels of nesting");
    char *at = stpcpy(memory, "[[]");
    for (int i = 0; i < 100; i++)
        at = stpcpy(at, i % 2 == 0 ? ",[]" : ",{}");
    stpcpy(at, "]");
    check_scan(text_of(memory), 0, NULL);
}

/*
 * The scan reads eight bytes at a time: each position in them is tested. The
 * reader of tests/fuzz, which reads one byte at a time, tells what is right.
 */
static void every_byte_is_checked_at_every_position(void **state)
{
    (void)state;
    char memory[24];

    for (size_t i = 0; i < (size_t)20 * 20 * 256; i++) {
        size_t length = 3 + i / 256 / 20, position = 1 + i / 256 % 20;
        struct text text = {memory, length};
        bool may_be_later;
        struct json_error error = {.offset = STRICT_NOWHERE};
        memset(memory, 'a', sizeof(memory));
        memory[position] = (char)(i % 256);
        memory[0] = memory[length - 1] = '"';
        json_scan(text, &error);
        if (error.offset != strict_json_error(text, &may_be_later))
            fail_msg("\"%.*s\": at byte %zu", (int)length, memory,
                     error.offset);
    }
}

/*
 * How many sequences of `length` bytes pass as a string if the first byte is
 * from `first` to `last` and the others are 0x80 to 0xFF.
 */
static unsigned count_valid(int first, int last, size_t length)
{
    unsigned combinations = 1U << (7 * (length - 1));
    unsigned valid = 0;

    for (int lead = first; lead <= last; lead++) {
        for (unsigned rest = 0; rest < combinations; rest++) {
            char memory[6] = {'"', (char)lead};
            struct json_error error;

            for (size_t i = 1; i < length; i++)
                memory[i + 1] = (char)(0x80 | (rest >> (7 * (i - 1)) & 0x7F));
            memory[length + 1] = '"';
            bool passes = json_scan((struct text){memory, length + 2}, &error);
            if (json_scan_utf8((struct text){memory + 1, length}) != passes)
                fail_msg("%02x, %u", (unsigned)lead, rest);
            valid += passes;
        }
    }
    return valid;
}

static void exactly_the_utf8_of_characters_passes(void **state)
{
    (void)state;
    assert_int_equal(count_valid(0x80, 0xFF, 1), 0);
    assert_int_equal(count_valid(0x80, 0xFF, 2), 0x800 - 0x80);
    /* Without the surrogates. */
    assert_int_equal(count_valid(0xE0, 0xFF, 3), 0x10000 - 0x800 - 0x800);
    /* Only the first and the last lead byte restrict the byte after them. */
    assert_int_equal(count_valid(0xF0, 0xF0, 4), 0x40000 - 0x10000);
    assert_int_equal(count_valid(0xF4, 0xF4, 4), 0x110000 - 0x100000);
    assert_true(json_scan_utf8(TEXT("")));
    assert_true(json_scan_utf8(TEXT("a\0\"\303\266\360\237\232\200b")));
    assert_false(json_scan_utf8(TEXT("\360\237\232")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_accepted_or_refused_where_they_are_wrong),
        cmocka_unit_test(nul_is_refused_everywhere),
        cmocka_unit_test(nesting_is_limited_to_64_levels),
        cmocka_unit_test(every_byte_is_checked_at_every_position),
        cmocka_unit_test(exactly_the_utf8_of_characters_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
