/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many responses over one connection. The service reuses the last response
 * object, with another text, for a response that is like the last one. So each
 * response must match its own request, whatever requests came between.
 */
#include "lib/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 300, PIPELINED = 40, KINDS = 7 };

/* A channel of 7 to 128 bytes. Its length changes every third round. */
static const char *channel_of(char out[129], unsigned round)
{
    int length = (int)(1 + round / 3 * 37 % 122);

    snprintf(
        out, 129, "%06u%.*s", round, length,
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    return out;
}

static const char *message_of(char out[512], unsigned round)
{
    char channel[129];

    snprintf(out, 512,
             "{\"metadata\":{\"channel\":\"%s\",\"messageNumber\":%u,"
             "\"messageType\":\"RocketSpeedIncreased\","
             "\"messageTime\":\"2025-04-02T09:21:50Z\"},"
             "\"message\":{\"by\":%u}}",
             channel_of(channel, round), 1 + round, round);
    return out;
}

static void send_message(struct connection *connection, unsigned round)
{
    char body[512];

    connection_post(connection, message_of(body, round));
}

static void expect_applied(struct connection *connection, unsigned round)
{
    char expected[512], channel[129];
    struct response response;

    snprintf(expected, sizeof(expected),
             "{\"channel\":\"%s\",\"messageNumber\":%u,\"processed\":true,"
             "\"result\":\"applied\"}",
             channel_of(channel, round), 1 + round);
    connection_expect(connection, &response);
    response_expect_status(&response, 202);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_body(&response, expected);
    response_release(&response);
}

/* Send a request of another kind and expect its response. */
static void exchange_other(struct connection *connection, unsigned round)
{
    static const struct {
        const char *target;
        unsigned status;
    } others[KINDS] = {
        {"/health", 200},          {"/nothing/here", 404},
        {"/rockets/none", 404},    {"/rockets/000000x", 200},
        {"/rockets?limit=2", 200}, {"/rockets?limit=0", 400},
        {"/messages", 405},
    };

    connection_get(connection, others[round % KINDS].target);
    connection_expect_status(connection, others[round % KINDS].status);
}

static void each_response_matches_its_request(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    for (unsigned round = 0; round < ROUNDS; round++) {
        send_message(&connection, round);
        expect_applied(&connection, round);
        if (round % 5 == 4)
            exchange_other(&connection, round);
        if (round % 11 == 10) {
            connection_post(&connection, "{}");
            connection_expect_status(&connection, 400);
        }
    }
    connection_close(&connection);
}

/* The responses wait in the socket of the service while it makes the next. */
static void pipelined_responses_match_their_requests(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    for (unsigned i = 0; i < PIPELINED; i++)
        send_message(&connection, 1000 + i);
    for (unsigned i = 0; i < PIPELINED; i++)
        expect_applied(&connection, 1000 + i);
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_response_matches_its_request),
        cmocka_unit_test(pipelined_responses_match_their_requests),
    };

    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
