/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of a service on a terminal and in lines: in the columns that they are
 * given, and without control over the terminal. The locale is C.UTF-8.
 */
#include "lib/unit_check.h"

#include <locale.h>

#include "display.h"

static int set_locale(void **state)
{
    (void)state;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL ? 0 : -1;
}

static void expect_field(const char *text, size_t columns, bool right,
                         bool utf8, const char *expected)
{
    struct bytes out = {0};

    display_field(&out, text, columns, right, utf8);
    bytes_append(&out, "", 1);
    assert_false(out.failed);
    assert_string_equal(out.data, expected);
    assert_int_equal(display_width(expected, true), columns);
    bytes_release(&out);
}

static void fields_have_their_columns(void **state)
{
    static const struct {
        const char *text;
        size_t columns;
        const char *left, *right;
    } ROWS[] = {
        {"", 0, "", ""},
        {"a", 0, "", ""},
        {"", 3, "   ", "   "},
        {"abc", 5, "abc  ", "  abc"},
        {"abc", 3, "abc", "abc"},
        {"abcd", 3, "ab\u2026", "ab\u2026"},
        {"abcd", 1, "\u2026", "\u2026"},
        {"M\u00fcnchen", 4, "M\u00fcn\u2026", "M\u00fcn\u2026"},
        /* A wide character takes two columns, or none if only one is left. */
        {"\u6f22\u5b57", 4, "\u6f22\u5b57", "\u6f22\u5b57"},
        {"\u6f22\u5b57", 5, "\u6f22\u5b57 ", " \u6f22\u5b57"},
        {"\u6f22\u5b57", 3, "\u6f22\u2026", "\u6f22\u2026"},
        {"\u6f22\u5b57", 2, "\u2026 ", "\u2026 "},
        {"a\u6f22\u5b57", 4, "a\u6f22\u2026", "a\u6f22\u2026"},
        {"\U0001f680\U0001f680", 3, "\U0001f680\u2026", "\U0001f680\u2026"},
        /* At most two marks for a character, and none without one. */
        {"e\u0301x", 2, "e\u0301x", "e\u0301x"},
        {"e\u0301\u0302\u0303\u0304x", 2, "e\u0301\u0302x", "e\u0301\u0302x"},
        {"\u0301x", 2, "x ", " x"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        expect_field(ROWS[i].text, ROWS[i].columns, false, true, ROWS[i].left);
        expect_field(ROWS[i].text, ROWS[i].columns, true, true, ROWS[i].right);
    }
}

static void nothing_controls_the_terminal(void **state)
{
    static const struct {
        const char *text, *shown, *escaped;
    } ROWS[] = {
        {"\033[2J", "?[2J", "\\u001b[2J"},
        {"a\tb\nc\r", "a?b?c?", "a\\u0009b\\u000ac\\u000d"},
        {"\x7f", "?", "\\u007f"},
        {"\xc2\x85\xc2\x9b"
         "1m",
         "??1m", "\\u0085\\u009b1m"}, /* NEL, CSI */
        {"\u202e\u202c\u2066\u2069\u200b\u200f\ufeff", "???????",
         "\\u202e\\u202c\\u2066\\u2069\\u200b\\u200f\\ufeff"},
        {"\u2028", "?", "\\u2028"},
        {"\U000e0041", "?", "\\U000e0041"}, /* a tag */
        {"\\", "\\", "\\\\"},
        /* No UTF-8: a lone byte, a C1 byte, too long, a surrogate, too large,
         * cut. */
        {"\xff", "?", "\\xff"},
        {"\x9b", "?", "\\x9b"},
        {"\xc0\x8a", "??", "\\xc0\\x8a"},
        {"\xe0\x80\x8a", "???", "\\xe0\\x80\\x8a"},
        {"\xed\xa0\x80", "???", "\\xed\\xa0\\x80"},
        {"\xf4\x90\x80\x80", "????", "\\xf4\\x90\\x80\\x80"},
        {"\xe6\xbc", "??", "\\xe6\\xbc"},
        {"\xe6\033", "??", "\\xe6\\u001b"},
        {"\u6f22", "\u6f22", "\u6f22"},
        /* Not assigned, so it has no width. */
        {"\U0003ffff", "?", "\U0003ffff"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct bytes out = {0};

        display_text(&out, ROWS[i].text, 100, true);
        bytes_append(&out, "", 1);
        assert_string_equal(out.data, ROWS[i].shown);
        bytes_clear(&out);
        display_escaped(&out, ROWS[i].text);
        bytes_append(&out, "", 1);
        assert_string_equal(out.data, ROWS[i].escaped);
        bytes_release(&out);
    }
}

/* No byte may do harm, whatever it stands beside. */
static void random_bytes_stay_within_their_columns(void **state)
{
    uint64_t random = 17;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct bytes out = {0};
        char text[24];
        size_t length = unit_random(&random) % sizeof(text);
        size_t columns = unit_random(&random) % 12;

        for (size_t j = 0; j < length; j++)
            text[j] = (char)(unit_random(&random) % 255 + 1);
        text[length < sizeof(text) ? length : sizeof(text) - 1] = '\0';
        display_field(&out, text, columns, i % 2 == 0, true);
        bytes_append(&out, "", 1);
        assert_int_equal(display_width(out.data, true), columns);
        for (const char *at = out.data; *at != '\0'; at++)
            assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
        bytes_release(&out);
    }
}

static void without_utf8_all_is_ascii(void **state)
{
    (void)state;
    expect_field("M\u00fcnchen", 8, false, false, "M?nchen ");
    expect_field("\u6f22\u5b57", 3, true, false, " ??");
    expect_field("abcdef", 4, false, false, "abc~");
    expect_field("\xff\xfe", 2, false, false, "??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_have_their_columns),
        cmocka_unit_test(nothing_controls_the_terminal),
        cmocka_unit_test(random_bytes_stay_within_their_columns),
        cmocka_unit_test(without_utf8_all_is_ascii),
    };

    return cmocka_run_group_tests(tests, set_locale, NULL);
}
