/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of an idle connection after its receiving side was shut down: when it
 * is kept, shut or reset. Time is an argument, so no test waits.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "server/connection.h"

enum { TICK_US = CONNECTION_TICK * 1000 };

struct pair {
    struct connection connection;
    int client;
};

/*
 * Make a connection that has reached the idle limit, and shut its receiving
 * side. Returns the time of that.
 */
static uint64_t close_idle(struct pair *pair)
{
    int sockets[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    pair->client = sockets[1];
    connection_init(&pair->connection, sockets[0]);
    uint64_t now =
        connection_clock() + CONNECTION_IDLE_SECONDS * UINT64_C(1000000);
    assert_int_equal(connection_check_locked(&pair->connection, false, now),
                     CONNECTION_SHUT_READ);
    atomic_store(&pair->connection.closing, true);
    connection_shut_locked(&pair->connection, CONNECTION_SHUT_READ);
    return now;
}

static void release_pair(struct pair *pair)
{
    close(pair->connection.socket);
    close(pair->client);
}

static void connection_is_kept_for_a_tick_after_shut_read(void **state)
{
    struct pair pair;

    (void)state;
    uint64_t now = close_idle(&pair);
    assert_int_equal(connection_check_locked(&pair.connection, false, now),
                     CONNECTION_KEEP);
    assert_int_equal(
        connection_check_locked(&pair.connection, false, now + TICK_US - 1000),
        CONNECTION_KEEP);
    release_pair(&pair);
}

static void connection_is_shut_not_reset_after_a_tick(void **state)
{
    struct pair pair;

    (void)state;
    uint64_t now = close_idle(&pair);
    connection_check_locked(&pair.connection, false, now);
    assert_int_equal(
        connection_check_locked(&pair.connection, false, now + TICK_US),
        CONNECTION_SHUT);
    release_pair(&pair);
}

static void connection_with_an_incomplete_request_is_reset(void **state)
{
    struct pair pair;

    (void)state;
    close_idle(&pair);
    connection_enter(&pair.connection, CONNECTION_RECEIVING);
    uint64_t now = connection_clock() + TICK_US;
    assert_int_equal(connection_check_locked(&pair.connection, false, now),
                     CONNECTION_KEEP);
    assert_int_equal(
        connection_check_locked(&pair.connection, false, now + TICK_US),
        CONNECTION_RESET);
    release_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_is_kept_for_a_tick_after_shut_read),
        cmocka_unit_test(connection_is_shut_not_reset_after_a_tick),
        cmocka_unit_test(connection_with_an_incomplete_request_is_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
