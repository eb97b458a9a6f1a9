/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and their cursors by example. That lists are right for all tables,
 * page by page, is shown in tests/property/.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http/target.h"
#include "lib/messages.h"
#include "listing/listing.h"
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

/* A list of `raw` has exactly the ids that `expected` spells, in order. */
static void assert_list(struct table *table, const char *raw,
                        const char *expected)
{
    struct listing_query query;
    char detail[200], ids[200] = "";
    size_t length = 0;
    assert_true(
        listing_query_parse(&query, text_of(raw), detail, sizeof(detail)));
    struct listing *listing = listing_new(table, &query);
    assert_non_null(listing);
    for (size_t i = 0; i < listing_count(listing); i++) {
        struct rocket_view view;
        listing_read(listing, i, &view);
        length +=
            (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%.*s",
                             i ? " " : "", (int)view.id.length, view.id.data);
        assert_in_range(length, 0, sizeof(ids) - 1);
    }
    assert_string_equal(ids, expected);
    listing_free(listing);
    listing_query_release(&query);
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
    assert_list(*context, "sort=speed&limit=5", "");
    assert_list(*context, "", "");
}

static void every_field_sorts_both_ways(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    assert_list(table, "", "a b c d e");
    assert_list(table, "order=desc", "e d c b a");
    assert_list(table, "sort=type", "c e a b d");
    assert_list(table, "sort=type&order=desc", "a c e b d");
    assert_list(table, "sort=speed", "d e b c a");
    assert_list(table, "sort=speed&order=desc", "a b c e d");
    assert_list(table, "sort=mission", "a e c d b");
    assert_list(table, "sort=mission&order=desc", "d c a e b");
    assert_list(table, "sort=status", "a b c d e");
    assert_list(table, "sort=status&order=desc", "e a b c d");
    assert_list(table, "sort=createdAt&order=desc", "a c e b d");
    assert_list(table, "sort=updatedAt", "a c e d b");
    assert_list(table, "sort=updatedAt&order=desc", "b d e a c");
    assert_list(table, "sort=lastMessageNumber", "a c e d b");
    assert_list(table, "sort=lastMessageNumber&order=desc", "b d e a c");
}

static void filters_choose_rockets(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    assert_list(table, "status=active", "a b c d");
    assert_list(table, "status=exploded", "e");
    assert_list(table, "type=Falcon-9", "c e");
    assert_list(table, "type=falcon-9", "");
    assert_list(table, "mission=APOLLO", "a e");
    assert_list(table, "mission=APOLLO&type=Falcon-9&status=active", "");
    assert_list(table, "mission=APOLLO&type=Falcon-9&status=exploded", "e");
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
    assert_list(table, "sort=createdAt", "d a c b");
    assert_list(table, "sort=updatedAt&order=desc", "b c a d");
}

