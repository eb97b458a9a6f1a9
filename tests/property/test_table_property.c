/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the table's views equal the oracle's states after every delivery
 * of random histories, and that each change counts as one revision.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "oracle.h"
#include "shrink.h"
#include "table/table.h"

struct fleet {
    struct table *table;
    struct oracle oracles[HISTORY_ROCKETS];
};

static void fleet_init(struct fleet *fleet)
{
    fleet->table = table_new(SIZE_MAX);
    if (!fleet->table)
        abort();
    for (size_t i = 0; i < HISTORY_ROCKETS; i++)
        oracle_init(&fleet->oracles[i]);
}

static void fleet_release(struct fleet *fleet)
{
    table_free(fleet->table);
    for (size_t i = 0; i < HISTORY_ROCKETS; i++)
        oracle_release(&fleet->oracles[i]);
}

static size_t rocket_of(struct text channel)
{
    for (size_t i = 0; i < HISTORY_ROCKETS; i++) {
        if (text_equal(channel, text_of(history_channels[i])))
            return i;
    }
    abort();
}

/* Absent and empty text are different here. */
static bool same_text(struct text a, struct text b)
{
    return (a.data == NULL) == (b.data == NULL) && text_equal(a, b);
}

static bool same_time(const struct timestamp *a, const struct timestamp *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static const char *difference(const struct rocket_view *view,
                              const struct oracle_state *expected)
{
    static_assert(offsetof(struct rocket_view, strings) ==
                      4 * sizeof(struct text) + sizeof(int64_t) +
                          2 * sizeof(struct timestamp) + 3 * sizeof(uint64_t) +
                          2 * sizeof(bool),
                  "compare a new member of struct rocket_view here");
    if (!same_text(view->type, expected->type))
        return "type";
    if (!same_text(view->mission, expected->mission))
        return "mission";
    if (!same_text(view->reason, expected->reason) ||
        view->exploded != (expected->reason.data != NULL))
        return "reason";
    if (view->speed != expected->speed)
        return "speed";
    if (view->launched != (expected->type.data != NULL))
        return "launched";
    if (view->launched && !same_time(&view->created, &expected->created))
        return "createdAt";
    if (!same_time(&view->updated, &expected->updated))
        return "updatedAt";
    if (view->last_number != expected->last_number)
        return "lastMessageNumber";
    return view->missing == expected->missing ? NULL : "missingMessages";
}

/* Deliver to both sides. Returns the part that differs then; NULL if none. */
static const char *deliver(struct fleet *fleet, const struct message *message)
{
    struct oracle *oracle = &fleet->oracles[rocket_of(message->channel)];
    uint64_t revision = table_revision(fleet->table);
    enum message_outcome expected = oracle_apply(oracle, message);
    if (table_apply(fleet->table, message) != expected)
        return "result";
    if (expected == MESSAGE_APPLIED)
        revision++;
    if (table_revision(fleet->table) != revision)
        return "revision of the table";
    struct rocket_view view;
    if (!table_find(fleet->table, message->channel, &view))
        return "rocket (not found)";
    if (!text_equal(view.id, message->channel))
        return "id";
    if (expected == MESSAGE_APPLIED && view.revision != revision)
        return "revision of the rocket";
    struct oracle_state state = oracle_state(oracle);
    return difference(&view, &state);
}

/* A scan must return every rocket once, in its current state. */
static const char *check_scan(struct fleet *fleet)
{
    const struct table_filter all = {0};
    size_t seen[HISTORY_ROCKETS] = {0};
    struct table_scan scan;
    table_scan_init(&scan, TABLE_LAST_NUMBER, false, &all);
    while (table_scan_next(fleet->table, &scan)) {
        for (size_t i = 0; i < scan.count; i++) {
            const struct table_row *row = &scan.rows[i];
            size_t rocket = rocket_of(table_entry_id(row->entry));
            struct rocket_view view;
            table_read(fleet->table, row->entry, &view);
            struct oracle_state state = oracle_state(&fleet->oracles[rocket]);
            const char *differs = difference(&view, &state);
            if (differs)
                return differs;
            seen[rocket]++;
        }
    }
    size_t count = 0;
    for (size_t i = 0; i < HISTORY_ROCKETS; i++) {
        bool known = fleet->oracles[i].count > 0;
        if (seen[i] != known)
            return "number of times that a scan returns a rocket";
        count += known;
    }
    return table_count(fleet->table) == count ? NULL : "number of rockets";
}

static bool table_equals_oracle(const struct history *history,
                                char why[SHRINK_WHY])
{
    struct fleet fleet;
    fleet_init(&fleet);
    const char *differs = NULL;
    size_t i = 0;
    for (; !differs && i < history->count; i++)
        differs = deliver(&fleet, &history->deliveries[i]);
    if (!differs)
        differs = check_scan(&fleet);
    if (differs)
        snprintf(why, SHRINK_WHY, "wrong after delivery %zu: %s", i, differs);
    fleet_release(&fleet);
    return differs == NULL;
}

static void every_view_is_the_fold(void **context)
{
    (void)context;
    assert_true(
        shrink_check("fleets", table_equals_oracle, HISTORY_FLEET, 300));
}

static void view_is_the_fold_past_the_limit_of_runs(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile fleets", table_equals_oracle,
                             HISTORY_HOSTILE, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_view_is_the_fold),
        cmocka_unit_test(view_is_the_fold_past_the_limit_of_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
