/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop while connections wait for the application. What waits has some
 * seconds until it is cancelled, so all servers of a test are stopped at a
 * time.
 */
#include "lib/harness.h"

#include <microhttpd.h>
#include <semaphore.h>

#include "server/server.h"
#include "toy_client.h"

enum {
    CROWD = 12, /* connections of each kind and server */
    KINDS = 4,
    MAX_SERVERS = 24,
    ROUNDS = 40,
    LENGTH = 100000,
    STOP_MS = SERVER_STOP_MS,
    STREAMS = 1000,
    THREADED = 300, /* with a thread for each */
    STALLED = 20,   /* of them are in the middle of a block */
};

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
void __real_MHD_stop_daemon(struct MHD_Daemon *daemon);
void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon);

/* Posted for each server whose clients have got what they must get. */
static sem_t answered;

/*
 * Half a second after the cancel libmicrohttpd closes all connections. What
 * clients get before must not depend on how fast the machine is, so it waits.
 */
void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon)
{
    sem_wait(&answered);
    __real_MHD_stop_daemon(daemon);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* A server and its clients. */
struct stop {
    struct toy *toy;
    struct connection waiting[CROWD][KINDS], late[2];
};

/* So many of each kind wait, sinks in the middle of their bodies. */
static void wait_in_all_ways(struct stop *stop, size_t count)
{
    static const struct toy_ask asks[KINDS] = {
        TOY_GET("deferred", "held", "hello"),
        TOY_GET("stream", "held", "swsd"),
        TOY_SINK("held", "0h", LENGTH, 0),
        TOY_SINK("held", "0h", LENGTH, 1000),
    };

    for (size_t i = 0; i < count; i++) {
        for (size_t kind = 0; kind < KINDS; kind++) {
            toy_open(stop->toy, &stop->waiting[i][kind]);
            toy_send_part(&stop->waiting[i][kind], &asks[kind], 0, LENGTH / 2);
        }
    }
    toy_wait(stop->toy, TOY_WAITED, KINDS * count);
}

/* A deferred makes its response, 503 after a cancel; others are cut. */
static void expect_ends(struct stop *stop, size_t count, unsigned status)
{
    struct response response;

    for (size_t i = 0; i < count; i++) {
        connection_expect(&stop->waiting[i][0], &response);
        if (status != 0)
            response_expect_status(&response, status);
        response_expect_body(&response, "hello");
        assert_true(response_closes(&response));
        response_release(&response);
        for (size_t kind = 0; kind < KINDS; kind++)
            connection_close(&stop->waiting[i][kind]);
    }
}

static void prepare_crowd(struct stop *stop)
{
    wait_in_all_ways(stop, CROWD);
}

static void expect_all_cancelled(struct stop *stop)
{
    expect_ends(stop, CROWD, 503);
    assert_int_equal(toy_count(stop->toy, TOY_CANCELLED), KINDS * CROWD);
}

/* 'g' makes a last block once the stream is cancelled. */
static void prepare_last_block(struct stop *stop)
{
    toy_get(stop->toy, &stop->late[0], "/stream/held/swg");
    toy_wait(stop->toy, TOY_WAITED, 1);
}

static void expect_last_block(struct stop *stop)
{
    struct toy_ask ask = TOY_GET("stream", "held", "sd");

    toy_expect(&stop->late[0], &ask);
    connection_close(&stop->late[0]);
}

/* Sinks are freed at the wake, without another call. */
static void prepare_wakes(struct stop *stop)
{
    toy_ignore_cancel(stop->toy);
    wait_in_all_ways(stop, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        for (size_t kind = 2; kind < KINDS; kind++)
            connection_close(&stop->waiting[i][kind]);
}

static void wake_during_the_cancel(struct stop *stop)
{
    toy_wait(stop->toy, TOY_CANCELLED, 1);
    toy_hold(stop->toy, false);
    expect_ends(stop, CROWD, 0);
}

/* A request whose head has been read, and whose body has not been sent. */
static void begin_late(struct stop *stop, struct connection *late,
                       const char *target)
{
    toy_open(stop->toy, late);
    connection_request(late, "POST", target,
                       "Content-Length: 1\r\nExpect: 100-continue\r\n");
    connection_expect_status(late, 100);
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

/* What is cancelled is held, so that the stop goes on. */
static void prepare_late(struct stop *stop)
{
    toy_ignore_cancel(stop->toy);
    wait_in_all_ways(stop, 1);
    begin_late(stop, &stop->late[0], "/deferred/held/late");
    begin_late(stop, &stop->late[1], "/sink/held/aD/0");
}

static void expect_late_refused(struct stop *stop)
{
    toy_wait(stop->toy, TOY_CANCELLED, KINDS);
    finish_late(&stop->late[0]);
    finish_late(&stop->late[1]);
    assert_int_equal(toy_count(stop->toy, TOY_STARTED), 1);
    toy_hold(stop->toy, false);
    expect_ends(stop, 1, 503);
}

/* They are cancelled in vain, and end when the disk responds. */
static void prepare_commits(struct stop *stop)
{
    toy_hold_commits(stop->toy, true);
    for (size_t i = 0; i < CROWD; i++)
        toy_get(stop->toy, &stop->waiting[i][0], "/deferred/commit/hello");
    toy_wait(stop->toy, TOY_WAITED, CROWD);
}

static void expect_commits(struct stop *stop)
{
    toy_wait(stop->toy, TOY_CANCELLED, CROWD);
    assert_int_equal(toy_count(stop->toy, TOY_ENDED), 0);
    toy_hold_commits(stop->toy, false);
    for (size_t i = 0; i < CROWD; i++) {
        toy_expect_text(&stop->waiting[i][0], 200, "hello");
        connection_close(&stop->waiting[i][0]);
    }
}

/* The stop is over, although they wait; it can be tried again. */
static void expect_overdue(struct stop *stop)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    while (toy_overdue(stop->toy) == 0) {
        assert_true(process_clock() < deadline);
        process_wait_until(process_clock() + 1);
    }
    expect_commits(stop);
}

/* First what must not come late. */
static const struct scene {
    const char *claim;
    size_t servers;
    void (*prepare)(struct stop *stop);
    void (*expect)(struct stop *stop);
} scenes[] = {
    {"wakes may come while the stop cancels", 8, prepare_wakes,
     wake_during_the_cancel},
    {"deferred during the stop is not started", 2, prepare_late,
     expect_late_refused},
    {"stop cancels all that waits", 8, prepare_crowd, expect_all_cancelled},
    {"stop lets a stream make its last block", 2, prepare_last_block,
     expect_last_block},
    {"commit during the stop has its response", 2, prepare_commits,
     expect_commits},
    {"commit that does not end does not hold up the stop", 2, prepare_commits,
     expect_overdue},
};

enum { SCENES = sizeof(scenes) / sizeof(scenes[0]) };

static void stop_cancels_what_waits(void **state)
{
    static struct stop stops[MAX_SERVERS];
    size_t count = 0, next = 0;

    (void)state;
    for (size_t i = 0; i < SCENES; i++) {
        for (size_t j = 0; j < scenes[i].servers; j++) {
            /* In event loops, and with a thread for each connection. */
            stops[count].toy = toy_start(j % 2 == 1, 2);
            scenes[i].prepare(&stops[count++]);
        }
    }
    for (size_t i = 0; i < count; i++)
        toy_begin_stop(stops[i].toy);
    for (size_t i = 0; i < SCENES; i++) {
        print_message("%s\n", scenes[i].claim);
        for (size_t j = 0; j < scenes[i].servers; j++)
            scenes[i].expect(&stops[next++]);
    }
    for (size_t i = 0; i < count; i++)
        sem_post(&answered);
    for (size_t i = 0; i < count; i++) {
        toy_end_stop(stops[i].toy);
        assert_true(toy_free(stops[i].toy));
    }
}

/* The clients of some take nothing: these are in the middle of a block. */
static void open_streams(struct toy *toy, struct connection clients[],
                         size_t count)
{
    static const struct toy_ask
        waiting = TOY_LONG("stream", "held", "swq"),
        stalled = TOY_LONG("stream", "held",
                           "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                           "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbd");

    for (size_t i = 0; i < STALLED; i++) {
        assert_true(connection_open_narrow(&clients[i], toy_port(toy)));
        toy_send(&clients[i], &stalled);
    }
    for (size_t i = STALLED; i < count; i++) {
        toy_open(toy, &clients[i]);
        toy_send(&clients[i], &waiting);
    }
    toy_wait(toy, TOY_WAITED, count - STALLED);
    toy_wait(toy, TOY_CALLED, 2 * (count - STALLED) + STALLED);
}

/* Those that wait are complete, and the others do not hold it up. */
static void stop_ends_a_thousand_streams(void **state)
{
    static struct connection clients[2][STREAMS];
    static const size_t counts[2] = {STREAMS, THREADED};
    struct toy *toys[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        toys[i] = toy_start_limited(i == 1, 2, 4 * STREAMS);
        open_streams(toys[i], clients[i], counts[i]);
    }
    for (size_t i = 0; i < 2; i++)
        toy_begin_stop(toys[i]);
    for (size_t i = 0; i < 2; i++) {
        static const struct toy_ask whole = TOY_LONG("stream", "held", "s");
        for (size_t j = STALLED; j < counts[i]; j++)
            toy_expect(&clients[i][j], &whole);
        assert_int_equal(toy_count(toys[i], TOY_CANCELLED),
                         counts[i] - STALLED);
    }
    for (size_t i = 0; i < 2; i++)
        sem_post(&answered);
    for (size_t i = 0; i < 2; i++) {
        toy_end_stop(toys[i]);
        for (size_t j = 0; j < counts[i]; j++)
            connection_close(&clients[i][j]);
        assert_true(toy_free(toys[i]));
    }
}

/* Long before the cancel: the stop ends as soon as all are answered. */
static void stop_ends_once_what_waits_is_woken(void **state)
{
    struct connection clients[CROWD];

    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct toy *toy = toy_start(round % 2 == 1, 2);
        bool leave = round % 4 < 2;
        for (size_t i = 0; i < CROWD; i++)
            toy_get(toy, &clients[i], "/deferred/held/hello");
        toy_wait(toy, TOY_WAITED, CROWD);
        toy_begin_stop(toy);
        for (size_t i = 0; leave && i < CROWD; i++)
            connection_close(&clients[i]);
        assert_int_equal(toy_wake_held(toy), CROWD);
        for (size_t i = 0; !leave && i < CROWD; i++) {
            connection_expect_status(&clients[i], 200);
            connection_close(&clients[i]);
        }
        sem_post(&answered);
        assert_true(toy_end_stop(toy) < STOP_MS);
        assert_true(toy_free(toy));
    }
}

/*
 * It does not wait for requests on connections, which takes half a second. A
 * busy machine may make some stops as slow, but not all.
 */
static void stop_with_nothing_open_is_immediate(void **state)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        int64_t ms = 0;
        do {
            struct toy *toy = toy_start(mode == 1, 1);
            assert_true(process_clock() < deadline);
            sem_post(&answered);
            ms = toy_stop(toy);
            assert_true(toy_free(toy));
        } while (ms >= 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_cancels_what_waits),
        cmocka_unit_test(stop_ends_a_thousand_streams),
        cmocka_unit_test(stop_ends_once_what_waits_is_woken),
        cmocka_unit_test(stop_with_nothing_open_is_immediate),
    };
    sem_init(&answered, 0, 0);
    connection_raise_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
