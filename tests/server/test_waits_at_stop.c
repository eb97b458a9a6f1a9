/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop while connections wait for the application. What waits has
 * SERVER_STOP_SECONDS until it is cancelled, so the tests stop many servers at
 * a time.
 */
#include "lib/harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/server.h"
#include "toy.h"
#include "upload.h"

enum {
    SERVERS = 8,
    CROWD = 12, /* connections of each kind and server */
    ROUNDS = 40,
    LENGTH = 100000,
    STOP_MS = SERVER_STOP_SECONDS * 1000,
};

/* A server that is stopped by a thread. */
struct stop {
    struct toy *toy;
    pthread_t thread;
    int64_t ms; /* that it took */
    struct connection deferred[CROWD], stream[CROWD], sink[CROWD];
};

static void *run_stop(void *context)
{
    struct stop *stop = context;

    stop->ms = toy_stop(stop->toy);
    return NULL;
}

static void begin_stop(struct stop *stop)
{
    assert_int_equal(pthread_create(&stop->thread, NULL, run_stop, stop), 0);
}

static void end_stop(struct stop *stop)
{
    pthread_join(stop->thread, NULL);
    assert_true(toy_free(stop->toy));
}

static void open_stop(struct stop *stop, struct connection *client)
{
    assert_true(connection_open(client, toy_port(stop->toy)));
}

/* Half of the servers have event loops, the others a thread a connection. */
static void start_toy(struct stop *stop, size_t index)
{
    stop->toy = toy_start(index % 2 == 1, 2);
}

static void send_upload(struct connection *client, size_t chunk)
{
    struct upload upload = {"held", "0h", LENGTH, chunk};
    struct upload_bytes bytes = upload_make(&upload, "");

    connection_send(client, bytes.data, LENGTH / 2);
    free(bytes.data);
}

/* So many of each kind wait. */
static void wait_in_all_ways(struct stop *stop, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        open_stop(stop, &stop->deferred[i]);
        connection_get(&stop->deferred[i], "/deferred/held/hello");
        open_stop(stop, &stop->stream[i]);
        connection_get(&stop->stream[i], "/stream/held/swsd");
        open_stop(stop, &stop->sink[i]);
        send_upload(&stop->sink[i], i % 2 * 1000);
    }
    toy_wait(stop->toy, TOY_WAITED, 3 * count);
}

/* A deferred makes its response, 503 after a cancel; others are cut. */
static void expect_ends(struct stop *stop, size_t count, unsigned status)
{
    struct response response;

    for (size_t i = 0; i < count; i++) {
        connection_expect(&stop->deferred[i], &response);
        if (status != 0)
            response_expect_status(&response, status);
        response_expect_body(&response, "hello");
        assert_true(response_closes(&response));
        response_release(&response);
        connection_close(&stop->deferred[i]);
        connection_close(&stop->stream[i]);
        connection_close(&stop->sink[i]);
    }
}

static void stop_cancels_all_that_waits(void **state)
{
    struct stop stops[SERVERS];

    (void)state;
    for (size_t i = 0; i < SERVERS; i++) {
        start_toy(&stops[i], i);
        wait_in_all_ways(&stops[i], CROWD);
    }
    for (size_t i = 0; i < SERVERS; i++)
        begin_stop(&stops[i]);
    for (size_t i = 0; i < SERVERS; i++) {
        expect_ends(&stops[i], CROWD, 503);
        pthread_join(stops[i].thread, NULL);
        assert_int_equal(toy_count(stops[i].toy, TOY_CANCELLED), 3 * CROWD);
        assert_true(toy_free(stops[i].toy));
    }
}

