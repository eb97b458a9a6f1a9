/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of an idle connection after its receiving side was shut down: when it
 * is kept, shut or reset. Time is an argument, so no test waits.
 */
#include "lib/unit_check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "server/connection.h"

enum { TICK_US = CONNECTION_TICK * 1000, IDLE = 7 /* seconds */ };

struct pair {
    struct connection connection;
    int client;
    uint64_t now; /* when its receiving side was shut down */
};

/* A connection that has reached the idle limit. */
static int set_up(void **state)
{
    static struct pair pair;
    int sockets[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    pair.client = sockets[1];
    connection_init(&pair.connection, sockets[0]);
    uint64_t before = connection_clock() + (IDLE - 1) * UINT64_C(1000000);
    pair.now = connection_clock() + IDLE * UINT64_C(1000000);
    assert_int_equal(connection_check_locked(&pair.connection, IDLE, before),
                     CONNECTION_KEEP);
    assert_int_equal(connection_check_locked(&pair.connection, IDLE, pair.now),
                     CONNECTION_SHUT_READ);
    atomic_store(&pair.connection.closing, true);
    connection_shut_locked(&pair.connection, CONNECTION_SHUT_READ);
    *state = &pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;

    close(pair->connection.socket);
    close(pair->client);
    return 0;
}

static void check(struct pair *pair, uint64_t now, int expected)
{
    assert_int_equal(connection_check_locked(&pair->connection, IDLE, now),
                     expected);
}

static void idle_connection_is_kept_for_a_tick_and_then_shut(void **state)
{
    struct pair *pair = *state;

    check(pair, pair->now, CONNECTION_KEEP);
    check(pair, pair->now + TICK_US - 1000, CONNECTION_KEEP);
    check(pair, pair->now + TICK_US, CONNECTION_SHUT);
}

static void connection_with_an_incomplete_request_is_reset(void **state)
{
    struct pair *pair = *state;

    connection_enter(&pair->connection, CONNECTION_RECEIVING);
    uint64_t now = connection_clock() + TICK_US;
    check(pair, now, CONNECTION_KEEP);
    check(pair, now + TICK_US, CONNECTION_RESET);
}

/* What is noted first stands, whatever closes the connection in the end. */
static void reason_is_that_of_the_limit(void **state)
{
    struct pair *pair = *state;
    struct connection *connection = &pair->connection;

    assert_int_equal(connection_end(connection), CONNECTION_END_IDLE);
    connection_init(connection, connection->socket);
    assert_int_equal(connection_end(connection), CONNECTION_END_CLIENT);
    assert_int_equal(connection_check_locked(connection, 0, pair->now),
                     CONNECTION_SHUT_READ);
    assert_int_equal(connection_end(connection), CONNECTION_END_STOP);
    connection_init(connection, connection->socket);
    connection_enter(connection, CONNECTION_RECEIVING);
    check(pair,
          connection_clock() + CONNECTION_REQUEST_SECONDS * UINT64_C(1000000),
          CONNECTION_RESET);
    assert_int_equal(connection_end(connection), CONNECTION_END_SLOW_REQUEST);
    connection_end_locked(connection, CONNECTION_END_EVICTED, CONNECTION_RESET);
    assert_int_equal(connection_end(connection), CONNECTION_END_SLOW_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(idle_connection_is_kept_for_a_tick_and_then_shut),
        FIXTURE_TEST(connection_with_an_incomplete_request_is_reset),
        FIXTURE_TEST(reason_is_that_of_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
