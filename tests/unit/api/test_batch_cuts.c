/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of batches that arrive in parts: the result does not depend on where
 * the body is cut, and is the same as that of its valid lines applied one by
 * one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/batch.h"
#include "api/rocket_json.h"
#include "domain/message_parse.h"
#include "format/json_write.h"
#include "lib/batch_lines.h"
#include "table/table.h"

/* The channels of all messages here. */
static const char *const channels[] = {"a", "b", "c"};

enum { CHANNELS = sizeof(channels) / sizeof(channels[0]) };

/*
 * Pass a copy of `part`, then overwrite and free it: the batch must not keep
 * pointers into a part.
 */
static void take_part(struct batch *batch, struct text part)
{
    char *copy = malloc(part.length > 0 ? part.length : 1);

    if (copy == NULL)
        abort();
    memcpy(copy, part.data, part.length);
    batch_take(batch, (struct text){copy, part.length});
    memset(copy, '\n', part.length);
    free(copy);
}

/* Every rocket of the table as JSON. */
static void write_state(struct table *table, struct buffer *out)
{
    struct rocket_view view;

    for (size_t i = 0; i < CHANNELS; i++) {
        if (table_find(table, text_of(channels[i]), &view))
            rocket_json_write(out, &view);
        buffer_append(out, TEXT("\n"));
    }
}

/*
 * How a body is cut: a first part, then parts of `size` bytes; if `random` is
 * not NULL, of random sizes up to that.
 */
struct cuts {
    size_t first, size;
    uint64_t *random;
};

/* SplitMix64: small, sufficient here, and any seed works. */
static uint64_t next_random(uint64_t *random)
{
    uint64_t z = *random += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static size_t below(uint64_t *random, size_t bound)
{
    return (size_t)(next_random(random) % bound);
}

static size_t next_size(const struct cuts *cuts)
{
    return cuts->random == NULL ? cuts->size
                                : below(cuts->random, cuts->size + 1);
}

/* Write the result of `body` in a new table, and the state, to `outcome`. */
static void run_batch(struct text body, struct cuts cuts,
                      struct buffer *outcome)
{
    struct table *table = table_new(SIZE_MAX);
    struct batch *batch = batch_new(table);
    size_t size = cuts.first;

    if (batch == NULL)
        abort();
    for (size_t at = 0; at < body.length; at += size, size = next_size(&cuts)) {
        if (size > body.length - at)
            size = body.length - at;
        take_part(batch, (struct text){body.data + at, size});
    }
    batch_end(batch);
    *outcome = BUFFER_INIT;
    batch_write(batch, outcome);
    write_state(table, outcome);
    batch_free(batch);
    table_free(table);
}

static bool same_outcome(const struct buffer *a, const struct buffer *b)
{
    return !buffer_failed(a) && !buffer_failed(b) &&
           text_equal(buffer_text(a), buffer_text(b));
}

#define A1 LINE_LAUNCHED("a")
#define A2 LINE_FASTER("a", "2")
#define B0 LINE_FASTER("b", "0")
#define B4 LINE_FASTER("b", "4")
#define C7 LINE_FASTER("c", "7")

/* Every kind of line; the last one has no line end. */
static const char small_body[] =
    A1 "\n" A2 "\r\n\n{\"metadata\":\n \t\r\n\xef\xbb\xbf{}\n\r\r\n" B0
       "\r\n" A2 "\n" B4 "\rx\n" C7;

static void check_cuts(struct text body, struct cuts cuts,
                       const struct buffer *expected)
{
    struct buffer outcome;

    run_batch(body, cuts, &outcome);
    if (!same_outcome(&outcome, expected))
        fail_msg("a first part of %zu bytes, then parts of %zu: got\n%.*s\n"
                 "expected\n%.*s",
                 cuts.first, cuts.size, (int)outcome.length, outcome.data,
                 (int)expected->length, expected->data);
    buffer_release(&outcome);
}

static void result_does_not_depend_on_the_parts(void **state)
{
    (void)state;
    const struct text body = text_of(small_body);
    struct buffer whole;

    run_batch(body, (struct cuts){body.length, 1, NULL}, &whole);
    for (size_t cut = 0; cut < body.length; cut++) {
        check_cuts(body, (struct cuts){cut, body.length, NULL}, &whole);
        check_cuts(body, (struct cuts){cut + 1, cut + 1, NULL}, &whole);
    }
    buffer_release(&whole);
}

/* Lengths around the limit of a line, with every kind of line end. */
static void result_of_long_lines_does_not_depend_on_the_parts(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r \n", "\r\r\n", "\r"};
    static const size_t sizes[] = {1000, 16384, 65535, 65536, 65537, 65538};
    static char body[BATCH_MAX_LINE + 1000];

    for (size_t length = BATCH_MAX_LINE - 3; length < BATCH_MAX_LINE + 3;
         length++) {
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            struct buffer whole;
            size_t used = (size_t)snprintf(body, sizeof(body), A2);
            memset(body + used, ' ', length - used);
            int end = snprintf(body + length, sizeof(body) - length, "%s%s",
                               ends[i], B4);
            struct text text = {body, length + (size_t)end};
            run_batch(text, (struct cuts){text.length, 1, NULL}, &whole);
            for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
                check_cuts(text, (struct cuts){sizes[j], 1, NULL}, &whole);
                check_cuts(text, (struct cuts){sizes[j], sizes[j], NULL},
                           &whole);
            }
            buffer_release(&whole);
        }
    }
}

