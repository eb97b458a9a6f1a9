/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /messages: results, refusals, and whether the connection stays usable
 * after each of them. The unit tests have the tables of good and bad messages;
 * here is one of each kind. test_api_batch.c covers batches.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BODY = 64 * 1024, MAX_DRAIN = 1024 * 1024 };

#define VALID_FIELDS                                                           \
    "\"messageNumber\":1,\"messageTime\":\"2022-02-02T19:39:05.86337+01:00\"," \
    "\"messageType\":\"RocketLaunched\""
#define VALID_PAYLOAD                                                          \
    "\"message\":{\"type\":\"Falcon-9\",\"launchSpeed\":500,"                  \
    "\"mission\":\"ARTEMIS\"}"

static void expect_result(const struct response *response, const char *channel,
                          uint64_t number, const char *result)
{
    char body[512];

    snprintf(body, sizeof(body),
             "{\"channel\":\"%s\",\"messageNumber\":%ju,\"processed\":%s,"
             "\"result\":\"%s\"}",
             channel, (uintmax_t)number,
             strcmp(result, "applied") == 0 ? "true" : "false", result);
    response_expect_status(response, 202);
    response_expect_header(response, "Content-Type", "application/json");
    response_expect_body(response, body);
}

static void post_expecting(struct connection *connection, const char *channel,
                           uint64_t number, const char *result)
{
    struct fleet_message message = fleet_faster(channel, number, 1);
    struct response response;

    assert_true(connection_post(connection, message.body));
    connection_expect(connection, &response);
    expect_result(&response, channel, number, result);
    response_release(&response);
}

static void new_message_is_applied(void **state)
{
    struct fleet_message message =
        fleet_launched("applied-1", 1, "Falcon-9", 500, "ARTEMIS");
    struct response response;

    instance_post(*state, message.body, &response);
    expect_result(&response, "applied-1", 1, "applied");
    response_release(&response);
}

static void repeated_message_is_a_duplicate(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    post_expecting(&connection, "repeated-1", 1, "applied");
    post_expecting(&connection, "repeated-1", 1, "duplicate");
    connection_close(&connection);
}

static void late_message_is_applied_once(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    post_expecting(&connection, "late-1", 3, "applied");
    post_expecting(&connection, "late-1", 1, "applied");
    post_expecting(&connection, "late-1", 1, "duplicate");
    post_expecting(&connection, "late-1", 2, "applied");
    post_expecting(&connection, "late-1", 2, "duplicate");
    connection_close(&connection);
}

static void message_in_a_gap_given_up_is_stale(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    /* 1,024 gaps between 1,025 runs: one more than a rocket may have. */
    for (uint64_t number = 1; number <= 2049; number += 2)
        post_expecting(&connection, "stale-1", number, "applied");
    post_expecting(&connection, "stale-1", 2, "stale");
    post_expecting(&connection, "stale-1", 1, "stale");
    post_expecting(&connection, "stale-1", 3, "duplicate");
    post_expecting(&connection, "stale-1", 4, "applied");
    connection_close(&connection);
}

static void unknown_members_are_ignored(void **state)
{
    struct response response;

    instance_post(*state,
                  " {\"extra\":[{}],\"metadata\":{\"channel\":\"unknown-1\","
                  "\"n\":null," VALID_FIELDS "}," VALID_PAYLOAD "}\r\n",
                  &response);
    expect_result(&response, "unknown-1", 1, "applied");
    response_release(&response);
}

static void result_echoes_the_channel_as_json(void **state)
{
    struct response response;

    instance_post(
        *state,
        "{\"metadata\":{\"channel\":\"a\\\"\\u00e9\\\\\"," VALID_FIELDS
        "}," VALID_PAYLOAD "}",
        &response);
    response_expect_status(&response, 202);
    cJSON *json = response_json(&response);
    assert_string_equal(
        cJSON_GetObjectItemCaseSensitive(json, "channel")->valuestring,
        "a\"\xc3\xa9\\");
    cJSON_Delete(json);
    response_release(&response);
}

static void other_content_types_are_read_as_json(void **state)
{
    static const char *const fields[] = {
        "",
        "Content-Type: application/json; charset=utf-8\r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: application/x-ndjson2\r\n",
        "Content-Type: nonsense\r\n",
    };
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct fleet_message message = fleet_faster("typed-1", i + 1, 1);
        assert_true(connection_post_with(&connection, fields[i], message.body));
        connection_expect_status(&connection, 202);
    }
    connection_close(&connection);
}

