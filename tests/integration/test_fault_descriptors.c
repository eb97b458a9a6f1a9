/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service without a file descriptor for another connection: it keeps
 * running without a busy loop, evicts idle connections for new ones, completes
 * the responses in progress, and accepts connections again when it can.
 */
#include "lib/count_parts.h"
#include "lib/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    WAITING = 3, /* connections opened while there is no descriptor */
    MAX_LISTS = 4,
    ROCKETS = 8000,
    PADDING = 256,
    PERIODS = 10,
    WATCHED = 500,      /* milliseconds of a period */
    MAX_CPU_TIME = 100, /* milliseconds in a period; a busy loop uses all */
    MAX_FAILED = 40,    /* accepts in a period; a busy loop makes thousands */
    IDLE = 8,
    NEW = 4,
    LAST_CALL = 1000,   /* it listens for 500 ms after a signal */
    ENOUGH_TIME = 4000, /* of the 4.5 s for requests in flight */
};

/*
 * Set the service's limit of open files: descriptors are below `end`. Returns
 * the previous limit.
 */
static rlim_t limit_descriptors(const struct instance *instance, rlim_t end)
{
    struct rlimit limit;
    pid_t pid = instance->process.pid;

    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = end;
    assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
    return before;
}

/* Set it to the lowest descriptor that the service does not use. */
static rlim_t leave_no_descriptor(const struct instance *instance)
{
    char path[64];
    rlim_t next = 0;

    do {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d",
                 (int)instance->process.pid, (int)next++);
    } while (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
    return limit_descriptors(instance, next - 1);
}

/* Return the CPU time in milliseconds that the service has used so far. */
static int64_t time_used(const struct instance *instance)
{
    struct timespec used;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(instance->process.pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &used), 0);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static int count_in_log(const struct instance *instance, const char *text)
{
    char *log = process_errors(&instance->process);
    int count = (int)count_parts(log, text);

    free(log);
    return count;
}

/*
 * Expect a period without a busy loop soon, once earlier work is done. On a
 * busy machine a busy loop gets little CPU time, so failed accepts are counted
 * as well.
 */
static void expect_no_busy_loop(const struct instance *instance)
{
    static const char failure[] = "libmicrohttpd: Error accepting connection";
    int64_t used = WATCHED;
    int failed = 0;

    for (int i = 0; i < PERIODS && (used > MAX_CPU_TIME || failed > MAX_FAILED);
         i++) {
        int64_t used_before = time_used(instance);
        int failed_before = count_in_log(instance, failure);
        process_wait_until(process_clock() + WATCHED);
        used = time_used(instance) - used_before;
        failed = count_in_log(instance, failure) - failed_before;
    }
    assert_in_range(used, 0, MAX_CPU_TIME);
    assert_in_range(failed, 0, MAX_FAILED);
}

/*
 * Request a list that is longer than the socket buffers and do not read it: the
 * connection is busy, and must not be evicted.
 */
static void begin_list(const struct instance *instance,
                       struct connection *connection)
{
    assert_true(connection_open_narrow(connection, instance->port));
    connection_get(connection, "/rockets");
    assert_true(
        connection_fill(connection, 12, process_clock() + CONNECTION_PATIENCE));
}

/* Read the rest of the list. Return false if the service cut it short. */
static bool end_list(struct connection *connection)
{
    struct response response;

    connection_widen(connection);
    bool whole =
        connection_receive(connection, &response) == CONNECTION_ANSWERED;
    if (whole) {
        response_expect_status(&response, 200);
        response_release(&response);
    }
    connection_close(connection);
    return whole;
}

static const char *const two_loops[] = {"-threads=2", "-log-level=debug", NULL};
static const char *const per_connection[] = {"-threads=per-connection",
                                             "-log-level=debug", NULL};

/* Open new connections while `lists` lists are being sent. */
static void check_end_of_descriptors(const char *const flags[], size_t lists)
{
    struct instance instance;
    struct connection busy[MAX_LISTS], waiting[WAITING];

    instance_start(&instance, flags);
    if (lists > 0)
        fleet_launch(&instance, ROCKETS, PADDING);
    for (size_t i = 0; i < lists; i++)
        begin_list(&instance, &busy[i]);
    rlim_t before = leave_no_descriptor(&instance);
    for (size_t i = 0; i < WAITING; i++) {
        instance_connect(&instance, &waiting[i]);
        connection_get(&waiting[i], "/health");
    }
    expect_no_busy_loop(&instance);
    /* The lack of descriptors is logged once, however long it lasts. */
    assert_int_equal(count_in_log(&instance, " warn  no descriptor"), 1);
    assert_int_equal(count_in_log(&instance, " warn "), 1);
    for (size_t i = 0; i < lists; i++)
        assert_true(end_list(&busy[i]));
    limit_descriptors(&instance, before);
    for (size_t i = 0; i < WAITING; i++) {
        connection_expect_status(&waiting[i], 200);
        connection_close(&waiting[i]);
    }
    instance_stop(&instance);
}

static void service_without_connections_does_not_spin(void **state)
{
    (void)state;
    check_end_of_descriptors(two_loops, 0);
    check_end_of_descriptors(per_connection, 0);
}

static void lists_being_sent_are_completed(void **state)
{
    (void)state;
    check_end_of_descriptors(two_loops, MAX_LISTS);
    check_end_of_descriptors(per_connection, MAX_LISTS);
}

/*
 * New connections are accepted although the limit is not raised and no client
 * closes its connection.
 */
static void idle_connections_are_evicted(void **state)
{
    static const char *const *const flags[] = {two_loops, per_connection};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct instance instance;
        struct connection connections[IDLE + NEW];

        instance_start(&instance, flags[i]);
        for (int j = 0; j < IDLE + NEW; j++) {
            if (j == IDLE)
                leave_no_descriptor(&instance);
            instance_connect(&instance, &connections[j]);
            bulk_expect_next(&connections[j]);
        }
        for (int j = 0; j < IDLE + NEW; j++)
            connection_close(&connections[j]);
        instance_stop(&instance);
    }
}

/*
 * A list being sent is completed, unless this machine is too slow. It is read
 * only after the loops were told to stop waiting for connections.
 */
static void stop_needs_no_descriptor(void **state)
{
    struct instance instance;
    struct connection busy, waiting;

    (void)state;
    instance_start(&instance, two_loops);
    fleet_launch(&instance, ROCKETS, PADDING);
    begin_list(&instance, &busy);
    leave_no_descriptor(&instance);
    instance_connect(&instance, &waiting);
    int64_t signalled = process_clock();
    process_signal(&instance.process, SIGTERM);
    process_wait_until(signalled + LAST_CALL);
    if (!end_list(&busy))
        assert_true(process_clock() - signalled > ENOUGH_TIME);
    connection_expect_closed(&waiting);
    connection_close(&waiting);
    assert_int_equal(count_in_log(&instance, " warn  cannot replace"), 0);
    instance_expect_end(&instance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_without_connections_does_not_spin),
        cmocka_unit_test(lists_being_sent_are_completed),
        cmocka_unit_test(idle_connections_are_evicted),
        cmocka_unit_test(stop_needs_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
