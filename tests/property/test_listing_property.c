/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of lists with random tables: a list, whole and page by page, equals a
 * plain sort of all rockets; and while other rockets change, the pages of a
 * list have each unchanged rocket exactly once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/list_url.h"
#include "lib/messages.h"
#include "lists.h"
#include "shrink.h"
#include "table/table.h"

enum {
    FLEET_ROCKETS = 90,
    LARGE_FLEET = 3000,
};

struct fleet {
    struct table *table;
    struct random random;
    size_t count;
    struct rocket_view views[LARGE_FLEET];
    bool changed[LARGE_FLEET]; /* its sort value, or whether it matches */
};

static void deliver(struct fleet *fleet, size_t rocket, struct message message)
{
    if (table_apply(fleet->table, &message) == MESSAGE_NO_MEMORY ||
        !table_find(fleet->table, message.channel, &fleet->views[rocket]))
        abort();
}

/*
 * A message with few different values, so that there are many ties, and with a
 * speed and a time that are often equal or below zero.
 */
static void change_rocket(struct fleet *fleet, size_t rocket, struct text id)
{
    struct random *random = &fleet->random;
    uint64_t number = 1 + random_below(random, 6);
    struct message message = generator_message(random, "", number);
    message.channel = id;
    message.time.seconds = (int64_t)random_below(random, 3) - 1;
    /* From 10^9 on, it is a leap second. */
    message.time.nanoseconds = (uint32_t)(random_below(random, 2) +
                                          random_below(random, 2) * 1000000000);
    if (message.speed != 0)
        message.speed = 1 + (int64_t)random_below(random, 3);
    deliver(fleet, rocket, message);
}

/*
 * Ids are unique and unordered, often with a common prefix that is longer than
 * an abbreviation, or prefixes of others.
 */
static void make_id(char id[MESSAGE_MAX_CHANNEL + 1], size_t rocket)
{
    static const char *const starts[] = {"", "abcdefgh", "\xc3\xa9t",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    if (rocket % 2 == 1 && rocket < MESSAGE_MAX_CHANNEL) {
        memset(id, 'a', rocket);
        id[rocket] = '\0';
    } else {
        snprintf(id, MESSAGE_MAX_CHANNEL + 1, "%s%zu", starts[rocket / 2 % 4],
                 rocket * 37 % 10000);
    }
}

/* One rocket of many has an extreme number, speed and time. */
static void add_rocket(struct fleet *fleet)
{
    static const int64_t speeds[] = {-1, -500000, INT64_C(1) << 27,
                                     INT64_C(1) << 52};
    struct random *random = &fleet->random;
    size_t rocket = fleet->count++;
    uint64_t messages = 1 + random_below(random, 4);
    char id[MESSAGE_MAX_CHANNEL + 1];
    make_id(id, rocket);
    for (uint64_t i = 0; i < messages; i++)
        change_rocket(fleet, rocket, text_of(id));
    if (random_below(random, 20) == 0) {
        uint64_t number = (UINT64_C(1) << 40) + random_below(random, 3);
        struct message message =
            message_speed(id, number, speeds[random_below(random, 4)]);
        message.time.seconds -= INT64_C(1) << (20 + random_below(random, 10));
        deliver(fleet, rocket, message);
    }
}

static struct fleet *fleet_new(uint64_t seed, size_t rockets)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    if (!fleet)
        abort();
    fleet->table = table_new(SIZE_MAX);
    if (!fleet->table)
        abort();
    fleet->random = (struct random){seed};
    while (fleet->count < rockets)
        add_rocket(fleet);
    return fleet;
}

/* The first bytes of an id, often more than a column has. */
static struct text random_prefix(struct fleet *fleet)
{
    struct random *random = &fleet->random;
    struct text prefix = fleet->views[random_below(random, fleet->count)].id;
    size_t length = 1 + random_below(random, 12);
    if (prefix.length > length)
        prefix.length = length;
    return prefix;
}

static struct list_query random_query(struct fleet *fleet,
                                      enum table_field sort)
{
    struct random *random = &fleet->random;
    static const size_t limits[] = {0, 1, 2, 7, 17, 40, 63, 64, 200};
    struct list_query query = {
        .sort = sort,
        .descending = random_below(random, 2) == 0,
        .limit = limits[random_below(random, 9)],
    };
    if (random_below(random, 3) == 0)
        query.filter.status =
            random_below(random, 2) == 0 ? TABLE_ACTIVE : TABLE_EXPLODED;
    if (random_below(random, 4) == 0)
        query.filter.type =
            text_of(generator_names[random_below(random, GENERATOR_NAMES)]);
    if (random_below(random, 4) == 0)
        query.filter.mission =
            text_of(generator_names[random_below(random, GENERATOR_NAMES)]);
    if (random_below(random, 4) == 0)
        query.filter.launch =
            random_below(random, 2) == 0 ? TABLE_LAUNCHED : TABLE_NOT_LAUNCHED;
    if (random_below(random, 4) == 0)
        query.filter.completeness =
            random_below(random, 2) == 0 ? TABLE_INCOMPLETE : TABLE_COMPLETE;
    if (random_below(random, 3) == 0)
        query.filter.id_prefix = random_prefix(fleet);
    return query;
}

