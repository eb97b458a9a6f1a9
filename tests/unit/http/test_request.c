/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of requests: methods, and the path segments of targets.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "http/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void methods_are_case_sensitive(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum http_method method;
    } cases[] = {
        {"GET", HTTP_GET},         {"HEAD", HTTP_HEAD}, {"POST", HTTP_POST},
        {"OPTIONS", HTTP_OPTIONS}, {"get", HTTP_OTHER}, {"Post", HTTP_OTHER},
        {"GETS", HTTP_OTHER},      {"GE", HTTP_OTHER},  {"PUT", HTTP_OTHER},
        {"DELETE", HTTP_OTHER},    {"", HTTP_OTHER},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(http_method_of(text_of(cases[i].name)),
                         cases[i].method);
}

/*
 * `expected` is the segments of `target`, each with a "|" before it; NULL if
 * the target is malformed.
 */
static void assert_segments(const char *target, const char *expected)
{
    struct http_request request = {.method = HTTP_GET};
    char decoded[256], joined[256] = "";
    char *end = joined;

    http_request_set_target(&request, text_of(target), decoded);
    assert_int_equal(request.malformed, expected == NULL);
    if (expected == NULL)
        return;
    for (size_t i = 0; i < request.segment_count; i++) {
        end = buffer_put(end, TEXT("|"));
        end = buffer_put(end, request.segments[i]);
    }
    *end = '\0';
    assert_string_equal(joined, expected);
}

static void path_is_split_into_decoded_segments(void **state)
{
    static const struct {
        const char *target, *segments;
    } cases[] = {
        {"/", "|"},
        {"/messages", "|messages"},
        {"/messages?limit=5", "|messages"},
        {"/rockets/a", "|rockets|a"},
        {"/rockets/", "|rockets|"},
        {"//", "||"},
        {"/rockets/a%2Fb", "|rockets|a/b"},
        {"/%72ockets/%61%20", "|rockets|a "},
        {"/rockets/a+b", "|rockets|a+b"},
        {"http://host/rockets/a", "|rockets|a"},
        {"http://host", "|"},
        {"/1/2/3/4", "|1|2|3|4"},
        /* More segments than any operation has: no segments are set. */
        {"/1/2/3/4/5", ""},
        {"/1/2/3/4/%35/6", ""},
        {"*", ""},
        {"", ""},
        {"rockets/a", ""},
        {"/%", NULL},
        {"/%4", NULL},
        {"/%4g/a", NULL},
        {"/a/%zz", NULL},
        {"/1/2/3/4/5/%", NULL},
        {"*%", NULL},
        {"/a?b=%", NULL},
        {"/a?b=%2", NULL},
        {"/%61?b=%20", "|a"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_segments(cases[i].target, cases[i].segments);
}

/* The decoded path is never longer than the target. */
static void decoding_does_not_overrun(void **state)
{
    static const char target[] = "/%41%42/%43";
    struct http_request request = {.method = HTTP_GET};
    char decoded[sizeof(target)];

    (void)state;
    memset(decoded, '#', sizeof(decoded));
    http_request_set_target(&request, TEXT("/%41%42/%43"), decoded);
    assert_int_equal(request.segment_count, 2);
    assert_memory_equal(request.segments[0].data, "AB", 2);
    assert_memory_equal(request.segments[1].data, "C", 1);
    assert_int_equal(decoded[sizeof(decoded) - 1], '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_case_sensitive),
        cmocka_unit_test(path_is_split_into_decoded_segments),
        cmocka_unit_test(decoding_does_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
