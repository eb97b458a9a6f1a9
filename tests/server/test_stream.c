/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams that make the connection wait: every byte comes once and in order,
 * and a stream is freed once, however its connection ends.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "toy.h"

/* Waits before the first block, between blocks and before the last one. */
static const char *const scripts[] = {
    "d",   "e",      "sd",    "bbe",   "wd",        "we",     "wwwd",
    "sws", "wswswd", "bwbwe", "wbwbd", "wwsswwbbe", "bbbwwwd"};

static const char *const wakes[] = {"now", "soon"};

static const size_t script_count = sizeof(scripts) / sizeof(scripts[0]);

enum {
    TIMES = 5,
    CROWD = 30,
};

static void open_toy(void **state, struct connection *connection)
{
    assert_true(connection_open(connection, toy_port(*state)));
}

/* The script's last letter is to be one that ends the stream. */
static void complete(char *script, size_t size, const char *beginning)
{
    size_t length = strlen(beginning);

    snprintf(script, size, "%s%s", beginning,
             strchr("de", beginning[length - 1]) != NULL ? "" : "e");
}

static void expect_stream(struct connection *connection, const char *script)
{
    size_t length = toy_stream_length(script);
    char *body = toy_bytes(length);
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    assert_int_equal(response.body_length, length);
    assert_memory_equal(response.body, body, length);
    response_release(&response);
    free(body);
}

static void ask(struct connection *connection, const char *version,
                const char *wake, const char *script)
{
    connection_print(connection, "GET /stream/%s/%s HTTP/%s\r\nHost: x\r\n\r\n",
                     wake, script, version);
}

static void stream_may_wait_anywhere(void **state)
{
    struct connection client;
    char script[32];

    open_toy(state, &client);
    for (size_t i = 0; i < script_count * 2 * TIMES; i++) {
        complete(script, sizeof(script), scripts[i / 2 % script_count]);
        ask(&client, "1.1", wakes[i % 2], script);
        expect_stream(&client, script);
    }
    connection_close(&client);
}

/* Without chunks the end of the connection is the end of the body. */
static void stream_to_http_1_0_may_wait_anywhere(void **state)
{
    struct connection client;
    char script[32];

    for (size_t i = 0; i < 2 * script_count; i++) {
        complete(script, sizeof(script), scripts[i / 2]);
        open_toy(state, &client);
        ask(&client, "1.0", wakes[i % 2], script);
        expect_stream(&client, script);
        connection_close(&client);
    }
}

static void many_streams_wait_at_a_time(void **state)
{
    static const char script[] = "wswwsbwswsbwsd";
    struct connection clients[CROWD];

    for (int i = 0; i < CROWD; i++)
        open_toy(state, &clients[i]);
    for (int round = 0; round < TIMES; round++) {
        for (int i = 0; i < CROWD; i++)
            ask(&clients[i], "1.1", wakes[round % 4 == 0 ? 0 : 1], script);
        for (int i = 0; i < CROWD; i++)
            expect_stream(&clients[i], script);
    }
    for (int i = 0; i < CROWD; i++)
        connection_close(&clients[i]);
}

/* What was made before the wait is not held back by it. */
static void stream_that_waits_sends_what_it_has(void **state)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct connection client;
    char *body = toy_bytes(toy_stream_length("s"));

    open_toy(state, &client);
    ask(&client, "1.0", "held", "swd");
    while (client.length < strlen(body) ||
           memcmp(client.data + client.length - strlen(body), body,
                  strlen(body)) != 0)
        assert_true(connection_fill(&client, 4096, deadline));
    toy_wait(*state, TOY_WAITED, 1);
    assert_int_equal(toy_wake_held(*state), 1);
    expect_stream(&client, "swd");
    connection_close(&client);
    free(body);
}

