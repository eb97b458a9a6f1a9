/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No file descriptor for another connection: the service neither ends nor
 * spins, closes idle connections for new ones, goes on with those that are
 * at work, and takes more when it can again.
 */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bulk.h"

enum {
    WAITING = 3, /* connections that come when there is no descriptor */
    MAX_LISTS = 4,
    ROCKETS = 8000,
    PADDING = 256,
    WATCHED = 500, /* milliseconds, a period in which its time is taken */
    PERIODS = 10,
    CALM = 100, /* of them that it may use; who spins uses a core */
    TRIES = 40, /* to accept a connection in it; who spins does thousands */
    IDLE = 8,
    NEW = 4,
    LAST_CALL = 1000,   /* it listens for half a second after a signal */
    ENOUGH_TIME = 4000, /* of the five seconds for what is in flight */
    SOON = 8000,        /* milliseconds; an idle connection ends after 10 s */
};

/* The lowest number that none of the service's descriptors has. */
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

/* Descriptors have numbers below `end`. Returns the limit as it was. */
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

/* Milliseconds of processor time that the service has used so far. */
static int64_t time_used(const struct instance *instance)
{
    struct timespec used;
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(instance->process.pid, &clock), 0);
    assert_int_equal(clock_gettime(clock, &used), 0);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* How often it has not been able to accept a connection so far. */
static int64_t tries(const struct instance *instance)
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
 * Soon, when what it had begun is done. Where others use the processor there
 * is little of it for who spins; so its tries are counted, too.
 */
static void expect_calm(const struct instance *instance)
{
    int64_t used = WATCHED, tried = TRIES;

    for (int i = 0; i < PERIODS && (used > CALM || tried > TRIES); i++) {
        int64_t used_before = time_used(instance);
        int64_t tries_before = tries(instance);
        process_wait_until(process_clock() + WATCHED);
        used = time_used(instance) - used_before;
        tried = tries(instance) - tries_before;
    }
    assert_in_range(used, 0, CALM);
    assert_in_range(tried, 0, TRIES);
}

/*
 * A list that the client does not take yet, longer than what the sockets
 * hold: the connection is at work, and must not be closed for new ones.
 */
static void begin_list(const struct instance *instance,
                       struct connection *connection)
{
    assert_true(connection_open_narrow(connection, instance->port));
    connection_get(connection, "/rockets");
    assert_true(
        connection_fill(connection, 12, process_clock() + CONNECTION_PATIENCE));
}

/* False if the service broke it off. */
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

/* ROCKETS with long missions, by one batch. */
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

/* That nothing is left is logged, once, however long it lasts. */
static void expect_told(const struct instance *instance)
{
    char *errors = process_errors(&instance->process);
    const char *line = strstr(errors, " warn  no descriptor");

    assert_non_null(line);
    assert_null(strstr(line + 1, " warn "));
    free(errors);
}

/* New connections come where `lists` are being sent. */
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
    expect_calm(&instance);
    expect_told(&instance);
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

static void without_any_connection_it_stays_calm(void **state)
{
    (void)state;
    check_end_of_descriptors(two_loops, 0);
    check_end_of_descriptors(per_connection, 0);
}

static void lists_that_are_being_sent_go_on(void **state)
{
    (void)state;
    check_end_of_descriptors(two_loops, MAX_LISTS);
}

static void lists_go_on_with_a_thread_each(void **state)
{
    (void)state;
    check_end_of_descriptors(per_connection, MAX_LISTS);
}

static void ask(const struct instance *instance, struct connection *connection)
{
    instance_connect(instance, connection);
    connection_get(connection, "/health");
    connection_expect_status(connection, 200);
}

/* New ones get in without anybody's raising the limit, or going. */
static void check_idle(const char *const flags[])
{
    struct instance instance;
    struct connection connections[IDLE + NEW];

    instance_start(&instance, flags);
    for (size_t i = 0; i < IDLE; i++)
        ask(&instance, &connections[i]);
    limit_descriptors(&instance, next_descriptor(&instance));
    int64_t start = process_clock();
    for (size_t i = IDLE; i < IDLE + NEW; i++)
        ask(&instance, &connections[i]);
    assert_in_range(process_clock() - start, 0, SOON);
    for (size_t i = 0; i < IDLE + NEW; i++)
        connection_close(&connections[i]);
    instance_stop(&instance);
}

static void idle_connections_give_way(void **state)
{
    (void)state;
    check_idle(two_loops);
    check_idle(per_connection);
}

/* The stop needs no descriptor, or it would have logged what it can't do. */
static void expect_stopped_quietly(struct instance *instance)
{
    char *errors = process_errors(&instance->process);

    assert_null(strstr(errors, " warn  cannot replace the listening socket"));
    free(errors);
    instance_expect_end(instance, 0);
}

/*
 * What is being sent comes to its end, unless this machine is too slow; and
 * not before the loops have been told to wait for nobody any more.
 */
static void it_stops_as_ever(void **state)
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
        cmocka_unit_test(without_any_connection_it_stays_calm),
        cmocka_unit_test(lists_that_are_being_sent_go_on),
        cmocka_unit_test(lists_go_on_with_a_thread_each),
        cmocka_unit_test(idle_connections_give_way),
        cmocka_unit_test(it_stops_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
