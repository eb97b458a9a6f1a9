/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of request targets: tables of targets, split and decoded.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "http/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_text(struct text text, const char *expected)
{
    if (expected == NULL) {
        assert_null(text.data);
        return;
    }
    assert_non_null(text.data);
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

static void target_is_split_into_path_and_query(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *path;
        const char *query; /* NULL: absent */
    } cases[] = {
        {"/", "/", NULL},
        {"/rockets", "/rockets", NULL},
        {"/rockets?", "/rockets", ""},
        {"/rockets?a=b", "/rockets", "a=b"},
        {"/rockets?a=?&b", "/rockets", "a=?&b"},
        {"/a%3Fb?c", "/a%3Fb", "c"},
        {"//x/y", "//x/y", NULL},
        {"*", "*", NULL},
        {"", "", NULL},
        {"?a", "", "a"},
        {"http://host", "/", NULL},
        {"http://host/", "/", NULL},
        {"http://host:80/rockets?a", "/rockets", "a"},
        {"HTTPS://host/x", "/x", NULL},
        {"http://host?a=/b", "/", "a=/b"},
        {"http://", "/", NULL},
        {"http:/x", "http:/x", NULL},
        {"ftp://host/x", "ftp://host/x", NULL},
        {"/http://host/x", "/http://host/x", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text path;
        struct text query;
        http_target_split(text_of(cases[i].target), &path, &query);
        assert_text(path, cases[i].path);
        assert_text(query, cases[i].query);
    }
}

static void absolute_target_has_an_authority(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *authority; /* NULL: absent */
    } cases[] = {
        {"/", NULL},
        {"/http://host/x", NULL},
        {"*", NULL},
        {"", NULL},
        {"host:80", NULL},
        {"ftp://host/x", NULL},
        {"http:/x", NULL},
        {"http://", ""},
        {"http:///x", ""},
        {"http://host", "host"},
        {"HTTPS://Host:1/x", "Host:1"},
        {"http://host?a", "host"},
        {"http://host#a", "host"},
        {"http://user@host/", "user@host"},
        {"http://[::1]:80/", "[::1]:80"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_text(http_target_authority(text_of(cases[i].target)),
                    cases[i].authority);
}

static void percent_is_decoded_in_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool plus_is_space;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        {"", false, ""},
        {"abc", false, "abc"},
        {"%41%6a%6A", false, "Ajj"},
        {"a+b", false, "a+b"},
        {"a+b", true, "a b"},
        {"%2B+%2b", true, "+ +"},
        {"%25%34%31", false, "%41"}, /* decoded once, not twice */
        {"%ff%C3", false, "\xff\xc3"},
        {"%", false, NULL},
        {"%4", false, NULL},
        {"a%4", false, NULL},
        {"a%4g", false, NULL},
        {"a%g4", false, NULL},
        {"%%41", false, NULL},
        {"%+1", true, NULL},
        {"% 1", false, NULL},
        {"%-1", false, NULL},
        {"%0x", false, NULL},
        {"%@0", false, NULL},
        {"%`0", false, NULL},
        {"%:0", false, NULL},
        {"%/0", false, NULL},
        {"%G0", false, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* Exactly as long as the text, so that a sanitizer detects overruns. */
        size_t length = strlen(cases[i].text);
        char *text = malloc(length > 0 ? length : 1);
        assert_non_null(text);
        memcpy(text, cases[i].text, length);
        ptrdiff_t decoded =
            http_percent_decode(text, length, cases[i].plus_is_space);
        if (cases[i].decoded == NULL)
            assert_true(decoded == -1);
        else
            assert_text((struct text){text, (size_t)decoded}, cases[i].decoded);
        free(text);
    }
    char nul[] = "a%00b";
    assert_true(http_percent_decode(nul, 5, false) == 3);
    assert_memory_equal(nul, "a\0b", 3);
    char beyond[] = "a%41";
    assert_true(http_percent_decode(beyond, 3, false) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_is_split_into_path_and_query),
        cmocka_unit_test(absolute_target_has_an_authority),
        cmocka_unit_test(percent_is_decoded_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