static void bad_message_error_names_the_problem(void **state)
{
    static const struct {
        const char *body, *detail;
    } cases[] = {
        {"", "not JSON"},
        {"{", "not JSON"},
        {"{} {}", "not JSON: at byte 3"},
        {"[]", "must be a JSON object"},
        {"{}", "metadata is missing: expected an object"},
        {"{\"metadata\":{" VALID_FIELDS "}," VALID_PAYLOAD "}",
         "metadata.channel is missing: expected a string of 1 to 128 bytes"},
        {"{\"metadata\":{\"channel\":7," VALID_FIELDS "}," VALID_PAYLOAD "}",
         "metadata.channel must be a string of 1 to 128 bytes"},
        {"{\"metadata\":{\"channel\":\"c\",\"channel\":\"c\"," VALID_FIELDS
         "}," VALID_PAYLOAD "}",
         "metadata.channel is given twice"},
        {"{\"metadata\":{\"channel\":\"c\"," VALID_FIELDS
         "},\"message\":{\"type\":\"T\",\"launchSpeed\":0.5,"
         "\"mission\":\"M\"}}",
         "message.launchSpeed must be an integer from 0 to 1000000000"},
    };
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct response response;

        assert_true(connection_post(&connection, cases[i].body));
        connection_expect(&connection, &response);
        response_expect_problem(&response, 400, cases[i].detail);
        assert_false(response_closes(&response));
        response_release(&response);
    }
    connection_close(&connection);
}

static void missing_body_is_not_json(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    assert_true(connection_request(&connection, "POST", "/messages", ""));
    connection_expect_status(&connection, 400);
    connection_close(&connection);
}

static void refused_message_changes_nothing(void **state)
{
    struct response response;

    instance_post(*state,
                  "{\"metadata\":{\"channel\":\"refused-1\"," VALID_FIELDS
                  "},\"message\":{}}",
                  &response);
    response_expect_status(&response, 400);
    response_release(&response);
    instance_get(*state, "/rockets/refused-1", &response);
    response_expect_status(&response, 404);
    response_release(&response);
}

/*
 * Make a message of exactly `length` bytes, with spaces after the JSON.
 * Ownership: the caller frees the result.
 */
static char *padded_message(const char *channel, size_t length)
{
    struct fleet_message message = fleet_faster(channel, 1, 1);
    char *body = malloc(length + 1);

    assert_non_null(body);
    memset(body, ' ', length);
    memcpy(body, message.body, strlen(message.body));
    body[length] = '\0';
    return body;
}

static void post_of_length(struct connection *connection, const char *channel,
                           size_t length)
{
    char *body = padded_message(channel, length);

    assert_true(connection_post(connection, body));
    free(body);
}

static void longest_body_is_accepted(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    post_of_length(&connection, "long-1", MAX_BODY);
    connection_expect_status(&connection, 202);
    connection_close(&connection);
}

static void too_long_body_is_read_and_gets_413(void **state)
{
    static const size_t lengths[] = {MAX_BODY + 1, 300000, MAX_DRAIN};
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct response response;

        post_of_length(&connection, "long-2", lengths[i]);
        connection_expect(&connection, &response);
        response_expect_problem(&response, 413, "65536");
        assert_false(response_closes(&response));
        response_release(&response);
        connection_get(&connection, "/health");
        connection_expect_status(&connection, 200);
    }
    connection_close(&connection);
}

static bool send_chunks(struct connection *connection, size_t size,
                        size_t count)
{
    char *chunk = padded_message("chunked-1", size);
    bool sent = true;

    for (size_t i = 0; i < count && sent; i++)
        sent = connection_print(connection, "%zx\r\n%s\r\n", size, chunk);
    free(chunk);
    return sent;
}

