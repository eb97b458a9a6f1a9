/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of requests as their first line gives them: methods, and targets, which
 * are split into path, segments and query, and decoded.
 */
#include "lib/unit_check.h"

#include "base/buffer.h"
#include "http/query_string.h"
#include "http/request.h"
#include "http/target.h"

enum { MAX_TARGETS = 16 };

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

static void target_is_split_into_authority_path_and_query(void **state)
{
    (void)state;
    static const struct {
        const char *target, *authority, *path, *query; /* NULL: absent */
    } cases[] = {
        {"/rockets", NULL, "/rockets", NULL},
        {"/rockets?", NULL, "/rockets", ""},
        {"/rockets?a=?&b", NULL, "/rockets", "a=?&b"},
        {"/a%3Fb?c", NULL, "/a%3Fb", "c"},
        {"//x/y", NULL, "//x/y", NULL},
        {"*", NULL, "*", NULL},
        {"", NULL, "", NULL},
        {"?a", NULL, "", "a"},
        {"http://host", "host", "/", NULL},
        {"http://host:80/rockets?a", "host:80", "/rockets", "a"},
        {"HTTPS://Host/x", "Host", "/x", NULL},
        {"http://host?a=/b", "host", "/", "a=/b"},
        {"http://host#a", "host", "#a", NULL},
        {"http://", "", "/", NULL},
        {"http:///x", "", "/x", NULL},
        {"http:/x", NULL, "http:/x", NULL},
        {"ftp://host/x", NULL, "ftp://host/x", NULL},
        {"/http://host/x", NULL, "/http://host/x", NULL},
        {"host:80", NULL, "host:80", NULL},
        {"http://user@host/", "user@host", "/", NULL},
        {"http://[::1]:80/", "[::1]:80", "/", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text target = text_of(cases[i].target), path, query;
        http_target_split(target, &path, &query);
        unit_check_text(path, text_of(cases[i].path));
        unit_check_text(query, text_of(cases[i].query));
        unit_check_text(http_target_authority(target),
                        text_of(cases[i].authority));
    }
}

/* `expected` may be NULL: the text is refused. */
static void check_decoding(struct text text, bool plus_is_space,
                           const char *expected)
{
    struct text copy = exact_copy(text);
    /* Decoded in place: only the type of the copy is const. */
    ptrdiff_t length =
        http_percent_decode((char *)copy.data, copy.length, plus_is_space);

    if (expected == NULL)
        assert_true(length == -1);
    else
        unit_check_text((struct text){copy.data, (size_t)length},
                        text_of(expected));
    exact_copy_free(copy);
}

static void percent_is_decoded_in_place(void **state)
{
    (void)state;
    static const char *const refused[] = {"%",    "%4",  "a%4", "a%4g", "a%g4",
                                          "%%41", "% 1", "%-1", "%0x",  "%@0",
                                          "%`0",  "%:0", "%/0", "%G0"};
    char nul[] = "a%00b";

    check_decoding(TEXT(""), false, "");
    check_decoding(TEXT("abc"), false, "abc");
    check_decoding(TEXT("%41%6a%6A"), false, "Ajj");
    check_decoding(TEXT("a+b"), false, "a+b");
    check_decoding(TEXT("a+b"), true, "a b");
    check_decoding(TEXT("%2B+%2b"), true, "+ +");
    check_decoding(TEXT("%25%34%31"), false, "%41"); /* once, not twice */
    check_decoding(TEXT("%ff%C3"), false, "\xff\xc3");
    check_decoding(TEXT("%+1"), true, NULL);
    check_decoding((struct text){"a%41", 3}, false, NULL);
    for (size_t i = 0; i < COUNT(refused); i++)
        check_decoding(text_of(refused[i]), false, NULL);
    assert_true(http_percent_decode(nul, 5, false) == 3);
    assert_memory_equal(nul, "a\0b", 3);
}

/*
 * `expected` is the segments of `target`, each with a "|" before it; NULL if
 * the target is malformed. The decoded path is never longer than the target.
 */
static void check_segments(struct text target, const char *expected)
{
    struct http_request request = {.method = HTTP_GET};
    char decoded[64], joined[64], *end = joined;

    memset(decoded, '#', sizeof(decoded));
    http_request_set_target(&request, target, decoded);
    assert_int_equal(decoded[target.length], '#');
    assert_false(request.malformed_query);
    assert_int_equal(request.malformed_path, expected == NULL);
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
    (void)state;
    static const struct {
        const char *segments; /* NULL: the target is malformed */
        const char *targets[MAX_TARGETS];
    } rows[] = {
        {"|", {"/", "http://host"}},
        {"||", {"//"}},
        {"|a", {"/a", "/a?limit=5", "/%61?b=%20", "http://host/a"}},
        {"|rockets|a", {"/rockets/a", "http://host/rockets/a"}},
        {"|rockets|", {"/rockets/"}},
        {"|rockets|a/b", {"/rockets/a%2Fb"}},
        {"|rockets|a ", {"/%72ockets/%61%20"}},
        {"|rockets|a+b", {"/rockets/a+b"}},
        {"|1|2|3|4", {"/1/2/3/4"}},
        /* Of a path with more segments than any operation has, none are set. */
        {"", {"/1/2/3/4/5", "/1/2/3/4/%35/6", "*", "", "rockets/a"}},
        {NULL, {"/%", "/%4", "/%4g/a", "/a/%zz", "/1/2/3/4/5/%", "*%"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (const char *const *at = rows[i].targets; *at != NULL; at++)
            check_segments(text_of(*at), rows[i].segments);
    }
}

static void malformed_query_says_nothing_of_the_path(void **state)
{
    (void)state;
    static const char *const targets[] = {"/a?b=%", "/a?b=%2", "/a?%zz",
                                          "/a?%"};

    for (size_t i = 0; i < COUNT(targets); i++) {
        struct http_request request = {.method = HTTP_GET};
        char decoded[16];

        http_request_set_target(&request, text_of(targets[i]), decoded);
        assert_true(request.malformed_query);
        assert_false(request.malformed_path);
        assert_int_equal(request.segment_count, 1);
    }
}

/*
 * `expected` has all pairs of `raw`, each as [name=value]; "!" stands for an
 * invalid pair.
 */
static void check_pairs(struct text raw, struct text expected)
{
    static struct query query;
    char written[64], *end = written;
    struct query_pair pair;
    enum query_result result;

    query_init(&query, raw);
    while ((result = query_next(&query, &pair)) != QUERY_END) {
        if (result == QUERY_INVALID) {
            end = buffer_put(end, TEXT("!"));
            continue;
        }
        end = buffer_put(end, TEXT("["));
        end = buffer_put(end, pair.name);
        end = buffer_put(end, TEXT("="));
        end = buffer_put(end, pair.value);
        end = buffer_put(end, TEXT("]"));
    }
    unit_check_text((struct text){written, (size_t)(end - written)}, expected);
    assert_int_equal(query_next(&query, &pair), QUERY_END);
}

static void query_is_split_into_decoded_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *pairs, *queries[MAX_TARGETS];
    } rows[] = {
        {"", {"", "&", "&&&"}},
        {"[a=b]", {"a=b"}},
        {"[a=b][c=d]", {"a=b&c=d", "&a=b&&c=d&"}},
        {"[a=b][a=c]", {"a=b&a=c"}},
        {"[a=]", {"a", "a="}},
        {"[=b]", {"=b"}},
        {"[=]", {"="}},
        {"[a=b=c]", {"a=b=c"}},
        {"[a b=c d]", {"a+b=c+d"}},
        {"[a=b=c&d]", {"a%3Db=c%26d"}},
        {"[a=+%]", {"%61=%2B%25"}},
        {"[a;b=c]", {"a;b=c"}},
        /* An escape cannot contain a "&" or a "=". */
        {"!", {"a=%", "%4=b", "a%=41"}},
        {"![0=b]", {"a=%3&0=b"}},
        {"!![e=f]", {"a=%4&c=%zz&e=f"}},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (const char *const *at = rows[i].queries; *at != NULL; at++)
            check_pairs(text_of(*at), text_of(rows[i].pairs));
    }
    check_pairs(text_of(NULL), TEXT(""));
    check_pairs(TEXT("a=b%00c"), TEXT("[a=b\0c]"));
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

    /* An invalid pair leaves the result untouched. */
    pair = (struct query_pair){TEXT("name"), TEXT("value")};
    query_init(&query, (struct text){raw, HTTP_MAX_TARGET + 1});
    assert_int_equal(query_next(&query, &pair), QUERY_INVALID);
    query_init(&query, TEXT("a=%"));
    assert_int_equal(query_next(&query, &pair), QUERY_INVALID);
    unit_check_text(pair.name, TEXT("name"));
    unit_check_text(pair.value, TEXT("value"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_case_sensitive),
        cmocka_unit_test(target_is_split_into_authority_path_and_query),
        cmocka_unit_test(percent_is_decoded_in_place),
        cmocka_unit_test(path_is_split_into_decoded_segments),
        cmocka_unit_test(malformed_query_says_nothing_of_the_path),
        cmocka_unit_test(query_is_split_into_decoded_pairs),
        cmocka_unit_test(pair_may_be_as_long_as_a_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
