/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of an idle connection after its receiving side was shut down: when it
 * is kept, shut or reset; and of one with a long-lived response. Time is an
 * argument, so no test waits for it.
 */
#include "lib/unit_check.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/connection.h"

enum {
    TICK_US = CONNECTION_TICK * 1000,
    SEND_US = CONNECTION_SEND_SECONDS * 1000000,
    LONG_US = 10 * SEND_US,
    IDLE = 7,            /* seconds */
    SMALL_WINDOW = 4096, /* bytes */
    MUCH = 64 * 1024,    /* bytes: more than that */
    CHECKS = 1000,       /* only a bound */
};

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
    connection_init(&pair.connection, sockets[0], PEER_UNIX);
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

/*
 * The limit counts from the last byte of a batch; the phase, by which the
 * connection is evicted, begins again only with many of them.
 */
static void few_bytes_of_a_batch_keep_it_and_make_it_no_younger(void **state)
{
    struct pair *pair = *state;
    struct connection *connection = &pair->connection;
    const uint64_t limit = CONNECTION_REQUEST_SECONDS * UINT64_C(1000000);

    connection_init(connection, connection->socket, PEER_UNIX);
    uint64_t begun = connection_enter(connection, CONNECTION_RECEIVING);
    uint64_t first = atomic_load(&connection->state);
    connection_progress(connection, CONNECTION_PART - 1);
    assert_int_equal(atomic_load(&connection->state), first);
    atomic_store(&connection->continued, begun + limit / 2);
    check(pair, begun + limit, CONNECTION_KEEP);
    check(pair, begun + limit / 2 + limit, CONNECTION_RESET);
    assert_int_equal(connection_end(connection), CONNECTION_END_SLOW_REQUEST);

    connection_init(connection, connection->socket, PEER_UNIX);
    connection_enter(connection, CONNECTION_RECEIVING);
    first = atomic_load(&connection->state);
    for (unsigned i = 0; i < 4; i++)
        connection_progress(connection, CONNECTION_PART / 4);
    assert_int_not_equal(atomic_load(&connection->state), first);

    /* The service was what was slow. */
    connection_enter(connection, CONNECTION_WORKING);
    connection_progress(connection, 1);
    assert_int_equal(connection_phase_of(atomic_load(&connection->state)),
                     CONNECTION_RECEIVING);
}

/* What is noted first stands, whatever closes the connection in the end. */
static void reason_is_that_of_the_limit(void **state)
{
    struct pair *pair = *state;
    struct connection *connection = &pair->connection;

    assert_int_equal(connection_end(connection), CONNECTION_END_IDLE);
    connection_init(connection, connection->socket, PEER_UNIX);
    assert_int_equal(connection_end(connection), CONNECTION_END_CLIENT);
    assert_int_equal(connection_check_locked(connection, 0, pair->now),
                     CONNECTION_SHUT_READ);
    assert_int_equal(connection_end(connection), CONNECTION_END_STOP);
    connection_init(connection, connection->socket, PEER_UNIX);
    connection_enter(connection, CONNECTION_RECEIVING);
    check(pair,
          connection_clock() + CONNECTION_REQUEST_SECONDS * UINT64_C(1000000),
          CONNECTION_RESET);
    assert_int_equal(connection_end(connection), CONNECTION_END_SLOW_REQUEST);
    connection_end_locked(connection, CONNECTION_END_EVICTED, CONNECTION_RESET);
    assert_int_equal(connection_end(connection), CONNECTION_END_SLOW_REQUEST);
}

/*
 * A connection over TCP with a response of this life, which waits for the
 * application. The client's window is small.
 */
static void open_long_lived(struct pair *pair, enum connection_life life)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int window = SMALL_WINDOW, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr *name = (struct sockaddr *)&address;

    assert_int_equal(bind(listener, name, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, name, &size), 0);
    pair->client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(pair->client, SOL_SOCKET, SO_RCVBUF, &window,
                                sizeof(window)),
                     0);
    assert_int_equal(connect(pair->client, name, size), 0);
    connection_init(&pair->connection, accept(listener, NULL, NULL), PEER_TCP);
    assert_true(pair->connection.socket >= 0);
    close(listener);
    atomic_store(&pair->connection.life, life);
    connection_enter(&pair->connection, CONNECTION_RECEIVING);
    connection_enter(&pair->connection, CONNECTION_WORKING);
    pair->now = connection_clock();
}