static void fail_list(const struct list_query *query, uint64_t seed,
                      const char *reason)
{
    struct buffer target = BUFFER_INIT;
    list_url_write(query, &target);
    print_error("GET /rockets%.*s\nto repeat: LUNAR_SEED=%" PRIu64
                " LUNAR_ROUNDS=1\n",
                (int)target.length, target.data, seed);
    buffer_release(&target);
    fail_msg("%s", reason);
}

static int compare_views(const void *a, const void *b, void *query)
{
    return lists_compare(query, *(const struct rocket_view *const *)a,
                         *(const struct rocket_view *const *)b);
}

static void assert_listed_as_sorted(struct fleet *fleet,
                                    struct list_query *query, uint64_t seed)
{
    static const struct rocket_view *sorted[LARGE_FLEET];
    static struct listed listed;
    size_t count = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        if (lists_match(&query->filter, &fleet->views[i]))
            sorted[count++] = &fleet->views[i];
    }
    qsort_r(sorted, count, sizeof(void *), compare_views, query);
    lists_read(fleet->table, query, NULL, NULL, &listed);
    if (listed.count != count || listed.total != count)
        fail_list(query, seed, "the number differs from a plain sort");
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(listed.ids[i], sorted[i]->id))
            fail_list(query, seed, "the order differs from a plain sort");
    }
}

static void assert_lists(size_t rockets, uint64_t seed, unsigned lists)
{
    struct fleet *fleet = fleet_new(seed, rockets);
    for (unsigned i = 0; i < lists * TABLE_FIELD_COUNT; i++) {
        struct list_query query =
            random_query(fleet, (enum table_field)(i % TABLE_FIELD_COUNT));
        /* Short pages of many rockets take long. */
        if (rockets > FLEET_ROCKETS)
            query.limit *= 17;
        assert_listed_as_sorted(fleet, &query, seed);
    }
    table_free(fleet->table);
    free(fleet);
}

static void pages_make_up_the_whole_sorted_list(void **context)
{
    (void)context;
    uint64_t seed = shrink_seed("lists");
    uint64_t rounds = shrink_rounds(20);
    for (uint64_t i = 0; i < rounds; i++)
        assert_lists(FLEET_ROCKETS, seed + i, 8);
}

/* More rockets than a step of a scan has rows. */
static void many_rockets_are_listed_as_sorted(void **context)
{
    (void)context;
    assert_lists(LARGE_FLEET, shrink_seed("lists of many"), 6);
}

/* Lists while rockets change. */

struct changes {
    struct fleet *fleet;
    const struct list_query *query;
};

static void change_some(void *context)
{
    struct changes *changes = context;
    struct fleet *fleet = changes->fleet;
    const struct table_filter *filter = &changes->query->filter;
    for (unsigned i = 0; i < 12; i++) {
        size_t rocket = random_below(&fleet->random, FLEET_ROCKETS);
        struct rocket_view before, *after = &fleet->views[rocket];
        if (!table_find(fleet->table, after->id, &before))
            abort();
        change_rocket(fleet, rocket, before.id);
        if (lists_compare_values(changes->query, &before, after) != 0 ||
            lists_match(filter, &before) != lists_match(filter, after))
            fleet->changed[rocket] = true;
    }
    if (fleet->count / 2 < FLEET_ROCKETS)
        add_rocket(fleet);
}

static void assert_stable(struct fleet *fleet, const struct list_query *query,
                          uint64_t seed)
{
    static struct listed listed;
    struct changes changes = {fleet, query};
    lists_read(fleet->table, query, change_some, &changes, &listed);
    for (size_t i = 0; i < FLEET_ROCKETS; i++) {
        const struct rocket_view *view = &fleet->views[i];
        size_t times = 0;
        for (size_t j = 0; j < listed.count; j++)
            times += text_equal(listed.ids[j], view->id);
        if (!fleet->changed[i] && times != lists_match(&query->filter, view))
            fail_list(query, seed,
                      "a rocket that did not change is not listed once");
    }
}

static void unchanged_rockets_are_listed_once_while_others_change(void **state)
{
    (void)state;
    static const size_t limits[] = {2, 5, 20};
    uint64_t seed = shrink_seed("lists while rockets change");
    uint64_t rounds = shrink_rounds(12);
    for (uint64_t i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < 2 * TABLE_FIELD_COUNT; j++) {
            struct fleet *fleet = fleet_new(seed + i, FLEET_ROCKETS);
            struct list_query query =
                random_query(fleet, (enum table_field)(j % TABLE_FIELD_COUNT));
            query.descending = j >= TABLE_FIELD_COUNT;
            query.limit = limits[random_below(&fleet->random, 3)];
            assert_stable(fleet, &query, seed + i);
            table_free(fleet->table);
            free(fleet);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_make_up_the_whole_sorted_list),
        cmocka_unit_test(many_rockets_are_listed_as_sorted),
        cmocka_unit_test(unchanged_rockets_are_listed_once_while_others_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
