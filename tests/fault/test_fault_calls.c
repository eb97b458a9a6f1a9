/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of messages and reads with failing allocations: each allocation fails
 * in turn, with all later ones or alone. The response is the usual one, or 503,
 * or a truncated stream. The rockets are unchanged or completely updated. No
 * memory leaks, and the same call succeeds once there is memory again.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/fleet_cache.h"
#include "api/list_url.h"
#include "base/metrics.h"
#include "call.h"
#include "lib/batch_lines.h"
#include "lib/gzip_data.h"
#include "lib/messages.h"
#include "lib/without_revisions.h"
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

enum {
    FEW = 12,   /* rockets of which a list is not deferred */
    MANY = 300, /* rockets of which a list is deferred and has several blocks */
};

/* Messages applied before each attempt: "a" has no gaps, "g" has. */
static const char *const before[] = {
    LAUNCH("a", "1", "Falcon-9", "ARTEMIS"),
    LINE_FASTER("a", "2"),
    LAUNCH("g", "1", "Thor-Able", "GEMINI"),
    LINE_FASTER("g", "3"),
    LINE_FASTER("g", "5"),
    LINE_FASTER("g", "7"),
    LAUNCH("x", "1", "Juno-I", "SKYLAB"),
    EXPLODED("x", "2", "UNKNOWN"),
};

static const char *const messages[] = {
    LAUNCH("new", "1", "Atlas-H", "APOLLO"),
    LINE_FASTER("new", "500"),
    EXPLODED("new", "1", "FROZEN_O_RINGS"),
    LINE_FASTER("a", "3"),
    MISSION("a", "3", "a mission that nobody has had"),
    EXPLODED("a", "3", "a reason that nobody has had"),
    LAUNCH("x", "3", "a new type", "a new mission"),
    LINE_FASTER("a", "9"),
    MISSION("a", "9", "across a gap"),
    LINE_FASTER("g", "9"),
    MISSION("g", "4", "joins two runs"),
    LAUNCH("g", "6", "Titan-IV", "joins two runs afresh"),
    MISSION("g", "2", "ARTEMIS"),
    /* Duplicates, also with new strings. */
    LINE_FASTER("a", "2"),
    MISSION("a", "2", "never seen"),
    /* Escapes, which cJSON parses, and unusual numbers. */
    LAUNCH("\\u006eew", "1.0", "\\u0041tlas", "\\\"APOLLO\\\""),
    BATCH_LINE("a", "3e0", "RocketSpeedDecreased", "\"b\\u0079\":1e2"),
    BATCH_LINE("a", "3", "Rocket\\u0045xploded",
               "\"r\\u0065ason\":\"\\ud83d\\ude80\""),
    /* Refused with any memory. */
    "",
    "{\"metadata\":",
    "[]",
    "{\"metadata\":{\"ch\\u0061nnel\":1},\"message\":{}}",
    BATCH_LINE("\\u0001", "1", "RocketExploded", "\"reason\":\"r\""),
    BATCH_LINE("a", "1.5", "RocketExploded", "\"reason\":\"r\""),
    BATCH_LINE("a", "3", "Rocket\\u0065xploded", "\"reason\":\"r\""),
    BATCH_LINE("a", "3", "RocketSpeedIncreased", "\"by\":1,\"b\\u0079\":1"),
};

static const char *const lines_of_a_batch[] = {
    "[]\r",
    LAUNCH("new", "1", "Atlas-H", "APOLLO"),
    LINE_FASTER("a", "3"),
    "",
    MISSION("g", "9", "another"),
    EXPLODED("new", "2", "\\u0072eason"),
    "{}",
    LINE_FASTER("g", "4"),
    LINE_FASTER("a", "3"),
};

/* Of every third rocket: the longest that there can be. */
#define M32 "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
#define LONG_MISSION M32 M32 M32 M32 M32 M32 M32 M32

