/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that the state of a rocket, alone and in a table, follows the rules
 * past the bound on runs, where the lowest gaps are given up. Compiled with a
 * small bound and small nodes, so that short histories exceed the bound and
 * split, merge and even out nodes in each of several levels.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>

#include "fleet.h"
#include "shrink.h"
#include "subject.h"

static_assert(ROCKET_MAX_RUNS == 32 && RUNS_NODE == 8,
              "tests/CMakeLists.txt replaces both values");

static const char *rocket_follow(struct text input, size_t *delivery)
{
    return subject_follow(rocket_apply, input, delivery);
}

static void short_histories_follow_the_rules(void **context)
{
    (void)context;
    assert_true(
        shrink_check("short histories", rocket_follow, GENERATOR_SHORT, 2000));
}

static void hostile_histories_follow_the_rules(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile histories", rocket_follow,
                             GENERATOR_HOSTILE, 200));
}

static void hostile_fleets_follow_the_rules(void **context)
{
    (void)context;
    assert_true(
        shrink_check("hostile fleets", fleet_follow, GENERATOR_HOSTILE, 20));
}

static void hostile_groups_follow_the_rules(void **context)
{
    (void)context;
    assert_true(shrink_check("hostile groups", fleet_follow_groups,
                             GENERATOR_HOSTILE, 50));
}

static void hostile_histories_exceed_the_bound(void **context)
{
    (void)context;
    for (uint64_t seed = 0; seed < 5; seed++) {
        unsigned char bytes[GENERATOR_INPUT];
        struct random random = {seed};
        struct oracle oracle;
        struct generator generator = {
            .input = generator_fill(bytes, GENERATOR_HOSTILE, &random)};
        struct message message;
        oracle_init(&oracle);
        while (generator_next(&generator, &message))
            oracle_apply(&oracle, &message);
        assert_int_not_equal(oracle.floor, 0);
        oracle_release(&oracle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_histories_exceed_the_bound),
        cmocka_unit_test(short_histories_follow_the_rules),
        cmocka_unit_test(hostile_histories_follow_the_rules),
        cmocka_unit_test(hostile_fleets_follow_the_rules),
        cmocka_unit_test(hostile_groups_follow_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
