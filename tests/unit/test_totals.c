/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the line of totals.
 */
#include "lib/captured_log.h"

#include "base/counters.h"
#include "base/log.h"
#include "totals.h"

static void totals_are_one_line_that_people_can_read(void **state)
{
    static const struct {
        uint64_t counts[COUNTER_COUNT];
        uint64_t seconds;
        size_t rockets;
        const char *line;
    } rows[] = {
        {{0},
         0,
         0,
         "stopped after 0 s: 0 requests, 0 refused; messages: 0 applied, 0 "
         "duplicate, 0 stale, 0 rejected, 0 without memory; 0 rockets\n"},
        {{[COUNTER_REQUESTS] = 100003,
          [COUNTER_REFUSED] = 4,
          [COUNTER_APPLIED] = 100000,
          [COUNTER_DUPLICATE] = 3,
          [COUNTER_STALE] = 1000,
          [COUNTER_REJECTED] = 999,
          [COUNTER_NO_MEMORY] = 1234567},
         3 * 3600 + 12 * 60 + 59,
         20,
         "stopped after 3 h 12 min: 100,003 requests, 4 refused; messages: "
         "100,000 applied, 3 duplicate, 1,000 stale, 999 rejected, 1,234,567 "
         "without memory; 20 rockets\n"},
        {{[COUNTER_REQUESTS] = UINT64_MAX},
         59,
         0,
         "stopped after 59 s: 18,446,744,073,709,551,615 requests, 0 refused; "
         "messages: 0 applied, 0 duplicate, 0 stale, 0 rejected, 0 without "
         "memory; 0 rockets\n"},
        {{0},
         60,
         1,
         "stopped after 1 min 0 s: 0 requests, 0 refused; messages: 0 applied, "
         "0 duplicate, 0 stale, 0 rejected, 0 without memory; 1 rockets\n"},
        {{0},
         86400 * 400 + 86399,
         1,
         "stopped after 400 d 23 h: 0 requests, 0 refused; messages: 0 "
         "applied, 0 duplicate, 0 stale, 0 rejected, 0 without memory; 1 "
         "rockets\n"},
    };

    (void)state;
    log_set_level(LOG_INFO);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct counters *counters = counters_new();
        struct captured_log capture;

        assert_non_null(counters);
        for (enum counter j = 0; j < COUNTER_COUNT; j++)
            counters_add(counters, j, rows[i].counts[j]);
        captured_log_start(&capture);
        totals_log(counters, rows[i].seconds, rows[i].rockets);
        captured_log_stop(&capture);
        assert_string_equal(capture.text + CAPTURED_PREFIX, rows[i].line);
        counters_free(counters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_are_one_line_that_people_can_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
