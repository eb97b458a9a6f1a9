/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of cursors: the target in the Link header of a page leads to the right
 * next page.
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
#include "http/target.h"
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

/* The page of a URL's query, and the target of the next page. */
struct url_page {
    struct list_url url;
    struct list_page *page;
    struct buffer next;
    bool more;
};

static struct url_page *open_page(struct url_page *page, struct table *table,
                                  struct text raw)
{
    char detail[LIST_URL_DETAIL];
    struct list_query next;
    *page = (struct url_page){.next = BUFFER_INIT};
    if (!list_url_parse(&page->url, raw, detail, sizeof(detail)))
        fail_msg("refused: %s", detail);
    page->page = list_page_new(table, &page->url.query);
    assert_non_null(page->page);
    page->more = list_page_next(page->page, &next);
    if (page->more)
        list_url_write(&next, &page->next);
    assert_false(buffer_failed(&page->next));
    return page;
}

static void close_page(struct url_page *page)
{
    list_page_free(page->page);
    list_url_release(&page->url);
    buffer_release(&page->next);
}

/*
 * The page of the query `raw` must have exactly the ids of `expected`, in that
 * order. Ids are separated by spaces.
 */
static void assert_list(struct table *table, const char *raw,
                        const char *expected)
{
    struct url_page page;
    char ids[200] = "";
    size_t length = 0;
    open_page(&page, table, text_of(raw));
    for (size_t i = 0; i < list_page_count(page.page); i++) {
        struct rocket_view view;
        list_page_read(page.page, i, &view);
        length +=
            (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%.*s",
                             i ? " " : "", (int)view.id.length, view.id.data);
        assert_in_range(length, 0, sizeof(ids) - 1);
    }
    assert_string_equal(ids, expected);
    close_page(&page);
}

static void next_repeats_the_whole_query(void **context)
{
    struct table *table = *context;
    struct url_page page;
    static const char expected[] =
        "/rockets?sort=speed&order=desc&status=active&type=T%261&mission="
        "M%20%C3%A9&limit=1&cursor=";
    apply(table, message_launched("a", 1, "T&1", "M \xc3\xa9", 5));
    apply(table, message_launched("b", 1, "T&1", "M \xc3\xa9", 5));
    open_page(&page, table,
              TEXT("order=desc&sort=speed&limit=1&status=active&"
                   "mission=M+%c3%a9&type=T%261&colour=red"));
    assert_true(page.more);
    assert_memory_equal(page.next.data, expected, sizeof(expected) - 1);
    close_page(&page);
}

/* The cursor in the target of the next page. Points into that target. */
static struct text cursor_of(const struct url_page *page)
{
    static const char key[] = "&cursor=";
    struct text target = buffer_text(&page->next);
    const char *found =
        memmem(target.data, target.length, key, sizeof(key) - 1);
    assert_non_null(found);
    found += sizeof(key) - 1;
    return (struct text){found, target.length - (size_t)(found - target.data)};
}

/*
 * Check the page of `query` with the cursor that the query `first` gives for
 * its next page.
 */
static void assert_next_list(struct table *table, const char *first,
                             const char *query, const char *expected)
{
    struct url_page page;
    struct buffer raw = BUFFER_INIT;
    open_page(&page, table, text_of(first));
    buffer_append_format(&raw, "%s&cursor=", query);
    buffer_append(&raw, cursor_of(&page));
    buffer_append_format(&raw, "%c", '\0');
    assert_list(table, raw.data, expected);
    buffer_release(&raw);
    close_page(&page);
}

static void cursor_without_limit_gives_the_whole_rest(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    assert_next_list(table, "sort=speed&limit=2", "sort=speed", "b c a");
    assert_next_list(table, "limit=1", "order=asc", "b c d e");
}

static void cursor_works_with_another_limit(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    assert_next_list(table, "sort=speed&limit=2", "sort=speed&limit=1", "b");
}

static void cursor_continues_among_equal_and_unknown_values(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    assert_next_list(table, "sort=speed&limit=3", "sort=speed", "c a");
    assert_next_list(table, "sort=mission&limit=4", "sort=mission", "b");
    assert_next_list(table, "sort=type&limit=3", "sort=type", "b d");
    assert_next_list(table, "sort=type&limit=4", "sort=type", "d");
    assert_next_list(table, "sort=createdAt&order=desc&limit=4",
                     "sort=createdAt&order=desc", "d");
}

/* The last rocket of a page may change its value before the next page. */
static void cursor_does_not_depend_on_current_values(void **context)
{
    struct table *table = *context;
    struct url_page page;
    struct buffer raw = BUFFER_INIT;
    add_rockets(table);
    open_page(&page, table, TEXT("sort=mission&limit=2"));
    buffer_append(&raw, TEXT("sort=mission&cursor="));
    buffer_append(&raw, cursor_of(&page));
    buffer_append_format(&raw, "%c", '\0');
    apply(table, message_launched("e", 3, "Falcon-9", "ZOND", 1));
    apply(table, message_mission("a", 2, "AARDVARK"));
    assert_list(table, raw.data, "c d e b");
    buffer_release(&raw);
    close_page(&page);
}