/* Check until it is no longer kept, as the kernel may take a moment. */
static enum connection_verdict await_verdict(struct pair *pair, uint64_t step)
{
    enum connection_verdict how = CONNECTION_KEEP;

    for (int i = 0; i < CHECKS && how == CONNECTION_KEEP; i++) {
        pair->now += step;
        how = connection_check_locked(&pair->connection, IDLE, pair->now);
        sched_yield();
    }
    return how;
}

static void end_of_the_client_ends_a_stream(void **state)
{
    struct pair pair;

    (void)state;
    open_long_lived(&pair, CONNECTION_LONG_STREAM);
    check(&pair, pair.now + LONG_US, CONNECTION_KEEP);
    assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
    assert_int_equal(await_verdict(&pair, 0), CONNECTION_SHUT);
    assert_int_equal(connection_end(&pair.connection), CONNECTION_END_CLIENT);
    /* From the next check on, for waits that began at that moment. */
    atomic_store(&pair.connection.closing, true);
    check(&pair, pair.now, CONNECTION_CANCEL);
    close(pair.connection.socket);
    close(pair.client);
}

/* It is sent the response. */
static void end_of_the_client_ends_a_long_wait(void **state)
{
    struct pair pair;

    (void)state;
    open_long_lived(&pair, CONNECTION_LONG_WAIT);
    check(&pair, pair.now + LONG_US, CONNECTION_KEEP);
    assert_int_equal(shutdown(pair.client, SHUT_WR), 0);
    assert_int_equal(await_verdict(&pair, 0), CONNECTION_CANCEL);
    connection_enter(&pair.connection, CONNECTION_SENDING);
    check(&pair, pair.now, CONNECTION_KEEP);
    close(pair.connection.socket);
    close(pair.client);
}

static void end_of_the_client_does_not_end_a_short_wait(void **state)
{
    struct pair pair;

    (void)state;
    open_long_lived(&pair, CONNECTION_SHORT);
    assert_int_equal(close(pair.client), 0);
    assert_int_equal(await_verdict(&pair, SEND_US), CONNECTION_KEEP);
    close(pair.connection.socket);
}

/* In both phases, between which an active stream changes all the time. */
static void stream_of_which_nothing_is_taken_is_reset(void **state)
{
    static char bytes[MUCH];
    struct pair pair;

    (void)state;
    for (int phase = CONNECTION_WORKING; phase <= CONNECTION_SENDING; phase++) {
        open_long_lived(&pair, CONNECTION_LONG_STREAM);
        assert_true(send(pair.connection.socket, bytes, MUCH, MSG_DONTWAIT) >
                    SMALL_WINDOW);
        connection_enter(&pair.connection, (enum connection_phase)phase);
        check(&pair, pair.now, CONNECTION_KEEP);
        assert_int_equal(await_verdict(&pair, SEND_US), CONNECTION_RESET);
        assert_int_equal(connection_end(&pair.connection),
                         CONNECTION_END_SLOW_RESPONSE);
        close(pair.connection.socket);
        close(pair.client);
    }
}

