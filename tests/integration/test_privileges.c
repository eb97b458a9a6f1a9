/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the system does not allow the service to do: open as many files as the
 * connections need, or listen on a privileged port. The service reports it; in
 * the first case it runs with fewer connections.
 *
 * The test may run with privileges for both. The program drops them first, for
 * good.
 */
#include "lib/harness.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { MAX_LINGERING = 64 };

static void drop_privileges(void)
{
    static const int privileges[] = {CAP_SYS_RESOURCE, CAP_NET_BIND_SERVICE};

    for (size_t i = 0; i < sizeof(privileges) / sizeof(privileges[0]); i++)
        if (prctl(PR_CAPBSET_READ, privileges[i], 0, 0, 0) == 1)
            (void)prctl(PR_CAPBSET_DROP, privileges[i], 0, 0, 0);
}

/* Start the service with a limit of open files. `hard`: it cannot raise it. */
static void start_limited(struct instance *instance, bool hard, unsigned files)
{
    char command[64];
    const char *const arguments[] = {"/bin/sh",
                                     "-c",
                                     command,
                                     process_setting("LUNAR_SERVICE"),
                                     "-port=0",
                                     "-threads=1",
                                     "-max-connections=2000",
                                     NULL};

    snprintf(command, sizeof(command), "ulimit %s-n %u && exec \"$0\" \"$@\"",
             hard ? "" : "-S ", files);
    *instance = (struct instance){0};
    process_start(&instance->process, arguments, NULL);
    instance_wait_ready(instance);
}

static void limit_of_open_files_is_raised_to_fit(void **state)
{
    struct instance instance;
    struct rlimit own, raised;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
    if (own.rlim_max < 4000)
        skip();
    start_limited(&instance, false, 160);
    assert_int_equal(
        prlimit(instance.process.pid, RLIMIT_NOFILE, NULL, &raised), 0);
    assert_in_range(raised.rlim_cur, 2000, own.rlim_max);
    assert_int_equal(raised.rlim_max, own.rlim_max);
    char *errors = process_errors(&instance.process);
    assert_null(strstr(errors, "open files"));
    free(errors);
    instance_stop(&instance);
}

/* Connections that are closed, but linger as their clients may still send. */
static void begin_lingering(const struct instance *instance,
                            struct connection *connections, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        instance_connect(instance, &connections[i]);
        assert_true(connection_send_text(
            &connections[i],
            "POST /messages HTTP/1.1\r\nContent-Length: 9\r\n\r\n"));
        connection_expect_status(&connections[i], 400);
        connection_expect_closed(&connections[i]);
    }
}

/* More connections than fit: those idle for longest are evicted. */
static void expect_answers(const struct instance *instance, size_t count)
{
    struct connection *connections = calloc(count, sizeof(*connections));

    if (connections == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        instance_connect(instance, &connections[i]);
        bulk_expect_next(&connections[i]);
    }
    for (size_t i = 0; i < count; i++)
        connection_close(&connections[i]);
    free(connections);
}

static void low_limit_of_open_files_lowers_connections(void **state)
{
    static const struct {
        unsigned files;
        size_t connections, lingering;
        const char *logged;
    } cases[] = {
        {224, 96 + 32, MAX_LINGERING,
         "at most 96 connections at a time, not 2000: the limit of open files "
         "is 224"},
        /* Some connections are always possible. */
        {40, 8, 0, "at most 16 connections at a time"},
    };
    struct connection lingering[MAX_LINGERING];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct instance instance;

        start_limited(&instance, true, cases[i].files);
        process_wait_error(&instance.process, cases[i].logged);
        begin_lingering(&instance, lingering, cases[i].lingering);
        expect_answers(&instance, cases[i].connections);
        for (size_t j = 0; j < cases[i].lingering; j++)
            connection_close(&lingering[j]);
        char *errors = process_errors(&instance.process);
        assert_null(strstr(errors, "no descriptor"));
        free(errors);
        instance_stop(&instance);
    }
}

/* A quarter of those connections that there can be, not of those wanted. */
static void streams_of_events_leave_connections_to_others(void **state)
{
    enum { PLACES = 16 / 4 };
    struct event_stream streams[PLACES];
    struct instance instance;

    (void)state;
    start_limited(&instance, true, 40);
    for (size_t i = 0; i < PLACES; i++)
        events_open(&instance, &streams[i], "/events", "");
    EXCHANGE(&instance, .target = "/events", .status = 503,
             .part = "as many streams of events");
    EXCHANGE(&instance, .target = "/rockets", .status = 200);
    for (size_t i = 0; i < PLACES; i++)
        events_close(&streams[i]);
    instance_stop(&instance);
}

/* Return the lowest port that needs no privilege. */
static unsigned long first_unprivileged_port(void)
{
    FILE *setting =
        fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
    unsigned long port = 1024;
    char line[32];

    if (setting == NULL)
        return port;
    if (fgets(line, sizeof(line), setting) != NULL)
        port = strtoul(line, NULL, 10);
    fclose(setting);
    return port;
}

static void privileged_port_error_names_the_port_and_the_flag(void **state)
{
    const char *const arguments[] = {process_setting("LUNAR_SERVICE"),
                                     "-port=1", NULL};
    struct process process;
    char *errors = NULL;

    (void)state;
    /* In a container every port may be unprivileged. */
    if (first_unprivileged_port() <= 1)
        skip();
    process_start(&process, arguments, NULL);
    free(process_finish(&process, 1, &errors));
    assert_non_null(strstr(errors, "no permission to listen on port 1; "));
    assert_non_null(strstr(errors, "-port=N"));
    free(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_of_open_files_is_raised_to_fit),
        cmocka_unit_test(low_limit_of_open_files_lowers_connections),
        cmocka_unit_test(streams_of_events_leave_connections_to_others),
        cmocka_unit_test(privileged_port_error_names_the_port_and_the_flag),
    };

    drop_privileges();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
