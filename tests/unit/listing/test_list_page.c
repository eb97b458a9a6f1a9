/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of pages by example. tests/property/ tests them with random tables,
 * page by page; tests/unit/api/test_list_url.c tests them through URLs.
 */
#include "lib/unit_table.h"

#include "api/list_url.h"
#include "listing/list_page.h"

/*
 * The page of `query` must have exactly the ids of `expected`, in that order.
 * Ids are separated by spaces.
 */
static void check_list(struct table *table, const struct list_query *query,
                       const char *expected)
{
    char ids[200] = "";
    size_t length = 0;
    struct list_page *page = list_page_new(table, query);

    assert_non_null(page);
    for (size_t i = 0; i < list_page_count(page); i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        length +=
            (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%.*s",
                             i ? " " : "", (int)view.id.length, view.id.data);
        assert_in_range(length, 0, sizeof(ids) - 1);
    }
    if (strcmp(ids, expected) != 0)
        fail_msg("sort=%s, %s: expected \"%s\", got \"%s\"",
                 list_url_sort_name(query->sort),
                 query->descending ? "descending" : "ascending", expected, ids);
    list_page_free(page);
}

/* Check the whole list sorted by a field, in both orders. */
static void check_sorted(struct table *table, enum table_field sort,
                         const char *ascending, const char *descending)
{
    struct list_query query = {.sort = sort};

    check_list(table, &query, ascending);
    query.descending = true;
    check_list(table, &query, descending);
}

static void add_rockets(struct table *table)
{
    const struct message messages[] = {
        message_launched("c", 1, "Falcon-9", "ARTEMIS", 500),
        message_launched("a", 1, "Saturn-I", "APOLLO", 700),
        message_launched("e", 1, "Falcon-9", "APOLLO", 100),
        message_exploded("e", 2, "FROZEN_O_RINGS"),
        message_speed("b", 9, 500),
        message_speed("d", 5, -500),
        message_mission("d", 6, "GEMINI"),
    };

    for (size_t i = 0; i < COUNT(messages); i++)
        unit_table_apply(table, messages[i]);
}

static void every_field_sorts_both_ways(void **context)
{
    static const struct {
        const char *ascending, *descending;
    } expected[TABLE_FIELD_COUNT] = {
        [TABLE_ID] = {"a b c d e", "e d c b a"},
        [TABLE_TYPE] = {"c e a b d", "a c e b d"},
        [TABLE_SPEED] = {"d e b c a", "a b c e d"},
        [TABLE_MISSION] = {"a e c d b", "d c a e b"},
        [TABLE_STATUS] = {"a b c d e", "e a b c d"},
        [TABLE_CREATED] = {"a c e b d", "a c e b d"},
        [TABLE_UPDATED] = {"a c e d b", "b d e a c"},
        [TABLE_LAST_NUMBER] = {"a c e d b", "b d e a c"},
    };

    add_rockets(*context);
    for (enum table_field sort = 0; sort < TABLE_FIELD_COUNT; sort++) {
        if (expected[sort].ascending == NULL)
            fail_msg("add a row for sort=%s", list_url_sort_name(sort));
        check_sorted(*context, sort, expected[sort].ascending,
                     expected[sort].descending);
    }
}

