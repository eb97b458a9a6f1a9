/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred responses: whenever the wake comes and whatever the client does
 * meanwhile, each is ended once, and who still listens gets it.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "toy.h"

enum { CROWD = 50, ROUNDS = 80, PIPELINED = 40, TIMES = 50 };

static void open_toy(void **state, struct connection *connection)
{
    assert_true(connection_open(connection, toy_port(*state)));
}

static void expect(struct connection *connection, const char *body)
{
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    response_expect_body(&response, body);
    response_release(&response);
}

/* Close so that the server sees a reset. */
static void reset(struct connection *connection)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &linger,
               sizeof(linger));
    connection_close(connection);
}

static void deferred_woken_within_its_start_is_answered(void **state)
{
    struct connection client;

    open_toy(state, &client);
    for (int i = 0; i < TIMES; i++) {
        connection_get(&client, "/deferred/now/hello");
        expect(&client, "hello");
    }
    connection_close(&client);
}

static void deferred_woken_by_another_thread_is_answered(void **state)
{
    struct connection client;

    open_toy(state, &client);
    for (int i = 0; i < TIMES; i++) {
        connection_get(&client, "/deferred/soon/hello");
        expect(&client, "hello");
    }
    connection_close(&client);
}

static void deferred_may_be_deferred_again(void **state)
{
    static const char *const wakes[] = {"now", "soon"};
    struct connection client;
    char target[64];

    open_toy(state, &client);
    for (int i = 0; i < TIMES; i++) {
        snprintf(target, sizeof(target), "/deferred/%s/DDhello", wakes[i % 2]);
        connection_get(&client, target);
        expect(&client, "hello");
    }
    connection_close(&client);
    assert_int_equal(toy_count(*state, TOY_FINISHED), 3 * TIMES);
}

static void deferred_is_not_answered_before_the_wake(void **state)
{
    struct connection client, other;

    open_toy(state, &client);
    open_toy(state, &other);
    connection_get(&client, "/deferred/held/hello");
    toy_wait(*state, TOY_WAITED, 1);
    /* More than once around each loop, which serves others meanwhile. */
    for (int i = 0; i < TIMES; i++) {
        connection_get(&other, "/deferred/soon/other");
        expect(&other, "other");
    }
    assert_false(connection_has_news(&client));
    assert_int_equal(toy_wake_held(*state), 1);
    expect(&client, "hello");
    connection_close(&other);
    connection_close(&client);
}

static void wakes_at_random_moments_lose_no_response(void **state)
{
    struct connection clients[CROWD];
    unsigned seed = 1;
    char text[64];

    for (int i = 0; i < CROWD; i++)
        open_toy(state, &clients[i]);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CROWD; i++) {
            snprintf(text, sizeof(text), "/deferred/%s/%d-%d",
                     rand_r(&seed) % 4 == 0 ? "now" : "soon", round, i);
            assert_true(connection_get(&clients[i], text));
        }
        for (int i = 0; i < CROWD; i++) {
            snprintf(text, sizeof(text), "%d-%d", round, i);
            expect(&clients[i], text);
        }
    }
    for (int i = 0; i < CROWD; i++)
        connection_close(&clients[i]);
    assert_int_equal(toy_count(*state, TOY_FINISHED), CROWD * ROUNDS);
}

static void sink_may_leave_a_deferred(void **state)
{
    static const char *const wakes[] = {"now", "soon"};
    struct connection client;

    open_toy(state, &client);
    for (int i = 0; i < TIMES; i++) {
        connection_print(&client,
                         "POST /sink/%s/aD/1 HTTP/1.1\r\nHost: x\r\n"
                         "Content-Length: 1\r\n\r\n!",
                         wakes[i % 2]);
        expect(&client, "1");
    }
    connection_close(&client);
}

static void deferred_may_give_a_stream(void **state)
{
    static const char *const wakes[] = {"now", "soon"};
    char *body = toy_bytes(toy_stream_length("wsbwd"));
    struct connection client;

    open_toy(state, &client);
    for (int i = 0; i < TIMES; i++) {
        char target[64];
        snprintf(target, sizeof(target), "/deferred/%s/Swsbwd", wakes[i % 2]);
        connection_get(&client, target);
        expect(&client, body);
    }
    connection_close(&client);
    free(body);
}

