/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of scans with windows, compared with plain comparisons of the rockets.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/list_url.h"
#include "base/quota.h"
#include "lib/messages.h"
#include "table/abbreviation.h"
#include "table/scan_step.h"
#include "table/stripe.h"
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

static enum message_outcome apply(struct table *table, struct message message)
{
    return table_apply(table, &message);
}

enum { FLEET = 5000 };

/* xorshift64. The same seed gives the same numbers. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A rocket of the fleet, with its value from a scan without a window. */
struct known_rocket {
    struct rocket_view view;
    struct table_value value;
    unsigned seen;
};

static struct known_rocket known[FLEET];

/*
 * Two thirds of the ids have a common prefix of a word's length. The number at
 * the end is that of the rocket.
 */
static void write_id(char id[32], unsigned rocket)
{
    snprintf(id, 32, rocket % 3 == 0 ? "%c-%05u" : "rocket-%c-%05u",
             'a' + (int)(rocket * 7 % 26), rocket);
}

static struct known_rocket *find_known(const struct table_entry *entry)
{
    struct text id = table_entry_id(entry);
    char digits[6] = {0};
    memcpy(digits, id.data + id.length - 5, 5);
    unsigned long rocket = strtoul(digits, NULL, 10);
    assert_in_range(rocket, 0, FLEET - 1);
    assert_true(text_equal(id, known[rocket].view.id));
    return &known[rocket];
}

/* A time near that of the first rocket, or years before or after it. */
static struct timestamp launch_time(uint64_t *state)
{
    static const int64_t years[] = {0, 0, 0, -1000, -1, 1, 50, 1000};
    int64_t year = years[next_random(state) % 8] * 366 * 86400;
    return (struct timestamp){
        .seconds = MESSAGES_START + year + (int64_t)(next_random(state) % 50),
        .nanoseconds = (uint32_t)(next_random(state) % 4 * 250000001)};
}

/*
 * Add the fleet. Each field has few values; some are too large for an exact
 * abbreviation, some are unknown.
 */
static void add_known_fleet(struct table *table)
{
    static const int64_t speeds[] = {0,         1,         2,         500,
                                     999999998, 999999999, 1000000000};
    static const char *const types[] = {"Falcon-9", "Saturn-I", "Saturn-V", "F",
                                        "\x7a\xc3\xa9"};
    uint64_t state = 0x9e3779b97f4a7c15;
    char id[32];
    for (unsigned i = 0; i < FLEET; i++) {
        write_id(id, i);
        int64_t speed = speeds[next_random(&state) % 7];
        uint64_t number = next_random(&state) % 9 + 1;
        if (i % 4 == 0)
            number += UINT64_C(1) << 40;
        struct message message = message_launched(
            id, number, types[next_random(&state) % 5],
            next_random(&state) % 2 ? "ARTEMIS" : "APOLLO", speed);
        if (i % 5 == 0)
            message = message_speed(id, number, i % 2 ? speed : -speed);
        message.time = launch_time(&state);
        assert_int_equal(apply(table, message), MESSAGE_APPLIED);
        if (i % 7 == 0)
            apply(table, message_exploded(id, number + 1, "COLD"));
    }
}

