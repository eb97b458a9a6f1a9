/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches: how a body is split into lines, the result of each line,
 * and the response. test_batch_cuts.c tests bodies that arrive in parts,
 * test_batch_memory.c tests failing allocations.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "api/batch.h"
#include "lib/batch_lines.h"
#include "table/table.h"

/* Messages of the rockets "a" and "b". */
#define LAUNCH_A LINE_LAUNCHED("a")
#define LAUNCH_B LINE_LAUNCHED("b")
#define A1 LINE_FASTER("a", "1")
#define A2 LINE_FASTER("a", "2")
#define A3 LINE_FASTER("a", "3")
#define A5 LINE_FASTER("a", "5")
#define A_ZERO BATCH_LINE("a", "0", "RocketSpeedIncreased", "\"by\":1")

#define NO_VALUE "the message is not JSON: at byte 0: expected a value"
#define NO_NAME "the message is not JSON: at byte 1: expected a member name"
#define NO_OBJECT "the message must be a JSON object"
#define BAD_NUMBER                                                             \
    "metadata.messageNumber must be an integer from 1 to 9007199254740991"
#define TOO_LONG "the line is longer than 65536 bytes"

static int set_up(void **context)
{
    *context = table_new(SIZE_MAX);
    return *context != NULL ? 0 : -1;
}

static int tear_down(void **context)
{
    table_free(*context);
    return 0;
}

static void check_result(const struct batch *batch, const char *expected)
{
    struct buffer out;

    assert_string_equal(batch_result(batch, &out), expected);
    buffer_release(&out);
}

/* Check that the body `text`, in one part, gives the result `expected`. */
static void check_text(struct table *table, struct text text,
                       const char *expected)
{
    struct batch *batch = batch_new(table);

    assert_non_null(batch);
    batch_take(batch, text);
    batch_end(batch);
    check_result(batch, expected);
    batch_free(batch);
}

static void check_body(struct table *table, const char *body,
                       const char *expected)
{
    check_text(table, text_of(body), expected);
}

static int64_t speed_of(struct table *table, const char *id)
{
    struct rocket_view view;

    assert_true(table_find(table, text_of(id), &view));
    return view.speed;
}

static void each_line_is_applied(void **context)
{
    check_body(*context, LAUNCH_A "\n" LAUNCH_B "\n" A2 "\n" A3 "\n",
               RESULT(4, 0, 0, ""));
    assert_int_equal(table_count(*context), 2);
    assert_int_equal(speed_of(*context, "a"), 700);
    assert_int_equal(speed_of(*context, "b"), 500);
}

static void an_empty_body_has_no_lines(void **context)
{
    check_body(*context, "", RESULT(0, 0, 0, ""));
    check_text(*context, (struct text){NULL, 0}, RESULT(0, 0, 0, ""));
}

static void repeated_lines_are_duplicates(void **context)
{
    check_body(*context, A5 "\n" A5 "\n" A5 "\n", RESULT(1, 2, 0, ""));
    check_body(*context, A5 "\n", RESULT(0, 1, 0, ""));
    assert_int_equal(speed_of(*context, "a"), 100);
}

static void lines_in_a_gap_given_up_are_stale(void **context)
{
    struct batch *batch = batch_new(*context);
    char line[512];

    /* 1,024 gaps between 1,025 runs: one more than a rocket may have. */
    for (unsigned number = 1; number <= 2049; number += 2) {
        int length =
            snprintf(line, sizeof(line), LINE_FASTER("a", "%u") "\n", number);
        batch_take(batch, (struct text){line, (size_t)length});
    }
    batch_take(batch, TEXT(A2 "\n"));
    check_result(batch, "{\"applied\":1025,\"duplicate\":0,\"stale\":1,"
                        "\"rejected\":0,\"errors\":[]}");
    batch_free(batch);
}

static void bad_lines_do_not_affect_other_lines(void **context)
{
    check_body(*context, LAUNCH_A "\n{\n" A2 "\n[]\n" A_ZERO "\n" A3 "\n",
               RESULT(3, 0, 3,
                      ERROR(2, NO_NAME) "," ERROR(4, NO_OBJECT) "," ERROR(
                          5, BAD_NUMBER)));
    assert_int_equal(speed_of(*context, "a"), 700);
}

