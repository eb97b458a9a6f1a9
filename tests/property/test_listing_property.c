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
#include "history.h"
#include "lib/messages.h"
#include "listing/list_page.h"
#include "shrink.h"
#include "table/table.h"

/*
 * The rockets of a fleet have ids with common prefixes and few different
 * values, so that there are many ties. Values that can be unknown often are.
 */

enum {
    FLEET_ROCKETS = 90,
    FLEET_ROOM = 160, /* with rockets that are added during a list */
    ID_SIZE = 16,
    IDS_ROOM = 4096,
    LARGE_FLEET = 3000,
};

struct fleet {
    struct table *table;
    struct random random;
    size_t count;
    char ids[FLEET_ROOM][ID_SIZE];
    struct rocket_view views[FLEET_ROOM];
};

/* The id of the `i`th rocket: unique, unordered, often with a common prefix. */
static void make_id(char id[ID_SIZE], size_t i)
{
    static const char *const starts[] = {"", "a", "abcdefgh", "\xc3\xa9t",
                                         "abcd"};
    snprintf(id, ID_SIZE, "%s%zu", starts[i % 5], i * 37 % 1000);
}

/* A message with a speed and a time that are often equal or below zero. */
static struct message random_message(struct fleet *fleet, size_t rocket)
{
    struct random *random = &fleet->random;
    uint64_t number = 1 + random_below(random, 6);
    struct message message =
        history_message(random, fleet->ids[rocket], number);
    message.time.seconds = (int64_t)random_below(random, 3) - 1;
    message.time.nanoseconds = (uint32_t)random_below(random, 2);
    if (message.speed != 0)
        message.speed = 1 + (int64_t)random_below(random, 3);
    return message;
}

static void read_rocket(const struct fleet *fleet, size_t rocket,
                        struct rocket_view *view)
{
    if (!table_find(fleet->table, text_of(fleet->ids[rocket]), view))
        abort();
}

static void change_rocket(struct fleet *fleet, size_t rocket)
{
    struct message message = random_message(fleet, rocket);
    if (table_apply(fleet->table, &message) == MESSAGE_NO_MEMORY)
        abort();
    read_rocket(fleet, rocket, &fleet->views[rocket]);
}

static void add_rocket(struct fleet *fleet)
{
    size_t rocket = fleet->count++;
    make_id(fleet->ids[rocket], rocket);
    uint64_t messages = 1 + random_below(&fleet->random, 4);
    for (uint64_t i = 0; i < messages; i++)
        change_rocket(fleet, rocket);
}

static struct fleet *fleet_new(uint64_t seed)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    if (!fleet)
        abort();
    fleet->table = table_new(SIZE_MAX);
    if (!fleet->table)
        abort();
    fleet->random = (struct random){seed};
    for (size_t i = 0; i < FLEET_ROCKETS; i++)
        add_rocket(fleet);
    return fleet;
}

static void fleet_free(struct fleet *fleet)
{
    table_free(fleet->table);
    free(fleet);
}

/* The parameters of a list. */
struct list_params {
    enum table_field sort;
    bool descending;
    enum table_status status;
    const char *type, *mission; /* NULL: any */
    unsigned limit;             /* 0: none */
};

static struct list_params random_params(struct random *random,
                                        enum table_field sort)
{
    static const unsigned limits[] = {0, 1, 2, 7, 40, 200};
    struct list_params params = {
        .sort = sort,
        .descending = random_one_in(random, 2),
        .limit = limits[random_below(random, 6)],
    };
    if (random_one_in(random, 3))
        params.status =
            random_one_in(random, 2) ? TABLE_ACTIVE : TABLE_EXPLODED;
    if (random_one_in(random, 4))
        params.type = history_names[random_below(random, HISTORY_NAMES)];
    if (random_one_in(random, 4))
        params.mission = history_names[random_below(random, HISTORY_NAMES)];
    return params;
}

static void write_query(const struct list_params *params, struct buffer *out)
{
    static const char *const statuses[] = {"", "&status=active",
                                           "&status=exploded"};
    buffer_append_format(
        out, "sort=%s&order=%s%s", list_url_sort_name(params->sort),
        params->descending ? "desc" : "asc", statuses[params->status]);
    if (params->type)
        buffer_append_format(out, "&type=%s", params->type);
    if (params->mission)
        buffer_append_format(out, "&mission=%s", params->mission);
    if (params->limit > 0)
        buffer_append_format(out, "&limit=%u", params->limit);
}

static bool matches_filter(const struct list_params *params,
                           const struct rocket_view *view)
{
    if (params->status == TABLE_ACTIVE && view->exploded)
        return false;
    if (params->status == TABLE_EXPLODED && !view->exploded)
        return false;
    if (params->type && !text_equal(view->type, text_of(params->type)))
        return false;
    return !params->mission ||
           text_equal(view->mission, text_of(params->mission));
}

