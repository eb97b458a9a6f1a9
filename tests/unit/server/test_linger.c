/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the lingering close: a peer may go on sending after the connection
 * was closed, up to the limits.
 */
#include "lib/unit_check.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/connection.h"
#include "server/linger.h"

enum {
    QUIET = 1, /* seconds */
    WHOLE = 3,
    FOR_EVER = 1000,
    SLACK_MS = 20000, /* how late the thread may be on a busy machine */
    PAUSE_MS = 20,
    MANY = 1024 * 1024, /* bytes: more than a socket holds */
};

static int set_up(void **state)
{
    *state = linger_start(FOR_EVER, FOR_EVER);
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    linger_free(*state);
    return 0;
}

/* Returns the peer's end of a connection that was handed over and closed. */
static int keep_new(struct linger_close *linger)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    linger_keep(linger, ends[0]);
    close(ends[0]);
    return ends[1];
}

static bool send_byte(int peer)
{
    if (send(peer, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
        return true;
    assert_int_equal(errno, EPIPE);
    return false;
}

static uint64_t pause_from(uint64_t start)
{
    struct timespec moment = {.tv_nsec = PAUSE_MS * 1000000L};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
    return (connection_clock() - start) / 1000;
}

/* Also one that waits for a response, and would not close by itself. */
static void peer_sees_the_end_at_once(void **state)
{
    int peer = keep_new(*state);
    char byte;

    assert_int_equal(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
    assert_true(send_byte(peer));
    close(peer);
}

static void peer_can_send_all_it_has(void **state)
{
    static char bytes[MANY];
    int peer = keep_new(*state);
    char byte;

    /* It blocks where nobody reads. */
    assert_int_equal(send(peer, bytes, MANY, MSG_NOSIGNAL), MANY);
    assert_int_equal(recv(peer, &byte, 1, 0), 0);
    close(peer);
}

/*
 * Each byte gives it the time without one again. The first byte that cannot be
 * sent shows when the other end was closed.
 */
static void peer_that_goes_on_is_closed_in_the_end(void **state)
{
    struct linger_close *linger = linger_start(QUIET, WHOLE);
    uint64_t start = connection_clock(), ms = 0, longest = 0;

    (void)state;
    assert_non_null(linger);
    int peer = keep_new(linger);
    while (send_byte(peer) && ms < WHOLE * 1000 + SLACK_MS) {
        uint64_t now = pause_from(start);
        longest = now - ms > longest ? now - ms : longest;
        ms = now;
    }
    close(peer);
    linger_free(linger);
    assert_in_range(ms, 1, WHOLE * 1000 + SLACK_MS);
    if (longest < QUIET * 1000 - PAUSE_MS)
        assert_true(ms >= WHOLE * 1000 - PAUSE_MS);
    else
        print_message("machine too slow to tell the two limits apart\n");
}

static void peer_that_is_quiet_is_closed(void **state)
{
    struct linger_close *linger = linger_start(QUIET, FOR_EVER);

    (void)state;
    assert_non_null(linger);
    uint64_t start = connection_clock();
    int peer = keep_new(linger);

    while (pause_from(start) < QUIET * 1000 - 300)
        continue;
    bool early = !send_byte(peer);
    bool late = pause_from(start) >= QUIET * UINT64_C(1000);
    assert_true(late || !early);
    do {
        start = connection_clock();
        while (pause_from(start) < QUIET * 1000 + 1500)
            continue;
    } while (send_byte(peer));
    close(peer);
    linger_free(linger);
}

static void connections_past_the_limit_are_closed_at_once(void **state)
{
    int peers[LINGER_CONNECTIONS + 2];
    size_t open = 0;

    for (size_t i = 0; i < COUNT(peers); i++)
        peers[i] = keep_new(*state);
    for (size_t i = 0; i < COUNT(peers); i++)
        open += send_byte(peers[i]) ? 1 : 0;
    assert_int_equal(open, LINGER_CONNECTIONS);
    for (size_t i = 0; i < COUNT(peers); i++)
        close(peers[i]);
    /* There is room again. */
    uint64_t start = connection_clock(), ms = 0;
    for (bool kept = false; !kept && ms < SLACK_MS; ms = pause_from(start)) {
        int peer = keep_new(*state);
        kept = send_byte(peer);
        close(peer);
    }
    assert_true(ms < SLACK_MS);
}

static void end_closes_what_is_left(void **state)
{
    int peer = keep_new(*state);

    linger_free(*state);
    assert_false(send_byte(peer));
    close(peer);
    *state = linger_start(FOR_EVER, FOR_EVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(peer_sees_the_end_at_once),
        FIXTURE_TEST(peer_can_send_all_it_has),
        FIXTURE_TEST(peer_that_goes_on_is_closed_in_the_end),
        FIXTURE_TEST(peer_that_is_quiet_is_closed),
        FIXTURE_TEST(connections_past_the_limit_are_closed_at_once),
        FIXTURE_TEST(end_closes_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
