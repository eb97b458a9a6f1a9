/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the suggestions for misspelt names.
 */
#include "lib/unit_check.h"

#include "base/nearest.h"

static const char *name_at(size_t index)
{
    static const char *const names[] = {
        "sort", "status", "idPrefix", "abcdefghijklmnopqrstuvwxyz01234", NULL};

    return names[index];
}

static const char *no_name_at(size_t index)
{
    (void)index;
    return NULL;
}

static void nearest_name_differs_in_at_most_half_of_its_length(void **context)
{
    const struct {
        struct text text;
        const char *name;
    } cases[] = {
        {TEXT("staus"), "status"},
        {TEXT("statuss"), "status"},
        {TEXT("sttaus"), "status"},
        {TEXT("state"), "status"},
        {TEXT("STATUS"), "status"},
        {TEXT("idprefix"), "idPrefix"},
        {TEXT("id_prefix"), "idPrefix"},
        {TEXT("prefix"), "idPrefix"},
        {TEXT("sortby"), "sort"},
        {TEXT("SORTBY"), "sort"},
        {TEXT("so"), "sort"},
        {TEXT("s"), NULL},
        {TEXT("sorted-by"), NULL},
        {TEXT("id"), NULL},
        {TEXT("colour"), NULL},
        {TEXT(""), NULL},
        {TEXT("sort\0\xff"), "sort"},
        {TEXT("abcdefghijklmnopqrstuvwxyz0123"),
         "abcdefghijklmnopqrstuvwxyz01234"},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = nearest_name(cases[i].text, name_at);
        const char *expected = cases[i].name;
        if (name != expected &&
            (name == NULL || expected == NULL || strcmp(name, expected) != 0))
            fail_msg("%.*s: %s", (int)cases[i].text.length, cases[i].text.data,
                     name == NULL ? "none" : name);
    }
    assert_null(nearest_name(TEXT("sort"), no_name_at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_name_differs_in_at_most_half_of_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
