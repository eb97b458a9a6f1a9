/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of messages with failing allocations: each allocation fails in turn,
 * alone or with all later ones. The response is 503 or the usual one. The
 * rockets are unchanged or completely updated. No memory leaks, and the same
 * message succeeds once there is memory again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "lib/batch_lines.h"
#include "table/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define LAUNCH(channel, number, type, mission)                                 \
    BATCH_LINE(channel, number, "RocketLaunched",                              \
               "\"type\":\"" type                                              \
               "\",\"launchSpeed\":500,\"mission\":\"" mission "\"")
#define MISSION(channel, number, mission)                                      \
    BATCH_LINE(channel, number, "RocketMissionChanged",                        \
               "\"newMission\":\"" mission "\"")
#define EXPLODED(channel, number, reason)                                      \
    BATCH_LINE(channel, number, "RocketExploded", "\"reason\":\"" reason "\"")
#define FASTER(channel, number) LINE_FASTER(channel, number)

/* Messages applied before each test: "a" has no gaps, "g" has. */
static const char *const before[] = {
    LAUNCH("a", "1", "Falcon-9", "ARTEMIS"),
    FASTER("a", "2"),
    LAUNCH("g", "1", "Thor-Able", "GEMINI"),
    FASTER("g", "3"),
    FASTER("g", "5"),
    FASTER("g", "7"),
    LAUNCH("x", "1", "Juno-I", "SKYLAB"),
    EXPLODED("x", "2", "UNKNOWN"),
};

#define POST(text)                                                             \
    {                                                                          \
        HTTP_POST, "/messages", {.host = {NULL, 0}}, text, 0                   \
    }

static const struct call messages[] = {
    POST(LAUNCH("new", "1", "Atlas-H", "APOLLO")),
    POST(FASTER("new", "500")),
    POST(EXPLODED("new", "1", "FROZEN_O_RINGS")),
    POST(FASTER("a", "3")),
    POST(MISSION("a", "3", "a mission that nobody has had")),
    POST(EXPLODED("a", "3", "a reason that nobody has had")),
    POST(LAUNCH("x", "3", "a new type", "a new mission")),
    POST(FASTER("a", "9")),
    POST(MISSION("a", "9", "across a gap")),
    POST(FASTER("g", "9")),
    POST(MISSION("g", "4", "joins two runs")),
    POST(LAUNCH("g", "6", "Titan-IV", "joins two runs afresh")),
    POST(MISSION("g", "2", "ARTEMIS")),
    /* Duplicates, also with new strings. */
    POST(FASTER("a", "2")),
    POST(MISSION("a", "2", "never seen")),
    /* Escapes and unusual numbers, which cJSON parses. */
    POST(LAUNCH("\\u006eew", "1.0", "\\u0041tlas", "\\\"APOLLO\\\"")),
    POST(BATCH_LINE("a", "3e0", "RocketSpeedDecreased", "\"b\\u0079\":1e2")),
    POST(BATCH_LINE("a", "3", "Rocket\\u0045xploded",
                    "\"r\\u0065ason\":\"\\ud83d\\ude80\"")),
};

static const struct call invalid_messages[] = {
    POST(""),
    POST("{\"metadata\":"),
    POST("[]"),
    POST("{\"metadata\":{\"ch\\u0061nnel\":1},\"message\":{}}"),
    POST(BATCH_LINE("\\u0001", "1", "RocketExploded", "\"reason\":\"r\"")),
    POST(BATCH_LINE("a", "1.5", "RocketExploded", "\"reason\":\"r\"")),
    POST(BATCH_LINE("a", "3", "Rocket\\u0065xploded", "\"reason\":\"r\"")),
    POST(BATCH_LINE("a", "3", "RocketSpeedIncreased",
                    "\"by\":1,\"b\\u0079\":1")),
};

static struct call batch_of(const char *body, size_t part)
{
    return (struct call){HTTP_POST,
                         "/messages",
                         {.content_type = TEXT("application/x-ndjson")},
                         body,
                         part};
}

/* An application whose table has the messages of `before`. */
static struct api set_up(void)
{
    struct table *table = table_new(SIZE_MAX);
    struct api api;

    assert_non_null(table);
    api_init(&api, table, NULL);
    for (size_t i = 0; i < COUNT(before); i++) {
        struct call call = POST(before[i]);
        struct outcome outcome = call_make(&api, &call, NULL, NULL);
        assert_int_equal(outcome.status, 202);
        outcome_release(&outcome);
    }
    return api;
}

