/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of list URLs: which queries are valid, and that the reference in the
 * Link header of a page leads to the right next page.
 */
#include "lib/unit_check.h"

#include <sodium.h>

#include "api/list_cursor.h"
#include "api/list_url.h"
#include "http/request.h"
#include "http/target.h"
#include "lib/messages.h"
#include "listing/list_page.h"
#include "table/table.h"

enum { TARGET_SIZE = HTTP_MAX_TARGET + 1, IDS_SIZE = 512 };

/* The caller releases `url`. */
static void parse(struct list_url *url, struct text raw)
{
    char detail[LIST_URL_DETAIL];

    if (!list_url_parse(url, raw, detail, sizeof(detail)))
        fail_msg("%.*s is refused: %s", (int)raw.length, raw.data, detail);
}

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

/* parameters.c refuses unknown parameters, but for those with "_". */
static void query_without_parameters_selects_all_by_id(void **context)
{
    static const struct text raws[] = {
        {NULL, 0},
        {"", 0},
        {"&&", 2},
        {"colour=red", 10},
        {"Sort=speed", 10},
        {"LIMIT=0", 7},
        {"=", 1},
        {"colour", 6},
        {"colour=red&colour=blue", 22},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(raws); i++) {
        struct list_url url;

        parse(&url, raws[i]);
        assert_int_equal(url.query.sort, TABLE_ID);
        assert_false(url.query.descending);
        assert_int_equal(url.query.filter.status, TABLE_ANY_STATUS);
        assert_null(url.query.filter.type.data);
        assert_null(url.query.filter.mission.data);
        assert_int_equal(url.query.filter.launch, TABLE_ANY_LAUNCH);
        assert_int_equal(url.query.filter.completeness, TABLE_ANY_COMPLETENESS);
        assert_null(url.query.filter.id_prefix.data);
        assert_int_equal(url.query.limit, 0);
        assert_false(url.query.after.set);
        list_url_release(&url);
    }
}

static void every_parameter_is_read(void **context)
{
    struct list_url url;

    (void)context;
    parse(&url, TEXT("limit=10000&mission=A%26B&type=Delta+5000&"
                     "status=exploded&order=desc&sort=createdAt&"
                     "launched=false&incomplete=true&idPrefix=%C3%a9%2F+"));
    assert_int_equal(url.query.sort, TABLE_CREATED);
    assert_true(url.query.descending);
    assert_int_equal(url.query.filter.status, TABLE_EXPLODED);
    assert_true(text_equal(url.query.filter.type, TEXT("Delta 5000")));
    assert_true(text_equal(url.query.filter.mission, TEXT("A&B")));
    assert_int_equal(url.query.filter.launch, TABLE_NOT_LAUNCHED);
    assert_int_equal(url.query.filter.completeness, TABLE_INCOMPLETE);
    assert_true(text_equal(url.query.filter.id_prefix, TEXT("\xc3\xa9/ ")));
    assert_int_equal(url.query.limit, 10000);
    list_url_release(&url);
}

/* test_documents.c compares the names with openapi.yaml. */
static void every_sort_field_is_known(void **context)
{
    char detail[LIST_URL_DETAIL] = "sort must be one of ";

    (void)context;
    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
        struct list_url url;
        char raw[64];
        size_t length = strlen(detail);

        snprintf(raw, sizeof(raw), "sort=%s", list_url_sort_name(field));
        parse(&url, text_of(raw));
        assert_int_equal(url.query.sort, field);
        list_url_release(&url);
        snprintf(detail + length, sizeof(detail) - length, "%s%s",
                 field == 0 ? "" : ", ", list_url_sort_name(field));
    }
    assert_refused(TEXT("sort=colour"), detail);
    assert_refused(TEXT("sort="), detail);
    assert_refused(TEXT("sort"), detail);
    assert_refused(TEXT("sort=Speed"), detail);
    assert_refused(TEXT("sort=speed%00"), detail);
    assert_refused(TEXT("sort=speed+"), detail);
}

#define ORDER_DETAIL "order must be asc or desc"
#define STATUS_DETAIL "status must be active or exploded"
#define TYPE_DETAIL "type must be 1 to 256 bytes without control characters"
#define MISSION_DETAIL                                                         \
    "mission must be 1 to 256 bytes without control characters"
