/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of reads with failing allocations: each allocation fails in turn. The
 * response is complete and right, or 503, or a truncated stream.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/list_url.h"
#include "call.h"
#include "http/request.h"
#include "lib/messages.h"
#include "table/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    FEW = 12,   /* rockets of which a list is not deferred */
    MANY = 300, /* rockets of which a list is deferred and has several blocks */
};

static const char *const targets[] = {
    "/rockets",
    "/rockets?order=desc",
    "/rockets?sort=type",
    "/rockets?sort=type&order=desc",
    "/rockets?sort=speed",
    "/rockets?sort=mission&order=desc",
    "/rockets?sort=status",
    "/rockets?sort=createdAt&order=desc",
    "/rockets?sort=updatedAt",
    "/rockets?sort=lastMessageNumber",
    "/rockets?status=active",
    "/rockets?status=exploded",
    "/rockets?type=Falcon-3&sort=type",
    "/rockets?mission=mission+7",
    "/rockets?mission=nobody%27s",
    "/rockets?status=active&type=Falcon-3&mission=mission%203",
    "/rockets?limit=1",
    "/rockets?limit=5&sort=speed&order=desc",
    "/rockets?limit=5&sort=type",
    "/rockets?limit=5&sort=mission&status=active",
    "/rockets?limit=10000&sort=createdAt",
    "/rockets?limit=0",
    "/rockets?sort=nothing",
    "/rockets?cursor=nothing",
    "/rockets?limit=1&limit=1",
    "/rockets/rocket-003",
    "/rockets/%72ocket-003",
    "/rockets/nobody",
    "/rockets/%zz",
    "/health",
    "/",
    "/openapi.yaml",
    "/nothing",
};

/* Add a rocket with its own type and mission. Every fourth one explodes. */
static void add_rocket(struct table *table, unsigned i)
{
    char id[32], type[32], mission[32];

    snprintf(id, sizeof(id), "rocket-%03u", i);
    snprintf(type, sizeof(type), "Falcon-%u", i);
    snprintf(mission, sizeof(mission), "mission %u", i);
    struct message first =
        message_launched(id, i + 1, type, mission, (int64_t)(100 * i));
    struct message second = i % 4 == 0 ? message_exploded(id, i + 2, "UNKNOWN")
                                       : message_speed(id, i + 2, 1);
    assert_int_equal(table_apply(table, &first), MESSAGE_APPLIED);
    assert_int_equal(table_apply(table, &second), MESSAGE_APPLIED);
}

static struct api make_fleet(unsigned rockets)
{
    struct table *table = table_new(SIZE_MAX);
    struct api api;

    assert_non_null(table);
    for (unsigned i = 0; i < rockets; i++)
        add_rocket(table, i);
    api_init(&api, table, NULL);
    return api;
}

/* Only the ETag may be missing from the expected headers. */
static void check_headers(const char *headers, const char *expected)
{
    const char *line = expected;

    while (*line != '\0') {
        size_t length = strcspn(line, "\n") + 1;
        if (strncmp(headers, line, length) == 0)
            headers += length;
        else
            assert_memory_equal(line, "ETag: ", 6);
        line += length;
    }
    assert_string_equal(headers, "");
}

static void check_outcome(const struct outcome *outcome,
                          const struct outcome *expected)
{
    size_t length = strlen(outcome->body);

    if (outcome->status == 503) {
        assert_non_null(strstr(outcome->headers, "Retry-After: "));
        return;
    }
    assert_int_equal(outcome->status, expected->status);
    /* There was no memory for the problem document. */
    if (length == 0 && expected->status >= 400)
        return;
    check_headers(outcome->headers, expected->headers);
    if (outcome->truncated)
        assert_memory_equal(outcome->body, expected->body, length);
    else
        assert_string_equal(outcome->body, expected->body);
}

static bool check_with_failures(struct api *api, const struct call *call,
                                const struct allocations_end *end,
                                const struct outcome *expected)
{
    size_t live = allocations_live();
    bool ended;

    struct outcome outcome = call_make(api, call, end, &ended);
    check_outcome(&outcome, expected);
    assert_true(ended || (outcome.status != 503 && !outcome.truncated));
    outcome_release(&outcome);
    assert_int_equal(allocations_live(), live);
    assert_int_equal(api->streams, 0);
    return ended;
}

static size_t check_call(struct api *api, const struct call *call)
{
    struct outcome expected = call_make(api, call, NULL, NULL);
    size_t failures = 0;

    for (int for_good = 0; for_good < 2; for_good++) {
        struct allocations_end end = {0, for_good};
        while (check_with_failures(api, call, &end, &expected))
            end.after++;
        failures += end.after;
    }
    struct outcome again = call_make(api, call, NULL, NULL);
    assert_int_equal(again.status, expected.status);
    assert_string_equal(again.headers, expected.headers);
    assert_string_equal(again.body, expected.body);
    outcome_release(&again);
    outcome_release(&expected);
    return failures;
}

