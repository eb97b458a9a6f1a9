/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log is a pipe that nobody reads, and that is full: the service serves and
 * stops as usual, and says later how many lines are missing.
 */
#include "lib/count_parts.h"
#include "lib/harness.h"
#include "lib/full_pipe.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUESTS = 20,
    PIPE = 9,            /* the descriptor of a full pipe, for redirections */
    STOP_BOUND = 10000,  /* ms: a stop's 5 s; as many more on a busy machine */
    CHECK_BOUND = 10000, /* the same of -check-health */
    FLOOD = 2000,        /* requests, whose lines are more than the log keeps */
};

/*
 * A pipe without room for another byte, whose end for writing has the number
 * PIPE. Returns the other end.
 */
static int open_full_pipe(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    full_pipe_fill(ends[1]);
    assert_int_equal(dup2(ends[1], PIPE), PIPE); /* which execve(2) leaves */
    close(ends[1]);
    return ends[0];
}

static void stop_in_time(struct instance *instance)
{
    int64_t start = process_clock();

    instance_stop(instance);
    assert_true(process_clock() - start < STOP_BOUND);
}

/* A shell redirects stderr to the pipe, and is replaced by the service. */
static void start_process(struct instance *instance, const char *flag)
{
    const char *const arguments[] = {"/bin/sh",
                                     "-c",
                                     "exec \"$0\" -port=0 \"$1\" 2>&9 9>&-",
                                     process_setting("LUNAR_SERVICE"),
                                     flag,
                                     NULL};

    *instance = (struct instance){0};
    process_start(&instance->process, arguments, NULL);
    close(PIPE);
}

static void start_service(struct instance *instance, const char *level)
{
    start_process(instance, level);
    instance_wait_ready(instance);
}

static void service_serves_and_stops_while_nobody_reads_its_log(void **state)
{
    static const char *const levels[] = {"-log-level=debug", "-log-level=info"};

    (void)state;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        struct instance instance;
        int out = open_full_pipe();

        start_service(&instance, levels[i]);
        for (int request = 0; request < REQUESTS; request++) {
            EXCHANGE(&instance, .body = "{}", .status = 400);
            EXCHANGE(&instance, .target = "/rockets", .status = 200);
        }
        stop_in_time(&instance);
        char *text = full_pipe_read(out, NULL, NULL);
        assert_string_equal(text, "");
        free(text);
        close(out);
    }
}

/* The reason is lost, but not the exit status. */
static void start_that_fails_ends_while_nobody_reads_its_log(void **state)
{
    static const struct {
        const char *flag;
        int code;
    } rows[] = {
        {"-log-level=x", 2},
        {"-host=192.0.2.1", 2}, /* which needs -tokens or -insecure */
        {"-host=not.an.address", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct instance instance;
        int out = open_full_pipe();

        start_process(&instance, rows[i].flag);
        assert_int_equal(process_wait(&instance.process, INSTANCE_PATIENCE),
                         rows[i].code);
        instance_release(&instance);
        close(out);
    }
}

/* Nor does a check of a server that does not answer wait for a reader. */
static void check_ends_in_time_while_nobody_reads_its_result(void **state)
{
    struct instance instance;
    char flag[64];
    uint16_t port = 0;
    int listener = instance_reserve_port(&port), out = open_full_pipe();

    (void)state;
    assert_int_equal(listen(listener, 1), 0);
    snprintf(flag, sizeof(flag), "-check-health=http://127.0.0.1:%u/", port);
    start_process(&instance, flag);
    assert_int_equal(process_wait(&instance.process, CHECK_BOUND), 1);
    instance_release(&instance);
    close(listener);
    close(out);
}

/* Also if a client holds the stop up: the time is for both together. */
static void
stop_with_a_stuck_client_and_a_full_log_takes_its_time_once(void **state)
{
    struct instance instance;
    struct connection connection;
    int out = open_full_pipe();

    (void)state;
    start_service(&instance, "-log-level=debug");
    instance_connect(&instance, &connection);
    connection_send_text(&connection,
                         "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 10\r\n\r\n{");
    stop_in_time(&instance);
    connection_close(&connection);
    close(out);
}

/* No line is missing without being counted. */
static void lines_dropped_while_nobody_reads_are_counted(void **state)
{
    char target[200];
    struct instance instance;
    struct connection connection;
    static const char dropped[] =
        "log lines dropped because stderr did not take them: ";
    int out = open_full_pipe();

    (void)state;
    memset(target, 'x', sizeof(target));
    target[0] = '/';
    target[sizeof(target) - 1] = '\0';
    start_service(&instance, "-log-level=debug");
    instance_connect(&instance, &connection);
    for (int i = 0; i < FLOOD; i++) {
        connection_get(&connection, target);
        connection_expect_status(&connection, 404);
    }
    connection_close(&connection);
    double counted = scrape_value(&instance, "lunar_log_lines_dropped_total");
    char *text = full_pipe_read(out, NULL, dropped);
    process_signal(&instance.process, SIGTERM);
    text = full_pipe_read(out, text, NULL);
    instance_expect_end(&instance, 0);
    close(out);
    const char *number = strstr(text, dropped);
    if (number == NULL)
        abort();
    size_t lines = count_parts(text, " GET /xxx");
    unsigned long missing = strtoul(number + strlen(dropped), NULL, 10);
    assert_in_range(lines, 1, FLOOD - 1);
    assert_in_range(missing, counted, counted + 10);
    /* A few lines may be others. */
    assert_in_range(lines + missing, FLOOD, FLOOD + 10);
    assert_null(strstr(number + 1, dropped));
    assert_non_null(strstr(number, "info  stopped after "));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_serves_and_stops_while_nobody_reads_its_log),
        cmocka_unit_test(start_that_fails_ends_while_nobody_reads_its_log),
        cmocka_unit_test(check_ends_in_time_while_nobody_reads_its_result),
        cmocka_unit_test(
            stop_with_a_stuck_client_and_a_full_log_takes_its_time_once),
        cmocka_unit_test(lines_dropped_while_nobody_reads_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
