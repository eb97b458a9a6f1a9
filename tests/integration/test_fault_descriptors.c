/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service without a file descriptor for another connection: it keeps
 * running without a busy loop, evicts idle connections for new ones, completes
 * the responses in progress, and accepts connections again when it can.
 */
#include "lib/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/bulk.h"

enum {
    WAITING = 3, /* connections opened while there is no descriptor */
    MAX_LISTS = 4,
    ROCKETS = 8000,
    PADDING = 256,
    /* milliseconds: a period in which its CPU time is measured */
    WATCHED = 500,
    PERIODS = 10,
    /* milliseconds of CPU time allowed in a period; a busy loop uses all */
    MAX_CPU_TIME = 100,
    /* failed accepts allowed in a period; a busy loop makes thousands */
    MAX_FAILED = 40,
    IDLE = 8,
    NEW = 4,
    LAST_CALL = 1000,   /* it listens for 500 ms after a signal */
    ENOUGH_TIME = 4000, /* of the 5 s for requests in flight */
    SOON = 8000,        /* milliseconds; the idle timeout is 10 s */
};

/* Return the lowest descriptor number that the service does not use. */
static rlim_t next_descriptor(const struct instance *instance)
{
    char path[64];
    rlim_t number = 0;

    do {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d",
                 (int)instance->process.pid, (int)number++);
    } while (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
    return number - 1;
}

/*
 * Set the service's soft limit of open files: descriptors are below `end`.
 * Returns the previous limit.
 */
static struct rlimit limit_descriptors(const struct instance *instance,
                                       rlim_t end)
{
    struct rlimit before, after;

    assert_int_equal(
        prlimit(instance->process.pid, RLIMIT_NOFILE, NULL, &before), 0);
    after = before;
    after.rlim_cur = end;
    assert_int_equal(
        prlimit(instance->process.pid, RLIMIT_NOFILE, &after, NULL), 0);
    return before;
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

/* Return how often it has failed to accept a connection so far. */
static int64_t failed_accepts(const struct instance *instance)
{
    static const char line[] = "libmicrohttpd: Error accepting connection";
    char *errors = process_errors(&instance->process);
    int64_t count = 0;

    for (const char *found = strstr(errors, line); found != NULL;
         found = strstr(found + 1, line))
        count++;
    free(errors);
    return count;
}

/*
 * Expect a period without a busy loop soon, once earlier work is done. On a
 * busy machine a busy loop gets little CPU time, so failed accepts are counted
 * as well.
 */
static void expect_no_busy_loop(const struct instance *instance)
{
    int64_t used = WATCHED, failed = MAX_FAILED;

    for (int i = 0; i < PERIODS && (used > MAX_CPU_TIME || failed > MAX_FAILED);
         i++) {
        int64_t used_before = time_used(instance);
        int64_t failed_before = failed_accepts(instance);
        process_wait_until(process_clock() + WATCHED);
        used = time_used(instance) - used_before;
        failed = failed_accepts(instance) - failed_before;
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
        cJSON *json = response_json(&response);
        assert_int_equal(cJSON_GetArraySize(json), ROCKETS);
        cJSON_Delete(json);
        response_release(&response);
    }
    connection_close(connection);
    return whole;
}

/* Launch ROCKETS rockets with long missions in one batch. */
static void launch_rockets(const struct instance *instance)
{
    struct connection connection;
    struct bulk bulk;
    char mission[PADDING + 1] = "";

    memset(mission, 'm', PADDING);
    bulk_begin(&bulk);
    for (int i = 0; i < ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket-%d", i);
        struct fleet_message message =
            fleet_launched(id, 1, "Falcon-9", 500, mission);
        fprintf(bulk.stream, "%s\n", message.body);
    }
    bulk_end(&bulk);
    instance_connect(instance, &connection);
    connection_post_with(&connection, BULK_TYPE, bulk.text);
    bulk_expect_applied(&connection, ROCKETS);
    connection_close(&connection);
    free(bulk.text);
}

/* The lack of descriptors is logged once, however long it lasts. */
static void expect_one_warning(const struct instance *instance)
{
    char *errors = process_errors(&instance->process);
    const char *line = strstr(errors, " warn  no descriptor");

    assert_non_null(line);
    assert_null(strstr(line + 1, " warn "));
    free(errors);
}

/* Open new connections while `lists` lists are being sent. */
static void check_end_of_descriptors(const char *const flags[], size_t lists)
{
    struct instance instance;
    struct connection busy[MAX_LISTS], waiting[WAITING];

    instance_start(&instance, flags);
    if (lists > 0)
        launch_rockets(&instance);
    for (size_t i = 0; i < lists; i++)
        begin_list(&instance, &busy[i]);
    struct rlimit before =
        limit_descriptors(&instance, next_descriptor(&instance));
    for (size_t i = 0; i < WAITING; i++) {
        instance_connect(&instance, &waiting[i]);
        connection_get(&waiting[i], "/health");
    }
    expect_no_busy_loop(&instance);
    expect_one_warning(&instance);
    for (size_t i = 0; i < lists; i++)
        assert_true(end_list(&busy[i]));
    limit_descriptors(&instance, before.rlim_cur);
    for (size_t i = 0; i < WAITING; i++) {
        connection_expect_status(&waiting[i], 200);
        connection_close(&waiting[i]);
    }
    instance_stop(&instance);
}

static const char *const two_loops[] = {"-threads=2", "-log-level=debug", NULL};
static const char *const per_connection[] = {"-threads=per-connection",
                                             "-log-level=debug", NULL};

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
}

