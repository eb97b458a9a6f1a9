/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the comparison of If-None-Match with an entity tag: tables of
 * values, valid and invalid.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/etag.h"

struct etag_case {
    const char *if_none_match;
    const char *etag;
    bool matches;
};

/* A copy of exactly its size, so that a sanitizer detects overruns. */
static struct text exact_copy(struct text text)
{
    if (text.data == NULL)
        return text;
    char *copy = malloc(text.length > 0 ? text.length : 1);
    assert_non_null(copy);
    memcpy(copy, text.data, text.length);
    return (struct text){copy, text.length};
}

static void check_cases(const struct etag_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct text field = exact_copy(text_of(cases[i].if_none_match));
        struct text etag = exact_copy(text_of(cases[i].etag));
        assert_int_equal(etag_matches(field, etag), cases[i].matches);
        free((char *)field.data);
        free((char *)etag.data);
    }
}

static void comparison_is_weak(void **state)
{
    (void)state;
    static const struct etag_case cases[] = {
        {"\"a\"", "\"a\"", true},   {"W/\"a\"", "\"a\"", true},
        {"\"a\"", "W/\"a\"", true}, {"W/\"a\"", "W/\"a\"", true},
        {"\"\"", "W/\"\"", true},   {"\"\xc3\xa9\"", "\"\xc3\xa9\"", true},
        {"\"a\"", "\"A\"", false},  {"\"a\"", "\"ab\"", false},
        {"\"ab\"", "\"a\"", false}, {"\"W/a\"", "W/\"a\"", false},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void every_tag_of_a_list_is_compared(void **state)
{
    (void)state;
    static const struct etag_case cases[] = {
        {"\"a\", \"b\", W/\"c\"", "\"a\"", true},
        {"\"a\", \"b\", W/\"c\"", "\"b\"", true},
        {"\"a\", \"b\", W/\"c\"", "\"c\"", true},
        {"\"a\", \"b\", W/\"c\"", "\"d\"", false},
        {"\"a\",\"b\"", "\"b\"", true},
        {"\"a\" \t,\t \"b\"", "\"b\"", true},
        {" \t\"a\"\t ", "\"a\"", true},
        {",, \"a\",, ,\"b\",", "\"b\"", true},
        {"\"a,b\", \"c\"", "\"a,b\"", true},
        {"\"a,b\", \"c\"", "\"c\"", true},
        {"\"x,\"a\"", "\"a\"", false},
        {"\"a,b\"", "\"b\"", false},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void star_matches_only_if_alone(void **state)
{
    (void)state;
    static const struct etag_case cases[] = {
        {"*", "\"a\"", true},         {" * ", "W/\"a\"", true},
        {"\"*\"", "\"a\"", false},    {"\"b\", *", "\"a\"", false},
        {"*, \"a\"", "\"a\"", false}, {"**", "\"a\"", false},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

static void tags_after_a_syntax_error_are_ignored(void **state)
{
    (void)state;
    static const struct etag_case cases[] = {
        {NULL, "\"a\"", false},         {"", "\"a\"", false},
        {" ", "\"a\"", false},          {",", "\"a\"", false},
        {"a", "\"a\"", false},          {"\"a", "\"a\"", false},
        {"a\"", "\"a\"", false},        {"\"", "\"\"", false},
        {"W/", "\"a\"", false},         {"W/a", "\"a\"", false},
        {"W\"a\"", "\"a\"", false},     {"w/\"a\"", "\"a\"", false},
        {"W/ \"a\"", "\"a\"", false},   {"'a'", "\"a\"", false},
        {"\"a b\"", "\"a b\"", false},  {"\"a\x7f\"", "\"a\x7f\"", false},
        {"x, \"a\"", "\"a\"", false},   {"\"b\" \"a\"", "\"a\"", false},
        {"\"b\"\"a\"", "\"a\"", false}, {"\"b\"x, \"a\"", "\"a\"", false},
        {"\"a\", x", "\"a\"", true},    {"\"a\" x", "\"a\"", true},
        {"\"a\", \"b", "\"a\"", true},  {"W", "\"a\"", false},
        {"xa\"", "\"a\"", false},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparison_is_weak),
        cmocka_unit_test(every_tag_of_a_list_is_compared),
        cmocka_unit_test(star_matches_only_if_alone),
        cmocka_unit_test(tags_after_a_syntax_error_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
