/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits as a store makes them: many connections wait for one commit, which
 * wakes them together. Whoever leads a group of them, and whatever its client
 * does, the others get their responses.
 */
#include "lib/harness.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/sync.h"
#include "server/server.h"
#include "toy_client.h"

enum {
    GROUP = 40,
    ROUNDS = 20,
    LOOPS = 2, /* of TOY_TEST */
    LENGTH = 100000,
    BEGINNING = 500, /* of a request: its head, and some of its body */
    SENDERS = 16,
    STOPS = 10,
    SOME_MS = 20, /* of load before a stop */
    /*
     * Of the 400 connections that the toy allows, of which it holds some idle.
     * Once 375 are open, 25 are evicted: those, and one of the test.
     */
    CROWDED = 360,
};

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
void __real_MHD_resume_connection(struct MHD_Connection *connection);
void __wrap_MHD_resume_connection(struct MHD_Connection *connection);
enum MHD_Result __real_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response);
enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response);

/* Set at the start. */
static pthread_t test_thread;
static pthread_mutex_t gate; /* a loop that queues a response passes it */

static unsigned resumed_here; /* connections that the test's thread resumed */
static _Atomic unsigned queued;

void __wrap_MHD_resume_connection(struct MHD_Connection *connection)
{
    if (pthread_equal(pthread_self(), test_thread))
        resumed_here++;
    __real_MHD_resume_connection(connection);
}

enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *connection,
                                          unsigned status,
                                          struct MHD_Response *response)
{
    atomic_fetch_add(&queued, 1);
    sync_lock(&gate);
    sync_unlock(&gate);
    return __real_MHD_queue_response(connection, status, response);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* What may lead a group. At a stop the stream makes its last bytes. */
static const struct toy_ask leading[] = {
    TOY_GET("deferred", "held", "hello"),
    TOY_GET("stream", "held", "wdg"),
    TOY_LONG("stream", "held", "wdg"),
};

enum { LEADING = sizeof(leading) / sizeof(leading[0]) };

static void wait_in_a_group(struct toy *toy, struct connection clients[GROUP],
                            const struct toy_ask *ask)
{
    size_t waits = toy_count(toy, TOY_WAITED);

    for (size_t i = 0; i < GROUP; i++)
        toy_send(&clients[i], ask);
    toy_wait(toy, TOY_WAITED, waits + GROUP);
}

static void open_group(struct toy *toy, struct connection clients[GROUP])
{
    for (size_t i = 0; i < GROUP; i++)
        toy_open(toy, &clients[i]);
}

static void close_group(struct connection clients[GROUP])
{
    for (size_t i = 0; i < GROUP; i++)
        connection_close(&clients[i]);
}

/* The waker leaves the others to their loop. */
static void group_is_woken_once_a_loop(void **state)
{
    struct connection clients[GROUP];

    open_group(*state, clients);
    for (size_t round = 0; round < ROUNDS; round++) {
        const struct toy_ask *ask = &leading[round % LEADING];
        wait_in_a_group(*state, clients, ask);
        resumed_here = 0;
        assert_int_equal(toy_wake_together(*state), GROUP);
        assert_in_range(resumed_here, 1, LOOPS);
        for (size_t i = 0; i < GROUP; i++)
            toy_expect(&clients[i], ask);
    }
    close_group(clients);
}

/* Each has another one at its front now and then. */
static void group_may_be_of_all_kinds(void **state)
{
    enum { ASKS = 6 };
    static const struct toy_ask asks[ASKS] = {
        TOY_GET("deferred", "held", "hello"), TOY_SINK("held", "A", LENGTH, 0),
        TOY_SINK("held", "0h", LENGTH, 1000), TOY_GET("stream", "held", "wsd"),
        TOY_GET("deferred", "held", "DSwbd"), TOY_SINK("held", "aD", 20, 0),
    };
    struct connection clients[GROUP];

    for (size_t round = 0; round < ROUNDS; round++) {
        size_t waits = toy_count(*state, TOY_WAITED);
        open_group(*state, clients);
        for (size_t i = 0; i < GROUP; i++)
            toy_send(&clients[i], &asks[(i + round) % ASKS]);
        toy_wait(*state, TOY_WAITED, waits + GROUP);
        assert_int_equal(toy_wake_together(*state), GROUP);
        toy_hold(*state, false);
        for (size_t i = 0; i < GROUP; i++)
            toy_expect(&clients[i], &asks[(i + round) % ASKS]);
        toy_hold(*state, true);
        close_group(clients);
    }
}

/*
 * libmicrohttpd does not call for a sink that has taken all there was, but
 * waits for more of the body: so no sink leads.
 */
static void silent_sender_holds_up_nobody(void **state)
{
    static const struct toy_ask ask = TOY_SINK("held", "A", LENGTH, 0);
    struct toy *toy = toy_start(false, 1);
    struct connection silent, clients[GROUP];

    (void)state;
    toy_open(toy, &silent);
    toy_send_part(&silent, &ask, 0, BEGINNING);
    toy_wait(toy, TOY_WAITED, 1);
    open_group(toy, clients);
    wait_in_a_group(toy, clients, &leading[0]);
    assert_int_equal(toy_wake_together(toy), 1 + GROUP);
    for (size_t i = 0; i < GROUP; i++)
        toy_expect_text(&clients[i], 200, "hello");
    close_group(clients);
    toy_hold(toy, false);
    toy_send_part(&silent, &ask, BEGINNING, SIZE_MAX);
    toy_expect(&silent, &ask);
    connection_close(&silent);
    toy_stop(toy);
    assert_true(toy_free(toy));
}

/* The first ones lead: their clients have left in one of two ways. */
static void leader_that_has_left_holds_up_nobody(void **state)
{
    struct connection clients[GROUP];

    for (size_t round = 0; round < ROUNDS; round++) {
        const struct toy_ask *ask = &leading[round % 2];
        size_t left = 1 + round % (GROUP - 1);
        open_group(*state, clients);
        wait_in_a_group(*state, clients, ask);
        for (size_t i = 0; i < left; i++)
            (round % 4 < 2 ? toy_reset : connection_close)(&clients[i]);
        assert_int_equal(toy_wake_together(*state), GROUP);
        for (size_t i = left; i < GROUP; i++) {
            toy_expect(&clients[i], ask);
            connection_close(&clients[i]);
        }
        toy_wait(*state, TOY_ENDED, (round + 1) * GROUP);
    }
}

/*
 * All are woken, and one loop is to resume them; but it is busy from before
 * the wake until after the time for the stop.
 */
static void check_group_at_stop(const struct toy_ask *ask)
{
    struct toy *toy = toy_start(false, 1);
    struct connection busy, clients[GROUP];

    open_group(toy, clients);
    wait_in_a_group(toy, clients, ask);
    atomic_store(&queued, 0);
    sync_lock(&gate);
    toy_get(toy, &busy, "/plain/hello");
    while (atomic_load(&queued) == 0)
        process_wait_until(process_clock() + 1);
    assert_int_equal(toy_wake_together(toy), GROUP);
    toy_begin_stop(toy);
    while (toy_overdue(toy) == 0)
        process_wait_until(process_clock() + 1);
    assert_int_equal(toy_count(toy, TOY_ENDED), 0);
    assert_int_equal(toy_count(toy, TOY_CANCELLED), 0);
    sync_unlock(&gate);
    connection_expect_status(&busy, 200);
    for (size_t i = 0; i < GROUP; i++)
        toy_expect(&clients[i], ask);
    toy_end_stop(toy);
    connection_close(&busy);
    close_group(clients);
    assert_true(toy_free(toy));
}

static void stop_waits_for_a_group_that_its_loop_has_not_resumed(void **state)
{
    (void)state;
    check_group_at_stop(&leading[0]);
    check_group_at_stop(&leading[1]);
}

/* The idle ones, the toy's and another one, make room. */
static void connection_that_waits_is_not_evicted(void **state)
{
    static struct connection clients[CROWDED];
    struct connection idle;

    toy_get(*state, &idle, "/plain/hello");
    connection_expect_status(&idle, 200);
    for (size_t i = 0; i < CROWDED; i++)
        toy_get(*state, &clients[i], "/deferred/held/hello");
    toy_wait(*state, TOY_WAITED, CROWDED);
    connection_expect_closed(&idle);
    connection_close(&idle);
    assert_int_equal(toy_wake_together(*state), CROWDED);
    for (size_t i = 0; i < CROWDED; i++) {
        toy_expect_text(&clients[i], 200, "hello");
        connection_close(&clients[i]);
    }
}

struct sender {
    pthread_t thread;
    struct connection connection;
    unsigned responses;
    bool wrong; /* it got another response, or part of one */
};

/* Sends until a response says that it is the last, or there is none. */
static void *run_sender(void *context)
{
    struct sender *sender = context;
    enum connection_result result = CONNECTION_ANSWERED;
    struct response response;
    bool last = false;
    char path[64], text[32];

    while (!last && !sender->wrong && result == CONNECTION_ANSWERED) {
        snprintf(text, sizeof(text), "%u", sender->responses);
        snprintf(path, sizeof(path), "/deferred/commit/%s", text);
        connection_get(&sender->connection, path);
        result = connection_receive(&sender->connection, &response);
        sender->wrong = result == CONNECTION_CUT;
        if (result != CONNECTION_ANSWERED)
            continue;
        last = response_closes(&response);
        sender->wrong = response.status != 200 ||
                        response.body_length != strlen(text) ||
                        memcmp(response.body, text, response.body_length) != 0;
        sender->responses++;
        response_release(&response);
    }
    return NULL;
}

static void start_senders(struct toy *toy, struct sender senders[SENDERS])
{
    memset(senders, 0, SENDERS * sizeof(*senders));
    for (size_t i = 0; i < SENDERS; i++) {
        toy_get(toy, &senders[i].connection, "/plain/hello");
        connection_expect_status(&senders[i].connection, 200);
    }
    for (size_t i = 0; i < SENDERS; i++)
        assert_int_equal(
            pthread_create(&senders[i].thread, NULL, run_sender, &senders[i]),
            0);
}

/*
 * Each request that the application has seen gets its response, and the stop
 * need not cancel any. A sender that pauses for half a second may have its
 * connection closed before the service sees its next request.
 */
static void stop_under_load_loses_no_response(void **state)
{
    static struct sender senders[SENDERS];

    (void)state;
    for (size_t round = 0; round < STOPS; round++) {
        struct toy *toy = toy_start(round % 2 == 1, LOOPS);
        size_t responses = 0;
        start_senders(toy, senders);
        process_wait_until(process_clock() + SOME_MS);
        toy_begin_stop(toy);
        for (size_t i = 0; i < SENDERS; i++) {
            pthread_join(senders[i].thread, NULL);
            connection_close(&senders[i].connection);
            assert_false(senders[i].wrong);
            responses += senders[i].responses;
        }
        assert_true(toy_end_stop(toy) < SERVER_STOP_MS);
        assert_int_equal(toy_overdue(toy), 0);
        assert_int_equal(toy_count(toy, TOY_STARTED), responses);
        assert_true(toy_free(toy));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(group_is_woken_once_a_loop,
                                        toy_setup_loops, toy_teardown),
        TOY_TEST(group_may_be_of_all_kinds),
        cmocka_unit_test(silent_sender_holds_up_nobody),
        TOY_TEST(leader_that_has_left_holds_up_nobody),
        cmocka_unit_test(stop_waits_for_a_group_that_its_loop_has_not_resumed),
        cmocka_unit_test_setup_teardown(connection_that_waits_is_not_evicted,
                                        toy_setup_loops, toy_teardown),
        cmocka_unit_test(stop_under_load_loses_no_response),
    };
    test_thread = pthread_self();
    sync_mutex_init(&gate);
    connection_raise_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
