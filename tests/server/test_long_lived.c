/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long-lived responses: streams and deferred responses that wait for as long as
 * their clients like. Others get in beside them, and what their clients do is
 * noticed although nothing happens to a connection that waits.
 */
#include "lib/harness.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "server/server.h"
#include "toy_client.h"

enum {
    KEEP_ALIVE_BELOW = 512,
    MANY = 1000, /* connections that may be open */
    LONG = 128,  /* of each kind */
    /* More than the number would be without the long-lived ones. */
    ORDINARY = 400,
    CROWD = 12,
    PAIRS = 24,    /* twice as many */
    EACH_WAY = 36, /* as many for each way to end */
    MOST = 48,     /* and as many more */
    ROUNDS = 20,
    LIMIT = 7200, /* seconds: longer than any limit, also the toy's */
    PLACES = 64,  /* connections that may be open: a quarter is long-lived */
    COMERS = 300,
};

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
uint64_t __real_connection_clock(void);
uint64_t __wrap_connection_clock(void);

static _Atomic uint64_t passed, readings;

/* The clock of the limits, by which hours pass at once. */
uint64_t __wrap_connection_clock(void)
{
    atomic_fetch_add(&readings, 1);
    return __real_connection_clock() + atomic_load(&passed);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static_assert(ORDINARY < KEEP_ALIVE_BELOW &&
                  ORDINARY + LONG >= KEEP_ALIVE_BELOW,
              "only the long-lived ones bring the number above the limit");

static const struct toy_ask long_stream = TOY_LONG("stream", "held", "swseq");
static const struct toy_ask long_wait = TOY_LONG("deferred", "held", "hello");

/* Connections that the server has closed for this reason. */
static uint64_t closed_for(const struct toy *toy, const char *reason)
{
    struct metric *closed =
        metrics_find(toy_metrics(toy), "lunar_connections_closed_total");
    const struct metric_label *label = metric_family(closed)->labels;

    for (size_t i = 0; i < label->count; i++)
        if (strcmp(label->values[i], reason) == 0)
            return metric_value(closed, i);
    fail_msg("there is no reason %s", reason);
    return 0;
}

static void wait_for_closed(const struct toy *toy, const char *reason,
                            uint64_t count)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    while (closed_for(toy, reason) < count && process_clock() < deadline)
        process_wait_until(process_clock() + 1);
    assert_int_equal(closed_for(toy, reason), count);
}

/* Whether the response says that the connection is closed after it. */
static bool closes_after_response(struct connection *client)
{
    struct response response;

    connection_get(client, "/plain/hello");
    connection_expect(client, &response);
    response_expect_status(&response, 200);
    bool closes = response_closes(&response);
    response_release(&response);
    return closes;
}

static void open_asks(struct toy *toy, const struct toy_ask *ask,
                      struct connection clients[], size_t count)
{
    size_t waits = toy_count(toy, TOY_WAITED);

    for (size_t i = 0; i < count; i++) {
        toy_open(toy, &clients[i]);
        toy_send(&clients[i], ask);
    }
    toy_wait(toy, TOY_WAITED, waits + count);
}

static void close_all(struct connection clients[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        connection_close(&clients[i]);
}

static void stop_and_free(struct toy *toy)
{
    toy_stop(toy);
    assert_true(toy_free(toy));
}

/* Ask on new connections until one is not kept alive. */
static void expect_closing(struct toy *toy)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    bool closes = false;

    while (!closes) {
        struct connection client;
        assert_true(process_clock() < deadline);
        toy_open(toy, &client);
        closes = closes_after_response(&client);
        connection_close(&client);
    }
}

/*
 * They do not count; and count again once their requests have ended. There are
 * more of the ordinary ones and one kind together than are kept alive.
 */
