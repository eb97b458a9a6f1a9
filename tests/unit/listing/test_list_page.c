/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of pages by example. tests/property/ tests them with random tables,
 * page by page; tests/unit/api/test_list_cursor.c tests them through URLs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "api/list_url.h"
#include "lib/messages.h"
#include "listing/list_page.h"
#include "table/table.h"

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

/*
 * The page of `query` must have exactly the ids of `expected`, in that order.
 * Ids are separated by spaces.
 */
static void assert_list(struct table *table, const struct list_query *query,
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
static void assert_sorted(struct table *table, enum table_field sort,
                          const char *ascending, const char *descending)
{
    struct list_query query = {.sort = sort};
    assert_list(table, &query, ascending);
    query.descending = true;
    assert_list(table, &query, descending);
}

static void assert_filtered(struct table *table, struct table_filter filter,
                            const char *expected)
{
    struct list_query query = {.filter = filter};
    assert_list(table, &query, expected);
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

static void empty_table_gives_an_empty_list(void **context)
{
    assert_list(*context, &(struct list_query){.sort = TABLE_SPEED, .limit = 5},
                "");
    assert_list(*context, &(struct list_query){0}, "");
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
    struct table *table = *context;
    add_rockets(table);
    for (enum table_field sort = 0; sort < TABLE_FIELD_COUNT; sort++) {
        if (expected[sort].ascending == NULL)
            fail_msg("add a row for sort=%s", list_url_sort_name(sort));
        assert_sorted(table, sort, expected[sort].ascending,
                      expected[sort].descending);
    }
}

static void filters_select_rockets(void **context)
{
    const struct text apollo = TEXT("APOLLO"), falcon = TEXT("Falcon-9");
    struct table *table = *context;
    add_rockets(table);
    assert_filtered(table, (struct table_filter){.status = TABLE_ACTIVE},
                    "a b c d");
    assert_filtered(table, (struct table_filter){.status = TABLE_EXPLODED},
                    "e");
    assert_filtered(table, (struct table_filter){.type = falcon}, "c e");
    assert_filtered(table, (struct table_filter){.type = TEXT("falcon-9")}, "");
    assert_filtered(table, (struct table_filter){.mission = apollo}, "a e");
    assert_filtered(table, (struct table_filter){TABLE_ACTIVE, falcon, apollo},
                    "");
    assert_filtered(table,
                    (struct table_filter){TABLE_EXPLODED, falcon, apollo}, "e");
}

static void times_sort_by_instant_not_by_spelling(void **context)
{
    struct table *table = *context;
    static const char *const times[] = {
        "2022-02-02T20:00:00+02:00",
        "2022-02-02T18:00:00.5Z",
        "2022-02-02T18:00:00.25Z",
        "1969-12-31T23:59:59Z",
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char id[] = {(char)('a' + i), '\0'};
        struct message message = message_launched(id, 1, "t", "m", 0);
        assert_true(timestamp_parse(text_of(times[i]), &message.time));
        apply(table, message);
    }
    assert_sorted(table, TABLE_CREATED, "d a c b", "b c a d");
    assert_sorted(table, TABLE_UPDATED, "d a c b", "b c a d");
}

static void ids_with_a_common_prefix_are_sorted(void **context)
{
    struct table *table = *context;
    static const char *const ids[] = {"abcdefghi", "abcdefgh", "abcd",
                                      "abcdefghj", "\xc3\xa9", "abc"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        apply(table, message_speed(ids[i], 1, 1));
    static const char ascending[] =
        "abc abcd abcdefgh abcdefghi abcdefghj \xc3\xa9";
    assert_list(table, &(struct list_query){.sort = TABLE_ID}, ascending);
    assert_sorted(table, TABLE_SPEED, ascending, ascending);
}

static void limit_shortens_the_page_but_not_the_total(void **context)
{
    struct table *table = *context;
    const struct list_query query = {.filter.status = TABLE_ACTIVE, .limit = 3};
    struct list_query next;
    add_rockets(table);
    assert_list(table, &(struct list_query){.sort = TABLE_SPEED, .limit = 2},
                "d e");
    struct list_page *page = list_page_new(table, &query);
    assert_non_null(page);
    assert_int_equal(list_page_count(page), 3);
    assert_int_equal(list_page_total(page), 4);
    assert_true(list_page_next(page, &next));
    list_page_free(page);
}

static void last_page_has_no_next(void **context)
{
    struct table *table = *context;
    const struct list_query queries[] = {
        {.limit = 0},
        {.limit = 5},
        {.limit = 6},
        {.filter.type = TEXT("Falcon-9"), .limit = 2}};
    add_rockets(table);
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct list_query next = {.limit = 77};
        struct list_page *page = list_page_new(table, &queries[i]);
        assert_non_null(page);
        assert_false(list_page_next(page, &next));
        assert_int_equal(next.limit, 77);
        list_page_free(page);
    }
}

/*
 * The next query is the same query, after the last rocket of the page. Tested
 * for each field in both orders.
 */
static void next_continues_the_page(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    for (unsigned i = 0; i < 2 * TABLE_FIELD_COUNT; i++) {
        const struct list_query query = {.sort = (enum table_field)(i / 2),
                                         .descending = i % 2 == 1,
                                         .filter.status = TABLE_ACTIVE,
                                         .limit = 3};
        struct list_query next;
        struct rocket_view last, view;
        struct list_page *page = list_page_new(table, &query);
        assert_non_null(page);
        assert_true(list_page_next(page, &next));
        list_page_read(page, 2, &last);
        assert_int_equal(next.sort, query.sort);
        assert_int_equal(next.descending, query.descending);
        assert_int_equal(next.filter.status, TABLE_ACTIVE);
        assert_int_equal(next.limit, 3);
        assert_true(next.after.set);
        assert_true(text_equal(next.after.id, last.id));
        struct list_page *second = list_page_new(table, &next);
        assert_non_null(second);
        assert_int_equal(list_page_count(second), 1);
        assert_int_equal(list_page_total(second), 4);
        list_page_read(second, 0, &view);
        assert_false(text_equal(view.id, last.id));
        list_page_free(second);
        list_page_free(page);
    }
}

/* A page reads each rocket in its current state. */
static void page_reads_the_current_state(void **context)
{
    struct table *table = *context;
    const struct list_query query = {
        .sort = TABLE_SPEED, .descending = true, .limit = 1};
    struct rocket_view view;
    add_rockets(table);
    struct list_page *page = list_page_new(table, &query);
    assert_non_null(page);
    apply(table, message_speed("a", 2, -699));
    list_page_read(page, 0, &view);
    assert_true(text_equal(view.id, TEXT("a")));
    assert_int_equal(view.speed, 1);
    list_page_free(page);
}

static void page_of_a_large_table_has_the_first_rockets(void **context)
{
    struct table *table = *context;
    enum { ROCKETS = 20000, LIMIT = 50 };
    const struct list_query query = {
        .sort = TABLE_SPEED, .descending = true, .limit = LIMIT};
    char id[32];
    for (unsigned i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        apply(table, message_speed(id, 1, i * 7919U % ROCKETS));
    }
    struct list_page *page = list_page_new(table, &query);
    assert_non_null(page);
    assert_int_equal(list_page_count(page), LIMIT);
    assert_int_equal(list_page_total(page), ROCKETS);
    for (unsigned i = 0; i < LIMIT; i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        assert_int_equal(view.speed, ROCKETS - 1 - i);
    }
    list_page_free(page);
}

/* Thousands of rockets in different stripes have the same speed. */
static void many_ties_are_sorted_by_id(void **context)
{
    struct table *table = *context;
    enum { ROCKETS = 100000 };
    const struct list_query query = {.sort = TABLE_SPEED};
    char id[32];
    for (unsigned i = 0; i < ROCKETS; i++) {
        unsigned place = (unsigned)(i * UINT64_C(7919) % ROCKETS);
        snprintf(id, sizeof(id), "rocket with a number %05u", place);
        apply(table, message_speed(id, 1, 1 + place / (ROCKETS / 4)));
    }
    struct list_page *page = list_page_new(table, &query);
    assert_non_null(page);
    assert_int_equal(list_page_count(page), ROCKETS);
    for (unsigned i = 0; i < ROCKETS; i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        snprintf(id, sizeof(id), "rocket with a number %05u", i);
        assert_true(text_equal(view.id, text_of(id)));
    }
    list_page_free(page);
}

#define PAGE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGE_TEST(empty_table_gives_an_empty_list),
        PAGE_TEST(every_field_sorts_both_ways),
        PAGE_TEST(filters_select_rockets),
        PAGE_TEST(times_sort_by_instant_not_by_spelling),
        PAGE_TEST(ids_with_a_common_prefix_are_sorted),
        PAGE_TEST(limit_shortens_the_page_but_not_the_total),
        PAGE_TEST(last_page_has_no_next),
        PAGE_TEST(next_continues_the_page),
        PAGE_TEST(page_reads_the_current_state),
        PAGE_TEST(page_of_a_large_table_has_the_first_rockets),
        PAGE_TEST(many_ties_are_sorted_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
