/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That lists are what a plain sort of all rockets gives, whole and page by
 * page; and that a walk through the pages lists each rocket that does not
 * change once, whatever the others do meanwhile.
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
 * The rockets of a port have ids that begin alike and few different values,
 * so that there are many ties; and what can be unknown often is.
 */

enum {
    PORT_ROCKETS = 90,
    PORT_ROOM = 160, /* with those that come during a list */
    ID_SIZE = 16,
    IDS_ROOM = 4096,
    FLEET = 3000,
};

struct port {
    struct table *table;
    struct random random;
    size_t count;
    char ids[PORT_ROOM][ID_SIZE];
    struct rocket_view views[PORT_ROOM];
};

/* The id of the `i`th rocket: all different, in no order, many begin alike. */
static void make_id(char id[ID_SIZE], size_t i)
{
    static const char *const starts[] = {"", "a", "abcdefgh", "\xc3\xa9t",
                                         "abcd"};
    snprintf(id, ID_SIZE, "%s%zu", starts[i % 5], i * 37 % 1000);
}

/* Speeds and times that are often equal, and sometimes below zero. */
static struct message port_message(struct port *port, size_t rocket)
{
    struct random *random = &port->random;
    uint64_t number = 1 + random_below(random, 6);
    struct message message = history_message(random, port->ids[rocket], number);
    message.time.seconds = (int64_t)random_below(random, 3) - 1;
    message.time.nanoseconds = (uint32_t)random_below(random, 2);
    if (message.speed != 0)
        message.speed = 1 + (int64_t)random_below(random, 3);
    return message;
}

static void look_at(const struct port *port, size_t rocket,
                    struct rocket_view *view)
{
    if (!table_find(port->table, text_of(port->ids[rocket]), view))
        abort();
}

static void change(struct port *port, size_t rocket)
{
    struct message message = port_message(port, rocket);
    if (table_apply(port->table, &message) == MESSAGE_NO_MEMORY)
        abort();
    look_at(port, rocket, &port->views[rocket]);
}

static void add_rocket(struct port *port)
{
    size_t rocket = port->count++;
    make_id(port->ids[rocket], rocket);
    uint64_t messages = 1 + random_below(&port->random, 4);
    for (uint64_t i = 0; i < messages; i++)
        change(port, rocket);
}

static struct port *port_new(uint64_t seed)
{
    struct port *port = calloc(1, sizeof(*port));
    if (!port)
        abort();
    port->table = table_new(SIZE_MAX);
    if (!port->table)
        abort();
    port->random = (struct random){seed};
    for (size_t i = 0; i < PORT_ROCKETS; i++)
        add_rocket(port);
    return port;
}

static void port_free(struct port *port)
{
    table_free(port->table);
    free(port);
}

/* What a list is asked for. */
struct wish {
    enum table_field sort;
    bool descending;
    enum table_status status;
    const char *type, *mission; /* NULL: any */
    unsigned limit;             /* 0: none */
};

static struct wish random_wish(struct random *random, enum table_field sort)
{
    static const unsigned limits[] = {0, 1, 2, 7, 40, 200};
    struct wish wish = {
        .sort = sort,
        .descending = random_one_in(random, 2),
        .limit = limits[random_below(random, 6)],
    };
    if (random_one_in(random, 3))
        wish.status = random_one_in(random, 2) ? TABLE_ACTIVE : TABLE_EXPLODED;
    if (random_one_in(random, 4))
        wish.type = history_names[random_below(random, HISTORY_NAMES)];
    if (random_one_in(random, 4))
        wish.mission = history_names[random_below(random, HISTORY_NAMES)];
    return wish;
}

static void write_query(const struct wish *wish, struct buffer *out)
{
    static const char *const statuses[] = {"", "&status=active",
                                           "&status=exploded"};
    buffer_append_format(
        out, "sort=%s&order=%s%s", list_url_sort_name(wish->sort),
        wish->descending ? "desc" : "asc", statuses[wish->status]);
    if (wish->type)
        buffer_append_format(out, "&type=%s", wish->type);
    if (wish->mission)
        buffer_append_format(out, "&mission=%s", wish->mission);
    if (wish->limit > 0)
        buffer_append_format(out, "&limit=%u", wish->limit);
}