static void page_of_all_that_match_has_no_next(void **context)
{
    const struct {
        struct list_query query;
        const char *ids;
    } cases[] = {
        {{.limit = 5}, ""},
        {{.limit = 0}, "a b c d e"},
        {{.limit = 5}, "a b c d e"},
        {{.filter.type = TEXT("Falcon-9"), .limit = 2}, "c e"},
        {{.filter.mission = TEXT("GEMINI")}, "d"},
        {{.filter = {.status = TABLE_EXPLODED,
                     .type = TEXT("Falcon-9"),
                     .mission = TEXT("APOLLO")}},
         "e"},
        {{.filter = {.status = TABLE_ACTIVE,
                     .type = TEXT("Falcon-9"),
                     .mission = TEXT("APOLLO")}},
         ""},
        {{.filter = {.launch = TABLE_LAUNCHED, .id_prefix = TEXT("e")}}, "e"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct list_query next = {.limit = 77};
        struct list_page *page = list_page_new(*context, &cases[i].query);
        assert_non_null(page);
        assert_false(list_page_next(page, &next));
        assert_int_equal(next.limit, 77);
        list_page_free(page);
        check_list(*context, &cases[i].query, cases[i].ids);
        if (i == 0)
            add_rockets(*context);
    }
}

/*
 * The next query is the same query, after the last rocket of the page. Tested
 * for each field in both orders.
 */
static void next_continues_the_page(void **context)
{
    add_rockets(*context);
    for (unsigned i = 0; i < 2 * TABLE_FIELD_COUNT; i++) {
        const struct list_query query = {.sort = (enum table_field)(i / 2),
                                         .descending = i % 2 == 1,
                                         .filter.status = TABLE_ACTIVE,
                                         .limit = 3};
        struct list_query next;
        struct rocket_view last, view;
        struct list_page *page = list_page_new(*context, &query);
        assert_non_null(page);
        assert_int_equal(list_page_count(page), 3);
        assert_int_equal(list_page_total(page), 4);
        assert_true(list_page_next(page, &next));
        list_page_read(page, 2, &last);
        unit_check_text(next.after.id, last.id);
        struct list_page *second = list_page_new(*context, &next);
        assert_non_null(second);
        assert_int_equal(list_page_count(second), 1);
        list_page_read(second, 0, &view);
        assert_false(text_equal(view.id, last.id));
        list_page_free(second);
        list_page_free(page);
    }
}

/* Append the ids of all pages of one rocket. */
static void read_pages(struct table *table, struct list_query query,
                       char ids[32])
{
    bool more = true;

    query.limit = 1;
    while (more) {
        struct rocket_view view;
        struct list_query next;
        struct list_page *page = list_page_new(table, &query);
        assert_non_null(page);
        assert_int_equal(list_page_count(page), 1);
        list_page_read(page, 0, &view);
        strncat(ids, view.id.data, view.id.length);
        more = list_page_next(page, &next);
        if (more)
            query = next;
        list_page_free(page);
    }
}

static void leap_seconds_sort_by_instant(void **context)
{
    /* By instant; the ids, which decide between equal ones, are not in order.
     */
    static const struct {
        const char *id, *time;
    } rockets[] = {
        {"g", "2016-12-31T23:59:59.9Z"},       {"c", "2016-12-31T23:59:60.0Z"},
        {"d", "2016-12-31T15:59:60-08:00"},    {"f", "2016-12-31T23:59:60.5Z"},
        {"b", "2017-01-01T05:29:60.90+05:30"}, {"e", "2017-01-01T00:00:00Z"},
        {"a", "2017-01-01T01:00:00.4+01:00"},
    };
    struct list_query query = {.sort = TABLE_UPDATED};
    char ascending[32] = "", descending[32] = "";

    for (size_t i = 0; i < COUNT(rockets); i++) {
        struct message message = message_speed(rockets[i].id, 1, 1);
        const char *problem;
        assert_true(
            timestamp_parse(text_of(rockets[i].time), &message.time, &problem));
        unit_table_apply(*context, message);
    }
    check_sorted(*context, TABLE_UPDATED, "g c d f b e a", "a e b f c d g");
    read_pages(*context, query, ascending);
    assert_string_equal(ascending, "gcdfbea");
    query.descending = true;
    read_pages(*context, query, descending);
    assert_string_equal(descending, "aebfcdg");
}

static void page_reads_the_current_state(void **context)
{
    const struct list_query query = {
        .sort = TABLE_SPEED, .descending = true, .limit = 1};
    struct rocket_view view;

    add_rockets(*context);
    struct list_page *page = list_page_new(*context, &query);
    assert_non_null(page);
    unit_table_apply(*context, message_speed("a", 2, -699));
    list_page_read(page, 0, &view);
    unit_check_text(view.id, TEXT("a"));
    assert_int_equal(view.speed, 1);
    list_page_free(page);
}

/* Thousands of rockets in different stripes have the same speed. */
static void many_ties_are_sorted_by_id(void **context)
{
    enum { ROCKETS = 100000 };
    const struct list_query query = {.sort = TABLE_SPEED};
    char id[32];

    for (unsigned i = 0; i < ROCKETS; i++) {
        unsigned place = (unsigned)(i * UINT64_C(7919) % ROCKETS);
        snprintf(id, sizeof(id), "rocket with a number %05u", place);
        unit_table_apply(*context,
                         message_speed(id, 1, 1 + place / (ROCKETS / 4)));
    }
    struct list_page *page = list_page_new(*context, &query);
    assert_non_null(page);
    assert_int_equal(list_page_count(page), ROCKETS);
    for (unsigned i = 0; i < ROCKETS; i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        snprintf(id, sizeof(id), "rocket with a number %05u", i);
        unit_check_text(view.id, text_of(id));
    }
    list_page_free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(every_field_sorts_both_ways),
        TABLE_TEST(page_of_all_that_match_has_no_next),
        TABLE_TEST(next_continues_the_page),
        TABLE_TEST(leap_seconds_sort_by_instant),
        TABLE_TEST(page_reads_the_current_state),
        TABLE_TEST(many_ties_are_sorted_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