static void all_lines_may_be_bad(void **context)
{
    check_body(*context, "1\n2\n",
               RESULT(0, 0, 2, ERROR(1, NO_OBJECT) "," ERROR(2, NO_OBJECT)));
    assert_int_equal(table_count(*context), 0);
}

/* A detail may contain characters that JSON must escape. */
static void error_details_are_escaped_as_json(void **context)
{
    check_body(*context, "\"\\u0000\"\n",
               RESULT(0, 0, 1,
                      ERROR(1, "the message is not JSON: at byte 6: "
                               "\\\\u0000 is not accepted")));
}

static void lines_end_in_lf_or_cr_lf(void **context)
{
    check_body(*context, A1 "\r\n{\r\n" A2 "\n{\n" A3 "\r\n",
               RESULT(3, 0, 2, ERROR(2, NO_NAME) "," ERROR(4, NO_NAME)));
}

static void a_lone_cr_does_not_end_a_line(void **context)
{
    check_body(*context, A1 "\r" A2 "\n",
               RESULT(0, 0, 1,
                      ERROR(1, "the message is not JSON: at byte 153: "
                               "unexpected text after the end")));
    check_body(*context, "\r" A1 "\r\r\n", RESULT(1, 0, 0, ""));
}

static void the_last_line_needs_no_end(void **context)
{
    check_body(*context, A1, RESULT(1, 0, 0, ""));
    check_body(*context, "\n" A2, RESULT(1, 0, 0, ""));
    check_body(*context, A3 "\r", RESULT(1, 0, 0, ""));
    check_body(*context, "\n\n ", RESULT(0, 0, 0, ""));
    check_body(*context, "\n\n {",
               RESULT(0, 0, 1,
                      ERROR(3, "the message is not JSON: at byte 2: expected "
                               "a member name")));
}

static void blank_lines_are_numbered_and_skipped(void **context)
{
    check_body(*context, "\n\r\n \t \r\n" A1 "\n\n\t" A2 " \r\n\r \r\nnull\n\n",
               RESULT(2, 0, 1, ERROR(8, NO_OBJECT)));
}

/* None of these is white space in JSON. */
static void other_invisible_bytes_are_not_blank(void **context)
{
    check_text(
        *context, TEXT("\v\n\f\n\0\n\xef\xbb\xbf\n\xc2\xa0\n"),
        RESULT(0, 0, 5,
               ERROR(1, NO_VALUE) "," ERROR(2, NO_VALUE) "," ERROR(
                   3, NO_VALUE) "," ERROR(4, NO_VALUE) "," ERROR(5, NO_VALUE)));
}

static void a_byte_order_mark_invalidates_only_its_line(void **context)
{
    check_body(*context, "\xef\xbb\xbf" A1 "\n" A2 "\n",
               RESULT(1, 0, 1, ERROR(1, NO_VALUE)));
}

/* A message padded with spaces to `length` bytes, and a line end. */
static char *padded_line(unsigned number, size_t length, const char *end)
{
    char *line = malloc(length + 3);

    assert_non_null(line);
    int used = snprintf(line, length, LINE_FASTER("a", "%u"), number);
    memset(line + used, ' ', length - (size_t)used);
    memcpy(line + length, end, strlen(end) + 1);
    return line;
}

static void line_limit_excludes_the_line_end(void **context)
{
    static const struct {
        size_t length;
        const char *end;
        bool taken;
    } cases[] = {
        {BATCH_MAX_LINE - 1, "\n", true},    {BATCH_MAX_LINE, "", true},
        {BATCH_MAX_LINE, "\n", true},        {BATCH_MAX_LINE, "\r\n", true},
        {BATCH_MAX_LINE + 1, "", false},     {BATCH_MAX_LINE + 1, "\n", false},
        {BATCH_MAX_LINE + 1, "\r\n", false}, {1000000, "\n", false},
    };
    unsigned number = 1;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *line = padded_line(number++, cases[i].length, cases[i].end);
        check_body(*context, line,
                   cases[i].taken ? RESULT(1, 0, 0, "")
                                  : RESULT(0, 0, 1, ERROR(1, TOO_LONG)));
        free(line);
    }
}

