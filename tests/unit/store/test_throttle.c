/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of rests. A rest begins the work anew, so `begin` shows it.
 */
#include "lib/unit_check.h"

#include "base/clock.h"
#include "store/throttle.h"

static const _Atomic bool going = false, stopping = true;

/* Rest after `us` of work. Returns the microseconds of the rest, 0: none. */
static uint64_t rest_after(uint64_t us, const _Atomic bool *stop)
{
    struct throttle throttle;

    throttle_begin(&throttle, stop);
    uint64_t now = throttle.begin;
    throttle.begin -= us;
    uint64_t begin = throttle.begin;
    throttle_rest(&throttle);
    return throttle.begin == begin ? 0 : throttle.begin - now;
}

static void long_work_gets_its_share(void **context)
{
    (void)context;

    assert_true(rest_after(THROTTLE_WORK_US, &going) >=
                THROTTLE_WORK_US / THROTTLE_SHARE);
    assert_true(rest_after(4000, &going) >= 4000 / THROTTLE_SHARE);
}

/* An hour of work would get half an hour. */
static void rest_has_a_limit(void **context)
{
    (void)context;
    uint64_t rest = rest_after(UINT64_C(3600) * 1000000, &going);

    assert_in_range(rest, THROTTLE_MAX_US, UINT64_C(600) * 1000000);
}

static void after_a_stop_there_is_no_rest(void **context)
{
    (void)context;

    assert_int_equal(rest_after(4000, &stopping), 0);
    assert_int_equal(rest_after(4000, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_work_gets_its_share),
        cmocka_unit_test(rest_has_a_limit),
        cmocka_unit_test(after_a_stop_there_is_no_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
