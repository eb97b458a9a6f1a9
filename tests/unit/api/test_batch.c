/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches: how a body is split into lines, the result of each line,
 * and that neither depends on the parts in which the body arrives.
 * test_batch_memory.c tests failing allocations.
 */
#include "lib/unit_check.h"

#include "api/batch.h"
#include "api/api.h"
#include "base/metrics.h"
#include "lib/batch_lines.h"
#include "lib/toy_store.h"
#include "table/table.h"

/* Messages of the rockets "a" and "b". */
#define LAUNCH_A LINE_LAUNCHED("a")
#define LAUNCH_B LINE_LAUNCHED("b")
#define EXPLODE_A BATCH_LINE("a", "9", "RocketExploded", "\"reason\":\"R\"")
#define A1 LINE_FASTER("a", "1")
#define A2 LINE_FASTER("a", "2")
#define A3 LINE_FASTER("a", "3")
#define A5 LINE_FASTER("a", "5")
#define A_ZERO BATCH_LINE("a", "0", "RocketSpeedIncreased", "\"by\":1")

#define NOT_JSON(byte, reason)                                                 \
    "the message is not JSON: at byte " byte ": " reason
#define NO_VALUE NOT_JSON("0", "expected a value")
#define NO_NAME NOT_JSON("1", "expected a member name")
#define BYTE_ORDER_MARK                                                        \
    "the message begins with a byte order mark (EF BB BF): JSON is sent "      \
    "without one"
#define NO_OBJECT "the message must be a JSON object"
#define BAD_NUMBER                                                             \
    "metadata.messageNumber must be an integer from 1 to 9007199254740991"
#define TOO_LONG "the line is longer than 65536 bytes"

#define BODY(literal)                                                          \
    {                                                                          \
        literal, sizeof(literal) - 1                                           \
    }

static const struct body {
    const char *claim;
    struct text body;
    const char *result;
    int64_t speed; /* of the rocket "a" at the end; 0 without one */
} bodies[] = {
    {"each line is applied", BODY(LAUNCH_A "\n" LAUNCH_B "\n" A2 "\n" A3 "\n"),
     RESULT(4, 0, 0, ""), 700},
    {"an empty body has no lines", BODY(""), RESULT(0, 0, 0, ""), 0},
    {"repeated lines are duplicates", BODY(A5 "\n" A5 "\n" A5 "\n"),
     RESULT(1, 2, 0, ""), 100},
    {"bad lines do not affect other lines",
     BODY(LAUNCH_A "\n{\n" A2 "\n[]\n" A_ZERO "\n" A3 "\n"),
     RESULT(3, 0, 3,
            ERROR(2, NO_NAME) "," ERROR(4, NO_OBJECT) "," ERROR(5, BAD_NUMBER)),
     700},
    {"all lines may be bad", BODY("1\n2\n"),
     RESULT(0, 0, 2, ERROR(1, NO_OBJECT) "," ERROR(2, NO_OBJECT)), 0},
    {"error details are escaped as JSON", BODY("\"\\u0000\"\n"),
     RESULT(0, 0, 1,
            ERROR(1, "the message is not accepted: at byte 6: "
                     "\\\\u0000 in a string")),
     0},
    {"lines end in LF or CR LF", BODY(A1 "\r\n{\r\n" A2 "\n{\n" A3 "\r\n"),
     RESULT(3, 0, 2, ERROR(2, NO_NAME) "," ERROR(4, NO_NAME)), 300},
    {"a lone CR does not end a line", BODY(A1 "\r" A2 "\n"),
     RESULT(0, 0, 1,
            ERROR(1, NOT_JSON("153", "unexpected text after the end"))),
     0},
    {"other CRs are white space", BODY("\r" A1 "\r\r\n"), RESULT(1, 0, 0, ""),
     100},
    {"the last line needs no end", BODY(A1), RESULT(1, 0, 0, ""), 100},
    {"the last line needs no end", BODY("\n" A2), RESULT(1, 0, 0, ""), 100},
    {"the last line may end in CR", BODY(A3 "\r"), RESULT(1, 0, 0, ""), 100},
    {"the last line may be blank", BODY("\n\n "), RESULT(0, 0, 0, ""), 0},
    {"the last line may be bad", BODY("\n\n {"),
     RESULT(0, 0, 1, ERROR(3, NOT_JSON("2", "expected a member name"))), 0},
    {"blank lines are numbered and skipped",
     BODY("\n\r\n \t \r\n" A1 "\n\n\t" A2 " \r\n\r \r\nnull\n\n"),
     RESULT(2, 0, 1, ERROR(8, NO_OBJECT)), 200},
    {"other invisible bytes are not blank",
     BODY("\v\n\f\n\0\n\xef\xbb\xbf\n\xc2\xa0\n"),
     RESULT(
         0, 0, 5,
         ERROR(1, NO_VALUE) "," ERROR(2, NO_VALUE) "," ERROR(
             3, NO_VALUE) "," ERROR(4, BYTE_ORDER_MARK) "," ERROR(5, NO_VALUE)),
     0},
    {"a byte order mark invalidates only its line",
     BODY("\xef\xbb\xbf" A1 "\n" A2 "\n"),
     RESULT(1, 0, 1, ERROR(1, BYTE_ORDER_MARK)), 100},
};