/*
 * Messages from the value of `messageType` on. A random number goes between
 * `start` and `end`.
 */
static const struct {
    const char *start, *end;
} kinds[] = {
    {"RocketSpeedIncreased\"},\"message\":{\"by\":", "}}"},
    {"RocketSpeedDecreased\"},\"message\":{\"by\":", "}}"},
    {"RocketExploded\"},\"message\":{\"reason\":\"reason ", "\"}}"},
    {"RocketMissionChanged\"},\"message\":{\"newMission\":\"\\u00e9", "\"}}"},
    {"RocketLaunched\"},\"message\":{\"mission\":\"M\",\"type\":\"T\","
     "\"launchSpeed\":",
     "}}"},
    {"RocketLanded\"},\"message\":{\"by\":", "}}"},
};

static void append_message(struct buffer *line, uint64_t *random)
{
    size_t kind = below(random, sizeof(kinds) / sizeof(kinds[0]));

    buffer_append(line, TEXT("{\"metadata\":{\"channel\":"));
    json_append(line, text_of(channels[below(random, CHANNELS)]));
    buffer_append(line, TEXT(",\"messageNumber\":"));
    buffer_append_unsigned(line, below(random, 12));
    buffer_append(line, TEXT(",\"messageTime\":\"2022-02-02T19:39:05Z\","
                             "\"messageType\":\""));
    buffer_append(line, text_of(kinds[kind].start));
    buffer_append_unsigned(line, below(random, 1000));
    buffer_append(line, text_of(kinds[kind].end));
}

/* A line without its end: a message, a damaged message, or a blank line. */
static void make_line(struct buffer *line, uint64_t *random)
{
    static const char any[] = " \t\"{}[]:,\\0a-\x01\x7f\x80\xef\xff";

    buffer_clear(line);
    if (below(random, 6) > 0)
        append_message(line, random);
    if (line->length > 0 && below(random, 4) == 0)
        line->data[below(random, line->length)] =
            any[below(random, sizeof(any))];
    if (below(random, 4) == 0)
        buffer_append(line, TEXT(" \t \t"));
    if (below(random, 40) == 0)
        buffer_append_format(
            line, "%*s", (int)(BATCH_MAX_LINE - 300 + below(random, 600)), "");
}

/* The expected result of a batch, computed line by line. */
struct expectation {
    struct table *table;
    uint64_t results[MESSAGE_NO_MEMORY], rejected;
    struct buffer errors;
};