/* Read all rockets, and their values from a scan without a window. */
static void read_fleet(struct table *table, enum table_field field)
{
    const struct table_filter all = {0};
    struct table_scan scan;
    char id[32];
    for (unsigned i = 0; i < FLEET; i++) {
        write_id(id, i);
        assert_true(table_find(table, text_of(id), &known[i].view));
    }
    table_scan_init(&scan, field, false, &all);
    while (table_scan_next(table, &scan))
        for (size_t i = 0; i < scan.count; i++) {
            struct known_rocket *rocket = find_known(scan.rows[i].entry);
            rocket->value = scan.rows[i].value;
            if (field == TABLE_TYPE)
                rocket->value.string = rocket->view.type;
            if (field == TABLE_MISSION)
                rocket->value.string = rocket->view.mission;
        }
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_speeds(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static bool is_known(const struct rocket_view *view, enum table_field field)
{
    switch (field) {
    case TABLE_TYPE:
    case TABLE_CREATED:
        return view->launched;
    case TABLE_MISSION:
        return view->mission.data != NULL;
    case TABLE_ID:
    case TABLE_SPEED:
    case TABLE_STATUS:
    case TABLE_UPDATED:
    case TABLE_LAST_NUMBER:
    case TABLE_FIELD_COUNT:
        break;
    }
    return true;
}

/* The ascending order of two known values. */
static int compare_values(const struct rocket_view *a,
                          const struct rocket_view *b, enum table_field field)
{
    switch (field) {
    case TABLE_ID:
        return text_compare(a->id, b->id);
    case TABLE_TYPE:
        return text_compare(a->type, b->type);
    case TABLE_SPEED:
        return compare_speeds(a->speed, b->speed);
    case TABLE_MISSION:
        return text_compare(a->mission, b->mission);
    case TABLE_STATUS:
        return compare(a->exploded, b->exploded);
    case TABLE_CREATED:
        return timestamp_compare(&a->created, &b->created);
    case TABLE_UPDATED:
        return timestamp_compare(&a->updated, &b->updated);
    case TABLE_LAST_NUMBER:
        return compare(a->last_number, b->last_number);
    case TABLE_FIELD_COUNT:
        break;
    }
    abort();
}

/* The order of the list, without ids: unknown values are last. */
static int compare_in_list(const struct rocket_view *a,
                           const struct rocket_view *b,
                           const struct table_scan *scan)
{
    bool a_known = is_known(a, scan->field), b_known = is_known(b, scan->field);

    if (!a_known || !b_known)
        return b_known - a_known;
    int order = compare_values(a, b, scan->field);
    return scan->descending ? -order : order;
}

static bool not_after(const struct rocket_view *a, const struct rocket_view *b,
                      const struct table_scan *scan)
{
    int order = compare_in_list(a, b, scan);
    return order != 0 ? order < 0 : text_compare(a->id, b->id) <= 0;
}

static bool matches_filter(const struct rocket_view *view,
                           const struct table_filter *filter)
{
    return (filter->status == TABLE_ANY_STATUS ||
            view->exploded == (filter->status == TABLE_EXPLODED)) &&
           (!filter->type.data ||
            (view->type.data && text_equal(filter->type, view->type))) &&
           (!filter->mission.data ||
            (view->mission.data && text_equal(filter->mission, view->mission)));
}

static void fail_rocket(const struct table_scan *scan,
                        const struct known_rocket *rocket, const char *what)
{
    fail_msg("sort=%s, %s, rocket %.*s: %s", list_url_sort_name(scan->field),
             scan->descending ? "descending" : "ascending",
             (int)rocket->view.id.length, rocket->view.id.data, what);
}

static void check_row(const struct table_scan *scan,
                      const struct table_row *row)
{
    struct known_rocket *rocket = find_known(row->entry);
    struct table_value value = rocket->value;

    rocket->seen++;
    if (!matches_filter(&rocket->view, &scan->filter))
        fail_rocket(scan, rocket, "it does not match the filter");
    if (row->id_start != abbreviation_of_text(rocket->view.id))
        fail_rocket(scan, rocket, "another start of its id");
    if (row->value.known != is_known(&rocket->view, scan->field))
        fail_rocket(scan, rocket, "its value must be known, or must not");
    if (row->value.minor != value.minor)
        fail_rocket(scan, rocket, "another minor value");
    if (!table_field_is_string(scan->field)) {
        if (row->value.major != value.major)
            fail_rocket(scan, rocket, "another value");
    } else if (row->value.known) {
        assert_true(row->value.major < scan->string_count);
        if (!text_equal(scan->strings[row->value.major], value.string))
            fail_rocket(scan, rocket, "another string");
    }
}

/*
 * Scan the window between two rockets, either of which may be NULL. Returns how
 * many rows were outside the window.
 */
static unsigned scan_window(struct table *table, struct table_scan *scan,
                            const struct known_rocket *first,
                            const struct known_rocket *last)
{
    size_t matched = 0, matching = 0;
    unsigned outside = 0;
    for (unsigned i = 0; i < FLEET; i++)
        known[i].seen = 0;
    if (first != NULL)
        table_scan_from(scan, &first->value, first->view.id);
    if (last != NULL)
        table_scan_to(scan, &last->value, last->view.id);
    while (table_scan_next(table, scan)) {
        matched += scan->matched;
        assert_true(scan->count <= scan->matched);
        for (size_t i = 0; i < scan->count; i++)
            check_row(scan, &scan->rows[i]);
    }
    for (unsigned i = 0; i < FLEET; i++) {
        const struct rocket_view *view = &known[i].view;
        bool matches = matches_filter(view, &scan->filter);
        bool inside = (!first || not_after(&first->view, view, scan)) &&
                      (!last || not_after(view, &last->view, scan));
        matching += matches;
        if (matches && inside && known[i].seen == 0)
            fail_rocket(scan, &known[i], "it is inside but not returned");
        if (known[i].seen > 1)
            fail_rocket(scan, &known[i], "it is returned twice");
        outside += known[i].seen && !inside;
    }
    assert_int_equal(matched, matching);
    return outside;
}

/* With one value for all rockets, windows would be tested by ids alone. */
static void assert_values_differ(enum table_field field)
{
    const struct rocket_view *first = NULL;

    for (unsigned i = 0; i < FLEET; i++) {
        const struct rocket_view *view = &known[i].view;
        if (!is_known(view, field))
            continue;
        if (first != NULL && compare_values(first, view, field) != 0)
            return;
        first = view;
    }
    fail_msg("sort=%s: all rockets of add_known_fleet() have the same value",
             list_url_sort_name(field));
}

/* Check random windows, also empty ones, and with one bound or none. */
static void check_windows(struct table *table, enum table_field field)
{
    static const struct table_filter filters[] = {
        {0},
        {.status = TABLE_ACTIVE},
        {.type = {"Saturn-V", 8}},
        {TABLE_EXPLODED, {NULL, 0}, {"APOLLO", 6}}};
    uint64_t state = 0xd1b54a32d192ed03 + field;
    read_fleet(table, field);
    assert_values_differ(field);
    for (unsigned round = 0; round < 48; round++) {
        struct known_rocket *first = &known[next_random(&state) % FLEET];
        struct known_rocket *last = &known[next_random(&state) % FLEET];
        struct table_scan scan;
        table_scan_init(&scan, field, round % 2 != 0, &filters[round / 2 % 4]);
        /* In most rounds the bounds are in order: else the window is empty. */
        if (round % 6 != 0 && !not_after(&first->view, &last->view, &scan)) {
            struct known_rocket *swapped = first;
            first = last;
            last = swapped;
        }
        scan_window(table, &scan, next_random(&state) % 4 ? first : NULL,
                    next_random(&state) % 4 ? last : NULL);
    }
}

static void windows_return_every_rocket_inside(void **context)
{
    struct table *table = *context;
    add_known_fleet(table);
    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++)
        check_windows(table, field);
}

/*
 * If values are exact, a scan returns no rockets of other values, and of the
 * bound's value only those whose ids have the abbreviation of the bound's id.
 * Here a third of the ids start with one of 26 letters, as the bound's id does.
 */
static void windows_of_exact_values_return_few_others(void **context)
{
    static const enum table_field fields[] = {TABLE_SPEED, TABLE_TYPE,
                                              TABLE_MISSION, TABLE_STATUS,
                                              TABLE_LAST_NUMBER};
    struct table *table = *context;
    const struct table_filter all = {0};
    uint64_t state = 88172645463325252;
    add_known_fleet(table);
    for (unsigned round = 0; round < 50; round++) {
        struct table_scan scan;
        table_scan_init(&scan, fields[round % 5], round % 2 != 0, &all);
        read_fleet(table, scan.field);
        const struct known_rocket *one =
            &known[next_random(&state) % (FLEET / 3) * 3];
        if (one->view.speed > 1000 || one->view.last_number > 1000)
            continue; /* not exact */
        unsigned outside =
            scan_window(table, &scan, round % 4 < 2 ? one : NULL, one);
        if (!table_field_is_string(scan.field))
            assert_in_range(outside, 0, FLEET / 3 / 26);
        for (unsigned i = 0; i < FLEET; i++)
            if (known[i].seen) {
                int order = compare_in_list(&known[i].view, &one->view, &scan);
                assert_true(round % 4 < 2 ? order == 0 : order <= 0);
            }
    }
}

/* As in a list, the last bound becomes the best rocket so far. */
static void window_may_be_narrowed_during_a_scan(void **context)
{
    struct table *table = *context;
    const struct table_filter all = {0};
    add_known_fleet(table);
    for (unsigned round = 0; round < 4; round++) {
        struct table_scan scan;
        const struct known_rocket *best = &known[0];
        size_t matched = 0, rows = 0;
        table_scan_init(&scan, round < 2 ? TABLE_SPEED : TABLE_CREATED,
                        round % 2 != 0, &all);
        read_fleet(table, scan.field);
        while (table_scan_next(table, &scan)) {
            matched += scan.matched;
            rows += scan.count;
            for (size_t i = 0; i < scan.count; i++) {
                const struct known_rocket *rocket =
                    find_known(scan.rows[i].entry);
                if (not_after(&rocket->view, &best->view, &scan))
                    best = rocket;
            }
            table_scan_to(&scan, &best->value, best->view.id);
        }
        for (unsigned i = 0; i < FLEET; i++)
            assert_true(not_after(&best->view, &known[i].view, &scan));
        assert_int_equal(matched, FLEET);
        assert_true(rows < FLEET);
    }
}

/* Columns are updated with every change, also by late and repeated messages. */
static void windows_are_right_after_changes(void **context)
{
    struct table *table = *context;
    uint64_t state = 2463534242;
    char id[32];
    add_known_fleet(table);
    for (unsigned i = 0; i < 3 * FLEET; i++) {
        write_id(id, (unsigned)(next_random(&state) % FLEET));
        uint64_t number = next_random(&state) % 20 + 1;
        struct message message =
            message_speed(id, number, (int64_t)(next_random(&state) % 9) - 4);
        if (i % 4 == 1)
            message = message_launched(id, number, "Saturn-V", "VOSTOK", -5);
        if (i % 4 == 2)
            message = message_exploded(id, number, "HEAT");
        if (i % 4 == 3)
            message = message_mission(id, number, "APOLLO");
        message.time = launch_time(&state);
        apply(table, message);
    }
    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++)
        check_windows(table, field);
}

