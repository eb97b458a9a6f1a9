/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the members of an object are found with their exact bounds,
 * whatever their values contain. Every text here is valid JSON, as
 * json_object.h requires.
 */
#include "lib/unit_check.h"

#include "format/json_object.h"
#include "format/json_scan.h"

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
    static const char *const empty[] = {"{}", "{ }", "\n{\r\n\t}\n"};
    struct json_object object;
    struct json_member member;

    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(json_object_open(&object, text_of(others[i])));
    for (size_t i = 0; i < COUNT(empty); i++) {
        open_text(&object, empty[i]);
        assert_false(json_object_next(&object, &member));
    }
}

static void check_member(struct json_object *object, const char *name,
                         const char *value)
{
    struct json_member member;

    assert_true(json_object_next(object, &member));
    unit_check_text(member.name, text_of(name));
    unit_check_text(member.value, text_of(value));
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
        check_member(&object, "\"a\"", "1");
        check_member(&object, "\"b\\\"\"", value);
        check_member(&object, "\"\"", "null");
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
        "{}",
        "[]",
        "\"\"",
        "\"\\\\\"",
        "\"\\\"\"",
        "\"\\\\\\\"\\\\\"",
        "\"},]{[:,\"",
        "[[],{},[{}]]",
        "{\"x\":{\"y\":[1,2,\"]}\"]},\"z\":\"{\"}",
        "[\"\\\"]\",\"\\\\\",[ \"[\" ] ]",
        "\"\xC3\xA4\xF0\x9F\x9A\x80\""};

    for (size_t i = 0; i < COUNT(values); i++)
        check_value(values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_objects_are_opened),
        cmocka_unit_test(values_are_found_completely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