static void check_reads(unsigned rockets)
{
    struct api api = make_fleet(rockets);
    uint64_t revision = table_revision(api.table);
    size_t failures = 0;

    for (size_t i = 0; i < COUNT(targets); i++)
        failures += check_call(&api, &CALL_GET(targets[i]));
    assert_int_equal(table_revision(api.table), revision);
    assert_int_equal(table_count(api.table), rockets);
    assert_true(failures > 5 * COUNT(targets));
    print_message("%zu allocations failed\n", failures);
    table_free(api.table);
}

static void short_lists_are_right_or_503(void **state)
{
    (void)state;
    check_reads(FEW);
}

static void streams_are_right_or_truncated_or_503(void **state)
{
    (void)state;
    check_reads(MANY);
}

/* The target of the Link header, as in `Link: </rockets?...>; rel="next"`. */
static void next_target(const struct outcome *outcome, char *target,
                        size_t size)
{
    const char *link = strstr(outcome->headers, "Link: <");

    assert_non_null(link);
    link += 7;
    assert_in_range(strcspn(link, ">"), 1, size - 1);
    snprintf(target, size, "%.*s", (int)strcspn(link, ">"), link);
}

static void pages_are_right_or_503(void **state)
{
    struct api api = make_fleet(MANY);
    char target[1024];
    size_t failures = 0;

    (void)state;
    for (enum table_field sort = 0; sort < TABLE_FIELD_COUNT; sort++) {
        snprintf(target, sizeof(target), "/rockets?limit=7&sort=%s",
                 list_url_sort_name(sort));
        struct outcome first = call_make(&api, &CALL_GET(target), NULL, NULL);
        next_target(&first, target, sizeof(target));
        outcome_release(&first);
        size_t failed = check_call(&api, &CALL_GET(target));
        assert_true(failed > 10);
        failures += failed;
    }
    table_free(api.table);
    print_message("%zu allocations failed\n", failures);
}

/* The link to the next page has the filter twice: in clear and in the cursor.
 */
static void page_of_a_long_query_is_right_or_503(void **state)
{
    struct api api = make_fleet(FEW);
    char mission[MESSAGE_MAX_NAME + 1] = "";
    char target[MESSAGE_MAX_NAME + 64], id[32];

    (void)state;
    memset(mission, 'm', MESSAGE_MAX_NAME);
    for (unsigned i = 0; i < FEW; i++) {
        snprintf(id, sizeof(id), "long-%u", i);
        struct message message =
            message_launched(id, 1, "Falcon-9", mission, 100);
        assert_int_equal(table_apply(api.table, &message), MESSAGE_APPLIED);
    }
    snprintf(target, sizeof(target), "/rockets?limit=3&mission=%s", mission);
    assert_true(check_call(&api, &CALL_GET(target)) > 10);
    table_free(api.table);
}

/* If there is no memory to send the ETag, it can still be compared. */
static void known_revision_is_304_or_503(void **state)
{
    static const char *const known[] = {"/rockets", "/rockets?limit=3",
                                        "/rockets/rocket-001", "/openapi.yaml"};
    struct api apis[] = {make_fleet(FEW), make_fleet(MANY)};
    size_t failures = 0;

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(known); i++) {
        struct call call = CALL_GET(known[i / 2]);
        call.fields.if_none_match = TEXT("*");
        failures += check_call(&apis[i % 2], &call);
    }
    table_free(apis[0].table);
    table_free(apis[1].table);
    print_message("%zu allocations failed\n", failures);
}

static void other_methods_are_right_or_503(void **state)
{
    struct api api = make_fleet(FEW);
    size_t failures = 0;

    (void)state;
    for (unsigned method = HTTP_POST; method <= HTTP_OTHER; method *= 2) {
        struct call call = CALL_GET("/rockets/rocket-001");
        call.method = (enum http_method)method;
        failures += check_call(&api, &call);
    }
    table_free(api.table);
    print_message("%zu allocations failed\n", failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_lists_are_right_or_503),
        cmocka_unit_test(streams_are_right_or_truncated_or_503),
        cmocka_unit_test(pages_are_right_or_503),
        cmocka_unit_test(page_of_a_long_query_is_right_or_503),
        cmocka_unit_test(known_revision_is_304_or_503),
        cmocka_unit_test(other_methods_are_right_or_503),
    };
    allocations_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