/* `leave` closes a connection whose response is held. */
static void leave_and_wake(void **state, void (*leave)(struct connection *))
{
    struct connection clients[CROWD];

    for (int i = 0; i < CROWD; i++) {
        open_toy(state, &clients[i]);
        connection_get(&clients[i], "/deferred/held/hello");
    }
    toy_wait(*state, TOY_WAITED, CROWD);
    for (int i = 0; i < CROWD; i++)
        leave(&clients[i]);
    assert_int_equal(toy_wake_held(*state), CROWD);
    toy_wait_ended(*state, CROWD);
}

static void client_that_closed_while_it_waited_is_ended_once(void **state)
{
    leave_and_wake(state, connection_close);
}

static void client_that_reset_while_it_waited_is_ended_once(void **state)
{
    leave_and_wake(state, reset);
}

static void client_that_leaves_at_the_wake_is_ended_once(void **state)
{
    struct connection client;

    for (int i = 0; i < CROWD * 4; i++) {
        open_toy(state, &client);
        connection_get(&client, "/deferred/soon/hello");
        toy_wait(*state, TOY_STARTED, (size_t)i + 1);
        if (i % 2 == 0)
            reset(&client);
        connection_close(&client);
    }
    toy_wait_ended(*state, (size_t)CROWD * 4);
}

static void half_closed_client_gets_its_deferred_response(void **state)
{
    static const char *const wakes[] = {"now", "soon"};
    struct connection client;
    char target[64];

    for (int i = 0; i < TIMES; i++) {
        snprintf(target, sizeof(target), "/deferred/%s/hello", wakes[i % 2]);
        open_toy(state, &client);
        connection_get(&client, target);
        connection_finish(&client);
        expect(&client, "hello");
        connection_close(&client);
    }
}

static void client_half_closed_after_the_start_gets_its_response(void **state)
{
    struct connection client;

    for (size_t i = 1; i <= TIMES; i++) {
        open_toy(state, &client);
        connection_get(&client, "/deferred/held/hello");
        toy_wait(*state, TOY_WAITED, i);
        connection_finish(&client);
        assert_int_equal(toy_wake_held(*state), 1);
        expect(&client, "hello");
        connection_close(&client);
    }
}

/* All requests in one write, so that the rest is in the server's buffer. */
static void pipelined_requests_are_answered_in_order(void **state)
{
    char requests[PIPELINED * 64] = "", text[64];
    struct connection client;
    size_t length = 0;

    for (int i = 0; i < PIPELINED; i++)
        length += (size_t)snprintf(requests + length, sizeof(requests) - length,
                                   "GET /%s/%d HTTP/1.1\r\nHost: x\r\n\r\n",
                                   i == 0       ? "deferred/held"
                                   : i % 3 == 0 ? "plain"
                                   : i % 3 == 1 ? "deferred/soon"
                                                : "deferred/now",
                                   i);
    open_toy(state, &client);
    connection_send(&client, requests, length);
    connection_finish(&client);
    toy_wait(*state, TOY_WAITED, 1);
    assert_int_equal(toy_count(*state, TOY_STARTED), 1);
    assert_int_equal(toy_wake_held(*state), 1);
    for (int i = 0; i < PIPELINED; i++) {
        snprintf(text, sizeof(text), "%d", i);
        expect(&client, text);
    }
    connection_expect_closed(&client);
    connection_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(deferred_woken_within_its_start_is_answered),
        TOY_TEST(deferred_woken_by_another_thread_is_answered),
        TOY_TEST(deferred_may_be_deferred_again),
        TOY_TEST(deferred_is_not_answered_before_the_wake),
        TOY_TEST(wakes_at_random_moments_lose_no_response),
        TOY_TEST(sink_may_leave_a_deferred),
        TOY_TEST(deferred_may_give_a_stream),
        TOY_TEST(client_that_closed_while_it_waited_is_ended_once),
        TOY_TEST(client_that_reset_while_it_waited_is_ended_once),
        TOY_TEST(client_that_leaves_at_the_wake_is_ended_once),
        TOY_TEST(half_closed_client_gets_its_deferred_response),
        TOY_TEST(client_half_closed_after_the_start_gets_its_response),
        TOY_TEST(pipelined_requests_are_answered_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