static const char *const targets[] = {
    "/rockets",
    "/rockets?order=desc",
    "/rockets?sort=type",
    "/rockets?sort=type&order=desc",
    "/rockets?sort=speed",
    "/rockets?sort=mission&order=desc",
    "/rockets?status=active",
    "/rockets?type=Falcon-3&sort=type",
    "/rockets?mission=mission+7",
    "/rockets?mission=nobody%27s",
    "/rockets?status=active&type=Falcon-3&mission=mission%203",
    "/rockets?launched=false&idPrefix=r",
    "/rockets?incomplete=true&type=Falcon-3",
    "/rockets?launched=true&idPrefix=rocket-00&limit=2",
    "/rockets?limit=1",
    "/rockets?limit=5&sort=speed&order=desc",
    "/rockets?limit=5&sort=type",
    "/rockets?limit=5&sort=mission&status=active",
    "/rockets?limit=10000&sort=createdAt",
    /* The link to the next page has the filter also in the cursor. */
    "/rockets?limit=1&mission=" LONG_MISSION,
    "/rockets?limit=0",
    "/rockets?sort=nothing",
    "/rockets?cursor=nothing",
    "/metrics",
    "/rockets?since=0000000000000001-0",
    "/rockets?since=0000000000000001-0&limit=7",
    "/rockets?since=0000000000000002-0",
    "/rockets?since=nothing",
    "/rockets/g/gaps",
    "/rockets/g/gaps?limit=1",
    "/rockets/g/gaps?limit=0",
    "/rockets/nobody/gaps",
    "/rockets/rocket-003",
    "/rockets/%72ocket-003",
    "/rockets/nobody",
    "/rockets/%zz",
    "/health/ready",
    "/health/ready?for=ingest",
    "/health/ready?for=all",
    "/",
    "/openapi.yaml",
    "/nothing",
};

#define CALL_POST(text)                                                        \
    ((struct call){.method = HTTP_POST, .target = "/messages", .body = (text)})

/* What GET /metrics shows: more than a buffer has at first, always the same. */
static struct metrics *registry;

static const uint64_t bounds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static const struct metric_family family = {
    .type = METRIC_HISTOGRAM,
    .name = "family",
    .help = "Shown.",
    .bounds = bounds,
    .bound_count = COUNT(bounds),
};

/* Add a rocket with its own type. Every fourth one explodes. */
static void add_rocket(struct table *table, unsigned i)
{
    char id[32], type[32], mission[32];

    snprintf(id, sizeof(id), "rocket-%03u", i);
    snprintf(type, sizeof(type), "Falcon-%u", i);
    snprintf(mission, sizeof(mission), "mission %u", i);
    struct message first = message_launched(
        id, i + 1, type, i % 3 == 2 ? LONG_MISSION : mission, i);
    struct message second = i % 4 == 0 ? message_exploded(id, i + 2, "UNKNOWN")
                                       : message_speed(id, i + 2, 1);
    assert_int_equal(table_apply(table, &first), MESSAGE_APPLIED);
    assert_int_equal(table_apply(table, &second), MESSAGE_APPLIED);
}

/*
 * An application with the messages of `before`, with `rockets` of add_rocket(),
 * and with a rocket "r" of so many runs, each with a reason of its own.
 */
static struct api make_api(unsigned rockets, unsigned runs)
{
    struct table *table = table_new(SIZE_MAX);
    struct api api;

    assert_non_null(table);
    api_init(&api, table, NULL, NULL);
    api.start = 1; /* so that all have the same ETags */
    api.registry = registry;
    for (size_t i = 0; i < COUNT(before); i++) {
        struct outcome outcome = call_make(&api, &CALL_POST(before[i]), NULL);
        assert_int_equal(outcome.status, 202);
        outcome_release(&outcome);
    }
    for (unsigned i = 0; i < rockets; i++)
        add_rocket(table, i);
    for (unsigned i = 0; i < runs; i++) {
        char reason[32];
        snprintf(reason, sizeof(reason), "reason %u", i);
        struct message message = message_exploded("r", 2 * i + 1, reason);
        assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
    }
    return api;
}

/*
 * Without the revisions of rockets: they count the changes, and a batch that is
 * sent again makes them in another order.
 */
static struct outcome list_rockets(struct api *api)
{
    struct outcome outcome =
        call_make(api, &CALL_GET("/rockets?limit=20"), NULL);

    without_revisions(outcome.text);
    return outcome;
}

/* A call, and what comes of it with enough memory. */
struct operation {
    struct call call;
    unsigned rockets, runs;       /* of make_api() */
    struct api api;               /* for all attempts, if it is a GET */
    struct outcome first, again;  /* the responses, when it is made twice */
    struct outcome before, after; /* the lists of all rockets */
};

