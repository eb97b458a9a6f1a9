/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of list URLs, valid and invalid. test_list_cursor.c tests cursors
 * together with pages.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "api/assets.h"
#include "api/list_url.h"
#include "http/request.h"

static void empty_query_selects_all_by_id(void **context)
{
    (void)context;
    static const struct text empty[] = {{NULL, 0}, {"", 0}, {"&&", 2}};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        struct list_url url;
        char detail[LIST_URL_DETAIL];
        assert_true(list_url_parse(&url, empty[i], detail, sizeof(detail)));
        assert_int_equal(url.query.sort, TABLE_ID);
        assert_false(url.query.descending);
        assert_int_equal(url.query.filter.status, TABLE_ANY_STATUS);
        assert_null(url.query.filter.type.data);
        assert_null(url.query.filter.mission.data);
        assert_int_equal(url.query.limit, 0);
        assert_false(url.query.after.set);
        list_url_release(&url);
    }
}

static void every_parameter_is_read(void **context)
{
    (void)context;
    struct list_url url;
    char detail[LIST_URL_DETAIL];
    assert_true(list_url_parse(
        &url,
        TEXT("limit=10000&mission=A%26B&type=Delta+5000&status=exploded&"
             "order=desc&sort=createdAt"),
        detail, sizeof(detail)));
    assert_int_equal(url.query.sort, TABLE_CREATED);
    assert_true(url.query.descending);
    assert_int_equal(url.query.filter.status, TABLE_EXPLODED);
    assert_true(text_equal(url.query.filter.type, TEXT("Delta 5000")));
    assert_true(text_equal(url.query.filter.mission, TEXT("A&B")));
    assert_int_equal(url.query.limit, 10000);
    list_url_release(&url);
}

/*
 * A cursor of the maximum length of a query: a sanitizer detects overruns.
 * Some lengths are impossible in base64, so a few shorter ones are tried too.
 */
static void longest_cursor_does_not_overrun(void **context)
{
    (void)context;
    static char raw[HTTP_MAX_TARGET] = "type=A&cursor=";
    struct list_url url;
    char detail[LIST_URL_DETAIL];
    size_t length = strlen(raw);
    memset(raw + length, 'b', sizeof(raw) - length);
    for (size_t less = 0; less < 4; less++) {
        assert_false(list_url_parse(&url,
                                    (struct text){raw, sizeof(raw) - less},
                                    detail, sizeof(detail)));
        assert_string_equal(detail,
                            "cursor is invalid; take it from a Link header");
    }
}

static void every_sort_field_is_known(void **context)
{
    (void)context;
    static const struct {
        const char *raw;
        enum table_field field;
    } cases[] = {
        {"sort=id", TABLE_ID},
        {"sort=type", TABLE_TYPE},
        {"sort=speed", TABLE_SPEED},
        {"sort=mission", TABLE_MISSION},
        {"sort=status", TABLE_STATUS},
        {"sort=createdAt", TABLE_CREATED},
        {"sort=updatedAt", TABLE_UPDATED},
        {"sort=lastMessageNumber", TABLE_LAST_NUMBER},
    };
    static_assert(sizeof(cases) / sizeof(cases[0]) == TABLE_FIELD_COUNT,
                  "add a case for a new field");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct list_url url;
        char detail[LIST_URL_DETAIL];
        assert_true(list_url_parse(&url, text_of(cases[i].raw), detail,
                                   sizeof(detail)));
        assert_int_equal(url.query.sort, cases[i].field);
        list_url_release(&url);
    }
}

/* The values of `sort` in openapi.yaml. */
static struct text documented_sorts(void)
{
    const struct asset *document = assets_find(TEXT("/openapi.yaml"));
    assert_non_null(document);
    struct text plain = document->plain;
    const char *start = memmem(plain.data, plain.length, "- name: sort\n", 13);
    assert_non_null(start);
    size_t left = plain.length - (size_t)(start - plain.data);
    const char *end = memmem(start, left, "default: id\n", 12);
    assert_non_null(end);
    return (struct text){start, (size_t)(end - start)};
}