#define LAUNCHED_DETAIL "launched must be true or false"
#define INCOMPLETE_DETAIL "incomplete must be true or false"
#define PREFIX_DETAIL                                                          \
    "idPrefix must be 1 to 128 bytes without control characters"
#define LIMIT_DETAIL "limit must be an integer from 1 to 10000"
#define PERCENT_DETAIL                                                         \
    "the target has a % that is not followed by two hexadecimal digits"
#define CURSOR_DETAIL "cursor is invalid; take it from a Link header"
#define SIXTEEN "0123456789abcdef"
#define LONG_CHANNEL                                                           \
    SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN
#define LONG_NAME LONG_CHANNEL LONG_CHANNEL

static void error_of_a_bad_query_says_what_is_allowed(void **context)
{
    static const struct {
        const char *raw, *detail;
    } cases[] = {
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
        {"launched=True", LAUNCHED_DETAIL},
        {"launched=1", LAUNCHED_DETAIL},
        {"launched", LAUNCHED_DETAIL},
        {"incomplete=TRUE", INCOMPLETE_DETAIL},
        {"incomplete=0", INCOMPLETE_DETAIL},
        {"incomplete", INCOMPLETE_DETAIL},
        {"idPrefix=", PREFIX_DETAIL},
        {"idPrefix=a%00", PREFIX_DETAIL},
        {"idPrefix=a%C2%80%1F", PREFIX_DETAIL},
        {"idPrefix=" LONG_CHANNEL "x", PREFIX_DETAIL},
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
        {"launched=true&launched=true", "launched is given twice"},
        {"incomplete=true&incomplete=false", "incomplete is given twice"},
        {"idPrefix=a&idPrefix=b", "idPrefix is given twice"},
        {"cursor=a&cursor=a", "cursor is given twice"},
        {"sort=%", PERCENT_DETAIL},
        {"colour=%zz", PERCENT_DETAIL},
        {"%1=1", PERCENT_DETAIL},
        {"cursor=!", CURSOR_DETAIL},
        {"cursor=a", CURSOR_DETAIL},
        {"cursor=YQ==", CURSOR_DETAIL},
    };

    (void)context;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(text_of(cases[i].raw), cases[i].detail);
}

/*
 * A cursor of the maximum length of a query: a sanitizer detects overruns.
 * Some lengths are impossible in base64, so a few shorter ones are tried too.
 */
static void longest_cursor_does_not_overrun(void **context)
{
    static char raw[HTTP_MAX_TARGET] = "type=A&cursor=";
    size_t length = strlen(raw);

    (void)context;
    memset(raw + length, 'b', sizeof(raw) - length);
    for (size_t less = 0; less < 4; less++)
        assert_refused((struct text){raw, sizeof(raw) - less}, CURSOR_DETAIL);
}

/* Write `query` and a cursor that contains its hash and `rest` into `raw`. */
static void write_cursor(char raw[512], const char *query, const char *rest)
{
    char plain[128];

    int length = snprintf(plain, sizeof(plain), "%ju%s",
                          (uintmax_t)list_cursor_hash(text_of(query)), rest);
    int start = snprintf(raw, 512, "%s&cursor=", query);
    sodium_bin2base64(raw + start, 512 - (size_t)start,
                      (const unsigned char *)plain, (size_t)length,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Cursors with the right encoding and query, but invalid content; at last a
 * valid one, and then with text behind it. */
static void only_well_formed_cursors_are_accepted(void **context)
{
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
        {"sort=speed&order=asc", "\n1.2000000000\na"},
        {"sort=speed&order=asc", "\n18446744073709551616.0\na"},
        {"sort=speed&order=asc", "\n=1.0\na"},
        {"sort=type&order=asc", "\n1.0\na"},
        {"sort=type&order=asc", "\n=\na"},
        {"sort=type&order=asc", "\n=\x01\na"},
    };
    struct list_url url;
    char raw[512];

    (void)context;
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_cursor(raw, cases[i].query, cases[i].plain);
        assert_refused(text_of(raw), CURSOR_DETAIL);
    }
    write_cursor(raw, "sort=createdAt&order=asc", "\n1.1999999999\na");
    parse(&url, text_of(raw));
    assert_int_equal(url.query.after.value.minor, 1999999999);
    assert_true(text_equal(url.query.after.id, TEXT("a")));
    list_url_release(&url);
    size_t length = strlen(raw);
    raw[length++] = '!';
    assert_refused((struct text){raw, length}, CURSOR_DETAIL);
}