static void expect_error(struct expectation *expected, uint64_t line,
                         const char *detail)
{
    struct buffer *errors = &expected->errors;

    if (++expected->rejected > BATCH_MAX_ERRORS)
        return;
    buffer_append_format(errors, "%s{\"line\":%" PRIu64 ",\"detail\":",
                         expected->rejected == 1 ? "" : ",", line);
    json_append(errors, text_of(detail));
    buffer_append(errors, TEXT("}"));
}

static bool is_blank(struct text line)
{
    return text_trim(line).length == 0;
}

static void expect_line(struct expectation *expected, uint64_t number,
                        struct text line)
{
    struct parsed_message parsed;

    if (line.length > BATCH_MAX_LINE) {
        expect_error(expected, number, "the line is longer than 65536 bytes");
    } else if (is_blank(line)) {
        return;
    } else if (message_parse(line, &parsed) == PARSE_OK) {
        expected->results[table_apply(expected->table, &parsed.message)]++;
        message_parse_release(&parsed);
    } else {
        expect_error(expected, number, parsed.detail);
    }
}

static void write_expected(struct expectation *expected, struct buffer *out)
{
    buffer_append_format(out,
                         "{\"applied\":%" PRIu64 ",\"duplicate\":%" PRIu64
                         ",\"stale\":%" PRIu64 ",\"rejected\":%" PRIu64
                         ",\"errors\":[%.*s]}",
                         expected->results[MESSAGE_APPLIED],
                         expected->results[MESSAGE_DUPLICATE],
                         expected->results[MESSAGE_STALE], expected->rejected,
                         (int)expected->errors.length, expected->errors.data);
    write_state(expected->table, out);
}

/* A random body of up to 200 lines, and its expected result and state. */
static void make_body(uint64_t *random, struct buffer *body,
                      struct buffer *outcome)
{
    struct expectation expected = {.table = table_new(SIZE_MAX),
                                   .errors = BUFFER_INIT};
    struct buffer line = BUFFER_INIT;
    size_t lines = below(random, 200);

    buffer_reserve(&expected.errors, 1);
    for (size_t i = 1; i <= lines; i++) {
        make_line(&line, random);
        expect_line(&expected, i, buffer_text(&line));
        buffer_append(body, buffer_text(&line));
        if (i < lines || below(random, 2) == 0)
            buffer_append(body,
                          below(random, 3) == 0 ? TEXT("\r\n") : TEXT("\n"));
    }
    write_expected(&expected, outcome);
    buffer_release(&line);
    buffer_release(&expected.errors);
    table_free(expected.table);
}

static void check_random_body(uint64_t seed)
{
    static const size_t sizes[] = {3, 100, 1000, 12288, 100000};
    uint64_t random = seed;
    struct buffer body = BUFFER_INIT;
    struct buffer expected = BUFFER_INIT;
    struct buffer outcome;

    make_body(&random, &body, &expected);
    struct cuts cuts = {0, sizes[below(&random, 5)], &random};
    run_batch(buffer_text(&body), cuts, &outcome);
    if (!same_outcome(&outcome, &expected))
        fail_msg("LUNAR_SEED=%" PRIu64 ": got %.*s\nexpected\n%.*s", seed,
                 (int)outcome.length, outcome.data, (int)expected.length,
                 expected.data);
    buffer_release(&outcome);
    buffer_release(&expected);
    buffer_release(&body);
}

static void batch_equals_its_valid_lines_one_by_one(void **state)
{
    (void)state;
    enum { ROUNDS = 200 };
    /* LUNAR_SEED repeats one failing round. */
    const char *given =
        getenv("LUNAR_SEED"); /* NOLINT(concurrency-mt-unsafe) */
    struct timespec now;

    if (given != NULL) {
        check_random_body(strtoull(given, NULL, 10));
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    printf("bodies: LUNAR_SEED=%" PRIu64 "\n", seed);
    for (uint64_t i = 0; i < ROUNDS; i++)
        check_random_body(seed + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_does_not_depend_on_the_parts),
        cmocka_unit_test(result_of_long_lines_does_not_depend_on_the_parts),
        cmocka_unit_test(batch_equals_its_valid_lines_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