static void check_threshold(bool threads)
{
    static struct connection waits[LONG], streams[LONG], ordinary[ORDINARY];
    struct toy *toy = toy_start_limited(threads, 2, MANY);

    open_asks(toy, &long_wait, waits, LONG);
    open_asks(toy, &long_stream, streams, LONG);
    for (size_t i = 0; i < ORDINARY; i++) {
        toy_open(toy, &ordinary[i]);
        assert_false(closes_after_response(&ordinary[i]));
    }
    for (size_t i = 0; i < ORDINARY; i++)
        assert_false(closes_after_response(&ordinary[i]));
    toy_hold(toy, false);
    for (size_t i = 0; i < LONG; i++) {
        toy_expect(&waits[i], &long_wait);
        toy_expect(&streams[i], &long_stream);
    }
    expect_closing(toy);
    close_all(waits, LONG);
    close_all(streams, LONG);
    close_all(ordinary, ORDINARY);
    stop_and_free(toy);
}

static void long_lived_connections_do_not_count_for_keep_alive(void **state)
{
    (void)state;
    check_threshold(false);
    check_threshold(true);
}

/* How clients end. */
static void (*const ends[])(struct connection *) = {connection_close, toy_reset,
                                                    connection_finish};

/* However the client ends, and without any event for its stream. */
static void client_that_ends_ends_its_stream(void **state)
{
    struct connection clients[EACH_WAY], others[CROWD];

    open_asks(*state, &long_stream, clients, EACH_WAY);
    open_asks(*state, &long_stream, others, CROWD);
    for (size_t i = 0; i < EACH_WAY; i++)
        ends[i % 3](&clients[i]);
    wait_for_closed(*state, "client", EACH_WAY);
    assert_int_equal(toy_count(*state, TOY_CANCELLED), EACH_WAY);
    assert_int_equal(toy_count(*state, TOY_FREED), EACH_WAY);
    close_all(clients, EACH_WAY);
    close_all(others, CROWD);
    wait_for_closed(*state, "client", MOST);
}

/* It may have gone, or still wait for its response, which it gets at once. */
static void
half_closed_client_of_a_long_wait_gets_its_response_now(void **state)
{
    struct connection clients[CROWD], other;

    open_asks(*state, &long_wait, clients, CROWD);
    open_asks(*state, &long_wait, &other, 1);
    for (size_t i = 0; i < CROWD; i++)
        connection_finish(&clients[i]);
    for (size_t i = 0; i < CROWD; i++) {
        toy_expect_text(&clients[i], 503, "hello");
        connection_expect_closed(&clients[i]);
    }
    close_all(clients, CROWD);
    assert_int_equal(toy_count(*state, TOY_CANCELLED), CROWD);
    assert_false(connection_has_news(&other));
    toy_hold(*state, false);
    toy_expect(&other, &long_wait);
    connection_close(&other);
}

static void client_that_leaves_a_long_wait_frees_its_place(void **state)
{
    struct connection clients[PAIRS];

    open_asks(*state, &long_wait, clients, PAIRS);
    for (size_t i = 0; i < PAIRS; i++)
        (i % 2 == 0 ? connection_close : toy_reset)(&clients[i]);
    close_all(clients, PAIRS);
    toy_wait(*state, TOY_FINISHED, PAIRS);
    wait_for_closed(*state, "client", PAIRS);
}

/*
 * Have all limits pass, for the `times`th time. A connection that is idle is
 * checked last, so the others were when it is closed.
 */
static void pass_limits(struct toy *toy, uint64_t times)
{
    struct connection idle;

    toy_get(toy, &idle, "/plain/hello");
    connection_expect_status(&idle, 200);
    atomic_store(&passed, times * LIMIT * UINT64_C(1000000));
    connection_expect_closed(&idle);
    connection_close(&idle);
}

/*
 * What was sent fits into the kernel's buffers, so the stream waits for the
 * application and not for the client. Another client has taken all of it.
 */
