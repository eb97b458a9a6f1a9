/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages and batches to the running service while allocations fail. A message
 * that was not applied leaves no trace, one that was is applied as a whole, and
 * after sending all of them again the state is exact.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fault/attempt.h"

/* A message, and the state of its rocket after it. */
struct message_test {
    bool known; /* the rocket was launched before, by message 1 */
    uint64_t number;
    const char *type, *payload;
    /* How the rocket's JSON begins after its id, and how it ends. */
    const char *begin, *end;
};

static const struct message_test first_of_a_rocket = {
    false,
    1,
    "RocketLaunched",
    "\"type\":\"Juno-I\",\"launchSpeed\":5,\"mission\":\"GEMINI\"",
    ",\"type\":\"Juno-I\",\"speed\":5,\"mission\":\"GEMINI\"",
    "\"lastMessageNumber\":1,\"missingMessages\":0}"};

static const struct message_test in_flight = {
    false,
    500,
    "RocketSpeedIncreased",
    "\"by\":1e1",
    ",\"type\":null,\"speed\":10,\"mission\":null",
    "\"lastMessageNumber\":500,\"missingMessages\":499}"};

static const struct message_test in_order = {
    true,
    2,
    "RocketMissionChanged",
    "\"newMission\":\"\\u0041\"",
    ",\"type\":\"Falcon-9\",\"speed\":500,\"mission\":\"A\"",
    "\"lastMessageNumber\":2,\"missingMessages\":0}"};

static const struct message_test behind_a_gap = {
    true,
    9,
    "RocketExploded",
    "\"r\\u0065ason\":\"\\\"R\\\"\"",
    ",\"type\":\"Falcon-9\",\"speed\":500,\"mission\":\"ARTEMIS\","
    "\"status\":\"exploded\",\"reason\":\"\\\"R\\\"\"",
    "\"lastMessageNumber\":9,\"missingMessages\":7}"};

/*
 * Return the rocket as JSON, without its id, or NULL if there is none.
 * Ownership: the caller frees the result.
 */
static char *get_rocket(const struct faulty *faulty, const char *id)
{
    struct response response;
    char target[64];
    char *rocket = NULL;

    snprintf(target, sizeof(target), "/rockets/%s", id);
    instance_get(&faulty->instance, target, &response);
    if (response.status != 404) {
        response_expect_status(&response, 200);
        rocket = strdup(strstr(response.body, ",\"type\":"));
        assert_non_null(rocket);
    }
    response_release(&response);
    return rocket;
}

static void expect_rocket(const struct faulty *faulty, const char *id,
                          const char *begin, const char *end)
{
    char *rocket = get_rocket(faulty, id);

    assert_true(rocket != NULL && strncmp(rocket, begin, strlen(begin)) == 0 &&
                strstr(rocket, end) != NULL);
    free(rocket);
}

static void expect_result(const struct response *response, const char *result)
{
    char expected[64];

    response_expect_status(response, 202);
    snprintf(expected, sizeof(expected), "\"result\":\"%s\"", result);
    assert_non_null(strstr(response->body, expected));
}