static int by_bytes(struct text a, struct text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int by_time(const struct timestamp *a, const struct timestamp *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return (a->nanoseconds > b->nanoseconds) -
           (a->nanoseconds < b->nanoseconds);
}

static bool is_unknown(enum table_field field, const struct rocket_view *view)
{
    switch (field) {
    case TABLE_TYPE:
    case TABLE_CREATED:
        return !view->launched;
    case TABLE_MISSION:
        return !view->mission.data;
    case TABLE_ID:
    case TABLE_SPEED:
    case TABLE_STATUS:
    case TABLE_UPDATED:
    case TABLE_LAST_NUMBER:
    case TABLE_FIELD_COUNT:
        break;
    }
    return false;
}

static int by_field(enum table_field field, const struct rocket_view *a,
                    const struct rocket_view *b)
{
    switch (field) {
    case TABLE_ID:
        return by_bytes(a->id, b->id);
    case TABLE_TYPE:
        return by_bytes(a->type, b->type);
    case TABLE_SPEED:
        return (a->speed > b->speed) - (a->speed < b->speed);
    case TABLE_MISSION:
        return by_bytes(a->mission, b->mission);
    case TABLE_STATUS:
        return a->exploded - b->exploded;
    case TABLE_CREATED:
        return by_time(&a->created, &b->created);
    case TABLE_UPDATED:
        return by_time(&a->updated, &b->updated);
    case TABLE_LAST_NUMBER:
        return (a->last_number > b->last_number) -
               (a->last_number < b->last_number);
    case TABLE_FIELD_COUNT:
        break;
    }
    abort();
}

/* Whether `a` sorts before `b`. */
static bool is_before(const struct list_params *params,
                      const struct rocket_view *a, const struct rocket_view *b)
{
    bool a_unknown = is_unknown(params->sort, a);
    bool b_unknown = is_unknown(params->sort, b);
    if (a_unknown != b_unknown)
        return b_unknown;
    int order = a_unknown ? 0 : by_field(params->sort, a, b);
    if (order != 0)
        return params->descending ? order > 0 : order < 0;
    return by_bytes(a->id, b->id) < 0;
}

/* Ids in the order of a list. */
struct ids {
    size_t count;
    struct text ids[IDS_ROOM];
};

static void sort_plainly(const struct fleet *fleet,
                         const struct list_params *params, struct ids *sorted)
{
    const struct rocket_view *views[FLEET_ROOM];
    sorted->count = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        const struct rocket_view *view = &fleet->views[i];
        if (!matches_filter(params, view))
            continue;
        size_t at = sorted->count++;
        for (; at > 0 && is_before(params, view, views[at - 1]); at--)
            views[at] = views[at - 1];
        views[at] = view;
    }
    for (size_t i = 0; i < sorted->count; i++)
        sorted->ids[i] = views[i]->id;
}

/*
 * Append the page of the query `raw` to `ids`. True, with the target of the
 * next page, if there is one.
 */
static bool read_page(struct fleet *fleet, struct text raw, struct ids *ids,
                      size_t *total, struct buffer *next)
{
    char detail[LIST_URL_DETAIL];
    struct list_url url;
    struct list_query after;
    if (!list_url_parse(&url, raw, detail, sizeof(detail)))
        fail_msg("refused: %s", detail);
    struct list_page *page = list_page_new(fleet->table, &url.query);
    assert_non_null(page);
    for (size_t i = 0; i < list_page_count(page); i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        assert_in_range(ids->count, 0, IDS_ROOM - 1);
        ids->ids[ids->count++] = view.id;
    }
    *total = list_page_total(page);
    bool more = list_page_next(page, &after);
    if (more)
        list_url_write(&after, next);
    list_page_free(page);
    list_url_release(&url);
    return more;
}

/* The query of a target that list_url_write() wrote. */
static struct text query_of(const struct buffer *target)
{
    struct text query = buffer_text(target);
    struct text path = text_split(&query, '?');
    assert_true(text_equal(path, TEXT("/rockets")));
    return query;
}

typedef void between_pages(struct fleet *fleet, void *context);

/* Read all pages of a list. Calls `between` after each page but the last. */
static void read_all_pages(struct fleet *fleet,
                           const struct list_params *params,
                           between_pages *between, void *context,
                           struct ids *ids)
{
    struct buffer raw = BUFFER_INIT;
    struct buffer next = BUFFER_INIT;
    size_t total = 0;
    ids->count = 0;
    write_query(params, &raw);
    bool more = read_page(fleet, buffer_text(&raw), ids, &total, &next);
    while (more) {
        if (between)
            between(fleet, context);
        size_t before = ids->count;
        buffer_clear(&raw);
        buffer_append(&raw, query_of(&next));
        buffer_clear(&next);
        more = read_page(fleet, buffer_text(&raw), ids, &total, &next);
        assert_in_range(ids->count - before, more ? params->limit : 0,
                        params->limit);
    }
    if (!between)
        assert_int_equal(total, ids->count);
    buffer_release(&raw);
    buffer_release(&next);
}