/* 'g' makes a last block once the stream is cancelled. */
static void stop_lets_a_stream_make_its_last_block(void **state)
{
    struct stop stops[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_toy(&stops[i], i);
        open_stop(&stops[i], &stops[i].stream[0]);
        connection_get(&stops[i].stream[0], "/stream/held/swg");
        toy_wait(stops[i].toy, TOY_WAITED, 1);
        begin_stop(&stops[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        struct response response;
        connection_expect(&stops[i].stream[0], &response);
        assert_int_equal(response.body_length, toy_stream_length("sd"));
        response_release(&response);
        connection_close(&stops[i].stream[0]);
        end_stop(&stops[i]);
    }
}

/* The stop meets waits that another thread wakes in that moment. */
static void wakes_may_come_while_the_stop_cancels(void **state)
{
    struct stop stops[SERVERS];

    (void)state;
    for (size_t i = 0; i < SERVERS; i++) {
        start_toy(&stops[i], i);
        toy_wake_held_at_cancel(stops[i].toy);
        toy_ignore_cancel(stops[i].toy);
        wait_in_all_ways(&stops[i], CROWD);
        /* Sinks are freed at the wake, without another call. */
        for (size_t j = 0; j < CROWD; j++)
            connection_close(&stops[i].sink[j]);
    }
    for (size_t i = 0; i < SERVERS; i++)
        begin_stop(&stops[i]);
    for (size_t i = 0; i < SERVERS; i++) {
        expect_ends(&stops[i], CROWD, 0);
        end_stop(&stops[i]);
    }
}

static void finish_late(struct connection *late)
{
    struct response response;

    connection_send_text(late, "!");
    connection_expect(late, &response);
    response_expect_problem(&response, 503, "the service is stopping");
    assert_non_null(response_header(&response, "Retry-After"));
    assert_true(response_closes(&response));
    response_release(&response);
    connection_close(late);
}

/* A request whose head has been read, and whose body has not been sent. */
static void begin_late(struct stop *stop, struct connection *late,
                       const char *target)
{
    open_stop(stop, late);
    connection_request(late, "POST", target,
                       "Content-Length: 1\r\nExpect: 100-continue\r\n");
    connection_expect_status(late, 100);
}

/* What is cancelled is held, so that the stop goes on. */
static void deferred_during_the_stop_is_not_started(void **state)
{
    struct connection late[2], later[2];
    struct stop stops[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_toy(&stops[i], i);
        toy_ignore_cancel(stops[i].toy);
        wait_in_all_ways(&stops[i], 1);
        begin_late(&stops[i], &late[i], "/deferred/held/late");
        begin_late(&stops[i], &later[i], "/sink/held/aD/0");
    }
    for (size_t i = 0; i < 2; i++)
        begin_stop(&stops[i]);
    for (size_t i = 0; i < 2; i++) {
        toy_wait(stops[i].toy, TOY_CANCELLED, 3);
        finish_late(&late[i]);
        finish_late(&later[i]);
        assert_int_equal(toy_count(stops[i].toy, TOY_STARTED), 1);
        toy_hold_no_more(stops[i].toy);
        expect_ends(&stops[i], 1, 503);
        end_stop(&stops[i]);
    }
}

/* Long before the cancel: the stop ends as soon as all are answered. */
static void stop_ends_once_all_is_woken(struct stop *stop, size_t round)
{
    struct connection clients[CROWD];

    start_toy(stop, round);
    for (size_t i = 0; i < CROWD; i++) {
        open_stop(stop, &clients[i]);
        connection_get(&clients[i], "/deferred/held/hello");
    }
    toy_wait(stop->toy, TOY_WAITED, CROWD);
    begin_stop(stop);
    if (round % 4 < 2)
        assert_int_equal(toy_wake_held(stop->toy), CROWD);
    for (size_t i = 0; round % 4 >= 2 && i < CROWD; i++)
        connection_close(&clients[i]);
    toy_hold_no_more(stop->toy);
    for (size_t i = 0; round % 4 < 2 && i < CROWD; i++) {
        connection_expect_status(&clients[i], 200);
        connection_close(&clients[i]);
    }
    end_stop(stop);
    assert_true(stop->ms < STOP_MS);
}

static void stop_ends_once_what_waits_is_woken(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct stop stop;
        stop_ends_once_all_is_woken(&stop, round);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_cancels_all_that_waits),
        cmocka_unit_test(stop_lets_a_stream_make_its_last_block),
        cmocka_unit_test(wakes_may_come_while_the_stop_cancels),
        cmocka_unit_test(deferred_during_the_stop_is_not_started),
        cmocka_unit_test(stop_ends_once_what_waits_is_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