/* The time begins with the stream, and again with each byte that is taken. */
static void stream_has_its_time_for_what_is_not_taken(void **state)
{
    static char bytes[MUCH];
    struct pair pair;

    (void)state;
    open_long_lived(&pair, CONNECTION_LONG_STREAM);
    ssize_t left = send(pair.connection.socket, bytes, MUCH, MSG_DONTWAIT);
    uint64_t now = pair.now + LONG_US;
    check(&pair, now, CONNECTION_KEEP);
    check(&pair, now, CONNECTION_KEEP);
    check(&pair, now + SEND_US - 1000, CONNECTION_KEEP);
    atomic_store(&pair.connection.life, CONNECTION_SHORT);
    now += LONG_US;
    check(&pair, now, CONNECTION_KEEP);
    atomic_store(&pair.connection.life, CONNECTION_LONG_STREAM);
    check(&pair, now, CONNECTION_KEEP);
    check(&pair, now + SEND_US - 1000, CONNECTION_KEEP);
    int unsent = 1;
    while (left > 0)
        left -= recv(pair.client, bytes, MUCH, 0);
    while (ioctl(pair.connection.socket, TIOCOUTQ, &unsent) == 0 && unsent > 0)
        sched_yield();
    assert_int_equal(await_verdict(&pair, SEND_US), CONNECTION_KEEP);
    close(pair.connection.socket);
    close(pair.client);
}

static bool takes_slowly(const struct pair *pair, uint64_t now)
{
    const struct connection *connection = &pair->connection;

    return connection_takes_slowly_locked(connection,
                                          atomic_load(&connection->state), now);
}

/* Of which it then depends whether others need the place. */
static void client_that_takes_little_of_a_response_is_slow(void **state)
{
    static char bytes[MUCH];
    const uint64_t pace = CONNECTION_PACE * UINT64_C(1000);
    struct pair pair;

    (void)state;
    open_long_lived(&pair, CONNECTION_SHORT);
    ssize_t left = send(pair.connection.socket, bytes, MUCH, MSG_DONTWAIT);
    assert_true(left > CONNECTION_PART);
    connection_enter(&pair.connection, CONNECTION_SENDING);
    uint64_t now = pair.now + LONG_US;
    assert_false(takes_slowly(&pair, now)); /* nobody has looked yet */
    check(&pair, now, CONNECTION_KEEP);
    assert_false(takes_slowly(&pair, now + pace - 1000));
    assert_true(takes_slowly(&pair, now + pace));
    /* A byte keeps it open, but makes it no faster. */
    assert_int_equal(recv(pair.client, bytes, 1, 0), 1);
    check(&pair, now + pace, CONNECTION_KEEP);
    assert_true(takes_slowly(&pair, now + pace));
    atomic_store(&pair.connection.closing, true);
    check(&pair, now + pace, CONNECTION_RESET);
    atomic_store(&pair.connection.closing, false);

    int unsent = 1;
    for (left--; left > 0;)
        left -= recv(pair.client, bytes, MUCH, 0);
    while (ioctl(pair.connection.socket, TIOCOUTQ, &unsent) == 0 && unsent > 0)
        sched_yield();
    check(&pair, now + pace, CONNECTION_KEEP);
    assert_false(takes_slowly(&pair, now + pace));
    assert_true(takes_slowly(&pair, now + 2 * pace));
    atomic_store(&pair.connection.life, CONNECTION_LONG_STREAM);
    assert_false(takes_slowly(&pair, now + 2 * pace));
    close(pair.connection.socket);
    close(pair.client);
}

/* Over a Unix socket, of which the kernel does not say when bytes arrived. */
static void read_bytes_begin_a_request(void **state)
{
    struct connection connection = {.socket = -1};
    int sockets[2];
    char byte = 'G';

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    connection_init(&connection, sockets[0], PEER_UNIX);
    uint64_t now = connection_clock() + UINT64_C(2) * TICK_US;
    for (int i = 0; i < 2; i++) {
        connection_check_locked(&connection, IDLE, now);
        assert_int_equal(connection_phase_of(atomic_load(&connection.state)),
                         CONNECTION_IDLE);
        assert_int_equal(send(sockets[1], &byte, 1, 0), 1);
        assert_int_equal(recv(sockets[0], &byte, 1, 0), 1);
        connection_check_locked(&connection, IDLE, now);
        assert_int_equal(connection_phase_of(atomic_load(&connection.state)),
                         CONNECTION_RECEIVING);
        /* What was read before the next wait does not count for it. */
        connection_enter(&connection, CONNECTION_IDLE);
    }
    close(sockets[0]);
    close(sockets[1]);
}

static uint64_t state_of(struct connection *connection)
{
    return atomic_load(&connection->state);
}