static void fail_list(const struct list_params *params, uint64_t seed,
                      const char *reason)
{
    struct buffer query = BUFFER_INIT;
    write_query(params, &query);
    print_error("GET /rockets?%.*s\nto repeat: LUNAR_SEED=%" PRIu64
                " LUNAR_ROUNDS=1\n",
                (int)query.length, query.data, seed);
    buffer_release(&query);
    fail_msg("%s", reason);
}

static void assert_same_ids(const struct list_params *params, uint64_t seed,
                            const struct ids *sorted, const struct ids *listed)
{
    char reason[128 + 2 * MESSAGE_MAX_CHANNEL];

    if (listed->count != sorted->count)
        fail_list(params, seed, "the number differs from a plain sort");
    for (size_t i = 0; i < sorted->count; i++) {
        struct text expected = sorted->ids[i], got = listed->ids[i];
        if (text_equal(got, expected))
            continue;
        snprintf(reason, sizeof(reason),
                 "the order by %s differs from a plain sort: at %zu, expected "
                 "rocket %.*s, got %.*s",
                 list_url_sort_name(params->sort), i, (int)expected.length,
                 expected.data, (int)got.length, got.data);
        fail_list(params, seed, reason);
    }
}

static void assert_listed_as_sorted(struct fleet *fleet,
                                    const struct list_params *params,
                                    uint64_t seed)
{
    struct ids sorted, listed;
    sort_plainly(fleet, params, &sorted);
    read_all_pages(fleet, params, NULL, NULL, &listed);
    assert_same_ids(params, seed, &sorted, &listed);
}

static void pages_make_up_the_whole_sorted_list(void **context)
{
    (void)context;
    uint64_t seed = shrink_seed("lists");
    uint64_t rounds = shrink_rounds(20);
    for (uint64_t i = 0; i < rounds; i++) {
        struct fleet *fleet = fleet_new(seed + i);
        for (unsigned sort = 0; sort < TABLE_FIELD_COUNT; sort++) {
            for (unsigned j = 0; j < 8; j++) {
                struct list_params params =
                    random_params(&fleet->random, (enum table_field)sort);
                assert_listed_as_sorted(fleet, &params, seed + i);
            }
        }
        fleet_free(fleet);
    }
}

/*
 * A large fleet: more rockets than a step of a scan has rows; ids with common
 * prefixes longer than an abbreviation, or that are prefixes of others; speeds,
 * times and numbers over the whole range.
 */
struct large_fleet {
    struct fleet base; /* only its table and random numbers are used */
    struct rocket_view views[LARGE_FLEET];
};

