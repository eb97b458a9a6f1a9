/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdout or stderr cannot be written, or standard streams are closed: the
 * service runs without them.
 */
#include "lib/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../fault/faulty.h"

enum { REQUESTS = 50 };

/*
 * Return a free port, for a service that cannot report its own. Another process
 * may take it meanwhile, which is unlikely; see start_silent().
 */
static uint16_t find_port(void)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
    } address = {.ipv4 = {.sin_family = AF_INET,
                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address.ipv4);
    int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(socket_fd >= 0);
    assert_int_equal(bind(socket_fd, &address.any, size), 0);
    assert_int_equal(getsockname(socket_fd, &address.any, &size), 0);
    close(socket_fd);
    return ntohs(address.ipv4.sin_port);
}

/* Wait until it listens. Return false if it ends instead. */
static bool wait_listening(struct instance *instance)
{
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;
    struct connection connection;

    while (!connection_open(&connection, instance->port)) {
        assert_true(process_clock() < deadline);
        if (process_wait(&instance->process, 10) != PROCESS_LATE)
            return false;
    }
    connection_close(&connection);
    return true;
}

/* Start it with a redirection that hides its ready line. */
static void start_silent(struct faulty *faulty, const char *redirection)
{
    char port[32];
    const char *const flags[] = {port, "-log-level=debug", NULL};

    for (int tries = 0; tries < 5; tries++) {
        uint16_t number = find_port();
        snprintf(port, sizeof(port), "-port=%u", number);
        assert_false(faulty_start(faulty, redirection, flags, NULL));
        faulty->instance.port = number;
        if (wait_listening(&faulty->instance))
            return;
        faulty_release(faulty);
    }
    fail_msg("the service does not start");
}

/*
 * Expect that it serves requests. Responses are parsed strictly: a log line
 * inside one would make it invalid.
 */
static void expect_service(const struct faulty *faulty)
{
    struct connection connection;

    instance_connect(&faulty->instance, &connection);
    for (uint64_t number = 1; number <= REQUESTS; number++) {
        struct fleet_message message = fleet_faster("a", number, 1);
        fleet_post(&connection, &message);
        connection_get(&connection, "/rockets/nobody%7F");
        connection_expect_status(&connection, 404);
        connection_get(&connection, "/rockets");
        connection_expect_status(&connection, 200);
    }
    connection_close(&connection);
}

static void unwritable_log_does_not_affect_responses(void **state)
{
    static const char *const flags[] = {"-log-level=debug", NULL};
    struct faulty faulty;

    (void)state;
    assert_true(faulty_start(&faulty, "2>/dev/full", flags, NULL));
    expect_service(&faulty);
    faulty_stop(&faulty);
}

static void unwritable_ready_line_does_not_stop_the_service(void **state)
{
    struct faulty faulty;

    (void)state;
    start_silent(&faulty, ">/dev/full");
    expect_service(&faulty);
    faulty_stop(&faulty);
}

/* Read where a standard stream of the service goes; "" if it is closed. */
static void read_stream(const struct faulty *faulty, int descriptor,
                        char *target, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd/%d",
             (int)faulty->instance.process.pid, descriptor);
    ssize_t length = readlink(path, target, size - 1);
    target[length < 0 ? 0 : length] = '\0';
}

/*
 * Text written to a closed stream must not reach a socket that has got its
 * descriptor number.
 */
static void closed_streams_do_not_become_sockets(void **state)
{
    static const char *const redirections[] = {">&-", ">&- 2>&-",
                                               "<&- >&- 2>&-"};

    (void)state;
    for (size_t i = 0; i < sizeof(redirections) / sizeof(*redirections); i++) {
        struct faulty faulty;
        char target[256];

        start_silent(&faulty, redirections[i]);
        expect_service(&faulty);
        for (int stream = 0; stream <= 2; stream++) {
            read_stream(&faulty, stream, target, sizeof(target));
            if (strncmp(target, "socket:", 7) == 0 ||
                strncmp(target, "anon_inode:", 11) == 0)
                fail_msg("%s: descriptor %d is %s", redirections[i], stream,
                         target);
        }
        faulty_stop(&faulty);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unwritable_log_does_not_affect_responses),
        cmocka_unit_test(unwritable_ready_line_does_not_stop_the_service),
        cmocka_unit_test(closed_streams_do_not_become_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