static void slow_reader_gets_all_of_it(void **state)
{
    static const char script[] = "bwbbwbwbbbwsbwbbwbbbbwbwd";
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct connection client;

    assert_true(connection_open_narrow(&client, toy_port(*state)));
    ask(&client, "1.1", "soon", script);
    for (size_t i = 0; i < 300; i++)
        assert_true(connection_fill(&client, 1000, deadline));
    expect_stream(&client, script);
    connection_close(&client);
}

static void leave_and_wake(void **state, bool reset)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct connection clients[CROWD];

    for (int i = 0; i < CROWD; i++) {
        open_toy(state, &clients[i]);
        ask(&clients[i], "1.1", "held", i % 2 == 0 ? "wbbbd" : "bwbbbd");
    }
    toy_wait(*state, TOY_WAITED, CROWD);
    for (int i = 0; i < CROWD; i++) {
        if (reset)
            setsockopt(clients[i].socket, SOL_SOCKET, SO_LINGER, &linger,
                       sizeof(linger));
        connection_close(&clients[i]);
    }
    assert_int_equal(toy_wake_held(*state), CROWD);
    toy_wait(*state, TOY_FREED, CROWD);
}

static void stream_is_freed_if_the_client_closed_while_it_waited(void **state)
{
    leave_and_wake(state, false);
}

static void stream_is_freed_if_the_client_reset_while_it_waited(void **state)
{
    leave_and_wake(state, true);
}

static void half_closed_client_gets_its_stream(void **state)
{
    struct connection client;

    for (size_t i = 0; i < 2 * script_count; i++) {
        char script[32];
        complete(script, sizeof(script), scripts[i / 2]);
        open_toy(state, &client);
        ask(&client, "1.1", wakes[i % 2], script);
        connection_finish(&client);
        expect_stream(&client, script);
        connection_close(&client);
    }
}

static void client_half_closed_while_it_waits_gets_its_stream(void **state)
{
    struct connection client;

    for (size_t i = 1; i <= CROWD; i++) {
        open_toy(state, &client);
        ask(&client, "1.1", "held", i % 2 == 0 ? "wbbd" : "bbwbd");
        toy_wait(*state, TOY_WAITED, i);
        connection_finish(&client);
        assert_int_equal(toy_wake_held(*state), 1);
        expect_stream(&client, i % 2 == 0 ? "bbd" : "bbbd");
        connection_close(&client);
    }
}

static void head_of_a_stream_makes_nothing_of_it(void **state)
{
    struct connection client;
    struct response response;

    open_toy(state, &client);
    connection_request(&client, "HEAD", "/stream/held/wsd", "");
    assert_int_equal(connection_receive_head(&client, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_release(&response);
    toy_wait(*state, TOY_FREED, 1);
    assert_int_equal(toy_count(*state, TOY_CALLED), 0);
    connection_close(&client);
}

/* 'm' says that there is more, and makes nothing: that is no way to end. */
static void stream_that_fails_is_cut(void **state)
{
    static const char *const failing[] = {"f", "wf", "swf", "bwwf", "m", "swm"};
    struct connection client;
    struct response response;

    for (size_t i = 0; i < 12; i++) {
        open_toy(state, &client);
        ask(&client, "1.1", wakes[i % 2], failing[i / 2]);
        assert_int_equal(connection_receive(&client, &response),
                         CONNECTION_CUT);
        connection_close(&client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(stream_may_wait_anywhere),
        TOY_TEST(stream_to_http_1_0_may_wait_anywhere),
        TOY_TEST(many_streams_wait_at_a_time),
        TOY_TEST(stream_that_waits_sends_what_it_has),
        TOY_TEST(slow_reader_gets_all_of_it),
        TOY_TEST(stream_is_freed_if_the_client_closed_while_it_waited),
        TOY_TEST(stream_is_freed_if_the_client_reset_while_it_waited),
        TOY_TEST(half_closed_client_gets_its_stream),
        TOY_TEST(client_half_closed_while_it_waits_gets_its_stream),
        TOY_TEST(head_of_a_stream_makes_nothing_of_it),
        TOY_TEST(stream_that_fails_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
