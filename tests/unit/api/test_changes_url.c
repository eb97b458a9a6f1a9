/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of queries for changes. fuzz_changes_url.c has the form of revisions.
 */
#include "lib/unit_check.h"

#include "api/changes_url.h"
#include "http/response.h"

#define SINCE "since=0123456789abcdef-42"

static void query_is_of_changes_if_it_has_since_or_wait(void **context)
{
    static const struct {
        const char *query;
        bool matches;
    } cases[] = {
        {SINCE, true},
        {"since", true},
        {"limit=1&%73ince=", true},
        {"a&wait=1", true},
        {"", false},
        {"limit=1", false},
        {"sinces=1", false},
        {"cursor=since", false},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (changes_url_matches(text_of(cases[i].query)) != cases[i].matches)
            fail_msg("%s", cases[i].query);
    assert_false(changes_url_matches((struct text){NULL, 0}));
}

static void valid_query_is_read(void **context)
{
    static const struct {
        const char *query;
        uint64_t start, revision;
        size_t limit;
        unsigned wait;
    } cases[] = {
        {SINCE, 0x0123456789abcdef, 42, 1000, 0},
        {SINCE "&limit=1", 0x0123456789abcdef, 42, 1, 0},
        {"limit=10000&wait=1&" SINCE, 0x0123456789abcdef, 42, 10000, 1},
        {"order=asc&" SINCE "&sort=id", 0x0123456789abcdef, 42, 1000, 0},
        {SINCE "&wait=30&_=7", 0x0123456789abcdef, 42, 1000, 30},
        {"since=W%2F%22fedcba9876543210-0%22", 0xfedcba9876543210, 0, 1000, 0},
        {"since=%22fedcba9876543210-18446744073709551615%22",
         0xfedcba9876543210, UINT64_MAX, 1000, 0},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_response response;
        struct changes_query query;

        http_response_init(&response);
        if (!changes_url_parse(text_of(cases[i].query), &query, &response))
            fail_msg("%s", cases[i].query);
        assert_int_equal(response.status, 0);
        assert_true(query.since.start == cases[i].start);
        assert_true(query.since.revision == cases[i].revision);
        assert_int_equal(query.limit, cases[i].limit);
        assert_int_equal(query.wait, cases[i].wait);
    }
}

static void invalid_query_is_refused_with_its_reason(void **context)
{
    static const struct {
        const char *query, *part;
    } cases[] = {
        {"wait=1", "wait needs since"},
        {"since=", "since must be a revision"},
        {"since=42", "since must be a revision"},
        {"since=0123456789abcdef", "since must be a revision"},
        {"since=0123456789abcdef-", "since must be a revision"},
        {"since=0123456789abcdef-18446744073709551616",
         "since must be a revision"},
        {SINCE "&" SINCE, "since is given twice"},
        {SINCE "&limit=1&limit=1", "limit is given twice"},
        {SINCE "&wait=1&wait=1", "wait is given twice"},
        {SINCE "&limit=0", "limit must be an integer from 1 to 10000"},
        {SINCE "&limit=10001", "limit must be an integer from 1 to 10000"},
        {SINCE "&wait=0", "wait must be an integer from 1 to 30"},
        {SINCE "&wait=31", "wait must be an integer from 1 to 30"},
        {SINCE "&wait=+1", "wait must be an integer from 1 to 30"},
        {SINCE "&wait", "wait must be an integer from 1 to 30"},
        {SINCE "&sort=speed", "sort does not go with since"},
        {SINCE "&sort=", "sort does not go with since"},
        {SINCE "&sort=asc", "sort does not go with since"},
        {SINCE "&sort=id&sort=id", "sort is given twice"},
        {SINCE "&order=asc&order=asc", "order is given twice"},
        {"order=desc&" SINCE, "order does not go with since"},
        {SINCE "&status=active", "status does not go with since"},
        {SINCE "&type=a", "type does not go with since"},
        {SINCE "&mission=a", "mission does not go with since"},
        {SINCE "&launched=true", "launched does not go with since"},
        {SINCE "&incomplete=true", "incomplete does not go with since"},
        {SINCE "&idPrefix=a", "idPrefix does not go with since"},
        {SINCE "&cursor=a", "cursor does not go with since"},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_response response;
        struct changes_query query = {.limit = 7};

        http_response_init(&response);
        bool valid =
            changes_url_parse(text_of(cases[i].query), &query, &response);
        buffer_append(&response.body, (struct text){"", 1});
        if (valid || response.status != 400 ||
            strstr(response.body.data, cases[i].part) == NULL)
            fail_msg("%s: %s", cases[i].query, response.body.data);
        assert_int_equal(query.limit, 7);
        http_response_release(&response);
    }
}

static void reference_reads_back_as_the_query_without_its_wait(void **context)
{
    const struct changes_query query = {{0xab, 9}, 77, 30};
    struct buffer out = BUFFER_INIT;

    (void)context;
    changes_url_write(&query, &out);
    unit_check_text(buffer_text(&out),
                    TEXT("?since=00000000000000ab-9&limit=77"));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_is_of_changes_if_it_has_since_or_wait),
        cmocka_unit_test(valid_query_is_read),
        cmocka_unit_test(invalid_query_is_refused_with_its_reason),
        cmocka_unit_test(reference_reads_back_as_the_query_without_its_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
