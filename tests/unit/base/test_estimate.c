/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the estimates of long work.
 */
#include "lib/unit_check.h"

#include "base/estimate.h"

static void rest_is_estimated_from_what_is_done(void **state)
{
    static const struct {
        uint64_t done, total, ms;
        unsigned percent;
        uint64_t seconds_left;
    } rows[] = {
        {50, 100, 10000, 50, 11},
        {999, 1000, 10000, 99, 1},
        {100, 100, 10000, 100, 1},
        {1, 100, 2000, 1, 199},
        /* Too little is known yet. */
        {0, 100, 10000, 0, 0},
        {50, 100, 999, 50, 0},
        {50, 100, 1000, 50, 2},
        /* Nothing is to be done, or more was found than expected. */
        {0, 0, 0, 100, 0},
        {101, 100, 10000, 100, 0},
        /* No product overflows. */
        {UINT64_MAX / 2, UINT64_MAX, 4294967296000, 50, 4294967297},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct estimate estimate =
            estimate_of(rows[i].done, rows[i].total, rows[i].ms * 1000);
        if (estimate.percent != rows[i].percent ||
            estimate.seconds_left != rows[i].seconds_left)
            fail_msg("row %zu: %u %%, %ju s", i, estimate.percent,
                     (uintmax_t)estimate.seconds_left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rest_is_estimated_from_what_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