static void client_that_takes_nothing_ends_its_stream(void **state)
{
    static const struct toy_ask stalled = TOY_LONG("stream", "held", "kkwq");
    static const struct toy_ask taken = TOY_LONG("stream", "held", "kkwd");
    struct connection client, reader;

    if (atomic_load(&readings) == 0)
        skip(); /* an optimisation across files has left no call */
    assert_true(connection_open_narrow(&client, toy_port(*state)));
    toy_send(&client, &stalled);
    toy_wait(*state, TOY_WAITED, 1);
    toy_open(*state, &reader);
    toy_send(&reader, &taken);
    toy_wait(*state, TOY_WAITED, 2);
    pass_limits(*state, 1);
    pass_limits(*state, 2);
    wait_for_closed(*state, "slow_response", 1);
    assert_int_equal(toy_count(*state, TOY_FREED), 1);
    atomic_store(&passed, 0);
    toy_hold(*state, false);
    toy_expect(&reader, &taken);
    connection_close(&reader);
    connection_close(&client);
}

/* They come back, as a browser does, at the same time as wakes. */
static void clients_that_come_and_go_leave_nothing(void **state)
{
    static const struct toy_ask asks[] = {
        TOY_LONG("stream", "soon", "swr"),
        TOY_LONG("stream", "held", "swseq"),
        TOY_LONG("deferred", "held", "Swswr"),
        TOY_LONG("deferred", "held", "DDhello"),
        TOY_LONG("stream", "soon", "swswswe"),
    };
    enum { ASKS = sizeof(asks) / sizeof(asks[0]) };
    struct connection clients[CROWD];
    unsigned seed = 1;

    for (size_t round = 0; round < ROUNDS; round++) {
        size_t ended = toy_count(*state, TOY_ENDED);
        for (size_t i = 0; i < CROWD; i++) {
            toy_open(*state, &clients[i]);
            toy_send(&clients[i], &asks[(size_t)rand_r(&seed) % ASKS]);
        }
        if (round % 4 == 0)
            toy_wake_together(*state);
        for (size_t i = 0; i < CROWD; i++) {
            if (rand_r(&seed) % 2 == 0)
                toy_reset(&clients[i]);
            connection_close(&clients[i]);
            if (rand_r(&seed) % 4 == 0)
                toy_wake_together(*state);
        }
        if (round % 8 == 7)
            toy_wait(*state, TOY_ENDED, ended);
    }
    wait_for_closed(*state, "client", (uint64_t)ROUNDS * CROWD);
}

/* However the client has left, nothing happens to its socket any more. */
static void leave_and_close(struct toy *toy, const struct toy_ask *ask,
                            const char *reason)
{
    struct connection clients[EACH_WAY];

    open_asks(toy, ask, clients, EACH_WAY);
    for (size_t i = 0; i < EACH_WAY; i++)
        ends[i % 3](&clients[i]);
    toy_hold(toy, false);
    wait_for_closed(toy, reason, EACH_WAY);
    close_all(clients, EACH_WAY);
}

static void stream_that_fails_after_its_client_has_left_is_closed(void **state)
{
    static const struct toy_ask ask = TOY_GET("stream", "held", "swf");

    leave_and_close(*state, &ask, "error");
}

static void stream_of_http_1_0_is_closed_after_its_client_has_left(void **state)
{
    struct toy_ask ask = TOY_GET("stream", "held", "swe");

    ask.old = true;
    leave_and_close(*state, &ask, "answered");
}

/* The toy checks it. */
static void large_block_is_given_back_before_a_wait(void **state)
{
    static const struct toy_ask ask = TOY_LONG("stream", "soon", "bwbwkwe");
    struct connection client;

    toy_open(*state, &client);
    toy_send(&client, &ask);
    toy_expect(&client, &ask);
    connection_close(&client);
}

