/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service is made of when it starts, while memory ends: it is there
 * as a whole or not at all, and then nothing of it is left behind.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "allocations.h"
#include "server_connections.h"
#include "server_workers.h"
#include "table.h"

/* Make a part and end it again. False where there was no memory for it. */
typedef bool make_part(void);

static bool make_table(void)
{
    struct table *table = table_new(SIZE_MAX);

    table_free(table);
    return table != NULL;
}

static bool make_connections(void)
{
    struct connections *connections = connections_start(100);

    connections_free(connections);
    return connections != NULL;
}

static bool make_workers(void)
{
    struct server_workers *workers = server_workers_start(2);

    if (workers != NULL)
        server_workers_stop(workers);
    server_workers_free(workers);
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

static void parts_are_made_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(check_part(make_table), 1);
    assert_int_equal(check_part(make_connections), 2);
    assert_int_equal(check_part(make_workers), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_made_as_a_whole_or_not_at_all),
    };
    allocations_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
