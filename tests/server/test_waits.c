/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that is not ours, whose deferred responses, streams and sinks
 * make the connection wait: whenever the wake comes and whatever the client
 * does meanwhile, each is ended once, and who still listens gets every byte,
 * once and in order.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toy_client.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    LENGTH = 100000,
    SMALL_CHUNKS = 3000, /* bytes in chunks of one byte: more than a buffer */
    CROWD = 50,
    ROUNDS = 40,
    PIPELINED = 40,
    TIMES = 20,
};

/* Waits before the first block, between blocks and before the last one. */
static const struct toy_ask gets[] = {
    TOY_GET("deferred", "", "hello"),   TOY_GET("deferred", "", "DDhello"),
    TOY_GET("deferred", "", "Swsbwd"),  TOY_GET("stream", "", "d"),
    TOY_GET("stream", "", "e"),         TOY_GET("stream", "", "sd"),
    TOY_GET("stream", "", "bbe"),       TOY_GET("stream", "", "wd"),
    TOY_GET("stream", "", "we"),        TOY_GET("stream", "", "wwwd"),
    TOY_GET("stream", "", "swse"),      TOY_GET("stream", "", "wswswd"),
    TOY_GET("stream", "", "bwbwe"),     TOY_GET("stream", "", "wbwbd"),
    TOY_GET("stream", "", "wwsswwbbe"), TOY_GET("stream", "", "bbbwwwd"),
};

static const char *const sinks[] = {"a",    "0a",   "h", "00h1",
                                    "1h0a", "h0aD", "A", "hA0AD"};

static const struct {
    size_t length, chunk;
} framings[] = {
    {LENGTH, 0},     {20, 0},           {0, 0},  {LENGTH, 1000},
    {LENGTH, 20000}, {SMALL_CHUNKS, 1}, {20, 1},
};

enum {
    GETS = COUNT(gets),
    SINKS = COUNT(sinks) * COUNT(framings),
    ASKS = 2 * (GETS + SINKS),
};

/* Each of the above with each wake that comes by itself. */
static struct toy_ask nth_ask(size_t n)
{
    const char *wake = n % 2 == 0 ? "now" : "soon";
    struct toy_ask ask;

    n /= 2;
    if (n < GETS) {
        ask = gets[n];
        ask.wake = wake;
        return ask;
    }
    n -= GETS;
    return (struct toy_ask){"sink", wake, sinks[n / COUNT(framings)],
                            .length = framings[n % COUNT(framings)].length,
                            .chunk = framings[n % COUNT(framings)].chunk};
}

/* Refused before the body, which is never sent. */
static void request_refused_by_open_ends_the_connection(void **state)
{
    struct connection client;

    toy_open(*state, &client);
    connection_request(&client, "POST", "/refused", "Content-Length: 9\r\n");
    toy_expect_text(&client, 403, NULL);
    connection_expect_closed(&client);
    connection_close(&client);
}

static void sink_is_freed_if_the_body_breaks_off(void **state)
{
    struct toy_ask ask = TOY_SINK("now", "a", LENGTH, 0);
    struct connection client;

    toy_open(*state, &client);
    toy_send_part(&client, &ask, 0, 500);
    toy_wait(*state, TOY_CALLED, 1);
    connection_close(&client);
    toy_wait(*state, TOY_FREED, 1);
}

/* Expect the response, on a new connection after it if it is the last one. */
static void expect_and_keep(struct toy *toy, struct connection *client,
                            const struct toy_ask *ask)
{
    toy_expect(client, ask);
    if (ask->chunk == 0)
        return;
    connection_expect_closed(client);
    connection_close(client);
    toy_open(toy, client);
}

/*
 * Each with a request behind it, and all on one connection but for those with
 * chunks, which end it.
 */
static void connection_may_wait_anywhere(void **state)
{
    struct connection client;

    toy_open(*state, &client);
    for (size_t i = 0; i < ASKS; i++) {
        struct toy_ask ask = nth_ask(i);
        toy_send(&client, &ask);
        connection_get(&client, "/plain/next");
        expect_and_keep(*state, &client, &ask);
        if (ask.chunk == 0)
            toy_expect_text(&client, 200, "next");
    }
    connection_close(&client);
    assert_true(toy_count(*state, TOY_WAITED) > ASKS);
}

