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

/* Send so many odd numbers from 1 on, in a batch. */
static void send_odd_numbers(struct connection *connection, const char *channel,
                             unsigned count)
{
    struct bulk bulk;

    bulk_begin(&bulk);
    for (uint64_t i = 0; i < count; i++)
        bulk_add(&bulk, channel, 2 * i + 1);
    bulk_end(&bulk);
    connection_post_bytes(connection, BULK_TYPE, bulk.text, bulk.length);
    bulk_expect_applied(connection, count);
    free(bulk.text);
}

/* Two shards, one of them late. */
static void even_numbers_after_the_odd_ones_are_applied(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    send_odd_numbers(&connection, "shards-1", 2001);
    for (uint64_t number = 2; number <= 4000; number += 2)
        post_expecting(&connection, "shards-1", number, "applied");
    assert_int_equal(bulk_messages_of(*state, "shards-1"), 4001);
    connection_close(&connection);
}

/*
 * Once 16,384 runs are exceeded, the lowest gap is given up. The log says so of
 * the first gap of a rocket, and of no other.
 */
static void message_in_a_gap_given_up_is_stale(void **state)
{
    static const char channel[] = "stale-\xc3\xa9";
    static const char logged[] =
        " warn  rocket stale-\\xc3\\xa9 has more than 16384 runs of messages: "
        "its lowest gap, 2 to 2, is given up; messages in it are stale if they "
        "arrive later. Further gaps of this rocket are not logged\n";
    const struct instance *instance = *state;
    char stale[FLEET_MAX_MESSAGE + 8];
    struct connection connection;

    instance_connect(instance, &connection);
    send_odd_numbers(&connection, channel, 16384);
    char *errors = process_errors(&instance->process);
    assert_null(strstr(errors, "given up"));
    free(errors);
    post_expecting(&connection, channel, 32769, "applied");
    post_expecting(&connection, channel, 2, "stale");
    post_expecting(&connection, channel, 1, "stale");
    post_expecting(&connection, channel, 3, "duplicate");
    post_expecting(&connection, channel, 4, "applied");
    process_wait_error(&instance->process, logged);
    /* 4 has joined two runs, so it takes two more to give up the next gap. */
    post_expecting(&connection, channel, 32771, "applied");
    post_expecting(&connection, channel, 32773, "applied");
    post_expecting(&connection, channel, 6, "stale");
    errors = process_errors(&instance->process);
    assert_null(strstr(strstr(errors, logged) + strlen(logged), "given up"));
    free(errors);
    /* A batch whose only message is stale changes nothing, but has one. */
    snprintf(stale, sizeof(stale), "%s\n{}", fleet_faster(channel, 2, 1).body);
    EXCHANGE(instance, .fields = BULK_TYPE, .body = stale, .status = 202,
             .part =
                 "\"applied\":0,\"duplicate\":0,\"stale\":1,\"rejected\":1");
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
        {.target = "/messages?_=1",
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

/* test_http_long.c and test_http_pipelining.c have more of too long bodies. */
static void refused_message_changes_nothing(void **state)
{
    char too_long[64 * 1024 + 2];
    static const struct exchange rows[] = {
        {"POST", .status = 400, .part = "not JSON"},
        {.body = "", .status = 400, .part = "not JSON"},
        {.body = "{} {", .status = 400, .part = "not JSON: at byte 3"},
        {.body = "{\n}}", .status = 400, .part = "at line 2, column 2"},
        {.body = "[]", .status = 400, .part = "must be a JSON object"},
        {.body = MESSAGE_OF("\"channel\":\"..\","),
         .status = 400,
         .part = "in the path of a URL"},
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
    };

    EXCHANGES_RUN(*state, rows);
    snprintf(too_long, sizeof(too_long), "%-65537s",
             fleet_faster("refused-1", 1, 1).body);
    EXCHANGE(*state, .body = too_long, .status = 413, .part = "65536");
    EXCHANGE(*state, .target = "/rockets/refused-1", .status = 404);
}

#define HOW_TO_SEND_SEVERAL                                                    \
    "; to send several messages, send application/x-ndjson, one message a "    \
    "line (with curl: --data-binary)"

/* The hint is only for a single message, not for a line of a batch. */
static void several_messages_at_once_are_told_how_to_be_sent(void **state)
{
    static const struct exchange rows[] = {
        {.body = "[" MESSAGE_OF("\"channel\":\"several-1\",") "]",
         .status = 400,
         .part = "the message must be a JSON object" HOW_TO_SEND_SEVERAL},
        {.body = "{}\n{}\n",
         .status = 400,
         .part = "at line 2, column 1: unexpected text after the "
                 "end" HOW_TO_SEND_SEVERAL},
        /* As curl -d @file sends lines. */
        {.fields = "Content-Type: application/x-www-form-urlencoded\r\n",
         .body = MESSAGE_OF("\"channel\":\"several-1\",")
             MESSAGE_OF("\"channel\":\"several-2\","),
         .status = 400,
         .part = "unexpected text after the end" HOW_TO_SEND_SEVERAL},
        {.fields = BULK_TYPE,
         .body = "[]\n" MESSAGE_OF("\"channel\":\"several-3\","),
         .status = 202,
         .part = "the message must be a JSON object\""},
        {.target = "/rockets/several-1", .status = 404},
    };

    EXCHANGES_RUN(*state, rows);
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
        bool refused = cases[i].status == 403;
        /* Before its body, which may be long. */
        bool batch = strstr(cases[i].fields, "ndjson") != NULL;

        snprintf(id, sizeof(id), "site-%zu", i);
        snprintf(target, sizeof(target), "/rockets/%s", id);
        EXCHANGE(*state, .fields = cases[i].fields,
                 .body = fleet_faster(id, 1, 1).body, .status = cases[i].status,
                 .part = refused ? "another site" : "applied",
                 .closes = refused && batch);
        EXCHANGE(*state, .target = target, .status = refused ? 404 : 200);
    }
}

/*
 * The service reuses the last response object, with another text, for a
 * response that is like the last one. So each response must match its own
 * request, whatever requests came between.
 */
static void each_response_matches_its_request(void **state)
{
    enum { LENGTHS = 121, ROUNDS = 3 * LENGTHS };
    static const struct exchange refused = {.body = "{}", .status = 400};
    static const struct exchange others[] = {
        {.target = "/health", .status = 200},
        {.target = "/nothing/here", .status = 404},
        {.target = "/rockets/none", .status = 404},
        {.target = "/rockets/mixed-00", .status = 200},
        {.target = "/rockets?limit=2", .status = 200},
        {.target = "/rockets?limit=0", .status = 400},
        {.status = 405},
    };
    const size_t kinds = sizeof(others) / sizeof(others[0]);
    struct connection connection;

    instance_connect(*state, &connection);
    for (unsigned round = 0; round < ROUNDS; round++) {
        int width = (int)(2 + round / 3 * 37 % LENGTHS);
        char channel[129];

        snprintf(channel, sizeof(channel), "mixed-%0*u", width, round);
        post_expecting(&connection, channel, 1 + round % 7, "applied");
        /* One of these texts is as long as that before it. */
        if (round % 3 == 2)
            exchange_run(&connection, &refused);
        if (round % 5 == 4)
            exchange_run(&connection, &others[round / 5 % kinds]);
    }
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_message_is_applied_once),
        cmocka_unit_test(even_numbers_after_the_odd_ones_are_applied),
        cmocka_unit_test(message_in_a_gap_given_up_is_stale),
        cmocka_unit_test(message_is_accepted),
        cmocka_unit_test(other_content_types_are_read_as_json),
        cmocka_unit_test(refused_message_changes_nothing),
        cmocka_unit_test(several_messages_at_once_are_told_how_to_be_sent),
        cmocka_unit_test(cross_site_message_is_refused),
        cmocka_unit_test(each_response_matches_its_request),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests);
}
