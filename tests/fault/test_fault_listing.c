/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the allocations of a list: how many it needs, and that it is right
 * if rockets are added between them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "allocations.h"
#include "lib/messages.h"
#include "listing/list_page.h"

enum { ROCKETS = 1000 };

/* Add rockets `from` to `to` - 1. The speed of each is its number. */
static void add_rockets(struct table *table, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket %04u", i);
        struct message message = message_speed(id, 1, i);
        assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
    }
}

static int set_up(void **context)
{
    struct table *table = table_new(SIZE_MAX);

    if (table == NULL)
        return -1;
    add_rockets(table, 0, ROCKETS);
    *context = table;
    return 0;
}

static int tear_down(void **context)
{
    table_free(*context);
    return allocations_live() == 0 ? 0 : -1;
}

static const struct list_query fastest = {.sort = TABLE_SPEED,
                                          .descending = true};

/* The page must start with the fastest of `rockets` rockets, in order. */
static void expect_fastest(const struct list_page *page, unsigned rockets)
{
    for (size_t i = 0; i < list_page_count(page); i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        assert_int_equal(view.speed, rockets - 1 - i);
    }
}

/* One for the page, one for its keys, for any number of rockets. */
static void list_takes_two_allocations(void **context)
{
    static const struct {
        size_t limit, count;
    } cases[] = {{0, ROCKETS}, {1, 1}, {3, 3}, {10000, ROCKETS}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct list_query query = fastest;
        query.limit = cases[i].limit;

        allocations_limit(&(struct allocations_end){2, true});
        struct list_page *page = list_page_new(*context, &query);
        allocations_restore();
        assert_non_null(page);
        assert_int_equal(list_page_total(page), ROCKETS);
        assert_int_equal(list_page_count(page), cases[i].count);
        expect_fastest(page, ROCKETS);
        list_page_free(page);
    }
}

static void add_more(void *context)
{
    add_rockets(context, ROCKETS, 2 * ROCKETS);
}

/* Rockets are added after the count, which sizes the keys, before the scan. */
static void rockets_added_meanwhile_need_memory(void **context)
{
    allocations_meanwhile(1, add_more, *context);
    allocations_limit(&(struct allocations_end){2, true});
    assert_null(list_page_new(*context, &fastest));
    assert_true(allocations_restore());
    struct list_page *page = list_page_new(*context, &fastest);
    assert_non_null(page);
    assert_int_equal(list_page_count(page), 2 * ROCKETS);
    list_page_free(page);
}

static void rockets_added_meanwhile_are_listed(void **context)
{
    allocations_meanwhile(1, add_more, *context);
    struct list_page *page = list_page_new(*context, &fastest);
    assert_non_null(page);
    assert_int_equal(list_page_count(page), 2 * ROCKETS);
    expect_fastest(page, 2 * ROCKETS);
    list_page_free(page);
}

static void rockets_added_to_an_empty_table_are_listed(void **context)
{
    (void)context;
    struct table *table = table_new(SIZE_MAX);

    assert_non_null(table);
    allocations_meanwhile(1, add_more, table);
    struct list_page *page = list_page_new(table, &fastest);
    assert_non_null(page);
    assert_int_equal(list_page_count(page), ROCKETS);
    expect_fastest(page, 2 * ROCKETS);
    list_page_free(page);
    table_free(table);
}

#define LISTING_TEST(test)                                                     \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTING_TEST(list_takes_two_allocations),
        LISTING_TEST(rockets_added_meanwhile_need_memory),
        LISTING_TEST(rockets_added_meanwhile_are_listed),
        LISTING_TEST(rockets_added_to_an_empty_table_are_listed),
    };
    allocations_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