/*
 * The response is the usual one or 503. An error may lack its body, a batch's
 * result may lack errors, a read may lack its ETag, its compression or the end
 * of its stream.
 */
static void check_response(const struct operation *operation,
                           const struct outcome *outcome)
{
    const struct outcome *right = &operation->first;
    const char *text = outcome->text, *expected = right->text;

    if (outcome->status == 503) {
        assert_non_null(strstr(text, "Retry-After: "));
        assert_true(outcome->failed > 0);
        return;
    }
    assert_int_equal(outcome->status, right->status);
    assert_true(outcome->failed > 0 || !outcome->truncated);
    if (right->status >= 400 && outcome->body[0] == '\0')
        return;
    for (size_t length; *expected != '\0' && *expected != '\n';
         expected += length) {
        length = strcspn(expected, "\n") + 1;
        if (strncmp(text, expected, length) == 0)
            text += length;
        else
            assert_true(strncmp(expected, "ETag: ", 6) == 0 ||
                        strncmp(expected, "Content-Encoding: ", 18) == 0);
    }
    size_t length = operation->call.part > 0 ? strcspn(expected, "[")
                    : outcome->truncated     ? strlen(text)
                                             : strlen(expected) + 1;
    assert_memory_equal(text, expected, length);
}

/*
 * Make the call a second time, with enough memory. The failed allocation may
 * have been that of the response: then a message was applied although the
 * client got 503, and it gets `duplicate` now. Of a batch some messages may
 * have been applied and others not.
 */
static void check_repetition(const struct operation *operation, struct api *api,
                             unsigned status)
{
    struct outcome state = list_rockets(api);
    struct outcome again = call_make(api, &operation->call, NULL);
    struct outcome end = list_rockets(api);
    bool done = strcmp(state.body, operation->after.body) == 0;
    bool undone = strcmp(state.body, operation->before.body) == 0;
    const struct outcome *right = done ? &operation->again : &operation->first;

    assert_true(done || status == 503);
    if (operation->call.part > 0) {
        assert_int_equal(again.status, operation->first.status);
    } else {
        assert_true(done || undone);
        assert_int_equal(again.status, right->status);
        assert_string_equal(again.text, right->text);
    }
    assert_string_equal(end.body, operation->after.body);
    outcome_release(&state);
    outcome_release(&again);
    outcome_release(&end);
}

static int64_t check_attempt(void *context, const struct scarcity_limit *limit)
{
    const struct operation *operation = context;
    bool is_read = operation->call.method == HTTP_GET;
    int64_t live = scarcity->live;
    struct api api = is_read ? operation->api
                             : make_api(operation->rockets, operation->runs);
    struct outcome outcome = call_make(&api, &operation->call, limit);
    int64_t failed = outcome.failed;

    check_response(operation, &outcome);
    assert_int_equal(api.streams, 0);
    check_repetition(operation, &api, outcome.status);
    outcome_release(&outcome);
    if (!is_read)
        table_free(api.table);
    assert_int_equal(scarcity->live, live);
    return failed;
}

/* Fail each allocation of the call in turn. Returns in how many attempts. */
static int64_t check_call(unsigned rockets, unsigned runs, struct call call)
{
    struct api api = make_api(rockets, runs);
    struct operation operation = {call, rockets, runs, .api = api};

    operation.before = list_rockets(&api);
    operation.first = call_make(&api, &call, NULL);
    operation.after = list_rockets(&api);
    operation.again = call_make(&api, &call, NULL);
    int64_t failures = scarcity_each(SCARCITY_OWN, check_attempt, &operation);
    outcome_release(&operation.before);
    outcome_release(&operation.first);
    outcome_release(&operation.after);
    outcome_release(&operation.again);
    table_free(api.table);
    return failures;
}

static void message_is_applied_completely_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++)
        assert_true(check_call(0, 0, CALL_POST(messages[i])) > 0);
}

/*
 * Where the memory for runs and for strings grows: one block until there are 32
 * runs; then a node is split, and with 528 runs, two nodes on the way to the
 * root. With 16,384 runs and more, the lowest gap is given up.
 */