static void lists_are_completed_with_a_thread_per_connection(void **state)
{
    (void)state;
    check_end_of_descriptors(per_connection, MAX_LISTS);
}

static void get_health(const struct instance *instance,
                       struct connection *connection)
{
    instance_connect(instance, connection);
    connection_get(connection, "/health");
    connection_expect_status(connection, 200);
}

/*
 * New connections are accepted although the limit is not raised and no client
 * closes its connection.
 */
static void check_eviction(const char *const flags[])
{
    struct instance instance;
    struct connection connections[IDLE + NEW];

    instance_start(&instance, flags);
    for (size_t i = 0; i < IDLE; i++)
        get_health(&instance, &connections[i]);
    limit_descriptors(&instance, next_descriptor(&instance));
    int64_t start = process_clock();
    for (size_t i = IDLE; i < IDLE + NEW; i++)
        get_health(&instance, &connections[i]);
    assert_in_range(process_clock() - start, 0, SOON);
    for (size_t i = 0; i < IDLE + NEW; i++)
        connection_close(&connections[i]);
    instance_stop(&instance);
}

static void idle_connections_are_evicted(void **state)
{
    (void)state;
    check_eviction(two_loops);
    check_eviction(per_connection);
}

/* The stop needs no descriptor: it logs no failure to replace the socket. */
static void expect_stopped_quietly(struct instance *instance)
{
    char *errors = process_errors(&instance->process);

    assert_null(strstr(errors, " warn  cannot replace the listening socket"));
    free(errors);
    instance_expect_end(instance, 0);
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
    launch_rockets(&instance);
    begin_list(&instance, &busy);
    limit_descriptors(&instance, next_descriptor(&instance));
    instance_connect(&instance, &waiting);
    int64_t signalled = process_clock();
    process_signal(&instance.process, SIGTERM);
    process_wait_until(signalled + LAST_CALL);
    if (!end_list(&busy))
        assert_true(process_clock() - signalled > ENOUGH_TIME);
    connection_expect_closed(&waiting);
    connection_close(&waiting);
    expect_stopped_quietly(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_without_connections_does_not_spin),
        cmocka_unit_test(lists_being_sent_are_completed),
        cmocka_unit_test(lists_are_completed_with_a_thread_per_connection),
        cmocka_unit_test(idle_connections_are_evicted),
        cmocka_unit_test(stop_needs_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