static int set_up(void **context)
{
    *context = table_new(SIZE_MAX);
    return *context ? 0 : -1;
}

static int tear_down(void **context)
{
    table_free(*context);
    return 0;
}

static void apply(struct table *table, struct message message)
{
    assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
}

static void add_rockets(struct table *table)
{
    apply(table, message_launched("c", 1, "Falcon-9", "ARTEMIS", 500));
    apply(table, message_launched("a", 1, "Saturn-I", "APOLLO", 700));
    apply(table, message_launched("e", 1, "Falcon-9", "APOLLO", 100));
    apply(table, message_exploded("e", 2, "FROZEN_O_RINGS"));
    apply(table, message_speed("b", 9, 500));
    apply(table, message_speed("d", 5, -500));
    apply(table, message_mission("d", 6, "GEMINI"));
}

/*
 * Write the reference to the page after that of the query `raw` to `next`, and
 * the ids of the rockets of the page of `raw`, separated by spaces, to `ids`.
 */
static void read_page(struct table *table, struct text raw,
                      char next[TARGET_SIZE], char ids[IDS_SIZE])
{
    struct list_url url;
    struct list_query query;
    struct buffer target = BUFFER_INIT;

    parse(&url, raw);
    struct list_page *page = list_page_new(table, &url.query);
    assert_non_null(page);
    assert_int_equal(list_page_total(page), table_count(table));
    ids[0] = '\0';
    for (size_t i = 0; i < list_page_count(page); i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        ids += sprintf(ids, "%s%.*s", i == 0 ? "" : " ", (int)view.id.length,
                       view.id.data);
    }
    if (list_page_next(page, &query))
        list_url_write(&query, &target);
    assert_false(buffer_failed(&target));
    assert_in_range(target.length, 0, HTTP_MAX_TARGET);
    snprintf(next, TARGET_SIZE, "%.*s", (int)target.length, target.data);
    list_page_free(page);
    list_url_release(&url);
    buffer_release(&target);
}

/* The query `raw` with the cursor of the page after that of `first`. */
static struct text with_cursor(struct table *table, const char *first,
                               const char *raw, char out[TARGET_SIZE])
{
    char next[TARGET_SIZE], ids[IDS_SIZE];

    read_page(table, text_of(first), next, ids);
    const char *cursor = strstr(next, "&cursor=");
    assert_non_null(cursor);
    snprintf(out, TARGET_SIZE, "%s%s", raw, cursor);
    return text_of(out);
}

static void assert_page(struct table *table, struct text raw,
                        const char *expected)
{
    char next[TARGET_SIZE], ids[IDS_SIZE];

    read_page(table, raw, next, ids);
    assert_string_equal(ids, expected);
}

static void next_repeats_the_whole_query(void **context)
{
    static const char expected[] =
        "?sort=speed&order=desc&status=active&type=T%261&mission="
        "M%20%C3%A9&launched=true&idPrefix=r%2F%26&limit=1&cursor=";
    char next[TARGET_SIZE], ids[IDS_SIZE];

    apply(*context, message_launched("r/&a", 1, "T&1", "M \xc3\xa9", 5));
    apply(*context, message_launched("r/&b", 1, "T&1", "M \xc3\xa9", 5));
    read_page(*context,
              TEXT("order=desc&sort=speed&limit=1&status=active&"
                   "mission=M+%c3%a9&type=T%261&_=1&idPrefix=r/%26&"
                   "launched=true"),
              next, ids);
    assert_memory_equal(next, expected, sizeof(expected) - 1);
}

