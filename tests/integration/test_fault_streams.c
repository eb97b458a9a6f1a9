/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdout or stderr cannot be written, be it for a limit of the size of files,
 * or standard streams are closed: the service runs without them.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { REQUESTS = 50 };

/* What the shell does before. */
static const char *const obstacles[] = {"exec 2>/dev/full", "exec >/dev/full",
                                        "exec >&-", "exec >&- 2>&-",
                                        "exec <&- >&- 2>&-"};

/*
 * Start the service with an obstacle that may hide its ready line. A shell
 * makes the obstacle and is replaced by the service.
 */
static void start_obstructed(struct instance *instance, const char *obstacle)
{
    char command[64], port[32];
    const char *const arguments[] = {
        "/bin/sh", "-c", command, process_setting("LUNAR_SERVICE"), port, NULL};
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;
    struct connection connection;

    int reserved = instance_reserve_port(&instance->port);
    snprintf(command, sizeof(command),
             "%s; exec \"$0\" \"$1\" -log-level=debug", obstacle);
    snprintf(port, sizeof(port), "-port=%u", instance->port);
    process_start(&instance->process, arguments, NULL);
    while (!connection_open(&connection, instance->port)) {
        assert_int_equal(process_wait(&instance->process, 10), PROCESS_LATE);
        assert_true(process_clock() < deadline);
    }
    connection_close(&connection);
    close(reserved);
}

/*
 * Expect that it serves requests. Responses are parsed strictly: a log line
 * inside one would make it invalid.
 */
static void expect_service(const struct instance *instance)
{
    struct connection connection;

    instance_connect(instance, &connection);
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

/*
 * Text written to a closed stream must not reach a socket that has got its
 * descriptor number.
 */
static void expect_no_sockets(const struct instance *instance)
{
    for (int stream = 0; stream <= 2; stream++) {
        char path[64], target[256];
        snprintf(path, sizeof(path), "/proc/%d/fd/%d",
                 (int)instance->process.pid, stream);
        ssize_t length = readlink(path, target, sizeof(target) - 1);
        target[length < 0 ? 0 : length] = '\0';
        if (strncmp(target, "socket:", 7) == 0 ||
            strncmp(target, "anon_inode:", 11) == 0)
            fail_msg("descriptor %d is %s", stream, target);
    }
}

static void service_runs_without_its_standard_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(obstacles) / sizeof(*obstacles); i++) {
        struct instance instance;

        print_message("%s\n", obstacles[i]);
        start_obstructed(&instance, obstacles[i]);
        expect_service(&instance);
        expect_no_sockets(&instance);
        instance_stop(&instance);
    }
}

/*
 * The harness gives the service a file as stderr. The limit comes after the
 * start, as ThreadSanitizer writes a file of its own before main().
 */
static void service_runs_although_its_log_may_not_grow(void **state)
{
    const struct rlimit none = {0, 0};
    struct instance instance;

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-log-level=debug"));
    assert_int_equal(prlimit(instance.process.pid, RLIMIT_FSIZE, &none, NULL),
                     0);
    expect_service(&instance);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_runs_without_its_standard_streams),
        cmocka_unit_test(service_runs_although_its_log_may_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
