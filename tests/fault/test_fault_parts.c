/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the parts that are made at the start, with failing allocations: a
 * part is made completely or not at all, without a leak. And a test of the one
 * allocation that may fail without an effect: shrinking a block of runs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "allocations.h"
#include "base/workers.h"
#include "lib/messages.h"
#include "server/connections.h"
#include "table/table.h"

/* Make a part and free it. False if there was no memory for it. */
typedef bool make_part(void);

static bool make_table(void)
{
    struct table *table = table_new(SIZE_MAX);

    table_free(table);
    return table != NULL;
}

static bool make_connections(void)
{
    struct connections *connections = connections_start(100, false);

    connections_free(connections);
    return connections != NULL;
}

static bool make_workers(void)
{
    struct workers *workers = workers_start(2);

    workers_free(workers);
    return workers != NULL;
}

static size_t check_part(make_part *make)
{
    struct allocations_end end = {0, true};
    bool ended = true;

    while (ended) {
        size_t live = allocations_live();
        allocations_limit(&end);
        bool made = make();
        ended = allocations_restore();
        assert_int_equal(made, !ended);
        assert_int_equal(allocations_live(), live);
        end.after++;
    }
    return end.after - 1;
}

static void parts_are_made_completely_or_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(check_part(make_table), 1);
    assert_int_equal(check_part(make_connections), 2);
    assert_int_equal(check_part(make_workers), 1);
}

static enum message_outcome apply(struct table *table, uint64_t number)
{
    struct message message = message_speed("a", number, 1);

    return table_apply(table, &message);
}

/*
 * When gaps fill, the block of runs is replaced by a smaller one. If that
 * allocation fails, the rocket keeps its block.
 */
static void gaps_fill_without_memory(void **state)
{
    (void)state;
    struct table *table = table_new(SIZE_MAX);
    struct rocket_view view;
    enum { LAST = 201 };

    for (uint64_t number = 1; number <= LAST; number += 2)
        assert_int_equal(apply(table, number), MESSAGE_APPLIED);
    allocations_limit(&(struct allocations_end){0, true});
    for (uint64_t number = 2; number < LAST; number += 2) {
        assert_int_equal(apply(table, number), MESSAGE_APPLIED);
        assert_int_equal(apply(table, number), MESSAGE_DUPLICATE);
    }
    assert_true(allocations_restore());
    assert_true(table_find(table, TEXT("a"), &view));
    assert_int_equal(view.speed, LAST);
    assert_int_equal(view.missing, 0);
    table_free(table);
    assert_int_equal(allocations_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_made_completely_or_not_at_all),
        cmocka_unit_test(gaps_fill_without_memory),
    };
    allocations_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