static void rocket_with_many_runs_stays_consistent(void **state)
{
    static const unsigned runs[] = {1,  2,   3,   4,   6,     8,     12,   16,
                                    24, 31,  32,  33,  47,    48,    49,   64,
                                    96, 527, 528, 529, 16383, 16384, 16385};

    (void)state;
    for (size_t i = 0; i < COUNT(runs); i++) {
        char body[512];
        snprintf(body, sizeof(body), EXPLODED("r", "%u", "another"),
                 2 * runs[i] + 1);
        assert_true(check_call(0, runs[i], CALL_POST(body)) > 0);
    }
}

/* `lines_of_a_batch`, one a line. */
static struct buffer make_batch(void)
{
    struct buffer body = BUFFER_INIT;

    for (size_t i = 0; i < COUNT(lines_of_a_batch); i++) {
        buffer_append(&body, i == 0 ? TEXT("") : TEXT("\n"));
        buffer_append(&body, text_of(lines_of_a_batch[i]));
    }
    buffer_append(&body, TEXT("\0"));
    assert_false(buffer_failed(&body));
    return body;
}

static void batch_can_be_sent_again(void **state)
{
    struct buffer body = make_batch();

    (void)state;
    for (size_t part = 1; part < 5000; part *= 7) {
        struct call call = CALL_POST(body.data);
        call.fields.content_type = TEXT("application/x-ndjson");
        call.part = part;
        assert_true(check_call(0, 0, call) > 20);
    }
    buffer_release(&body);
}

static struct call gzip_call(const struct buffer *text)
{
    struct call call = CALL_POST(NULL);

    call.fields.content_encoding = TEXT("gzip");
    call.body = gzip_data(text->data, strlen(text->data), false, &call.length);
    return call;
}

static void gzip_data_can_be_sent_again(void **state)
{
    struct buffer batch = make_batch();
    struct buffer single = {(char *)messages[0], 0, 0, false};
    struct call call = gzip_call(&single);

    (void)state;
    assert_true(check_call(0, 0, call) > 2);
    free((char *)call.body);
    call = gzip_call(&batch);
    call.fields.content_type = TEXT("application/x-ndjson");
    /* Whole; and cut in the middle, which is a 400. */
    for (size_t i = 0; i < 2; i++) {
        for (size_t part = 7; part < 5000; part *= 7) {
            call.part = part;
            assert_true(check_call(0, 0, call) > 4);
        }
        call.length -= 20;
    }
    free((char *)call.body);
    buffer_release(&batch);
}

/*
 * All targets, all other methods, and the second page in each order, at the
 * Link of the first one. Without memory to send the ETag, it can be compared.
 */
static void check_reads(unsigned rockets)
{
    struct api api = make_api(rockets, 0);
    char target[1024];

    for (size_t i = 0; i < COUNT(targets); i++) {
        struct call call = CALL_GET(targets[i]);
        check_call(rockets, 0, call);
        call.fields.accept_encoding = TEXT("gzip");
        check_call(rockets, 0, call);
        call.fields.if_none_match = TEXT("*");
        check_call(rockets, 0, call);
    }
    for (unsigned method = HTTP_POST; method <= HTTP_OTHER; method *= 2)
        check_call(rockets, 0,
                   (struct call){.method = (enum http_method)method,
                                 .target = "/rockets/rocket-001"});
    for (enum table_field sort = 0; sort < TABLE_FIELD_COUNT; sort++) {
        snprintf(target, sizeof(target), "/rockets?limit=7&sort=%s",
                 list_url_sort_name(sort));
        struct outcome first = call_make(&api, &CALL_GET(target), NULL);
        const char *link = strstr(first.text, "Link: <");
        assert_non_null(link);
        snprintf(target, sizeof(target), "/rockets%.*s",
                 (int)strcspn(link + 7, ">"), link + 7);
        outcome_release(&first);
        assert_true(check_call(rockets, 0, CALL_GET(target)) > 20);
    }
    table_free(api.table);
}

static void reads_are_right_or_503(void **state)
{
    (void)state;
    check_reads(FEW);
}

static void streams_are_right_or_truncated_or_503(void **state)
{
    (void)state;
    check_reads(MANY);
}

