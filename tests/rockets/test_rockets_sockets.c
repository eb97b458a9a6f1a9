/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections that `rockets` leaves open.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

/* Keep one end of a new connection; return the other, the server's. */
static int keep_one(struct sockets *sockets)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    sockets_keep(sockets, ends[0]);
    return ends[1];
}

/* Whether the client has closed its end of the connection. */
static bool was_closed(int server)
{
    char byte;

    return recv(server, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Of the connections only the oldest `count` are closed. Close the other ends.
 */
static void assert_only_oldest_closed(const int *servers, int all, int count)
{
    for (int i = 0; i < all; i++) {
        assert_int_equal(was_closed(servers[i]), i < count);
        close(servers[i]);
    }
}

static void connections_stay_open(void **state)
{
    struct sockets sockets;
    int servers[300];

    (void)state;
    assert_int_equal(sockets_init(&sockets, 400), 0);
    for (int i = 0; i < 300; i++)
        servers[i] = keep_one(&sockets);
    for (int i = 0; i < 300; i++)
        assert_false(was_closed(servers[i]));
    assert_int_equal(sockets.count, 300);
    sockets_release(&sockets);
    assert_only_oldest_closed(servers, 300, 300);
}

static void connections_closed_by_the_server_are_closed(void **state)
{
    struct sockets sockets;
    int servers[10];

    (void)state;
    assert_int_equal(sockets_init(&sockets, 1000), 0);
    for (int i = 0; i < 10; i++)
        servers[i] = keep_one(&sockets);
    for (int i = 0; i < 10000; i++) {
        close(keep_one(&sockets));
        /* At the last sweep, the ten and the newest one were open. */
        assert_true(sockets.count <= 2 * 11 + 64);
    }
    assert_only_oldest_closed(servers, 10, 0);
    sockets_release(&sockets);
}

static void the_oldest_are_reset_at_the_limit(void **state)
{
    struct sockets sockets;
    int servers[180];

    (void)state;
    assert_int_equal(sockets_init(&sockets, 160), 0);
    for (int i = 0; i < 180; i++)
        servers[i] = keep_one(&sockets);
    assert_true(sockets.count < 160);
    assert_only_oldest_closed(servers, 180, 40);
    sockets_release(&sockets);
}

static void with_limit_0_connections_are_closed_at_once(void **state)
{
    struct sockets sockets;
    int server;

    (void)state;
    assert_int_equal(sockets_init(&sockets, 0), 0);
    server = keep_one(&sockets);
    assert_true(was_closed(server));
    close(server);
    sockets_reset_oldest(&sockets);
    sockets_release(&sockets);
}

static void room_is_shared_by_the_workers(void **state)
{
    size_t alone = sockets_room(1);

    (void)state;
    assert_in_range(alone, 1, SOCKETS_MAX);
    assert_true(sockets_room(4) <= alone / 4);
    assert_int_equal(sockets_room(100000000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_stay_open),
        cmocka_unit_test(connections_closed_by_the_server_are_closed),
        cmocka_unit_test(the_oldest_are_reset_at_the_limit),
        cmocka_unit_test(with_limit_0_connections_are_closed_at_once),
        cmocka_unit_test(room_is_shared_by_the_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
