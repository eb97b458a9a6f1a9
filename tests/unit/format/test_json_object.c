/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the members of an object are found with their exact bounds,
 * whatever their values contain. Every text here is valid JSON, as
 * json_object.h requires.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "format/json_object.h"
#include "format/json_scan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected)))
        fail_msg("got %.*s, expected %s", (int)text.length, text.data,
                 expected);
}

static void open_text(struct json_object *object, const char *text)
{
    struct json_error error;

    assert_true(json_scan(text_of(text), &error));
    assert_true(json_object_open(object, text_of(text)));
}

static void only_objects_are_opened(void **state)
{
    (void)state;
    static const char *const others[] = {"1",     "\"{\"", "[{}]", "true",
                                         " \t-1", "null",  "[]"};
    struct json_object object;

    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(json_object_open(&object, text_of(others[i])));
    assert_true(json_object_open(&object, text_of(" \t\r\n{}")));
}

static void empty_objects_have_no_member(void **state)
{
    (void)state;
    static const char *const empty[] = {"{}", "{ }", "\n{\r\n\t}\n"};
    struct json_object object;
    struct json_member member;

    for (size_t i = 0; i < COUNT(empty); i++) {
        open_text(&object, empty[i]);
        assert_false(json_object_next(&object, &member));
    }
}

/* A member between two others, with different white space around the tokens. */
static void check_value(const char *value)
{
    static const char *const gaps[] = {"", " ", "\r\n\t "};
    char text[512];

    for (size_t i = 0; i < COUNT(gaps); i++) {
        const char *gap = gaps[i];
        struct json_object object;
        struct json_member member;

        snprintf(text, sizeof(text),
                 "{%s\"a\"%s:%s1%s,%s\"b\\\"\"%s:%s%s%s,"
                 "%s\"\"%s:%snull%s}%s",
                 gap, gap, gap, gap, gap, gap, gap, value, gap, gap, gap, gap,
                 gap, gap);
        open_text(&object, text);
        assert_true(json_object_next(&object, &member));
        assert_text(member.name, "\"a\"");
        assert_text(member.value, "1");
        assert_true(json_object_next(&object, &member));
        assert_text(member.name, "\"b\\\"\"");
        assert_text(member.value, value);
        assert_true(json_object_next(&object, &member));
        assert_text(member.name, "\"\"");
        assert_text(member.value, "null");
        assert_false(json_object_next(&object, &member));
    }
}

static void values_are_found_completely(void **state)
{
    (void)state;
    static const char *const values[] = {
        "0",
        "-1.5e+30",
        "true",
        "\"\"",
        "\"\\\\\"",
        "\"\\\"\"",
        "\"\\\\\\\"\\\\\"",
        "\"},]{[:,\"",
        "{}",
        "[]",
        "[[],{},[{}]]",
        "{\"x\":{\"y\":[1,2,\"]}\"]},\"z\":\"{\"}",
        "[\"\\\"]\",\"\\\\\",[ \"[\" ] ]",
        "\"\xC3\xA4\xF0\x9F\x9A\x80\"",
    };

    for (size_t i = 0; i < COUNT(values); i++)
        check_value(values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_objects_are_opened),
        cmocka_unit_test(empty_objects_have_no_member),
        cmocka_unit_test(values_are_found_completely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