static void every_sort_field_is_in_the_api_document(void **context)
{
    (void)context;
    struct text sorts = documented_sorts();
    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
        char item[64];
        snprintf(item, sizeof(item), "- %s\n", list_url_sort_name(field));
        if (memmem(sorts.data, sorts.length, item, strlen(item)) == NULL)
            fail_msg("openapi.yaml has no sort=%s", list_url_sort_name(field));
    }
}

static void unknown_parameters_are_ignored(void **context)
{
    (void)context;
    static const char *const raws[] = {
        "colour=red", "Sort=speed", "colour=red&colour=blue",
        "LIMIT=0",    "=",          "colour",
    };
    for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
        struct list_url url;
        char detail[LIST_URL_DETAIL];
        assert_true(
            list_url_parse(&url, text_of(raws[i]), detail, sizeof(detail)));
        assert_int_equal(url.query.sort, TABLE_ID);
        assert_int_equal(url.query.limit, 0);
        list_url_release(&url);
    }
}

#define SORT_DETAIL                                                            \
    "sort must be one of id, type, speed, mission, status, createdAt, "        \
    "updatedAt, lastMessageNumber"
#define ORDER_DETAIL "order must be asc or desc"
#define STATUS_DETAIL "status must be active or exploded"
#define TYPE_DETAIL "type must be 1 to 256 bytes without control characters"
#define MISSION_DETAIL                                                         \
    "mission must be 1 to 256 bytes without control characters"
#define LIMIT_DETAIL "limit must be an integer from 1 to 10000"
#define PERCENT_DETAIL                                                         \
    "the target has a % that is not followed by two hexadecimal digits"
#define CURSOR_DETAIL "cursor is invalid; take it from a Link header"
#define SIXTEEN "0123456789abcdef"
#define LONG_NAME                                                              \
    SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN    \
        SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static void assert_refused(struct text raw, const char *expected)
{
    struct list_url url;
    char detail[LIST_URL_DETAIL];
    if (list_url_parse(&url, raw, detail, sizeof(detail))) {
        list_url_release(&url);
        fail_msg("accepted: %.*s", (int)raw.length, raw.data);
    }
    assert_string_equal(detail, expected);
}