/* Each on a connection of its own, which `finish` half-closes at once. */
static void run_each(void **state, bool old, bool expects, bool finish)
{
    struct connection client;

    for (size_t i = expects ? 2 * (size_t)GETS : 0; i < ASKS; i++) {
        struct toy_ask ask = nth_ask(i);
        if ((old && ask.chunk > 0) || (expects && ask.chunk == 1))
            continue;
        ask.old = old;
        ask.expects = expects;
        toy_open(*state, &client);
        toy_send(&client, &ask);
        if (finish)
            connection_finish(&client);
        toy_expect(&client, &ask);
        connection_close(&client);
    }
}

/* Without chunks the end of the connection is the end of the body. */
static void connection_of_http_1_0_may_wait_anywhere(void **state)
{
    run_each(state, true, false, false);
}

static void sink_may_wait_behind_a_100_continue(void **state)
{
    run_each(state, false, true, false);
}

/* The end of the stream is there before the application goes on. */
static void half_closed_client_gets_its_response(void **state)
{
    run_each(state, false, false, true);
}

/* A part of each makes it wait. */
static const struct {
    struct toy_ask ask;
    size_t part;
} held[] = {
    {TOY_GET("deferred", "held", "hello"), SIZE_MAX},
    {TOY_GET("stream", "held", "wbbd"), SIZE_MAX},
    {TOY_GET("stream", "held", "bbwbd"), SIZE_MAX},
    {TOY_SINK("held", "0h", LENGTH, 0), LENGTH / 2},
    {TOY_SINK("held", "0h", LENGTH, 1000), LENGTH / 2},
    {TOY_SINK("held", "0h", LENGTH, 20000), LENGTH / 2},
    {TOY_SINK("held", "0hD", LENGTH, 0), LENGTH / 2},
    {TOY_SINK("held", "0hD", LENGTH, 1000), LENGTH / 2},
    {TOY_SINK("held", "aD", 20, 0), SIZE_MAX},
    {TOY_SINK("held", "aD", 20, 5), SIZE_MAX},
};

enum {
    HELD = COUNT(held),
    COMPLETE = 3 /* of them wait after their whole request, to respond */
};

/* Meanwhile each loop serves another client. */
static void client_half_closed_while_it_waits_gets_its_response(void **state)
{
    struct connection client, other;

    toy_open(*state, &other);
    for (size_t i = 0; i < (size_t)TIMES * HELD; i++) {
        const struct toy_ask *ask = &held[i % HELD].ask;
        size_t part = held[i % HELD].part;
        size_t waits = toy_count(*state, TOY_WAITED);
        toy_open(*state, &client);
        toy_send_part(&client, ask, 0, part);
        toy_wait(*state, TOY_WAITED, waits + 1);
        toy_send_part(&client, ask, part, SIZE_MAX);
        connection_finish(&client);
        connection_get(&other, "/deferred/soon/other");
        toy_expect_text(&other, 200, "other");
        if (strcmp(ask->kind, "stream") != 0) /* whose head is sent */
            assert_false(connection_has_news(&client));
        toy_hold(*state, false);
        toy_expect(&client, ask);
        toy_hold(*state, true);
        connection_close(&client);
    }
    connection_close(&other);
}

/* `leave` closes connections that wait; `whole`: after the whole request. */
static void leave_and_wake(void **state, bool whole,
                           void (*leave)(struct connection *))
{
    struct connection clients[CROWD];

    for (size_t i = 0; i < CROWD; i++) {
        size_t n = i % HELD;
        toy_open(*state, &clients[i]);
        toy_send_part(&clients[i], &held[n].ask, 0,
                      whole ? SIZE_MAX : held[n].part);
    }
    toy_wait(*state, TOY_WAITED, CROWD);
    for (int i = 0; i < CROWD; i++)
        leave(&clients[i]);
    assert_int_equal(toy_wake_held(*state), CROWD);
    toy_hold(*state, false);
    toy_wait(*state, TOY_ENDED, CROWD);
    if (!whole) /* all but those whose request is complete */
        toy_wait(*state, TOY_FREED, (size_t)CROWD / HELD * (HELD - COMPLETE));
}

static void client_that_closed_while_it_waited_is_ended_once(void **state)
{
    leave_and_wake(state, false, connection_close);
}

static void client_that_reset_while_it_waited_is_ended_once(void **state)
{
    leave_and_wake(state, false, toy_reset);
}

static void client_that_closed_after_its_body_is_ended_once(void **state)
{
    leave_and_wake(state, true, connection_close);
}

