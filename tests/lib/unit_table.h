/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixture of tests of the table and of lists: an empty table without a
 * limit of memory, as the context of each test.
 */
#ifndef LUNAR_TESTS_UNIT_TABLE_H
#define LUNAR_TESTS_UNIT_TABLE_H

#include "lib/messages.h"
#include "lib/unit_check.h"
#include "table/table.h"

static inline int unit_table_set_up(void **context)
{
    *context = table_new(SIZE_MAX);
    return *context != NULL ? 0 : -1;
}

static inline int unit_table_tear_down(void **context)
{
    table_free(*context);
    return 0;
}

#define TABLE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, unit_table_set_up,                   \
                                    unit_table_tear_down)

static inline enum message_outcome unit_table_apply(struct table *table,
                                                    struct message message)
{
    return table_apply(table, &message);
}

#endif
