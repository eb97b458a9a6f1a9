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
#define MESSAGE_OF(channel)                                                    \
    "{\"metadata\":{" channel VALID_FIELDS "}," VALID_PAYLOAD "}"
#define APPLIED(channel)                                                       \
    "{\"channel\":\"" channel "\",\"messageNumber\":1,"                        \
    "\"processed\":true,\"result\":\"applied\"}"

static void post_expecting(struct connection *connection, const char *channel,
                           uint64_t number, const char *result)
{
    struct fleet_message message = fleet_faster(channel, number, 1);
    char body[512];
    struct exchange row = {.body = message.body,
                           .status = 202,
                           .header = "Content-Type",
                           .value = "application/json",
                           .exact = body};

    snprintf(body, sizeof(body),
             "{\"channel\":\"%s\",\"messageNumber\":%ju,\"processed\":%s,"
             "\"result\":\"%s\"}",
             channel, (uintmax_t)number,
             strcmp(result, "applied") == 0 ? "true" : "false", result);
    exchange_run(connection, &row);
}

static void late_message_is_applied_once(void **state)
{
    static const struct {
        uint64_t number;
        const char *result;
    } messages[] = {
        {3, "applied"}, {1, "applied"},   {1, "duplicate"},
        {2, "applied"}, {2, "duplicate"}, {3, "duplicate"},
    };
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        post_expecting(&connection, "late-1", messages[i].number,
                       messages[i].result);
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

static void message_is_accepted(void **state)
{
    static const struct exchange rows[] = {
        /* Unknown members are ignored. */
        {.body = " {\"extra\":[{}],\"metadata\":{\"channel\":\"unknown-1\","
                 "\"n\":null," VALID_FIELDS "}," VALID_PAYLOAD "}\r\n",
         .status = 202,
         .exact = APPLIED("unknown-1")},
        {.body = MESSAGE_OF("\"channel\":\"a\\\"\\u00e9\\\\\","),
         .status = 202,
         .exact = APPLIED("a\\\"\xc3\xa9\\\\")},
        {.target = "/messages?x=1",
         .body = MESSAGE_OF("\"channel\":\"q\","),
         .status = 202,
         .exact = APPLIED("q")},
    };

    EXCHANGES_RUN(*state, rows);
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

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        EXCHANGE(*state, .fields = fields[i],
                 .body = fleet_faster("typed-1", i + 1, 1).body, .status = 202,
                 .part = "\"applied\"");
}

static void refused_message_changes_nothing(void **state)
{
    static const struct exchange rows[] = {
        {"POST", .status = 400, .part = "not JSON"},
        {.body = "", .status = 400, .part = "not JSON"},
        {.body = "{} {}", .status = 400, .part = "not JSON: at byte 3"},
        {.body = "[]", .status = 400, .part = "must be a JSON object"},
        {.body = MESSAGE_OF(""),
         .status = 400,
         .part = "metadata.channel is missing: expected a string of 1 to 128 "
                 "bytes"},
        {.body = MESSAGE_OF("\"channel\":\"c\",\"channel\":\"c\","),
         .status = 400,
         .part = "metadata.channel is given twice"},
        {.body = "{\"metadata\":{\"channel\":\"refused-1\"," VALID_FIELDS
                 "},\"message\":{\"type\":\"T\",\"launchSpeed\":0.5,"
                 "\"mission\":\"M\"}}",
         .status = 400,
         .part = "message.launchSpeed must be an integer from 0 to "
                 "1000000000"},
        {.target = "/rockets/refused-1", .status = 404},
    };

    EXCHANGES_RUN(*state, rows);
}

/*
 * Make a message of exactly `length` bytes, with spaces after the JSON.
 * Ownership: the caller frees the result.
 */
static char *padded_message(const char *channel, size_t length)
{
    char *body = malloc(length + 1);

    if (body == NULL)
        abort();
    snprintf(body, length + 1, "%-*s", (int)length,
             fleet_faster(channel, 1, 1).body);
    return body;
}

static void too_long_body_is_read_and_gets_413(void **state)
{
    static const struct {
        size_t length;
        unsigned status;
    } cases[] = {
        {MAX_BODY, 202}, {MAX_BODY + 1, 413}, {300000, 413}, {MAX_DRAIN, 413}};
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *body = padded_message("long-1", cases[i].length);
        struct exchange row = {.body = body,
                               .status = cases[i].status,
                               .part = cases[i].status == 413 ? "65536" : ""};

        exchange_run(&connection, &row);
        free(body);
    }
    bulk_expect_next(&connection);
    connection_close(&connection);
}

static bool send_chunks(struct connection *connection, size_t size,
                        size_t count)
{
    char *chunk = padded_message("chunked-1", size);
    bool sent = connection_request(connection, "POST", "/messages",
                                   "Transfer-Encoding: chunked\r\n");

    for (size_t i = 0; i < count && sent; i++)
        sent = connection_print(connection, "%zx\r\n%s\r\n", size, chunk);
    free(chunk);
    return sent;
}