static void ids_that_begin_alike_sort_by_what_follows(void **context)
{
    struct table *table = *context;
    static const char *const ids[] = {"abcdefghi", "abcdefgh", "abcd",
                                      "abcdefghj", "\xc3\xa9", "abc"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        apply(table, message_speed(ids[i], 1, 1));
    assert_list(table, "", "abc abcd abcdefgh abcdefghi abcdefghj \xc3\xa9");
    assert_list(table, "sort=speed&order=desc",
                "abc abcd abcdefgh abcdefghi abcdefghj \xc3\xa9");
}

/* A list and the target of the page after it. */
struct page {
    struct listing_query query;
    struct listing *listing;
    struct buffer next;
    bool more;
};

static struct page *open_page(struct page *page, struct table *table,
                              struct text raw)
{
    char detail[200];
    *page = (struct page){.next = BUFFER_INIT};
    if (!listing_query_parse(&page->query, raw, detail, sizeof(detail)))
        fail_msg("refused: %s", detail);
    page->listing = listing_new(table, &page->query);
    assert_non_null(page->listing);
    page->more = listing_next(page->listing, &page->next);
    assert_false(buffer_failed(&page->next));
    return page;
}

static void close_page(struct page *page)
{
    listing_free(page->listing);
    listing_query_release(&page->query);
    buffer_release(&page->next);
}

/* The cursor in the target of the next page. */
static struct text cursor_of(const struct page *page)
{
    static const char key[] = "&cursor=";
    struct text target = buffer_text(&page->next);
    const char *found =
        memmem(target.data, target.length, key, sizeof(key) - 1);
    assert_non_null(found);
    found += sizeof(key) - 1;
    return (struct text){found, target.length - (size_t)(found - target.data)};
}

static void limit_cuts_and_total_does_not(void **context)
{
    struct table *table = *context;
    struct page page;
    add_rockets(table);
    assert_list(table, "sort=speed&limit=2", "d e");
    open_page(&page, table, TEXT("status=active&limit=3"));
    assert_int_equal(listing_count(page.listing), 3);
    assert_int_equal(listing_total(page.listing), 4);
    assert_true(page.more);
    close_page(&page);
}

static void last_page_has_no_next(void **context)
{
    struct table *table = *context;
    static const char *const raws[] = {"", "limit=5", "limit=6",
                                       "type=Falcon-9&limit=2"};
    add_rockets(table);
    for (size_t i = 0; i < sizeof(raws) / sizeof(raws[0]); i++) {
        struct page page;
        open_page(&page, table, text_of(raws[i]));
        assert_false(page.more);
        assert_int_equal(page.next.length, 0);
        close_page(&page);
    }
}

static void next_repeats_the_whole_query(void **context)
{
    struct table *table = *context;
    struct page page;
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

/* A page after the cursor that `first`, a query, gives for its next page. */
static void assert_next_list(struct table *table, const char *first,
                             const char *query, const char *expected)
{
    struct page page;
    struct buffer raw = BUFFER_INIT;
    open_page(&page, table, text_of(first));
    buffer_append_format(&raw, "%s&cursor=", query);
    buffer_append(&raw, cursor_of(&page));
    buffer_append_format(&raw, "%c", '\0');
    assert_list(table, raw.data, expected);
    buffer_release(&raw);
    close_page(&page);
}

static void cursor_without_limit_gives_all_the_rest(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    assert_next_list(table, "sort=speed&limit=2", "sort=speed", "b c a");
    assert_next_list(table, "limit=1", "order=asc", "b c d e");
}

static void cursor_goes_with_any_limit(void **context)
{
    struct table *table = *context;
    add_rockets(table);
    assert_next_list(table, "sort=speed&limit=2", "sort=speed&limit=1", "b");
}

static void cursor_goes_on_among_equal_and_unknown_values(void **context)
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

/* The rocket that a page ended with may be anywhere by then. */
static void cursor_outlives_the_value_it_was_made_of(void **context)
{
    struct table *table = *context;
    struct page page;
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
    struct page page, second;
    add_rockets(table);
    open_page(&page, table, TEXT("limit=2"));
    struct text query = buffer_text(&page.next);
    text_split(&query, '?');
    open_page(&second, table, query);
    assert_int_equal(listing_total(second.listing), 5);
    assert_int_equal(listing_count(second.listing), 2);
    close_page(&second);
    close_page(&page);
}

/* Cursors that are refused, or at least survived. */

#define SCOPE_DETAIL                                                           \
    "cursor belongs to another sort, order or filter; take it from a Link "    \
    "header and leave the rest of the query as it is"

static void assert_refused(struct text raw, const char *expected)
{
    struct listing_query query;
    char detail[200];
    if (listing_query_parse(&query, raw, detail, sizeof(detail))) {
        listing_query_release(&query);
        fail_msg("accepted: %.*s", (int)raw.length, raw.data);
    }
    assert_string_equal(detail, expected);
}

static void cursor_of_another_query_is_refused(void **context)
{
    struct table *table = *context;
    struct page page;
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

/* Cut anywhere or with a byte changed: refused, or at least survived. */
static void damaged_cursor_is_survived(void **context)
{
    struct table *table = *context;
    struct page page;
    add_rockets(table);
    open_page(&page, table, TEXT("sort=mission&limit=2"));
    struct text cursor = cursor_of(&page);
    for (size_t i = 0; i < 2 * cursor.length; i++) {
        struct buffer raw = BUFFER_INIT;
        struct listing_query query;
        char detail[200];
        buffer_append(&raw, TEXT("sort=mission&cursor="));
        size_t start = raw.length;
        buffer_append(&raw, cursor);
        if (i < cursor.length)
            raw.length = start + i;
        else
            raw.data[start + i - cursor.length] ^= 1;
        if (listing_query_parse(&query, buffer_text(&raw), detail,
                                sizeof(detail)))
            listing_query_release(&query);
        else
            assert_memory_equal(detail, "cursor ", 7);
        buffer_release(&raw);
    }
    close_page(&page);
}

/* A page reads rockets as they are when they are wanted. */
static void listing_reads_the_newest_state(void **context)
{
    struct table *table = *context;
    struct page page;
    struct rocket_view view;
    add_rockets(table);
    open_page(&page, table, TEXT("sort=speed&order=desc&limit=1"));
    apply(table, message_speed("a", 2, -699));
    listing_read(page.listing, 0, &view);
    assert_true(text_equal(view.id, TEXT("a")));
    assert_int_equal(view.speed, 1);
    close_page(&page);
}

static void page_of_many_has_the_best_in_order(void **context)
{
    struct table *table = *context;
    enum { ROCKETS = 20000, LIMIT = 50 };
    struct page page;
    char id[32];
    for (unsigned i = 0; i < ROCKETS; i++) {
        snprintf(id, sizeof(id), "%u", i);
        apply(table, message_speed(id, 1, i * 7919U % ROCKETS));
    }
    open_page(&page, table, TEXT("sort=speed&order=desc&limit=50"));
    assert_int_equal(listing_count(page.listing), LIMIT);
    assert_int_equal(listing_total(page.listing), ROCKETS);
    for (unsigned i = 0; i < LIMIT; i++) {
        struct rocket_view view;
        listing_read(page.listing, i, &view);
        assert_int_equal(view.speed, ROCKETS - 1 - i);
    }
    close_page(&page);
}

/* Speeds tie by the thousand; ids then decide, over all the table. */
static void many_ties_go_by_id(void **context)
{
    struct table *table = *context;
    enum { ROCKETS = 100000 };
    struct page page;
    char id[32];
    for (unsigned i = 0; i < ROCKETS; i++) {
        unsigned place = (unsigned)(i * UINT64_C(7919) % ROCKETS);
        snprintf(id, sizeof(id), "rocket with a number %05u", place);
        apply(table, message_speed(id, 1, 1 + place / (ROCKETS / 4)));
    }
    open_page(&page, table, TEXT("sort=speed"));
    assert_int_equal(listing_count(page.listing), ROCKETS);
    for (unsigned i = 0; i < ROCKETS; i++) {
        struct rocket_view view;
        listing_read(page.listing, i, &view);
        snprintf(id, sizeof(id), "rocket with a number %05u", i);
        assert_true(text_equal(view.id, text_of(id)));
    }
    close_page(&page);
}

/* Longest id, value and filters: the target stays one that we take. */
static void longest_cursor_fits_into_a_target(void **context)
{
    struct table *table = *context;
    struct page page, second;
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
    assert_int_equal(listing_count(second.listing), 1);
    struct rocket_view view;
    listing_read(second.listing, 0, &view);
    assert_true(text_equal(view.id, text_of(id)));
    assert_false(second.more);
    close_page(&second);
    close_page(&page);
    buffer_release(&raw);
}

#define LISTING_TEST(test)                                                     \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTING_TEST(empty_table_gives_an_empty_list),
        LISTING_TEST(every_field_sorts_both_ways),
        LISTING_TEST(filters_choose_rockets),
        LISTING_TEST(times_sort_by_instant_not_by_spelling),
        LISTING_TEST(ids_that_begin_alike_sort_by_what_follows),
        LISTING_TEST(limit_cuts_and_total_does_not),
        LISTING_TEST(last_page_has_no_next),
        LISTING_TEST(next_repeats_the_whole_query),
        LISTING_TEST(cursor_without_limit_gives_all_the_rest),
        LISTING_TEST(cursor_goes_with_any_limit),
        LISTING_TEST(cursor_goes_on_among_equal_and_unknown_values),
        LISTING_TEST(cursor_outlives_the_value_it_was_made_of),
        LISTING_TEST(total_is_the_same_with_a_cursor),
        LISTING_TEST(cursor_of_another_query_is_refused),
        LISTING_TEST(damaged_cursor_is_survived),
        LISTING_TEST(listing_reads_the_newest_state),
        LISTING_TEST(page_of_many_has_the_best_in_order),
        LISTING_TEST(many_ties_go_by_id),
        LISTING_TEST(longest_cursor_fits_into_a_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
