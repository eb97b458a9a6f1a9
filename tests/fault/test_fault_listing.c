/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of lists: what they may need, and that they need no more.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "allocations.h"
#include "lib/messages.h"
#include "listing/listing.h"

enum { ROCKETS = 1000 };

/* Rockets `from` to `to` - 1, each as fast as its number. */
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

static struct listing_query parsed(const char *text)
{
    struct listing_query query;
    char detail[200];

    assert_true(
        listing_query_parse(&query, text_of(text), detail, sizeof(detail)));
    return query;
}

/* The fastest first, as many as there are. */
static void expect_fastest(const struct listing *listing, unsigned rockets)
{
    for (size_t i = 0; i < listing_count(listing); i++) {
        struct rocket_view view;
        listing_read(listing, i, &view);
        assert_int_equal(view.speed, rockets - 1 - i);
    }
}

/* One for the listing, one for its keys, however many rockets there are. */
static void list_takes_two_allocations(void **context)
{
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {
        {"sort=speed&order=desc", ROCKETS},
        {"sort=speed&order=desc&limit=1", 1},
        {"sort=speed&order=desc&limit=3", 3},
        {"sort=speed&order=desc&limit=10000", ROCKETS},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct listing_query query = parsed(cases[i].query);

        allocations_limit(&(struct allocations_end){2, true});
        struct listing *listing = listing_new(*context, &query);
        allocations_restore();
        assert_non_null(listing);
        assert_int_equal(listing_total(listing), ROCKETS);
        assert_int_equal(listing_count(listing), cases[i].count);
        expect_fastest(listing, ROCKETS);
        listing_free(listing);
        listing_query_release(&query);
    }
}

static void add_more(void *context)
{
    add_rockets(context, ROCKETS, 2 * ROCKETS);
}

/* After they were counted, and before they are looked at. */
static void rockets_that_come_meanwhile_need_memory(void **context)
{
    struct listing_query query = parsed("sort=speed&order=desc");

    allocations_meanwhile(1, add_more, *context);
    allocations_limit(&(struct allocations_end){2, true});
    assert_null(listing_new(*context, &query));
    assert_true(allocations_restore());
    struct listing *listing = listing_new(*context, &query);
    assert_non_null(listing);
    assert_int_equal(listing_count(listing), 2 * ROCKETS);
    listing_free(listing);
    listing_query_release(&query);
}

static void rockets_that_come_meanwhile_are_listed(void **context)
{
    struct listing_query query = parsed("sort=speed&order=desc");

    allocations_meanwhile(1, add_more, *context);
    struct listing *listing = listing_new(*context, &query);
    assert_non_null(listing);
    assert_int_equal(listing_count(listing), 2 * ROCKETS);
    expect_fastest(listing, 2 * ROCKETS);
    listing_free(listing);
    listing_query_release(&query);
}

static void rockets_that_come_first_meanwhile_are_listed(void **context)
{
    (void)context;
    struct table *table = table_new(SIZE_MAX);
    struct listing_query query = parsed("sort=speed&order=desc");

    assert_non_null(table);
    allocations_meanwhile(1, add_more, table);
    struct listing *listing = listing_new(table, &query);
    assert_non_null(listing);
    assert_int_equal(listing_count(listing), ROCKETS);
    expect_fastest(listing, 2 * ROCKETS);
    listing_free(listing);
    listing_query_release(&query);
    table_free(table);
}

#define LISTING_TEST(test)                                                     \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTING_TEST(list_takes_two_allocations),
        LISTING_TEST(rockets_that_come_meanwhile_need_memory),
        LISTING_TEST(rockets_that_come_meanwhile_are_listed),
        LISTING_TEST(rockets_that_come_first_meanwhile_are_listed),
    };
    allocations_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