/*
 * Pass a copy of `part`, then overwrite and free it: the batch must not keep
 * pointers into a part.
 */
static void take_part(struct batch *batch, struct text part)
{
    char *copy = malloc(part.length + (part.length == 0));

    if (copy == NULL)
        abort();
    memcpy(copy, part.data, part.length);
    batch_take(batch, (struct text){copy, part.length});
    memset(copy, '\n', part.length);
    free(copy);
}

/* Take the body: a first part, then parts of `size` bytes. */
static void take_parts(struct batch *batch, struct text body, size_t first,
                       size_t size)
{
    size_t part = first;

    for (size_t at = 0; at < body.length; at += part, part = size) {
        if (part > body.length - at)
            part = body.length - at;
        take_part(batch, (struct text){body.data + at, part});
    }
    batch_end(batch);
}

static int64_t speed_of(struct table *table, const char *id)
{
    struct rocket_view view;

    return table_find(table, text_of(id), &view) ? view.speed : 0;
}

/* The log names the first error of the result. */
static void check_first_error(const struct batch *batch, const char *result)
{
    const struct batch_error *error = batch_first_error(batch);
    const char *first = strstr(result, "\"errors\":[{\"line\":");
    char expected[512];

    assert_int_equal(error->line != 0, first != NULL);
    if (first == NULL)
        return;
    snprintf(expected, sizeof(expected), "\"errors\":[{\"line\":%ju,",
             (uintmax_t)error->line);
    assert_int_equal(strncmp(first, expected, strlen(expected)), 0);
    /* Only one of the rows has a byte that JSON escapes. */
    if (strchr(error->detail, '\\') == NULL)
        assert_non_null(strstr(first, error->detail));
}

/* With a store all that is pending is settled at the end. */
static void check_body_in(struct store *store, const struct body *body,
                          size_t first, size_t size)
{
    struct table *table = table_new(SIZE_MAX);
    struct api api;

    api_init(&api, table, NULL, NULL);
    if (store != NULL) {
        toy_store_init(store);
        assert_true(api_use_store(&api, store));
    }
    struct batch *batch = batch_new(&api);
    assert_non_null(batch);
    take_parts(batch, body->body, first, size);
    if (store != NULL)
        toy_store_settle(store, SIZE_MAX);
    batch_assert_result(batch, body->result);
    check_first_error(batch, body->result);
    assert_int_equal(speed_of(table, "a"), body->speed);
    batch_free(batch);
    if (store != NULL)
        toy_store_release(store);
    table_free(table);
}

static void check_body(const struct body *body, size_t first, size_t size)
{
    struct store store;

    check_body_in(NULL, body, first, size);
    check_body_in(&store, body, first, size);
}

/* Parts of each size, so that there is a cut at each place. */
static void result_does_not_depend_on_the_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        print_message("%s\n", bodies[i].claim);
        for (size_t size = 1; size <= bodies[i].body.length + 1; size++)
            check_body(&bodies[i], size, size);
    }
}

/* A1, padded with spaces to `length` bytes, and `rest`. */
static char *padded_line(size_t length, const char *rest)
{
    size_t size = length + strlen(rest) + 1;
    char *line = malloc(size);

    if (line == NULL)
        abort();
    snprintf(line, size, "%-*s%s", (int)length, A1, rest);
    return line;
}

/* The line has `length` bytes in front of `rest`, which has lines behind it. */
static void check_limit(size_t length, const char *rest, const char *result,
                        int64_t speed)
{
    static const struct {
        size_t first, size;
    } parts[] = {{1000, 1000}, {16384, 16384}, {65535, 1},  {65536, 1},
                 {65537, 1},   {65538, 1},     {1000000, 1}};
    char *line = padded_line(length, rest);
    struct body body = {NULL, text_of(line), result, speed};

    for (size_t i = 0; i < COUNT(parts); i++)
        check_body(&body, parts[i].first, parts[i].size);
    free(line);
}