static void assert_state(struct api *api, const char *expected)
{
    char *state = call_state(api);

    assert_string_equal(state, expected);
    free(state);
}

/* The result of a call with enough memory. */
struct reference {
    char *before, *after; /* states, as call_state() returns them */
    struct outcome first, again;
};

static struct reference make_reference(const struct call *call)
{
    struct api api = set_up();
    struct reference reference = {.before = call_state(&api)};

    reference.first = call_make(&api, call, NULL, NULL);
    reference.after = call_state(&api);
    reference.again = call_make(&api, call, NULL, NULL);
    assert_state(&api, reference.after);
    table_free(api.table);
    return reference;
}

static void release_reference(struct reference *reference)
{
    free(reference->before);
    free(reference->after);
    outcome_release(&reference->first);
    outcome_release(&reference->again);
}

static void assert_outcome(const struct outcome *outcome,
                           const struct outcome *expected)
{
    assert_int_equal(outcome->status, expected->status);
    assert_string_equal(outcome->headers, expected->headers);
    assert_string_equal(outcome->body, expected->body);
}

/* The response must be 503 or the usual one. A 400 may lack its body. */
static void check_response(const struct outcome *outcome,
                           const struct reference *reference)
{
    if (outcome->status == 503)
        assert_non_null(strstr(outcome->headers, "Retry-After: "));
    else if (outcome->body[0] == '\0' && reference->first.status == 400)
        assert_int_equal(outcome->status, 400);
    else
        assert_outcome(outcome, &reference->first);
}

/*
 * The failed allocation may be that of the response. Then the message is
 * applied although the client gets 503; it gets `duplicate` when it tries
 * again.
 */
static void check_state(struct api *api, const struct call *call,
                        const struct outcome *outcome,
                        const struct reference *reference)
{
    char *state = call_state(api);
    bool done = strcmp(state, reference->after) == 0;
    bool refused = outcome->status == 503;

    assert_true(done || (refused && strcmp(state, reference->before) == 0));
    free(state);
    struct outcome again = call_make(api, call, NULL, NULL);
    assert_outcome(&again, done ? &reference->again : &reference->first);
    outcome_release(&again);
    assert_state(api, reference->after);
}

/* Make the call with failing allocations. False if none failed. */
static bool check_with_failures(const struct call *call,
                                const struct allocations_end *end,
                                const struct reference *reference)
{
    size_t live = allocations_live();
    struct api api = set_up();
    bool ended;

    struct outcome outcome = call_make(&api, call, end, &ended);
    check_response(&outcome, reference);
    assert_true(ended || outcome.status != 503);
    check_state(&api, call, &outcome, reference);
    outcome_release(&outcome);
    table_free(api.table);
    assert_int_equal(allocations_live(), live);
    return ended;
}

/* Fail each allocation of the call in turn. Returns how many failed. */
static size_t check_call(const struct call *call)
{
    struct reference reference = make_reference(call);
    size_t failures = 0;

    for (int for_good = 0; for_good < 2; for_good++) {
        struct allocations_end end = {0, for_good};
        while (check_with_failures(call, &end, &reference))
            end.after++;
        failures += end.after;
    }
    release_reference(&reference);
    return failures;
}

static void message_is_applied_completely_or_not_at_all(void **state)
{
    size_t failures = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++)
        failures += check_call(&messages[i]);
    assert_true(failures > 2 * COUNT(messages));
    print_message("%zu allocations failed\n", failures);
}

static void invalid_message_is_refused_with_any_memory(void **state)
{
    size_t failures = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(invalid_messages); i++)
        failures += check_call(&invalid_messages[i]);
    assert_true(failures > 2 * COUNT(invalid_messages));
    print_message("%zu allocations failed\n", failures);
}