/* Not among the targets, as its figures change from call to call. */
static int64_t ask_health(void *context, const struct scarcity_limit *limit)
{
    struct outcome outcome = call_make(context, &CALL_GET("/health"), limit);
    static const char end[] = ",\"problems\":[]}";
    size_t length = strlen(outcome.body);

    if (outcome.status == 200) {
        assert_true(length > strlen(end));
        assert_string_equal(outcome.body + length - strlen(end), end);
    } else {
        assert_int_equal(outcome.status, 503);
        assert_non_null(strstr(outcome.text, "Retry-After: 10"));
        assert_true(outcome.failed > 0);
    }
    int64_t failed = outcome.failed;
    outcome_release(&outcome);
    return failed;
}

/* The count is made anew each time. */
static int64_t ask_fleet(void *context, const struct scarcity_limit *limit)
{
    static const char end[] = ",\"otherNames\":0,\"otherRockets\":0,"
                              "\"unknown\":0}}";
    struct api *api = context;

    api->fleet = fleet_cache_new(api);
    assert_non_null(api->fleet);
    struct outcome outcome = call_make(api, &CALL_GET("/fleet"), limit);
    size_t length = strlen(outcome.body);
    if (outcome.status == 200) {
        assert_true(length > strlen(end));
        assert_string_equal(outcome.body + length - strlen(end), end);
    } else {
        assert_int_equal(outcome.status, 503);
        assert_non_null(strstr(outcome.text, "Retry-After: 10"));
        assert_true(outcome.failed > 0);
    }
    int64_t failed = outcome.failed;
    outcome_release(&outcome);
    fleet_cache_free(api->fleet);
    return failed;
}

/* The service is stopping. */
static int64_t ask_not_ready(void *context, const struct scarcity_limit *limit)
{
    struct outcome outcome =
        call_make(context, &CALL_GET("/health/ready"), limit);

    assert_int_equal(outcome.status, 503);
    assert_non_null(strstr(outcome.text, "Retry-After: 5"));
    if (outcome.failed == 0)
        assert_non_null(strstr(outcome.body, "the service is stopping"));
    int64_t failed = outcome.failed;
    outcome_release(&outcome);
    return failed;
}

static void health_is_right_or_503(void **state)
{
    struct api api = make_api(FEW, 0);

    (void)state;
    assert_true(scarcity_each(SCARCITY_OWN, ask_health, &api) > 0);
    api_set_stopping(&api);
    assert_true(scarcity_each(SCARCITY_OWN, ask_not_ready, &api) > 0);
    table_free(api.table);
}

static void fleet_is_right_or_503(void **state)
{
    struct api api = make_api(FEW, 0);

    (void)state;
    assert_true(scarcity_each(SCARCITY_OWN, ask_fleet, &api) > 4);
    table_free(api.table);
}

/*
 * A message that is refused again and again, each time with new strings, must
 * not use more and more memory.
 */
static void repeated_refusals_use_no_memory(void **state)
{
    (void)state;
    for (int64_t left = 0; left < 30; left++) {
        struct scarcity_limit limit = {SCARCITY_OWN, true, left};
        struct api api = make_api(0, 0);
        size_t memory = 0;

        for (unsigned i = 0; i < 100; i++) {
            char body[512];
            if (i % 2 == 0)
                snprintf(body, sizeof(body),
                         LAUNCH("new", "1", "type %02u", "mission %02u"), i, i);
            else
                snprintf(body, sizeof(body), MISSION("g", "9", "gap %02u"), i);
            struct outcome outcome = call_make(&api, &CALL_POST(body), &limit);
            outcome_release(&outcome);
            if (i == 20)
                memory = table_memory(api.table);
        }
        assert_int_equal(table_memory(api.table), memory);
        table_free(api.table);
    }
}

static int set_up(void **state)
{
    (void)state;
    registry = metrics_new();
    return metrics_add(registry, &family, NULL) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    metrics_free(registry);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_applied_completely_or_not_at_all),
        cmocka_unit_test(rocket_with_many_runs_stays_consistent),
        cmocka_unit_test(batch_can_be_sent_again),
        cmocka_unit_test(gzip_data_can_be_sent_again),
        cmocka_unit_test(reads_are_right_or_503),
        cmocka_unit_test(streams_are_right_or_truncated_or_503),
        cmocka_unit_test(health_is_right_or_503),
        cmocka_unit_test(fleet_is_right_or_503),
        cmocka_unit_test(repeated_refusals_use_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