static void too_long_chunked_body_is_read_and_gets_413(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    connection_request(&connection, "POST", "/messages",
                       "Transfer-Encoding: chunked\r\n");
    assert_true(send_chunks(&connection, 10000, 10));
    assert_true(connection_send_text(&connection, "0\r\n\r\n"));
    connection_expect_status(&connection, 413);
    connection_get(&connection, "/health");
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

/* The service may send 413, and nothing else, before it closes. */
static void expect_closed_over_length(struct connection *connection)
{
    struct response response;
    enum connection_result result = connection_receive(connection, &response);

    if (result == CONNECTION_ANSWERED) {
        response_expect_status(&response, 413);
        response_release(&response);
        connection_expect_closed(connection);
    } else {
        assert_int_equal(result, CONNECTION_CLOSED);
    }
    connection_close(connection);
}

static void far_too_long_body_closes_the_connection(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    char *body = padded_message("long-3", MAX_DRAIN + 1);
    (void)connection_post(&connection, body);
    free(body);
    expect_closed_over_length(&connection);
}

static void endless_chunked_body_closes_the_connection(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    connection_request(&connection, "POST", "/messages",
                       "Transfer-Encoding: chunked\r\n");
    /* 64 MiB are more than all buffers on the way hold. */
    assert_false(send_chunks(&connection, 65536, 1024));
    expect_closed_over_length(&connection);
}

static void expect_100_continue_gets_100(void **state)
{
    struct fleet_message message = fleet_faster("expect-1", 1, 1);
    struct connection connection;

    instance_connect(*state, &connection);
    connection_print(&connection,
                     "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                     "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
                     strlen(message.body));
    connection_expect_status(&connection, 100);
    connection_send_text(&connection, message.body);
    connection_expect_status(&connection, 202);
    connection_close(&connection);
}

static void expected_too_long_body_gets_413_at_once(void **state)
{
    static const size_t lengths[] = {MAX_BODY + 1, MAX_DRAIN, 1000000000};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_print(&connection,
                         "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                         "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
                         lengths[i]);
        connection_expect(&connection, &response);
        response_expect_problem(&response, 413, "65536");
        /* The body was not sent, so the connection cannot be used again. */
        assert_true(response_closes(&response));
        response_release(&response);
        connection_expect_closed(&connection);
        connection_close(&connection);
    }
}

static void cross_site_message_is_refused(void **state)
{
    static const struct {
        const char *fields;
        unsigned status;
    } cases[] = {
        {"Sec-Fetch-Site: cross-site\r\n", 403},
        {"Sec-Fetch-Site: same-site\r\n", 403},
        {"Sec-Fetch-Site: same-origin\r\n", 202},
        {"Sec-Fetch-Site: none\r\n", 202},
        {"Sec-Fetch-Site: same-origin\r\nOrigin: http://evil.example\r\n", 202},
        {"Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n", 403},
        {"Origin: http://evil.example\r\n", 403},
        {"Origin: http://localhost.evil.example\r\n", 403},
        {"Origin: http://localhost:1\r\n", 403},
        {"Origin: null\r\n", 403},
        {"Origin: http://localhost\r\n", 202},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fleet_message message = fleet_faster("site-1", i + 1, 1);
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_post_with(&connection, cases[i].fields, message.body);
        connection_expect(&connection, &response);
        if (response.status != cases[i].status)
            print_error("%s", cases[i].fields);
        response_expect_status(&response, cases[i].status);
        response_release(&response);
        connection_close(&connection);
    }
}

static void cross_site_read_is_allowed(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    connection_request(&connection, "GET", "/health",
                       "Sec-Fetch-Site: cross-site\r\n");
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

static void query_of_a_post_is_ignored(void **state)
{
    struct fleet_message message = fleet_faster("query-1", 1, 1);
    struct connection connection;

    instance_connect(*state, &connection);
    connection_print(&connection,
                     "POST /messages?x=1 HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     strlen(message.body), message.body);
    connection_expect_status(&connection, 202);
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_message_is_applied),
        cmocka_unit_test(repeated_message_is_a_duplicate),
        cmocka_unit_test(late_message_is_applied_once),
        cmocka_unit_test(message_in_a_gap_given_up_is_stale),
        cmocka_unit_test(unknown_members_are_ignored),
        cmocka_unit_test(result_echoes_the_channel_as_json),
        cmocka_unit_test(other_content_types_are_read_as_json),
        cmocka_unit_test(bad_message_error_names_the_problem),
        cmocka_unit_test(missing_body_is_not_json),
        cmocka_unit_test(refused_message_changes_nothing),
        cmocka_unit_test(longest_body_is_accepted),
        cmocka_unit_test(too_long_body_is_read_and_gets_413),
        cmocka_unit_test(too_long_chunked_body_is_read_and_gets_413),
        cmocka_unit_test(far_too_long_body_closes_the_connection),
        cmocka_unit_test(endless_chunked_body_closes_the_connection),
        cmocka_unit_test(expect_100_continue_gets_100),
        cmocka_unit_test(expected_too_long_body_gets_413_at_once),
        cmocka_unit_test(cross_site_message_is_refused),
        cmocka_unit_test(cross_site_read_is_allowed),
        cmocka_unit_test(query_of_a_post_is_ignored),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