static void lines_after_a_too_long_line_are_applied(void **context)
{
    struct batch *batch = batch_new(*context);
    char *line = padded_line(1, 100000, "\n");

    batch_take(batch, text_of(line));
    batch_take(batch, TEXT(A2 "\n"));
    batch_take(batch, text_of(line));
    batch_take(batch, TEXT("\n" A3));
    batch_end(batch);
    check_result(batch,
                 RESULT(2, 0, 2, ERROR(1, TOO_LONG) "," ERROR(3, TOO_LONG)));
    free(line);
    batch_free(batch);
}

static void an_endless_line_is_rejected_once(void **context)
{
    struct batch *batch = batch_new(*context);
    char *part = padded_line(1, 65536, "");

    for (unsigned i = 0; i < 256; i++)
        batch_take(batch, text_of(part));
    check_result(batch, RESULT(0, 0, 1, ERROR(1, TOO_LONG)));
    batch_end(batch);
    assert_int_equal(batch_counts(batch)->rejected, 1);
    free(part);
    batch_free(batch);
}

/* Every third line is invalid. */
static void first_100_errors_are_reported_and_all_counted(void **context)
{
    enum { LINES = 3 * BATCH_MAX_ERRORS + 30 };
    struct batch *batch = batch_new(*context);
    struct buffer out;
    char line[512];

    for (unsigned i = 1; i <= LINES; i++) {
        int length = snprintf(line, sizeof(line), LINE_FASTER("a", "%s%u") "\n",
                              i % 3 == 0 ? "-" : "", i);
        batch_take(batch, (struct text){line, (size_t)length});
    }
    batch_end(batch);
    assert_int_equal(batch_counts(batch)->applied, LINES / 3 * 2);
    assert_int_equal(batch_counts(batch)->rejected, LINES / 3);

    cJSON *json = cJSON_Parse(batch_result(batch, &out));
    const cJSON *errors = cJSON_GetObjectItem(json, "errors");
    assert_int_equal(cJSON_GetArraySize(errors), BATCH_MAX_ERRORS);
    for (int i = 0; i < BATCH_MAX_ERRORS; i++) {
        const cJSON *error = cJSON_GetArrayItem(errors, i);
        assert_int_equal(cJSON_GetObjectItem(error, "line")->valueint,
                         3 * (i + 1));
        assert_string_equal(cJSON_GetObjectItem(error, "detail")->valuestring,
                            BAD_NUMBER);
    }
    cJSON_Delete(json);
    buffer_release(&out);
    batch_free(batch);
}

static void lines_are_applied_before_the_body_ends(void **context)
{
    struct batch *batch = batch_new(*context);

    batch_take(batch, TEXT(A1));
    assert_int_equal(table_count(*context), 0);
    batch_take(batch, TEXT("\n" A2));
    assert_int_equal(speed_of(*context, "a"), 100);
    assert_int_equal(batch_counts(batch)->applied, 1);
    batch_free(batch);
}

#define BATCH_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(each_line_is_applied),
        BATCH_TEST(an_empty_body_has_no_lines),
        BATCH_TEST(repeated_lines_are_duplicates),
        BATCH_TEST(lines_in_a_gap_given_up_are_stale),
        BATCH_TEST(bad_lines_do_not_affect_other_lines),
        BATCH_TEST(all_lines_may_be_bad),
        BATCH_TEST(error_details_are_escaped_as_json),
        BATCH_TEST(lines_end_in_lf_or_cr_lf),
        BATCH_TEST(a_lone_cr_does_not_end_a_line),
        BATCH_TEST(the_last_line_needs_no_end),
        BATCH_TEST(blank_lines_are_numbered_and_skipped),
        BATCH_TEST(other_invisible_bytes_are_not_blank),
        BATCH_TEST(a_byte_order_mark_invalidates_only_its_line),
        BATCH_TEST(line_limit_excludes_the_line_end),
        BATCH_TEST(lines_after_a_too_long_line_are_applied),
        BATCH_TEST(an_endless_line_is_rejected_once),
        BATCH_TEST(first_100_errors_are_reported_and_all_counted),
        BATCH_TEST(lines_are_applied_before_the_body_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