static void client_that_leaves_at_the_wake_is_ended_once(void **state)
{
    struct connection client;

    for (int i = 0; i < CROWD * 4; i++) {
        toy_get(*state, &client, "/deferred/soon/hello");
        toy_wait(*state, TOY_STARTED, (size_t)i + 1);
        if (i % 2 == 0)
            toy_reset(&client);
        connection_close(&client);
    }
    toy_wait(*state, TOY_ENDED, (size_t)CROWD * 4);
}

/* The text of a deferred response is one of a kind. */
static void wakes_at_random_moments_lose_no_response(void **state)
{
    struct connection clients[CROWD];
    struct toy_ask asks[CROWD];
    char texts[CROWD][32];
    unsigned seed = 1;

    for (int i = 0; i < CROWD; i++)
        toy_open(*state, &clients[i]);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CROWD; i++) {
            snprintf(texts[i], sizeof(texts[i]), "%d-%d", round, i);
            asks[i] = nth_ask((size_t)rand_r(&seed) % ASKS);
            if (rand_r(&seed) % 8 > 0)
                asks[i] = (struct toy_ask)TOY_GET("deferred", "soon", texts[i]);
            toy_send(&clients[i], &asks[i]);
        }
        for (int i = 0; i < CROWD; i++)
            expect_and_keep(*state, &clients[i], &asks[i]);
    }
    for (int i = 0; i < CROWD; i++)
        connection_close(&clients[i]);
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
    toy_open(*state, &client);
    connection_send(&client, requests, length);
    connection_finish(&client);
    toy_wait(*state, TOY_WAITED, 1);
    assert_int_equal(toy_count(*state, TOY_STARTED), 1);
    assert_int_equal(toy_wake_held(*state), 1);
    for (int i = 0; i < PIPELINED; i++) {
        snprintf(text, sizeof(text), "%d", i);
        toy_expect_text(&client, 200, text);
    }
    connection_expect_closed(&client);
    connection_close(&client);
}

static void head_of_a_stream_makes_nothing_of_it(void **state)
{
    struct connection client;
    struct response response;

    toy_open(*state, &client);
    connection_request(&client, "HEAD", "/stream/held/wsd", "");
    assert_int_equal(connection_receive_head(&client, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_release(&response);
    toy_wait(*state, TOY_FREED, 1);
    assert_int_equal(toy_count(*state, TOY_CALLED), 0);
    connection_close(&client);
}

/* A stream that fails cuts its response, a sink gets none. */
static const struct toy_ask failing[] = {
    TOY_GET("stream", "", "f"),   TOY_GET("stream", "", "wf"),
    TOY_GET("stream", "", "swf"), TOY_GET("stream", "", "bwwf"),
    TOY_GET("stream", "", "m"),   TOY_GET("stream", "", "swm"),
    TOY_SINK("", "x", LENGTH, 0), TOY_SINK("", "hx", LENGTH, 1000),
    TOY_SINK("", "m", LENGTH, 0), TOY_SINK("", "0m", LENGTH, 1000),
};

static void what_fails_closes_the_connection(void **state)
{
    struct connection client;
    struct response response;

    for (size_t i = 0; i < 2 * COUNT(failing); i++) {
        struct toy_ask ask = failing[i / 2];
        ask.wake = i % 2 == 0 ? "now" : "soon";
        toy_open(*state, &client);
        toy_send(&client, &ask);
        assert_int_equal(connection_receive(&client, &response),
                         ask.length == 0 ? CONNECTION_CUT : CONNECTION_CLOSED);
        connection_close(&client);
    }
    toy_wait(*state, TOY_FREED, 2 * COUNT(failing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(request_refused_by_open_ends_the_connection),
        TOY_TEST(sink_is_freed_if_the_body_breaks_off),
        TOY_TEST(connection_may_wait_anywhere),
        TOY_TEST(connection_of_http_1_0_may_wait_anywhere),
        TOY_TEST(sink_may_wait_behind_a_100_continue),
        TOY_TEST(half_closed_client_gets_its_response),
        TOY_TEST(client_half_closed_while_it_waits_gets_its_response),
        TOY_TEST(client_that_closed_while_it_waited_is_ended_once),
        TOY_TEST(client_that_reset_while_it_waited_is_ended_once),
        TOY_TEST(client_that_closed_after_its_body_is_ended_once),
        TOY_TEST(client_that_leaves_at_the_wake_is_ended_once),
        TOY_TEST(wakes_at_random_moments_lose_no_response),
        TOY_TEST(pipelined_requests_are_answered_in_order),
        TOY_TEST(head_of_a_stream_makes_nothing_of_it),
        TOY_TEST(what_fails_closes_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
