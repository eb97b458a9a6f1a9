/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that are being closed: how long they are given, and that what
 * they were answered still arrives. Time is passed in; nothing waits.
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

/* One that has waited for so long that it is closed, and now is. */
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

static void release(struct pair *pair)
{
    close(pair->connection.socket);
    close(pair->client);
}

static void closed_connection_has_a_tick_to_be_noticed(void **state)
{
    struct pair pair;

    (void)state;
    uint64_t now = close_idle(&pair);
    assert_int_equal(connection_check_locked(&pair.connection, false, now),
                     CONNECTION_KEEP);
    assert_int_equal(
        connection_check_locked(&pair.connection, false, now + TICK_US - 1000),
        CONNECTION_KEEP);
    release(&pair);
}

static void unnoticed_closed_connection_ends_and_is_not_cut(void **state)
{
    struct pair pair;

    (void)state;
    uint64_t now = close_idle(&pair);
    connection_check_locked(&pair.connection, false, now);
    assert_int_equal(
        connection_check_locked(&pair.connection, false, now + TICK_US),
        CONNECTION_SHUT);
    release(&pair);
}

static void
request_that_does_not_arrive_on_a_closed_connection_is_cut(void **state)
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
    release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_connection_has_a_tick_to_be_noticed),
        cmocka_unit_test(unnoticed_closed_connection_ends_and_is_not_cut),
        cmocka_unit_test(
            request_that_does_not_arrive_on_a_closed_connection_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