/* A line that is too long does not affect the next one. */
static void line_limit_excludes_the_line_end(void **state)
{
    static const struct {
        const char *rest;
        size_t most; /* bytes in front of it */
    } cases[] = {
        {"\n" A2, BATCH_MAX_LINE},
        {"\r\n" A2, BATCH_MAX_LINE},
        {"\r \n" A2, BATCH_MAX_LINE - 2},
        {"\r\r\n" A2, BATCH_MAX_LINE - 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t length = cases[i].most - 2; length <= cases[i].most + 2;
             length++) {
            if (length <= cases[i].most)
                check_limit(length, cases[i].rest, RESULT(2, 0, 0, ""), 200);
            else
                check_limit(length, cases[i].rest,
                            RESULT(1, 0, 1, ERROR(1, TOO_LONG)), 100);
        }
    }
    check_limit(BATCH_MAX_LINE, "", RESULT(1, 0, 0, ""), 100);
    check_limit(BATCH_MAX_LINE, "\r", RESULT(1, 0, 0, ""), 100);
    check_limit(BATCH_MAX_LINE + 1, "", RESULT(0, 0, 1, ERROR(1, TOO_LONG)), 0);
}

static void likely_mistake_is_that_of_the_first_rejected_line(void **state)
{
    static const struct {
        struct text body;
        const char *mistake; /* a part of it, or NULL */
    } rows[] = {
        {BODY(""), NULL},
        {BODY(A1 "\n"), NULL},
        {BODY("{}\n"), NULL},
        {BODY("[" A1 "," A2 "]"), "a JSON array"},
        {BODY("\n \t[\n" A1 ",\n" A2 "\n]\n"), "a JSON array"},
        {BODY(A1 A2), "on one line"},
        {BODY(A1 " " A2), "on one line"},
        {BODY("{\r\n \"metadata\": {\n"), "over several lines"},
        {BODY("\xff\xfe{\0\"\0"), "UTF-16"},
        {BODY("\xfe\xff\0{\0\""), "UTF-16"},
        {BODY("{\0\"\0"), "UTF-16"},
        {BODY("\0{\0\""), "UTF-16"},
        {BODY("\xff\xfe\0\0{\0\0\0"), "UTF-32"},
        {BODY("\0\0\0{\0\0\0\""), "UTF-32"},
        {BODY("{\n[\n"), "over several lines"},
        {BODY("null\n[\n"), NULL},
        {BODY("\x1f\x8b\x08\0"), NULL}, /* "errors" names it */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t size = 1; size <= 200; size *= 14) {
            struct table *table = table_new(SIZE_MAX);
            struct batch *batch = batch_for_table(table);
            take_parts(batch, rows[i].body, size, size);
            const char *mistake = batch_likely_mistake(batch);
            assert_int_equal(mistake != NULL, rows[i].mistake != NULL);
            if (mistake != NULL && rows[i].mistake != NULL)
                assert_non_null(strstr(mistake, rows[i].mistake));
            batch_free(batch);
            table_free(table);
        }
    }
}

/* The line ends in the middle of a message when it becomes too long. */
static void likely_mistake_is_known_of_a_too_long_line(void **context)
{
    static const size_t parts[] = {1000, 65535, 1000000};
    struct buffer body = BUFFER_INIT;

    while (body.length <= BATCH_MAX_LINE)
        buffer_append(&body, TEXT(A1));
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct batch *batch = batch_for_table(*context);
        take_parts(batch, buffer_text(&body), parts[i], parts[i]);
        batch_assert_result(batch, RESULT(0, 0, 1, ERROR(1, TOO_LONG)));
        assert_non_null(strstr(batch_likely_mistake(batch), "on one line"));
        assert_int_equal(batch_lines(batch), 1);
        batch_free(batch);
    }
    buffer_release(&body);
}

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

static void lines_are_applied_before_the_body_ends(void **context)
{
    struct batch *batch = batch_for_table(*context);

    batch_take(batch, TEXT(A1));
    batch_take(batch, (struct text){NULL, 0});
    assert_int_equal(table_count(*context), 0);
    batch_take(batch, TEXT("\n" A2));
    assert_int_equal(speed_of(*context, "a"), 100);
    assert_int_equal(batch_counts(batch).applied, 1);
    batch_free(batch);
}