static void error_of_a_bad_query_says_what_is_allowed(void **context)
{
    (void)context;
    static const struct {
        const char *raw, *detail;
    } cases[] = {
        {"sort=colour", SORT_DETAIL},
        {"sort=", SORT_DETAIL},
        {"sort", SORT_DETAIL},
        {"sort=Speed", SORT_DETAIL},
        {"sort=created_at", SORT_DETAIL},
        {"sort=speed%00", SORT_DETAIL},
        {"sort=speed+", SORT_DETAIL},
        {"order=up", ORDER_DETAIL},
        {"order=DESC", ORDER_DETAIL},
        {"order=", ORDER_DETAIL},
        {"status=Active", STATUS_DETAIL},
        {"status=", STATUS_DETAIL},
        {"type=", TYPE_DETAIL},
        {"type=a%0Ab", TYPE_DETAIL},
        {"type=a%7F", TYPE_DETAIL},
        {"type=" LONG_NAME "x", TYPE_DETAIL},
        {"mission=", MISSION_DETAIL},
        {"mission=%1f", MISSION_DETAIL},
        {"mission=" LONG_NAME "x", MISSION_DETAIL},
        {"limit=0", LIMIT_DETAIL},
        {"limit=10001", LIMIT_DETAIL},
        {"limit=-1", LIMIT_DETAIL},
        {"limit=%2B1", LIMIT_DETAIL},
        {"limit=", LIMIT_DETAIL},
        {"limit=1.0", LIMIT_DETAIL},
        {"limit=1e3", LIMIT_DETAIL},
        {"limit=ten", LIMIT_DETAIL},
        {"limit= 1", LIMIT_DETAIL},
        {"limit=18446744073709551617", LIMIT_DETAIL},
        {"limit=99999999999999999999999", LIMIT_DETAIL},
        {"sort=id&sort=id", "sort is given twice"},
        {"order=asc&order=desc", "order is given twice"},
        {"status=active&status=active", "status is given twice"},
        {"type=a&type=b", "type is given twice"},
        {"mission=a&mission=b", "mission is given twice"},
        {"limit=1&limit=1", "limit is given twice"},
        {"limit=1&l%69mit=1", "limit is given twice"},
        {"cursor=a&cursor=a", "cursor is given twice"},
        {"sort=%", PERCENT_DETAIL},
        {"colour=%zz", PERCENT_DETAIL},
        {"%1=1", PERCENT_DETAIL},
        {"cursor=!", CURSOR_DETAIL},
        {"cursor=a", CURSOR_DETAIL},
        {"cursor=YQ==", CURSOR_DETAIL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(text_of(cases[i].raw), cases[i].detail);
}

/* Write `query` and a cursor that contains it and `rest` into `raw`. */
static void write_cursor(char raw[512], const char *query, const char *rest)
{
    char plain[128];

    int length = snprintf(plain, sizeof(plain), "%s%s", query, rest);
    int start = snprintf(raw, 512, "%s&cursor=", query);
    sodium_bin2base64(raw + start, 512 - (size_t)start,
                      (const unsigned char *)plain, (size_t)length,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void cursor_keeps_nanoseconds(void **context)
{
    (void)context;
    struct list_url url;
    char raw[512], detail[LIST_URL_DETAIL];

    write_cursor(raw, "sort=createdAt&order=asc", "\n1.999999999\na");
    assert_true(list_url_parse(&url, text_of(raw), detail, sizeof(detail)));
    assert_true(url.query.after.set);
    assert_int_equal(url.query.after.value.minor, 999999999);
    assert_true(text_equal(url.query.after.id, TEXT("a")));
    list_url_release(&url);
}

static void cursor_with_trailing_text_is_refused(void **context)
{
    (void)context;
    char raw[512];

    write_cursor(raw, "sort=createdAt&order=asc", "\n1.0\na");
    size_t length = strlen(raw);
    raw[length] = '!';
    assert_refused((struct text){raw, length + 1}, CURSOR_DETAIL);
}

/* Cursors with the right encoding and query, but invalid content. */
static void forged_cursor_is_refused(void **context)
{
    (void)context;
    static const struct {
        const char *query, *plain;
    } cases[] = {
        {"sort=speed&order=asc", "\n1.0"},
        {"sort=speed&order=asc", "\n\na"},
        {"sort=speed&order=asc", "\n1.0\n"},
        {"sort=speed&order=asc", "\n1.0\na\nb"},
        {"sort=speed&order=asc", "\n.0\na"},
        {"sort=speed&order=asc", "\nx.0\na"},
        {"sort=speed&order=asc", "\n1\na"},
        {"sort=speed&order=asc", "\n1.\na"},
        {"sort=speed&order=asc", "\n1.1000000000\na"},
        {"sort=speed&order=asc", "\n18446744073709551616.0\na"},
        {"sort=speed&order=asc", "\n=1.0\na"},
        {"sort=type&order=asc", "\n1.0\na"},
        {"sort=type&order=asc", "\n=\na"},
        {"sort=type&order=asc", "\n=\x01\na"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char raw[512];

        write_cursor(raw, cases[i].query, cases[i].plain);
        assert_refused(text_of(raw), CURSOR_DETAIL);
    }
}

static void longest_filter_values_are_accepted(void **context)
{
    (void)context;
    struct list_url url;
    char detail[LIST_URL_DETAIL];
    assert_true(list_url_parse(&url,
                               TEXT("type=" LONG_NAME "&mission=" LONG_NAME),
                               detail, sizeof(detail)));
    assert_int_equal(url.query.filter.type.length, MESSAGE_MAX_NAME);
    assert_int_equal(url.query.filter.mission.length, MESSAGE_MAX_NAME);
    list_url_release(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_query_selects_all_by_id),
        cmocka_unit_test(every_parameter_is_read),
        cmocka_unit_test(longest_cursor_does_not_overrun),
        cmocka_unit_test(every_sort_field_is_known),
        cmocka_unit_test(every_sort_field_is_in_the_api_document),
        cmocka_unit_test(unknown_parameters_are_ignored),
        cmocka_unit_test(error_of_a_bad_query_says_what_is_allowed),
        cmocka_unit_test(cursor_keeps_nanoseconds),
        cmocka_unit_test(cursor_with_trailing_text_is_refused),
        cmocka_unit_test(forged_cursor_is_refused),
        cmocka_unit_test(longest_filter_values_are_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
