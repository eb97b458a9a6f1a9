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

enum {
    FILES = 160,  /* a limit of open files, too low for all connections */
    FITTING = 96, /* connections that fit in it; the other files are reserved */
    FEW_FILES = 40,
    FEWEST = 16, /* connections, however low the limit is */
};

static void drop_privileges(void)
{
    static const int privileges[] = {CAP_SYS_RESOURCE, CAP_NET_BIND_SERVICE};

    for (size_t i = 0; i < sizeof(privileges) / sizeof(privileges[0]); i++) {
        if (prctl(PR_CAPBSET_READ, privileges[i], 0, 0, 0) == 1)
            (void)prctl(PR_CAPBSET_DROP, privileges[i], 0, 0, 0);
    }
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

static void expect_logged(const struct instance *instance, const char *text)
{
    char *errors = process_errors(&instance->process);

    if (strstr(errors, text) == NULL)
        fail_msg("\"%s\" is not in the log: %s", text, errors);
    free(errors);
}

/* More connections than fit: the connections idle for longest are evicted. */
static void expect_answers(const struct instance *instance, size_t count)
{
    struct connection *connections = calloc(count, sizeof(*connections));

    assert_non_null(connections);
    for (size_t i = 0; i < count; i++) {
        instance_connect(instance, &connections[i]);
        connection_get(&connections[i], "/health");
        connection_expect_status(&connections[i], 200);
    }
    for (size_t i = 0; i < count; i++)
        connection_close(&connections[i]);
    free(connections);
}

static void limit_of_open_files_is_raised_to_fit(void **state)
{
    struct instance instance;
    struct rlimit own, raised;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &own), 0);
    if (own.rlim_max < 4000)
        skip();
    start_limited(&instance, false, FILES);
    assert_int_equal(
        prlimit(instance.process.pid, RLIMIT_NOFILE, NULL, &raised), 0);
    assert_in_range(raised.rlim_cur, 2000, own.rlim_max);
    assert_int_equal(raised.rlim_max, own.rlim_max);
    char *errors = process_errors(&instance.process);
    assert_null(strstr(errors, "open files"));
    free(errors);
    instance_stop(&instance);
}

static void low_limit_of_open_files_lowers_connections(void **state)
{
    struct instance instance;
    char text[128];

    (void)state;
    start_limited(&instance, true, FILES);
    snprintf(text, sizeof(text),
             "at most %d connections at a time, not 2000: the limit of open "
             "files is %d",
             FITTING, FILES);
    expect_logged(&instance, text);
    expect_answers(&instance, FITTING + 32);
    instance_stop(&instance);
}

static void some_connections_are_always_possible(void **state)
{
    struct instance instance;
    char text[128];

    (void)state;
    start_limited(&instance, true, FEW_FILES);
    snprintf(text, sizeof(text), "at most %d connections at a time", FEWEST);
    expect_logged(&instance, text);
    expect_answers(&instance, FEWEST / 2);
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
    struct instance instance = {.port = 1};

    (void)state;
    /* In a container every port may be unprivileged. */
    if (first_unprivileged_port() <= 1)
        skip();
    process_start(&instance.process, arguments, NULL);
    assert_int_equal(process_wait(&instance.process, INSTANCE_PATIENCE), 1);
    expect_logged(&instance, "no permission to listen on port 1; ");
    expect_logged(&instance, "-port=N");
    instance_release(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_of_open_files_is_raised_to_fit),
        cmocka_unit_test(privileged_port_error_names_the_port_and_the_flag),
        cmocka_unit_test(low_limit_of_open_files_lowers_connections),
        cmocka_unit_test(some_connections_are_always_possible),
    };

    drop_privileges();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