static void lines_are_counted_as_they_are_applied(void **context)
{
    struct metrics *metrics = metrics_new();
    struct api api;

    api_init(&api, *context, NULL, metrics);
    struct batch *batch = batch_new(&api);
    batch_take(batch, TEXT(A1 "\n" A1 "\n" A2));
    assert_int_equal(metric_value(api.counts.messages, API_APPLIED), 1);
    assert_int_equal(metric_value(api.counts.messages, API_DUPLICATE), 1);
    batch_take(batch, TEXT("\n[]\n\n" A3));
    assert_int_equal(metric_value(api.counts.messages, API_APPLIED), 2);
    assert_int_equal(metric_value(api.counts.messages, API_REJECTED), 1);
    batch_end(batch);
    assert_int_equal(metric_value(api.counts.messages, API_APPLIED), 3);
    assert_int_equal(metric_value(api.counts.messages, API_DUPLICATE), 1);
    assert_int_equal(metric_value(api.counts.messages, API_REJECTED), 1);
    assert_int_equal(metric_value(api.counts.messages, API_STALE), 0);
    batch_free(batch);
    metrics_free(metrics);
}

/* Only applied ones, and each once. Blank lines are not messages. */
static void
launches_explosions_and_the_lines_of_a_batch_are_counted(void **context)
{
    struct metrics *metrics = metrics_new();
    uint64_t values[METRICS_MAX_VALUES];
    struct api api;

    api_init(&api, *context, NULL, metrics);
    struct batch *batch = batch_new(&api);
    batch_take(batch, TEXT(LAUNCH_A "\n" LAUNCH_A "\n\n"));
    assert_int_equal(metric_total(api.counts.launches), 1);
    batch_take(batch, TEXT(LAUNCH_B "\n" EXPLODE_A "\n[]\n" A3 "\n\n"));
    assert_int_equal(metric_total(api.counts.launches), 2);
    assert_int_equal(metric_total(api.counts.explosions), 1);
    assert_int_equal(metric_read(api.counts.batches, values), 9);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(values[i], 0);
    batch_end(batch);
    batch_free(batch);
    metric_read(api.counts.batches, values);
    assert_int_equal(values[0], 0);
    assert_int_equal(values[1], 1); /* more than one, at most ten */
    assert_int_equal(values[8], 6);
    assert_int_equal(metric_total(api.counts.launches), 2);
    assert_int_equal(metric_total(api.counts.explosions), 1);
    metrics_free(metrics);
}

/* Take a message of "a" with this number, which is negative if it is bad. */
static void take_number(struct batch *batch, int number)
{
    char line[512];
    int length =
        snprintf(line, sizeof(line), LINE_FASTER("a", "%d") "\n", number);

    batch_take(batch, (struct text){line, (size_t)length});
}

static void lines_in_a_gap_given_up_are_stale(void **context)
{
    struct batch *batch = batch_for_table(*context);

    /* 16,384 gaps between 16,385 runs: one more than a rocket may have. */
    for (int number = 1; number <= 32769; number += 2)
        take_number(batch, number);
    take_number(batch, 2);
    batch_assert_result(batch, "{\"applied\":16385,\"duplicate\":0,\"stale\":1,"
                               "\"rejected\":0,\"errors\":[]}");
    batch_free(batch);
}

/* Every third line is invalid. */
static void first_100_errors_are_reported_and_all_counted(void **context)
{
    struct batch *batch = batch_for_table(*context);
    struct buffer expected = BUFFER_INIT;

    buffer_append(&expected, TEXT("{\"applied\":220,\"duplicate\":0,"
                                  "\"stale\":0,\"rejected\":110,\"errors\":["));
    for (int i = 1; i <= 330; i++) {
        take_number(batch, i % 3 == 0 ? -i : i);
        if (i % 3 == 0 && i / 3 <= BATCH_MAX_ERRORS)
            buffer_append_format(&expected, "%s{\"line\":%d,\"detail\":\"%s\"}",
                                 i == 3 ? "" : ",", i, BAD_NUMBER);
    }
    buffer_append(&expected, TEXT("]}\0"));
    batch_end(batch);
    batch_assert_result(batch, expected.data);
    buffer_release(&expected);
    batch_free(batch);
}

#define BATCH_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_does_not_depend_on_the_parts),
        cmocka_unit_test(line_limit_excludes_the_line_end),
        cmocka_unit_test(likely_mistake_is_that_of_the_first_rejected_line),
        BATCH_TEST(likely_mistake_is_known_of_a_too_long_line),
        BATCH_TEST(lines_are_applied_before_the_body_ends),
        BATCH_TEST(lines_are_counted_as_they_are_applied),
        BATCH_TEST(launches_explosions_and_the_lines_of_a_batch_are_counted),
        BATCH_TEST(lines_in_a_gap_given_up_are_stale),
        BATCH_TEST(first_100_errors_are_reported_and_all_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