/* Also among equal and unknown values, with another limit, or without one. */
static void cursor_continues_after_its_page(void **context)
{
    static const struct {
        const char *first, *then, *expected;
    } cases[] = {
        {"limit=1", "order=asc", "b c d e"},
        {"sort=speed&limit=2", "sort=speed", "b c a"},
        {"sort=speed&limit=2", "sort=speed&limit=1", "b"},
        {"sort=speed&limit=3", "sort=speed", "c a"},
        {"sort=mission&limit=4", "sort=mission", "b"},
        {"sort=type&limit=3", "sort=type", "b d"},
        {"sort=type&limit=4", "sort=type", "d"},
        {"sort=createdAt&order=desc&limit=4", "sort=createdAt&order=desc", "d"},
    };
    char raw[TARGET_SIZE];

    add_rockets(*context);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_page(*context,
                    with_cursor(*context, cases[i].first, cases[i].then, raw),
                    cases[i].expected);
}

/* The last rocket of a page may change its value before the next page. */
static void cursor_does_not_depend_on_current_values(void **context)
{
    char raw[TARGET_SIZE];

    add_rockets(*context);
    with_cursor(*context, "sort=mission&limit=2", "sort=mission", raw);
    apply(*context, message_launched("e", 3, "Falcon-9", "ZOND", 1));
    apply(*context, message_mission("a", 2, "AARDVARK"));
    assert_page(*context, text_of(raw), "c d e b");
}

static void cursor_of_another_query_is_refused(void **context)
{
    static const char *const others[] = {
        "sort=speed&order=desc",
        "sort=id",
        "order=asc",
        "sort=speed&status=active",
        "sort=speed&type=Falcon-9",
        "sort=speed&mission=APOLLO",
        "sort=speed&launched=true",
        "sort=speed&launched=false",
        "sort=speed&incomplete=true",
        "sort=speed&incomplete=false",
        "sort=speed&idPrefix=c",
    };
    char raw[TARGET_SIZE];

    add_rockets(*context);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_refused(
            with_cursor(*context, "sort=speed&limit=2", others[i], raw),
            "cursor belongs to another sort, order or filter; take it from a "
            "Link header and leave the rest of the query as it is");
}

/*
 * Longest id, value and filters: the target is far shorter than the limit, and
 * leaves room for other fields in a connection's memory, where the heads of a
 * request and of its response lie (DESIGN.md).
 */
static void longest_target_with_cursor_is_accepted(void **context)
{
    struct buffer raw = BUFFER_INIT;
    char next[TARGET_SIZE], ids[IDS_SIZE];
    char name[MESSAGE_MAX_NAME + 1] = {0}, id[MESSAGE_MAX_CHANNEL + 1] = {0};

    memset(name, '&', MESSAGE_MAX_NAME);
    memset(id, '&', MESSAGE_MAX_CHANNEL);
    apply(*context, message_launched(id, 1, name, name, 1));
    id[MESSAGE_MAX_CHANNEL - 1] = 'z';
    apply(*context, message_launched(id, 1, name, name, 1));
    buffer_append(&raw, TEXT("sort=type&limit=1&type="));
    http_percent_encode(&raw, text_of(name));
    buffer_append(&raw, TEXT("&mission="));
    http_percent_encode(&raw, text_of(name));
    buffer_append(&raw, TEXT("&launched=true&status=active&idPrefix="));
    http_percent_encode(&raw, (struct text){id, MESSAGE_MAX_CHANNEL - 1});
    read_page(*context, buffer_text(&raw), next, ids);
    assert_in_range(strlen(next), 1, 2800);
    assert_page(*context, text_of(strchr(next, '?') + 1), id);
    buffer_release(&raw);
}

#define TABLE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_without_parameters_selects_all_by_id),
        cmocka_unit_test(every_parameter_is_read),
        cmocka_unit_test(every_sort_field_is_known),
        cmocka_unit_test(error_of_a_bad_query_says_what_is_allowed),
        cmocka_unit_test(longest_cursor_does_not_overrun),
        cmocka_unit_test(only_well_formed_cursors_are_accepted),
        TABLE_TEST(next_repeats_the_whole_query),
        TABLE_TEST(cursor_continues_after_its_page),
        TABLE_TEST(cursor_does_not_depend_on_current_values),
        TABLE_TEST(cursor_of_another_query_is_refused),
        TABLE_TEST(longest_target_with_cursor_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
