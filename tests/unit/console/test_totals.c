/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the line of totals.
 */
#include "lib/captured_log.h"

#include "base/log.h"
#include "console/totals.h"

static void totals_are_one_line_that_people_can_read(void **state)
{
    static const struct {
        struct totals totals;
        const char *line;
    } rows[] = {
        {{0},
         "stopped after 0 s: 0 requests, 0 refused; messages: 0 applied, 0 "
         "duplicate, 0 stale, 0 rejected, 0 without memory; 0 rockets\n"},
        {{.seconds = 3 * 3600 + 12 * 60 + 59,
          .requests = 100003,
          .refused = 4,
          .messages = {[API_APPLIED] = 100000,
                       [API_DUPLICATE] = 3,
                       [API_STALE] = 1000,
                       [API_REJECTED] = 999,
                       [API_NO_MEMORY] = 1234567},
          .rockets = 20},
         "stopped after 3 h 12 min: 100,003 requests, 4 refused; messages: "
         "100,000 applied, 3 duplicate, 1,000 stale, 999 rejected, 1,234,567 "
         "without memory; 20 rockets\n"},
        {{.seconds = 59, .requests = UINT64_MAX},
         "stopped after 59 s: 18,446,744,073,709,551,615 requests, 0 refused; "
         "messages: 0 applied, 0 duplicate, 0 stale, 0 rejected, 0 without "
         "memory; 0 rockets\n"},
        {{.seconds = 60, .rockets = 1},
         "stopped after 1 min 0 s: 0 requests, 0 refused; messages: 0 applied, "
         "0 duplicate, 0 stale, 0 rejected, 0 without memory; 1 rockets\n"},
        {{.seconds = 1,
          .messages = {[API_NOT_WRITTEN] = 9},
          .rockets = 1234,
          .data = "/a\nb"},
         "stopped after 1 s: 0 requests, 0 refused; messages: 0 applied, 0 "
         "duplicate, 0 stale, 0 rejected, 0 without memory, 9 not written; "
         "1,234 rockets, "
         "kept in /a\\x0ab\n"},
        {{.seconds = 1, .messages = {[API_UNKNOWN] = 1009}, .data = "a"},
         "stopped after 1 s: 0 requests, 0 refused; messages: 0 applied, 0 "
         "duplicate, 0 stale, 0 rejected, 0 without memory, 0 not written, "
         "1,009 perhaps written; 0 rockets, kept in a\n"},
        {{.seconds = 1, .rockets = 7, .data = "a", .topic = "moon"},
         "stopped after 1 s: 0 requests, 0 refused; messages: 0 applied, 0 "
         "duplicate, 0 stale, 0 rejected, 0 without memory, 0 not written; 7 "
         "rockets, kept in topic moon\n"},
        {{.seconds = 86400 * 400 + 86399, .rockets = 1},
         "stopped after 400 d 23 h: 0 requests, 0 refused; messages: 0 "
         "applied, 0 duplicate, 0 stale, 0 rejected, 0 without memory; 1 "
         "rockets\n"},
    };

    (void)state;
    log_set_level(LOG_INFO);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct captured_log capture;

        captured_log_start(&capture);
        totals_log(&rows[i].totals);
        captured_log_stop(&capture);
        assert_string_equal(capture.text + CAPTURED_PREFIX, rows[i].line);
    }
}

static void json_has_the_numbers_as_members(void **state)
{
    static const struct totals totals = {.seconds = 1,
                                         .requests = 100003,
                                         .refused = 2,
                                         .messages = {[API_APPLIED] = 3,
                                                      [API_DUPLICATE] = 4,
                                                      [API_STALE] = 5,
                                                      [API_REJECTED] = 6,
                                                      [API_NO_MEMORY] = 7,
                                                      [API_NOT_WRITTEN] = 8},
                                         .rockets = UINT64_MAX,
                                         .data = "d"};
    struct captured_log capture;

    (void)state;
    log_set_level(LOG_INFO);
    log_set_format(LOG_JSON);
    captured_log_start(&capture);
    totals_log(&totals);
    captured_log_stop(&capture);
    assert_non_null(strstr(
        capture.text,
        "\"message\":\"stopped after 1 s: 100,003 requests, 2 refused; "));
    assert_non_null(
        strstr(capture.text,
               " rockets, kept in "
               "d\",\"uptimeSeconds\":1,\"requests\":100003,\"refused\":2,"
               "\"applied\":3,\"duplicate\":4,\"stale\":5,\"rejected\":6,"
               "\"withoutMemory\":7,\"notWritten\":8,\"unknown\":0,\"rockets\":"
               "18446744073709551615,"
               "\"data\":\"d\",\"topic\":null}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_are_one_line_that_people_can_read),
        cmocka_unit_test(json_has_the_numbers_as_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