static bool is_wanted(const struct wish *wish, const struct rocket_view *view)
{
    if (wish->status == TABLE_ACTIVE && view->exploded)
        return false;
    if (wish->status == TABLE_EXPLODED && !view->exploded)
        return false;
    if (wish->type && !text_equal(view->type, text_of(wish->type)))
        return false;
    return !wish->mission || text_equal(view->mission, text_of(wish->mission));
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

/* Whether `a` belongs before `b`. */
static bool is_before(const struct wish *wish, const struct rocket_view *a,
                      const struct rocket_view *b)
{
    bool a_unknown = is_unknown(wish->sort, a);
    bool b_unknown = is_unknown(wish->sort, b);
    if (a_unknown != b_unknown)
        return b_unknown;
    int order = a_unknown ? 0 : by_field(wish->sort, a, b);
    if (order != 0)
        return wish->descending ? order > 0 : order < 0;
    return by_bytes(a->id, b->id) < 0;
}

/* Ids in the order of a list. */
struct ids {
    size_t count;
    struct text ids[IDS_ROOM];
};

static void sort_plainly(const struct port *port, const struct wish *wish,
                         struct ids *sorted)
{
    const struct rocket_view *views[PORT_ROOM];
    sorted->count = 0;
    for (size_t i = 0; i < port->count; i++) {
        const struct rocket_view *view = &port->views[i];
        if (!is_wanted(wish, view))
            continue;
        size_t at = sorted->count++;
        for (; at > 0 && is_before(wish, view, views[at - 1]); at--)
            views[at] = views[at - 1];
        views[at] = view;
    }
    for (size_t i = 0; i < sorted->count; i++)
        sorted->ids[i] = views[i]->id;
}

/* A page appended to `ids`. True, with the next query, if there is more. */
static bool read_page(struct port *port, struct text raw, struct ids *ids,
                      size_t *total, struct buffer *next)
{
    char detail[LIST_URL_DETAIL];
    struct list_url url;
    struct list_query after;
    if (!list_url_parse(&url, raw, detail, sizeof(detail)))
        fail_msg("refused: %s", detail);
    struct list_page *page = list_page_new(port->table, &url.query);
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

typedef void between_pages(struct port *port, void *context);

/* Walk all pages of a list, with `between` after each but the last. */
static void walk(struct port *port, const struct wish *wish,
                 between_pages *between, void *context, struct ids *ids)
{
    struct buffer raw = BUFFER_INIT;
    struct buffer next = BUFFER_INIT;
    size_t total = 0;
    ids->count = 0;
    write_query(wish, &raw);
    bool more = read_page(port, buffer_text(&raw), ids, &total, &next);
    while (more) {
        if (between)
            between(port, context);
        size_t before = ids->count;
        buffer_clear(&raw);
        buffer_append(&raw, query_of(&next));
        buffer_clear(&next);
        more = read_page(port, buffer_text(&raw), ids, &total, &next);
        assert_in_range(ids->count - before, more ? wish->limit : 0,
                        wish->limit);
    }
    if (!between)
        assert_int_equal(total, ids->count);
    buffer_release(&raw);
    buffer_release(&next);
}

static void fail_wish(const struct wish *wish, uint64_t seed,
                      const char *reason)
{
    struct buffer query = BUFFER_INIT;
    write_query(wish, &query);
    print_error("GET /rockets?%.*s\nto repeat: LUNAR_SEED=%" PRIu64
                " LUNAR_ROUNDS=1\n",
                (int)query.length, query.data, seed);
    buffer_release(&query);
    fail_msg("%s", reason);
}

static void assert_listed_as_sorted(struct port *port, const struct wish *wish,
                                    uint64_t seed)
{
    struct ids sorted, listed;
    sort_plainly(port, wish, &sorted);
    walk(port, wish, NULL, NULL, &listed);
    if (listed.count != sorted.count)
        fail_wish(wish, seed, "another number of rockets than a plain sort");
    for (size_t i = 0; i < sorted.count; i++) {
        if (!text_equal(listed.ids[i], sorted.ids[i]))
            fail_wish(wish, seed, "another order than a plain sort");
    }
}

static void pages_make_up_the_whole_sorted_list(void **context)
{
    (void)context;
    uint64_t seed = shrink_seed("lists");
    uint64_t rounds = shrink_rounds(20);
    for (uint64_t i = 0; i < rounds; i++) {
        struct port *port = port_new(seed + i);
        for (unsigned sort = 0; sort < TABLE_FIELD_COUNT; sort++) {
            for (unsigned j = 0; j < 8; j++) {
                struct wish wish =
                    random_wish(&port->random, (enum table_field)sort);
                assert_listed_as_sorted(port, &wish, seed + i);
            }
        }
        port_free(port);
    }
}

/*
 * A fleet: more rockets than a step of a scan has rows, ids that begin alike
 * for longer than any abbreviation or are the start of others, and speeds,
 * times and numbers from one end to the other.
 */
struct fleet {
    struct port port; /* its table and random numbers only */
    struct rocket_view views[FLEET];
};

static void make_fleet_id(char id[MESSAGE_MAX_CHANNEL + 1], size_t i)
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

static void add_to_fleet(struct fleet *fleet, size_t i)
{
    static const int64_t speeds[] = {0,  1,  1,       INT64_C(1) << 27,
                                     -1, -1, -500000, INT64_C(1) << 52};
    struct random *random = &fleet->port.random;
    char id[MESSAGE_MAX_CHANNEL + 1];
    make_fleet_id(id, i);
    int64_t speed = speeds[random_below(random, 8)];
    uint64_t number = 1 + random_below(random, 5);
    if (random_one_in(random, 20))
        number += (UINT64_C(1) << 40) + random_below(random, 3);
    struct message message = message_launched(
        id, 1, history_names[random_below(random, HISTORY_NAMES)],
        history_names[random_below(random, HISTORY_NAMES)], 5);
    message.time.seconds += (int64_t)random_below(random, 3);
    if (!random_one_in(random, 4))
        table_apply(fleet->port.table, &message);
    message = message_speed(id, 1 + number, speed);
    message.time.nanoseconds = (uint32_t)random_below(random, 2);
    if (random_one_in(random, 20))
        message.time.seconds -= INT64_C(1) << (20 + random_below(random, 10));
    table_apply(fleet->port.table, &message);
    if (random_one_in(random, 5)) {
        message = message_exploded(id, 2 + number, "FROZEN_O_RINGS");
        table_apply(fleet->port.table, &message);
    }
    assert_true(table_find(fleet->port.table, text_of(id), &fleet->views[i]));
}

static int fleet_order(const void *a, const void *b, void *context)
{
    const struct rocket_view *left = *(const struct rocket_view *const *)a;
    const struct rocket_view *right = *(const struct rocket_view *const *)b;
    return is_before(context, right, left) - is_before(context, left, right);
}

static void sort_fleet(const struct fleet *fleet, struct wish *wish,
                       struct ids *sorted)
{
    static const struct rocket_view *views[FLEET];
    sorted->count = 0;
    for (size_t i = 0; i < FLEET; i++)
        if (is_wanted(wish, &fleet->views[i]))
            views[sorted->count++] = &fleet->views[i];
    qsort_r(views, sorted->count, sizeof(void *), fleet_order, wish);
    for (size_t i = 0; i < sorted->count; i++)
        sorted->ids[i] = views[i]->id;
}

static void many_rockets_are_listed_as_sorted(void **context)
{
    (void)context;
    static const unsigned limits[] = {0, 17, 63, 64, 200};
    static struct ids sorted, listed;
    uint64_t seed = shrink_seed("lists of many");
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    assert_non_null(fleet);
    fleet->port.table = table_new(SIZE_MAX);
    assert_non_null(fleet->port.table);
    fleet->port.random = (struct random){seed};
    for (size_t i = 0; i < FLEET; i++)
        add_to_fleet(fleet, i);
    for (unsigned i = 0; i < 6 * TABLE_FIELD_COUNT; i++) {
        struct wish wish = random_wish(
            &fleet->port.random, (enum table_field)(i % TABLE_FIELD_COUNT));
        wish.descending = i / TABLE_FIELD_COUNT % 2;
        wish.limit = limits[random_below(&fleet->port.random, 5)];
        sort_fleet(fleet, &wish, &sorted);
        walk(&fleet->port, &wish, NULL, NULL, &listed);
        if (listed.count != sorted.count)
            fail_wish(&wish, seed, "another number than a plain sort");
        for (size_t j = 0; j < sorted.count; j++)
            if (!text_equal(listed.ids[j], sorted.ids[j]))
                fail_wish(&wish, seed, "another order than a plain sort");
    }
    table_free(fleet->port.table);
    free(fleet);
}

/* Lists while rockets change. */

struct changes {
    const struct wish *wish;
    bool changed[PORT_ROOM]; /* its value, or whether it is wanted */
};

static bool value_changed(const struct wish *wish,
                          const struct rocket_view *before,
                          const struct rocket_view *after)
{
    bool unknown = is_unknown(wish->sort, before);
    if (unknown != is_unknown(wish->sort, after) ||
        is_wanted(wish, before) != is_wanted(wish, after))
        return true;
    return !unknown && by_field(wish->sort, before, after) != 0;
}

static void change_some(struct port *port, void *context)
{
    struct changes *changes = context;
    for (unsigned i = 0; i < 12; i++) {
        size_t rocket = random_below(&port->random, PORT_ROCKETS);
        struct rocket_view before; /* its own copy: names lie in a view */
        look_at(port, rocket, &before);
        change(port, rocket);
        if (value_changed(changes->wish, &before, &port->views[rocket]))
            changes->changed[rocket] = true;
    }
    if (port->count < PORT_ROOM)
        add_rocket(port);
}

static size_t times_listed(const struct ids *ids, struct text id)
{
    size_t times = 0;
    for (size_t i = 0; i < ids->count; i++)
        times += text_equal(ids->ids[i], id);
    return times;
}

static void assert_stable(struct port *port, const struct wish *wish,
                          uint64_t seed)
{
    struct changes changes = {.wish = wish};
    struct ids ids;
    walk(port, wish, change_some, &changes, &ids);
    for (size_t i = 0; i < PORT_ROCKETS; i++) {
        const struct rocket_view *view = &port->views[i];
        size_t times = times_listed(&ids, view->id);
        if (!changes.changed[i] && times != is_wanted(wish, view))
            fail_wish(wish, seed,
                      times == 0 ? "a rocket that did not change is skipped"
                                 : "a rocket that did not change is listed "
                                   "twice, or though it is not wanted");
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
            struct port *port = port_new(seed + i);
            struct wish wish = random_wish(
                &port->random, (enum table_field)(j % TABLE_FIELD_COUNT));
            wish.descending = j >= TABLE_FIELD_COUNT;
            wish.limit = limits[random_below(&port->random, 3)];
            assert_stable(port, &wish, seed + i);
            port_free(port);
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
