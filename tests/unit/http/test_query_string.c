/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of query strings. Each is read to its end; the pairs are written as
 * [name=value] and compared with the expected text.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "http/query_string.h"

static void append_text(char *out, struct text text)
{
    size_t length = strlen(out);
    if (text.length > 0)
        memcpy(out + length, text.data, text.length);
    out[length + text.length] = '\0';
}

/* Write all pairs of `raw` to `out`; "!" stands for an invalid pair. */
static void read_all(struct text raw, char *out)
{
    static struct query query;
    struct query_pair pair;
    query_init(&query, raw);
    out[0] = '\0';
    for (;;) {
        enum query_result result = query_next(&query, &pair);
        if (result == QUERY_END)
            break;
        if (result == QUERY_INVALID) {
            append_text(out, TEXT("!"));
            continue;
        }
        assert_non_null(pair.name.data);
        assert_non_null(pair.value.data);
        append_text(out, TEXT("["));
        append_text(out, pair.name);
        append_text(out, TEXT("="));
        append_text(out, pair.value);
        append_text(out, TEXT("]"));
    }
    assert_int_equal(query_next(&query, &pair), QUERY_END);
}

static void pairs_are_split_and_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        const char *pairs;
    } cases[] = {
        {NULL, ""},
        {"", ""},
        {"&", ""},
        {"&&&", ""},
        {"a=b", "[a=b]"},
        {"a=b&c=d", "[a=b][c=d]"},
        {"&a=b&&c=d&", "[a=b][c=d]"},
        {"a=b&a=c", "[a=b][a=c]"},
        {"a", "[a=]"},
        {"a=", "[a=]"},
        {"=b", "[=b]"},
        {"=", "[=]"},
        {"a=b=c", "[a=b=c]"},
        {"sort=speed&order=desc", "[sort=speed][order=desc]"},
        {"a+b=c+d", "[a b=c d]"},
        {"a%3Db=c%26d", "[a=b=c&d]"},
        {"%61=%2B%25", "[a=+%]"},
        {"a;b=c", "[a;b=c]"},
        {"a=%", "!"},
        {"%4=b", "!"},
        {"a=%4&c=%zz&e=f", "!![e=f]"},
        {"a=%3&0=b", "![0=b]"}, /* an escape cannot contain a "&" */
        {"a%=41", "!"},         /* or a "=" */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char pairs[128];
        read_all(text_of(cases[i].raw), pairs);
        assert_string_equal(pairs, cases[i].pairs);
    }
}

static void encoded_nul_is_part_of_the_value(void **state)
{
    (void)state;
    static struct query query;
    struct query_pair pair;
    query_init(&query, TEXT("a=b%00c"));
    assert_int_equal(query_next(&query, &pair), QUERY_PAIR);
    assert_int_equal(pair.value.length, 3);
    assert_memory_equal(pair.value.data, "b\0c", 3);
}

static void pair_may_be_as_long_as_a_target(void **state)
{
    (void)state;
    static char raw[HTTP_MAX_TARGET + 3];
    static struct query query;
    struct query_pair pair;
    memset(raw, 'x', sizeof(raw));
    raw[1] = '=';
    query_init(&query, (struct text){raw, HTTP_MAX_TARGET});
    assert_int_equal(query_next(&query, &pair), QUERY_PAIR);
    assert_int_equal(pair.value.length, HTTP_MAX_TARGET - 2);

    query_init(&query, (struct text){raw, HTTP_MAX_TARGET + 1});
    assert_int_equal(query_next(&query, &pair), QUERY_INVALID);
    assert_int_equal(query_next(&query, &pair), QUERY_END);
}

static void invalid_pair_leaves_the_result_untouched(void **state)
{
    (void)state;
    static struct query query;
    struct query_pair pair = {TEXT("name"), TEXT("value")};
    query_init(&query, TEXT("a=%"));
    assert_int_equal(query_next(&query, &pair), QUERY_INVALID);
    assert_true(text_equal(pair.name, TEXT("name")));
    assert_true(text_equal(pair.value, TEXT("value")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_split_and_decoded),
        cmocka_unit_test(encoded_nul_is_part_of_the_value),
        cmocka_unit_test(pair_may_be_as_long_as_a_target),
        cmocka_unit_test(invalid_pair_leaves_the_result_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