static void post_message(const struct faulty *faulty, const char *body,
                         const char *result)
{
    struct response response;

    instance_post(&faulty->instance, body, &response);
    expect_result(&response, result);
    response_release(&response);
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/*
 * Return whether the message is applied; if so, expect all of it. It may be
 * applied although allocating the response failed.
 */
static bool is_applied(const struct faulty *faulty,
                       const struct message_test *test, const char *id,
                       const char *before)
{
    char *current = get_rocket(faulty, id);
    bool applied = !is_same(current, before);

    free(current);
    if (applied)
        expect_rocket(faulty, id, test->begin, test->end);
    return applied;
}

static void make_id(char id[32])
{
    static unsigned serial;

    snprintf(id, 32, "serial-%u", serial++);
}

static int64_t check_message(struct faulty *faulty, const void *context,
                             const struct attempt_mode *mode, int64_t left)
{
    const struct message_test *test = context;
    struct attempt attempt = {.status = 202};
    char id[32];

    make_id(id);
    struct fleet_message launch =
        fleet_launched(id, 1, "Falcon-9", 500, "ARTEMIS");
    struct fleet_message message =
        fleet_message(id, test->number, test->type, test->payload);
    if (test->known)
        post_message(faulty, launch.body, "applied");
    char *before = get_rocket(faulty, id);
    char *text = attempt_post("application/json", message.body);
    attempt.text = text;
    attempt_make(faulty, mode, left, &attempt);
    bool applied = is_applied(faulty, test, id, before);
    if (attempt_is_right(&attempt)) {
        expect_result(&attempt.response, "applied");
        assert_true(applied);
    }
    post_message(faulty, message.body, applied ? "duplicate" : "applied");
    expect_rocket(faulty, id, test->begin, test->end);
    attempt_release(&attempt);
    free(text);
    free(before);
    return attempt.failed;
}

static void messages_are_applied_whole_or_not_at_all(void **state)
{
    struct faulty faulty;

    (void)state;
    assert_true(faulty_start(&faulty, NULL, NULL, NULL));
    attempt_each(&faulty, &first_of_a_rocket, check_message);
    attempt_each(&faulty, &in_flight, check_message);
    attempt_each(&faulty, &in_order, check_message);
    attempt_each(&faulty, &behind_a_gap, check_message);
    faulty_stop(&faulty);
}

/* With a thread for each connection, which has to be created as well. */
static void messages_are_applied_whole_or_not_per_connection(void **state)
{
    static const char *const flags[] = {"-threads=per-connection", NULL};
    struct faulty faulty;

    (void)state;
    assert_true(faulty_start(&faulty, NULL, flags, NULL));
    attempt_each(&faulty, &first_of_a_rocket, check_message);
    faulty_stop(&faulty);
}

static char *make_batch(const char *id)
{
    struct fleet_message launch = fleet_launched(id, 1, "Juno-I", 5, "GEMINI");
    struct fleet_message faster = fleet_faster(id, 4, 1);
    struct fleet_message exploded =
        fleet_message(id, 3, "RocketExploded", "\"reason\":\"\\u0041\"");
    char *body = NULL;

    assert_true(asprintf(&body, "%s\n[]\n%s\n%s", launch.body, faster.body,
                         exploded.body) > 0);
    char *text = attempt_post("application/x-ndjson", body);
    free(body);
    return text;
}

/*
 * Some lines of a batch may be applied and others not. After sending it again
 * all of them are.
 */
static int64_t check_batch(struct faulty *faulty, const void *context,
                           const struct attempt_mode *mode, int64_t left)
{
    struct connection connection;
    struct response again;
    char id[32];

    (void)context;
    make_id(id);
    char *text = make_batch(id);
    struct attempt attempt = {.text = text, .status = 202};
    attempt_make(faulty, mode, left, &attempt);
    if (attempt_is_right(&attempt))
        assert_non_null(strstr(attempt.response.body, "{\"applied\":3,"));
    attempt_release(&attempt);

    instance_connect(&faulty->instance, &connection);
    connection_send_text(&connection, text);
    connection_expect(&connection, &again);
    response_expect_status(&again, 202);
    assert_non_null(strstr(again.body, "\"rejected\":1,"));
    response_release(&again);
    connection_close(&connection);
    expect_rocket(faulty, id,
                  ",\"type\":\"Juno-I\",\"speed\":5,\"mission\":\"GEMINI\","
                  "\"status\":\"exploded\",\"reason\":\"A\"",
                  "\"lastMessageNumber\":4,\"missingMessages\":1}");
    free(text);
    return attempt.failed;
}

static void batches_can_be_sent_again(void **state)
{
    struct faulty faulty;

    (void)state;
    assert_true(faulty_start(&faulty, NULL, NULL, NULL));
    attempt_each(&faulty, NULL, check_batch);
    faulty_stop(&faulty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_applied_whole_or_not_at_all),
        cmocka_unit_test(messages_are_applied_whole_or_not_per_connection),
        cmocka_unit_test(batches_can_be_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