/* Evictions spare it for a moment (eviction.h). */
static void connection_is_fresh_until_its_first_request(void **state)
{
    static struct connection plain, secure;

    (void)state;
    connection_init(&plain, -1, PEER_TCP);
    assert_true(connection_is_fresh(&plain, state_of(&plain)));
    connection_enter(&plain, CONNECTION_RECEIVING);
    assert_false(connection_is_fresh(&plain, state_of(&plain)));

    connection_init(&secure, -1, PEER_TCP);
    connection_begin_handshake(&secure);
    assert_true(connection_is_fresh(&secure, state_of(&secure)));
    connection_end_handshake(&secure, false);
    assert_true(connection_is_fresh(&secure, state_of(&secure)));
    connection_enter(&secure, CONNECTION_RECEIVING);
    assert_false(connection_is_fresh(&secure, state_of(&secure)));
}

/* They have the idle limit; a request that follows has its own time. */
static void bytes_of_a_handshake_begin_no_request(void **state)
{
    struct connection connection = {.socket = -1};
    int sockets[2];
    char byte = 0x16;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    connection_init(&connection, sockets[0], PEER_UNIX);
    connection_begin_handshake(&connection);
    uint64_t now = connection_clock() + UINT64_C(2) * TICK_US;
    assert_int_equal(send(sockets[1], &byte, 1, 0), 1);
    assert_int_equal(recv(sockets[0], &byte, 1, 0), 1);
    assert_int_equal(connection_check_locked(&connection, IDLE, now),
                     CONNECTION_KEEP);
    assert_int_equal(connection_phase_of(atomic_load(&connection.state)),
                     CONNECTION_IDLE);
    now = connection_clock() + IDLE * UINT64_C(1000000);
    assert_int_equal(connection_check_locked(&connection, IDLE, now),
                     CONNECTION_SHUT_READ);
    close(sockets[0]);
    close(sockets[1]);
}

/* As those of a KeyUpdate of TLS, which may come at any time. */
static void ignored_bytes_begin_no_request(void **state)
{
    struct connection connection = {.socket = -1};
    int sockets[2];
    char byte = 0x17;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    connection_init(&connection, sockets[0], PEER_UNIX);
    uint64_t now = connection_clock() + UINT64_C(2) * TICK_US;
    assert_int_equal(send(sockets[1], &byte, 1, 0), 1);
    assert_int_equal(recv(sockets[0], &byte, 1, 0), 1);
    connection_ignore_input(&connection);
    assert_true(atomic_load(&connection.ignored) > 0);
    atomic_store(&connection.ignored, now);
    connection_check_locked(&connection, IDLE, now);
    assert_int_equal(connection_phase_of(atomic_load(&connection.state)),
                     CONNECTION_IDLE);
    connection_check_locked(&connection, IDLE, now + TICK_US);
    assert_int_equal(connection_phase_of(atomic_load(&connection.state)),
                     CONNECTION_RECEIVING);
    close(sockets[0]);
    close(sockets[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(idle_connection_is_kept_for_a_tick_and_then_shut),
        FIXTURE_TEST(connection_with_an_incomplete_request_is_reset),
        FIXTURE_TEST(reason_is_that_of_the_limit),
        FIXTURE_TEST(few_bytes_of_a_batch_keep_it_and_make_it_no_younger),
        cmocka_unit_test(read_bytes_begin_a_request),
        cmocka_unit_test(bytes_of_a_handshake_begin_no_request),
        cmocka_unit_test(ignored_bytes_begin_no_request),
        cmocka_unit_test(end_of_the_client_ends_a_stream),
        cmocka_unit_test(end_of_the_client_ends_a_long_wait),
        cmocka_unit_test(end_of_the_client_does_not_end_a_short_wait),
        cmocka_unit_test(stream_of_which_nothing_is_taken_is_reset),
        cmocka_unit_test(stream_has_its_time_for_what_is_not_taken),
        cmocka_unit_test(connection_is_fresh_until_its_first_request),
        cmocka_unit_test(client_that_takes_little_of_a_response_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
