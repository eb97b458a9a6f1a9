/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the table's views equal the oracle's states after every delivery
 * of random histories, that each change counts as one revision, and that a list
 * has the right rockets in order.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fleet.h"
#include "shrink.h"

static void every_view_is_the_fold(void **context)
{
    (void)context;
    assert_true(shrink_check("fleets", fleet_follow, GENERATOR_FLEET, 600));
}

static void view_is_the_fold_past_the_limit_of_runs(void **context)
{
    (void)context;
    assert_true(
        shrink_check("hostile fleets", fleet_follow, GENERATOR_HOSTILE, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_view_is_the_fold),
        cmocka_unit_test(view_is_the_fold_past_the_limit_of_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