/* Messages up to and past the limit of runs, where gaps are given up. */
static void rocket_at_the_limit_of_runs_stays_consistent(void **state)
{
    struct table *table = table_new(SIZE_MAX);
    struct api api;
    size_t failures = 0;

    (void)state;
    api_init(&api, table, NULL);
    for (unsigned i = 0; i < 1100; i++) {
        struct allocations_end end = {0, true};
        char body[512];
        snprintf(body, sizeof(body),
                 BATCH_LINE("r", "%u", "RocketExploded", "\"reason\":\"r %u\""),
                 2 * i + 1, i);
        struct call call = POST(body);
        bool ended = true;
        while (ended) {
            char *was = call_state(&api);
            struct outcome outcome = call_make(&api, &call, &end, &ended);
            if (ended && table_revision(table) == i)
                assert_state(&api, was);
            else
                assert_int_equal(table_revision(table), i + 1);
            outcome_release(&outcome);
            free(was);
            failures += ended;
            end.after++;
        }
    }
    table_free(table);
    print_message("%zu allocations failed\n", failures);
}

/*
 * Of a batch some messages may be applied and others not. After the whole batch
 * is sent again, all are applied.
 */
static const char *const bulk[] = {
    LAUNCH("new", "1", "Atlas-H", "APOLLO"),
    FASTER("a", "3"),
    "",
    "[]\r",
    MISSION("g", "9", "another"),
    EXPLODED("new", "2", "\\u0072eason"),
    "{}",
    FASTER("g", "4"),
    FASTER("a", "3"),
};

/* Join the lines with LF. Ownership: the caller frees the result. */
static char *join_lines(const char *const lines[], size_t count)
{
    struct buffer text = BUFFER_INIT;

    for (size_t i = 0; i < count; i++) {
        buffer_append(&text, text_of(lines[i]));
        buffer_append(&text, i + 1 < count ? TEXT("\n") : TEXT("\0"));
    }
    assert_false(buffer_failed(&text));
    return text.data;
}

static bool check_batch_with_failures(const struct call *call,
                                      const struct allocations_end *end,
                                      const struct reference *reference)
{
    size_t live = allocations_live();
    struct api api = set_up();
    bool ended;

    struct outcome outcome = call_make(&api, call, end, &ended);
    if (outcome.status != 503) {
        /* All lines were taken. Errors may be missing, so they are ignored. */
        size_t counts = strcspn(reference->first.body, "[");
        assert_int_equal(outcome.status, 202);
        assert_memory_equal(outcome.body, reference->first.body, counts);
        assert_state(&api, reference->after);
    }
    outcome_release(&outcome);
    struct outcome again = call_make(&api, call, NULL, NULL);
    assert_int_equal(again.status, 202);
    outcome_release(&again);
    assert_state(&api, reference->after);
    table_free(api.table);
    assert_int_equal(allocations_live(), live);
    return ended;
}

static void batch_can_be_sent_again(void **state)
{
    char *text = join_lines(bulk, COUNT(bulk));
    size_t failures = 0;

    (void)state;
    for (size_t part = 0; part < 300; part += 97) {
        struct call call = batch_of(text, part);
        struct reference reference = make_reference(&call);
        for (int for_good = 0; for_good < 2; for_good++) {
            struct allocations_end end = {0, for_good};
            while (check_batch_with_failures(&call, &end, &reference))
                end.after++;
            assert_in_range(end.after, 10, 1000);
            failures += end.after;
        }
        release_reference(&reference);
    }
    free(text);
    print_message("%zu allocations failed\n", failures);
}

/*
 * A message that is refused again and again, each time with new strings, must
 * not use more and more memory.
 */
static void refuse_often(struct api *api, size_t after)
{
    struct allocations_end end = {after, true};
    size_t memory = 0, live = 0;

    for (unsigned i = 0; i < 100; i++) {
        char body[512];
        snprintf(body, sizeof(body),
                 LAUNCH("new", "1", "type %02u", "mission %02u"), i, i);
        struct call call = POST(body);
        struct outcome outcome = call_make(api, &call, &end, NULL);
        outcome_release(&outcome);
        if (i == 20) {
            memory = table_memory(api->table);
            live = allocations_live();
        }
    }
    assert_int_equal(table_memory(api->table), memory);
    assert_int_equal(allocations_live(), live);
}

static void repeated_refusals_use_no_memory(void **state)
{
    (void)state;
    for (size_t after = 0; after < 30; after++) {
        struct api api = set_up();
        refuse_often(&api, after);
        table_free(api.table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_applied_completely_or_not_at_all),
        cmocka_unit_test(invalid_message_is_refused_with_any_memory),
        cmocka_unit_test(rocket_at_the_limit_of_runs_stays_consistent),
        cmocka_unit_test(batch_can_be_sent_again),
        cmocka_unit_test(repeated_refusals_use_no_memory),
    };
    allocations_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
