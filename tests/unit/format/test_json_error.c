/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the words for texts that are refused: what is claimed is true, and
 * the place is the one that an editor shows.
 */
#include "lib/unit_check.h"

#include "format/json_error.h"

#define BOM "\xEF\xBB\xBF"

static const struct {
    struct text text;
    const char *words;
} cases[] = {
    /* One line, with or without its end: the byte. */
    {{"", 0}, "is not JSON: at byte 0: expected a value"},
    {{"{\"a\":1 2}", 9}, "is not JSON: at byte 7: expected ',' or '}'"},
    {{"{\"a\":1 2}\n", 10}, "is not JSON: at byte 7: expected ',' or '}'"},
    {{"{\"a\":1 2}\r\n", 11}, "is not JSON: at byte 7: expected ',' or '}'"},
    {{"{\"a\":1\n", 7}, "is not JSON: at byte 7: expected ',' or '}'"},
    /* Several lines: line and column. */
    {{"{\n\"a\":1 2}", 10},
     "is not JSON: at line 2, column 7: expected ',' or '}'"},
    {{"{\"a\":1 2}\n\n", 11},
     "is not JSON: at line 1, column 8: expected ',' or '}'"},
    {{"\n\n\n", 3}, "is not JSON: at line 4, column 1: expected a value"},
    {{"[\r\n1,\r\n", 7}, "is not JSON: at line 3, column 1: expected a value"},
    {{"\r\r", 2}, "is not JSON: at byte 2: expected a value"},
    {{"[\"\xC3\xA4\n\"\n]", 8},
     "is not JSON: at line 1, column 5: a control character in a string must "
     "be escaped"},
    {{"[\n\"\xC3\xA4\" 1]", 9},
     "is not JSON: at line 2, column 6: expected ',' or ']'"},
    {{"{}\n{}", 5},
     "is not JSON: at line 2, column 1: unexpected text after the end"},
    /* Limits: the text may be JSON. */
    {{"\"\\u0000\"", 8}, "is not accepted: at byte 6: \\u0000 in a string"},
    {{"[\n\"\\ud800\"]", 11},
     "is not accepted: at line 2, column 8: a lone surrogate"},
    /* Other encodings (RFC 8259 section 8.1). */
    {{BOM "{}", 5},
     "begins with a byte order mark (EF BB BF): JSON is sent without one"},
    {{BOM, 3},
     "begins with a byte order mark (EF BB BF): JSON is sent without one"},
    {{"\xFF\xFE{\0}\0", 6}, "seems to be UTF-16: JSON is sent as UTF-8"},
    {{"\xFE\xFF\0{\0}", 6}, "seems to be UTF-16: JSON is sent as UTF-8"},
    {{"{\0}\0", 4}, "seems to be UTF-16: JSON is sent as UTF-8"},
    {{"\0{\0}", 4}, "seems to be UTF-16: JSON is sent as UTF-8"},
    {{"{\0\0\0}\0\0\0", 8}, "seems to be UTF-32: JSON is sent as UTF-8"},
    {{"\0\0\0{\0\0\0}", 8}, "seems to be UTF-32: JSON is sent as UTF-8"},
    {{"\xFF\xFE\0\0{\0\0\0", 8}, "seems to be UTF-32: JSON is sent as UTF-8"},
    {{"\0\0\xFE\xFF\0\0\0{", 8}, "seems to be UTF-32: JSON is sent as UTF-8"},
    {{"\x1F\x8B\x08\0", 4},
     "seems to be gzip data: send it with Content-Encoding: gzip"},
    {{"\x1F\x8B\x08", 3},
     "seems to be gzip data: send it with Content-Encoding: gzip"},
    /* But not these. */
    {{"\x1F\x8B", 2}, "is not JSON: at byte 0: expected a value"},
    {{"\xEF\xBB", 2}, "is not JSON: at byte 0: expected a value"},
    {{"\xFF{}", 3}, "is not JSON: at byte 0: expected a value"},
    {{"\0", 1}, "is not JSON: at byte 0: expected a value"},
    {{"\0\0\0\0", 4}, "is not JSON: at byte 0: expected a value"},
    {{"\0{\"a", 4}, "is not JSON: at byte 0: expected a value"},
    {{"1\0", 2}, "is not JSON: at byte 1: unexpected text after the end"},
    {{"{}\0", 3}, "is not JSON: at byte 2: unexpected text after the end"},
};

static void texts_are_described_as_what_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text copy = exact_copy(cases[i].text);
        struct json_error error;
        char words[JSON_ERROR_SIZE];

        assert_false(json_scan(copy, &error));
        json_error_write(&error, copy, words);
        exact_copy_free(copy);
        assert_string_equal(words, cases[i].words);
    }
}

static void absent_text_is_described(void **state)
{
    struct json_error error;
    char words[JSON_ERROR_SIZE];

    (void)state;
    assert_false(json_scan(text_of(NULL), &error));
    json_error_write(&error, text_of(NULL), words);
    assert_string_equal(words, "is not JSON: at byte 0: expected a value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_described_as_what_they_are),
        cmocka_unit_test(absent_text_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
