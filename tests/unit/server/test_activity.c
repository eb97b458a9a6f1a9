/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what a look at a connection says of the one that was noted before.
 */
#include "lib/unit_check.h"

#include <limits.h>

#include "server/activity.h"

static void one_callback_over_two_looks_is_stuck(void **state)
{
    struct activity activity;

    (void)state;
    activity_init(&activity);
    activity_enter(&activity);
    assert_false(activity_is_stuck(&activity)); /* it may have just begun */
    activity_note(&activity);
    assert_true(activity_is_stuck(&activity));
    activity_note(&activity);
    assert_true(activity_is_stuck(&activity));
    activity_leave(&activity);
    assert_false(activity_is_stuck(&activity));
}

static void another_callback_at_each_look_is_not(void **state)
{
    struct activity activity;

    (void)state;
    activity_init(&activity);
    for (int i = 0; i < 4; i++) {
        activity_enter(&activity);
        assert_false(activity_is_stuck(&activity));
        activity_note(&activity);
        activity_leave(&activity);
    }
}

static void a_connection_in_no_callback_is_not(void **state)
{
    struct activity activity;

    (void)state;
    activity_init(&activity);
    activity_note(&activity);
    assert_false(activity_is_stuck(&activity));
    activity_enter(&activity);
    activity_leave(&activity);
    assert_false(activity_is_stuck(&activity));
    activity_note(&activity);
    assert_false(activity_is_stuck(&activity));
}

/* The number is 32 bits wide. */
static void a_count_that_wraps_goes_on(void **state)
{
    struct activity activity;

    (void)state;
    activity_init(&activity);
    atomic_store(&activity.moves, UINT_MAX - 1);
    activity_enter(&activity);
    activity_note(&activity);
    activity_leave(&activity);
    assert_int_equal(atomic_load(&activity.moves), 0);
    assert_false(activity_is_stuck(&activity));
    activity_enter(&activity);
    assert_false(activity_is_stuck(&activity));
    activity_note(&activity);
    assert_true(activity_is_stuck(&activity));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_callback_over_two_looks_is_stuck),
        cmocka_unit_test(another_callback_at_each_look_is_not),
        cmocka_unit_test(a_connection_in_no_callback_is_not),
        cmocka_unit_test(a_count_that_wraps_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