static void too_long_chunked_body_is_read_and_gets_413(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    assert_true(send_chunks(&connection, 10000, 10));
    assert_true(connection_send_text(&connection, "0\r\n\r\n"));
    connection_expect_status(&connection, 413);
    bulk_expect_next(&connection);
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
    char *body = padded_message("long-3", MAX_DRAIN + 1);

    instance_connect(*state, &connection);
    (void)connection_post(&connection, body);
    free(body);
    expect_closed_over_length(&connection);
    instance_connect(*state, &connection);
    /* 64 MiB are more than all buffers on the way hold. */
    assert_false(send_chunks(&connection, 65536, 1024));
    expect_closed_over_length(&connection);
}

/* The bodies are not sent, so the connections cannot be used again. */
static void expected_too_long_body_gets_413_at_once(void **state)
{
    static const size_t lengths[] = {MAX_BODY + 1, MAX_DRAIN, 1000000000};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        char fields[128];

        snprintf(fields, sizeof(fields),
                 "Expect: 100-continue\r\nContent-Length: %zu\r\n", lengths[i]);
        EXCHANGE(*state, "POST", .fields = fields, .status = 413,
                 .part = "65536", .closes = true);
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
        {BULK_TYPE "Sec-Fetch-Site: cross-site\r\n", 403},
        {BULK_TYPE "Origin: http://evil.example\r\n", 403},
        {BULK_TYPE "Sec-Fetch-Site: same-origin\r\n", 202},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char target[32], id[16];

        snprintf(id, sizeof(id), "site-%zu", i);
        snprintf(target, sizeof(target), "/rockets/%s", id);
        EXCHANGE(*state, .fields = cases[i].fields,
                 .body = fleet_faster(id, 1, 1).body, .status = cases[i].status,
                 .part = cases[i].status == 403 ? "another site" : "applied");
        EXCHANGE(*state, .target = target,
                 .status = cases[i].status == 403 ? 404 : 200);
    }
}

/*
 * The service reuses the last response object, with another text, for a
 * response that is like the last one. So each response must match its own
 * request, whatever requests came between.
 */
static void each_response_matches_its_request(void **state)
{
    enum { ROUNDS = 300, LONGEST = 128 };
    static const struct exchange others[] = {
        {.target = "/health", .status = 200},
        {.target = "/nothing/here", .status = 404},
        {.target = "/rockets/none", .status = 404},
        {.target = "/rockets/mixed-00", .status = 200},
        {.target = "/rockets?limit=2", .status = 200},
        {.target = "/rockets?limit=0", .status = 400},
        {.status = 405},
        {.body = "{}", .status = 400},
    };
    struct connection connection;

    instance_connect(*state, &connection);
    for (unsigned round = 0; round < ROUNDS; round++) {
        char channel[LONGEST + 1];

        /* The length of the channel changes every third round. */
        snprintf(channel, sizeof(channel), "mixed-%0*u",
                 (int)(2 + round / 3 * 37 % 121), round);
        post_expecting(&connection, channel, 1 + round, "applied");
        if (round % 5 == 4)
            exchange_run(
                &connection,
                &others[round / 5 % (sizeof(others) / sizeof(others[0]))]);
    }
    connection_close(&connection);
}

/* Responses wait in the socket of the service while it makes the next. */
static void pipelined_requests_are_answered_in_order(void **state)
{
    enum { REQUESTS = 100 };
    struct connection connection;

    instance_connect(*state, &connection);
    for (uint64_t number = 1; number <= REQUESTS; number++) {
        connection_post(&connection, fleet_faster("pipe-1", number, 1).body);
        connection_get(&connection, "/rockets/pipe-1");
    }
    for (uint64_t number = 1; number <= REQUESTS; number++) {
        char part[64];
        struct exchange row = {.status = 202, .part = part};

        snprintf(part, sizeof(part), "\"messageNumber\":%ju,",
                 (uintmax_t)number);
        exchange_expect(&connection, &row);
        snprintf(part, sizeof(part), "\"lastMessageNumber\":%ju,",
                 (uintmax_t)number);
        row.status = 200;
        exchange_expect(&connection, &row);
    }
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_message_is_applied_once),
        cmocka_unit_test(message_in_a_gap_given_up_is_stale),
        cmocka_unit_test(message_is_accepted),
        cmocka_unit_test(other_content_types_are_read_as_json),
        cmocka_unit_test(refused_message_changes_nothing),
        cmocka_unit_test(too_long_body_is_read_and_gets_413),
        cmocka_unit_test(too_long_chunked_body_is_read_and_gets_413),
        cmocka_unit_test(far_too_long_body_closes_the_connection),
        cmocka_unit_test(expected_too_long_body_gets_413_at_once),
        cmocka_unit_test(cross_site_message_is_refused),
        cmocka_unit_test(each_response_matches_its_request),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests);
}