static void fill_stripe(struct stripe *stripe, unsigned rockets)
{
    struct table_entry *applied;
    char id[32];
    for (unsigned i = 0; i < rockets; i++) {
        write_id(id, i);
        struct message message = message_launched(
            id, 1, i % 100 == 99 ? "Saturn-I" : "Falcon-9", "APOLLO", i);
        assert_int_equal(
            stripe_apply(stripe, i * 2654435761U, &message, &applied),
            MESSAGE_APPLIED);
    }
}

/* A step continues over blocks without rows, and counts their rockets. */
static void steps_count_all_blocks_and_end_after_rows(void **context)
{
    (void)context;
    static const struct table_filter filters[] = {{0},
                                                  {.type = {"Falcon-9", 8}}};
    enum { ROCKETS = 3000, AT = 1700 };
    const struct table_value speed = {.known = true,
                                      .major = (UINT64_C(1) << 63) + AT};
    struct quota quota;
    struct stripe stripe;
    char id[32];
    quota_init(&quota, SIZE_MAX, 0);
    stripe_init(&stripe, 0, &quota, (const uint8_t[16]){0});
    fill_stripe(&stripe, ROCKETS);
    write_id(id, AT);
    for (unsigned round = 0; round < 4; round++) {
        struct table_scan scan;
        size_t matched = 0, rows = 0;
        unsigned steps = 0;
        table_scan_init(&scan, TABLE_SPEED, round / 2 != 0,
                        &filters[round % 2]);
        table_scan_from(&scan, &speed, text_of(id));
        table_scan_to(&scan, &speed, text_of(id));
        while (scan.block * COLUMNS_ROCKETS < ROCKETS) {
            uint32_t block = scan.block;
            scan.matched = scan.count = scan.string_count = 0;
            scan_step_run(&scan, &stripe);
            assert_true(scan.block > block);
            assert_in_range(scan.block - block, 1, round % 2 ? 4 : 16);
            matched += scan.matched;
            rows += scan.count;
            steps++;
            if (scan.count != 0)
                assert_int_equal(scan.block, AT / COLUMNS_ROCKETS + 1);
        }
        assert_int_equal(rows, 1);
        assert_int_equal(matched,
                         round % 2 ? ROCKETS - ROCKETS / 100 : ROCKETS);
        assert_in_range(steps, 2, 14);
    }
    stripe_release(&stripe);
}

#define TABLE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(windows_return_every_rocket_inside),
        TABLE_TEST(windows_of_exact_values_return_few_others),
        TABLE_TEST(window_may_be_narrowed_during_a_scan),
        TABLE_TEST(windows_are_right_after_changes),
        cmocka_unit_test(steps_count_all_blocks_and_end_after_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