static void make_large_fleet_id(char id[MESSAGE_MAX_CHANNEL + 1], size_t i)
{
    static const char *const starts[] = {"", "abcd", "aaaaaaaaaaaaaaaa",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    if (i < 60) {
        memset(id, 'a', i + 1);
        id[i + 1] = '\0';
        return;
    }
    snprintf(id, MESSAGE_MAX_CHANNEL + 1, "%s%zu", starts[i % 4], i);
}

static void add_to_large_fleet(struct large_fleet *large, size_t i)
{
    static const int64_t speeds[] = {0,  1,  1,       INT64_C(1) << 27,
                                     -1, -1, -500000, INT64_C(1) << 52};
    struct random *random = &large->base.random;
    char id[MESSAGE_MAX_CHANNEL + 1];
    make_large_fleet_id(id, i);
    int64_t speed = speeds[random_below(random, 8)];
    uint64_t number = 1 + random_below(random, 5);
    if (random_one_in(random, 20))
        number += (UINT64_C(1) << 40) + random_below(random, 3);
    struct message message = message_launched(
        id, 1, history_names[random_below(random, HISTORY_NAMES)],
        history_names[random_below(random, HISTORY_NAMES)], 5);
    message.time.seconds += (int64_t)random_below(random, 3);
    if (!random_one_in(random, 4))
        table_apply(large->base.table, &message);
    message = message_speed(id, 1 + number, speed);
    message.time.nanoseconds = (uint32_t)random_below(random, 2);
    if (random_one_in(random, 20))
        message.time.seconds -= INT64_C(1) << (20 + random_below(random, 10));
    table_apply(large->base.table, &message);
    if (random_one_in(random, 5)) {
        message = message_exploded(id, 2 + number, "FROZEN_O_RINGS");
        table_apply(large->base.table, &message);
    }
    assert_true(table_find(large->base.table, text_of(id), &large->views[i]));
}

static int compare_in_large_fleet(const void *a, const void *b, void *context)
{
    const struct rocket_view *left = *(const struct rocket_view *const *)a;
    const struct rocket_view *right = *(const struct rocket_view *const *)b;
    return is_before(context, right, left) - is_before(context, left, right);
}

static void sort_large_fleet(const struct large_fleet *large,
                             struct list_params *params, struct ids *sorted)
{
    static const struct rocket_view *views[LARGE_FLEET];
    sorted->count = 0;
    for (size_t i = 0; i < LARGE_FLEET; i++)
        if (matches_filter(params, &large->views[i]))
            views[sorted->count++] = &large->views[i];
    qsort_r(views, sorted->count, sizeof(void *), compare_in_large_fleet,
            params);
    for (size_t i = 0; i < sorted->count; i++)
        sorted->ids[i] = views[i]->id;
}

static void many_rockets_are_listed_as_sorted(void **context)
{
    (void)context;
    static const unsigned limits[] = {0, 17, 63, 64, 200};
    static struct ids sorted, listed;
    uint64_t seed = shrink_seed("lists of many");
    struct large_fleet *large = calloc(1, sizeof(*large));
    assert_non_null(large);
    large->base.table = table_new(SIZE_MAX);
    assert_non_null(large->base.table);
    large->base.random = (struct random){seed};
    for (size_t i = 0; i < LARGE_FLEET; i++)
        add_to_large_fleet(large, i);
    for (unsigned i = 0; i < 6 * TABLE_FIELD_COUNT; i++) {
        struct list_params params = random_params(
            &large->base.random, (enum table_field)(i % TABLE_FIELD_COUNT));
        params.descending = i / TABLE_FIELD_COUNT % 2;
        params.limit = limits[random_below(&large->base.random, 5)];
        sort_large_fleet(large, &params, &sorted);
        read_all_pages(&large->base, &params, NULL, NULL, &listed);
        assert_same_ids(&params, seed, &sorted, &listed);
    }
    table_free(large->base.table);
    free(large);
}

/* Lists while rockets change. */

struct changes {
    const struct list_params *params;
    bool changed[FLEET_ROOM]; /* its sort value, or whether it matches */
};

static bool value_changed(const struct list_params *params,
                          const struct rocket_view *before,
                          const struct rocket_view *after)
{
    bool unknown = is_unknown(params->sort, before);
    if (unknown != is_unknown(params->sort, after) ||
        matches_filter(params, before) != matches_filter(params, after))
        return true;
    return !unknown && by_field(params->sort, before, after) != 0;
}

static void change_some(struct fleet *fleet, void *context)
{
    struct changes *changes = context;
    for (unsigned i = 0; i < 12; i++) {
        size_t rocket = random_below(&fleet->random, FLEET_ROCKETS);
        struct rocket_view before; /* a copy: a view contains its strings */
        read_rocket(fleet, rocket, &before);
        change_rocket(fleet, rocket);
        if (value_changed(changes->params, &before, &fleet->views[rocket]))
            changes->changed[rocket] = true;
    }
    if (fleet->count < FLEET_ROOM)
        add_rocket(fleet);
}

static size_t times_listed(const struct ids *ids, struct text id)
{
    size_t times = 0;
    for (size_t i = 0; i < ids->count; i++)
        times += text_equal(ids->ids[i], id);
    return times;
}

static void assert_stable(struct fleet *fleet, const struct list_params *params,
                          uint64_t seed)
{
    struct changes changes = {.params = params};
    struct ids ids;
    read_all_pages(fleet, params, change_some, &changes, &ids);
    for (size_t i = 0; i < FLEET_ROCKETS; i++) {
        const struct rocket_view *view = &fleet->views[i];
        size_t times = times_listed(&ids, view->id);
        if (!changes.changed[i] && times != matches_filter(params, view))
            fail_list(params, seed,
                      times == 0 ? "a rocket that did not change is skipped"
                                 : "a rocket that did not change is listed "
                                   "twice, or does not match the filter");
    }
}

static void unchanged_rockets_are_listed_once_while_others_change(void **state)
{
    (void)state;
    static const unsigned limits[] = {2, 5, 20};
    uint64_t seed = shrink_seed("lists while rockets change");
    uint64_t rounds = shrink_rounds(12);
    for (uint64_t i = 0; i < rounds; i++) {
        for (unsigned j = 0; j < 2 * TABLE_FIELD_COUNT; j++) {
            struct fleet *fleet = fleet_new(seed + i);
            struct list_params params = random_params(
                &fleet->random, (enum table_field)(j % TABLE_FIELD_COUNT));
            params.descending = j >= TABLE_FIELD_COUNT;
            params.limit = limits[random_below(&fleet->random, 3)];
            assert_stable(fleet, &params, seed + i);
            fleet_free(fleet);
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