static void total_is_the_same_with_a_cursor(void **context)
{
    struct table *table = *context;
    struct url_page page, second;
    add_rockets(table);
    open_page(&page, table, TEXT("limit=2"));
    struct text query = buffer_text(&page.next);
    text_split(&query, '?');
    open_page(&second, table, query);
    assert_int_equal(list_page_total(second.page), 5);
    assert_int_equal(list_page_count(second.page), 2);
    close_page(&second);
    close_page(&page);
}

#define SCOPE_DETAIL                                                           \
    "cursor belongs to another sort, order or filter; take it from a Link "    \
    "header and leave the rest of the query as it is"

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

static void cursor_of_another_query_is_refused(void **context)
{
    struct table *table = *context;
    struct url_page page;
    static const char *const others[] = {
        "sort=speed&order=desc&cursor=",
        "sort=id&cursor=",
        "cursor=",
        "sort=speed&status=active&cursor=",
        "sort=speed&type=Falcon-9&cursor=",
        "sort=speed&mission=APOLLO&cursor=",
    };
    add_rockets(table);
    open_page(&page, table, TEXT("sort=speed&limit=2"));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct buffer raw = BUFFER_INIT;
        buffer_append(&raw, text_of(others[i]));
        buffer_append(&raw, cursor_of(&page));
        assert_refused(buffer_text(&raw), SCOPE_DETAIL);
        buffer_release(&raw);
    }
    close_page(&page);
}

/*
 * A truncated cursor, or one with a changed byte, is refused or continues
 * somewhere; it never causes a fault.
 */
static void damaged_cursor_does_no_harm(void **context)
{
    struct table *table = *context;
    struct url_page page;
    add_rockets(table);
    open_page(&page, table, TEXT("sort=mission&limit=2"));
    struct text cursor = cursor_of(&page);
    for (size_t i = 0; i < 2 * cursor.length; i++) {
        struct buffer raw = BUFFER_INIT;
        struct list_url url;
        char detail[LIST_URL_DETAIL];
        buffer_append(&raw, TEXT("sort=mission&cursor="));
        size_t start = raw.length;
        buffer_append(&raw, cursor);
        if (i < cursor.length)
            raw.length = start + i;
        else
            raw.data[start + i - cursor.length] ^= 1;
        if (list_url_parse(&url, buffer_text(&raw), detail, sizeof(detail)))
            list_url_release(&url);
        else
            assert_memory_equal(detail, "cursor ", 7);
        buffer_release(&raw);
    }
    close_page(&page);
}

/* Longest id, value and filters: the target is not longer than the limit. */
static void longest_target_with_cursor_is_accepted(void **context)
{
    struct table *table = *context;
    struct url_page page, second;
    struct buffer raw = BUFFER_INIT;
    char name[MESSAGE_MAX_NAME + 1] = {0}, id[MESSAGE_MAX_CHANNEL + 1] = {0};
    memset(name, '&', MESSAGE_MAX_NAME);
    memset(id, '&', MESSAGE_MAX_CHANNEL);
    apply(table, message_launched(id, 1, name, name, 1));
    id[MESSAGE_MAX_CHANNEL - 1] = 'z';
    apply(table, message_launched(id, 1, name, name, 1));
    buffer_append(&raw, TEXT("sort=type&limit=1&type="));
    http_percent_encode(&raw, text_of(name));
    buffer_append(&raw, TEXT("&mission="));
    http_percent_encode(&raw, text_of(name));
    open_page(&page, table, buffer_text(&raw));
    assert_true(page.more);
    assert_in_range(page.next.length, 1, 8192);
    struct text query = buffer_text(&page.next);
    text_split(&query, '?');
    open_page(&second, table, query);
    assert_int_equal(list_page_count(second.page), 1);
    struct rocket_view view;
    list_page_read(second.page, 0, &view);
    assert_true(text_equal(view.id, text_of(id)));
    assert_false(second.more);
    close_page(&second);
    close_page(&page);
    buffer_release(&raw);
}

#define CURSOR_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CURSOR_TEST(next_repeats_the_whole_query),
        CURSOR_TEST(cursor_without_limit_gives_the_whole_rest),
        CURSOR_TEST(cursor_works_with_another_limit),
        CURSOR_TEST(cursor_continues_among_equal_and_unknown_values),
        CURSOR_TEST(cursor_does_not_depend_on_current_values),
        CURSOR_TEST(total_is_the_same_with_a_cursor),
        CURSOR_TEST(cursor_of_another_query_is_refused),
        CURSOR_TEST(damaged_cursor_does_no_harm),
        CURSOR_TEST(longest_target_with_cursor_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