/* The chunked body is complete, and the connection serves another request. */
static void stream_that_ends_without_bytes_is_complete(void **state)
{
    static const struct toy_ask ask = TOY_LONG("stream", "held", "swe");
    struct connection client;

    open_asks(*state, &ask, &client, 1);
    assert_int_equal(toy_wake_held(*state), 1);
    toy_expect(&client, &ask);
    assert_false(closes_after_response(&client));
    connection_close(&client);
}

/* The head comes at once, long before the first event. */
static void head_of_a_stream_comes_before_its_first_byte(void **state)
{
    static const struct toy_ask ask = TOY_LONG("stream", "held", "wd");
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct connection client;

    open_asks(*state, &ask, &client, 1);
    while (client.length < 4 ||
           memcmp(client.data + client.length - 4, "\r\n\r\n", 4) != 0)
        assert_true(connection_fill(&client, 4096, deadline));
    toy_hold(*state, false);
    toy_expect(&client, &ask);
    connection_close(&client);
}

static void head_request_has_no_stream(void **state)
{
    struct connection client;
    struct response response;

    toy_open(*state, &client);
    connection_request(&client, "HEAD", "/stream/held/wsd/long", "");
    assert_int_equal(connection_receive_head(&client, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_release(&response);
    connection_expect_closed(&client);
    assert_int_equal(toy_count(*state, TOY_CALLED), 0);
    connection_close(&client);
}

/*
 * Come until there is a response. On a busy machine an eviction may find the
 * connection before its request has arrived.
 */
static void get_in(struct toy *toy, struct connection *client)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct response response;

    for (;;) {
        assert_true(process_clock() < deadline);
        /* With TLS an eviction may end its handshake. */
        if (!connection_open(client, toy_port(toy)))
            continue;
        if (connection_get(client, "/plain/hello") &&
            connection_receive(client, &response) == CONNECTION_ANSWERED)
            break;
        connection_close(client);
    }
    response_expect_status(&response, 200);
    response_release(&response);
}

/* Nearly five times as many as there is room for come, one after the other. */
static void check_places(bool threads)
{
    struct toy *toy = toy_start_limited(threads, 1, PLACES);
    struct connection streams[PLACES / 8], waits[PLACES / 8];
    static struct connection comers[COMERS];

    open_asks(toy, &long_stream, streams, PLACES / 8);
    open_asks(toy, &long_wait, waits, PLACES / 8);
    for (size_t i = 0; i < COMERS; i++)
        get_in(toy, &comers[i]);
    assert_int_equal(toy_count(toy, TOY_ENDED), 0);
    toy_hold(toy, false);
    for (size_t i = 0; i < PLACES / 8; i++)
        toy_expect(&waits[i], &long_wait);
    close_all(streams, PLACES / 8);
    close_all(waits, PLACES / 8);
    close_all(comers, COMERS);
    stop_and_free(toy);
}

static void others_get_in_beside_a_quarter_of_long_lived_ones(void **state)
{
    (void)state;
    check_places(false);
    check_places(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_lived_connections_do_not_count_for_keep_alive),
        cmocka_unit_test(others_get_in_beside_a_quarter_of_long_lived_ones),
        TOY_TEST(client_that_ends_ends_its_stream),
        TOY_TEST(half_closed_client_of_a_long_wait_gets_its_response_now),
        TOY_TEST(client_that_leaves_a_long_wait_frees_its_place),
        TOY_TEST(client_that_takes_nothing_ends_its_stream),
        TOY_TEST(clients_that_come_and_go_leave_nothing),
        TOY_TEST(stream_of_http_1_0_is_closed_after_its_client_has_left),
        TOY_TEST(stream_that_fails_after_its_client_has_left_is_closed),
        TOY_TEST(large_block_is_given_back_before_a_wait),
        TOY_TEST(stream_that_ends_without_bytes_is_complete),
        TOY_TEST(head_of_a_stream_comes_before_its_first_byte),
        TOY_TEST(head_request_has_no_stream),
    };
    connection_raise_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
