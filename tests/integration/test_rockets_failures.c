/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test program `rockets` when something fails: what it reports, what it
 * sends again, and how it ends. Also its help and version.
 */
#include "lib/harness.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_FLAGS = 8,
    PATIENCE = INSTANCE_PATIENCE,
    USAGE = 2,
    INTERRUPTED = 130,
    /* Milliseconds for which it waits for a response. */
    TIMEOUT = 10000,
};

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void start_rockets(struct process *rockets, const char *const flags[])
{
    const char *arguments[MAX_FLAGS + 2] = {process_setting("LUNAR_ROCKETS")};

    for (size_t i = 0; flags[i] != NULL; i++) {
        assert_in_range(i, 0, MAX_FLAGS - 1);
        arguments[i + 1] = flags[i];
    }
    process_start(rockets, arguments, NULL);
}

/* Expect that it ends with `status`. Ownership: the caller frees both texts. */
static void expect_end(struct process *rockets, int status, char **output,
                       char **errors)
{
    *output = process_output(rockets, PATIENCE);
    assert_non_null(*output);
    int ended = process_wait(rockets, PATIENCE);
    *errors = process_errors(rockets);
    if (ended != status)
        print_error("%s%s", *output, *errors);
    assert_int_equal(ended, status);
    process_release(rockets);
}

static void expect_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
}

/*
 * Expect that it ends with `status`, with `output` in its stdout and `error` in
 * its stderr.
 */
static void expect_output(struct process *rockets, int status,
                          const char *output, const char *error)
{
    char *all_output = NULL;
    char *all_errors = NULL;

    expect_end(rockets, status, &all_output, &all_errors);
    expect_part(all_output, output);
    expect_part(all_errors, error);
    free(all_output);
    free(all_errors);
}

/* Wait until its stderr contains `part`. */
static void wait_for_error(const struct process *rockets, const char *part)
{
    int64_t deadline = process_clock() + PATIENCE;
    bool found = false;

    while (!found) {
        char *errors = process_errors(rockets);

        found = strstr(errors, part) != NULL;
        free(errors);
        assert_true(found || process_clock() < deadline);
        if (!found)
            process_wait_until(process_clock() + 1);
    }
}

static void url_of(char url[64], unsigned port, const char *path)
{
    snprintf(url, 64, "http://127.0.0.1:%u%s", port, path);
}

static void help_and_version_are_printed(void **state)
{
    static const char *const helps[] = {"help", "--help", "-h"};
    struct process rockets;

    (void)state;
    for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
        start_rockets(&rockets, FLAGS(helps[i]));
        expect_output(&rockets, 0, "rockets launch URL [flags]", "");
    }
    start_rockets(&rockets, FLAGS("version"));
    expect_output(&rockets, 0, "rockets " LUNAR_VERSION "\n", "");
}

static void usage_error_has_status_2(void **state)
{
    struct process rockets;

    (void)state;
    start_rockets(&rockets, FLAGS("launch"));
    expect_output(&rockets, USAGE, "", "rockets: ");
    start_rockets(&rockets,
                  FLAGS("launch", "http://x/", "--max-messages=many"));
    expect_output(&rockets, USAGE, "", "max-messages");
    start_rockets(&rockets, FLAGS("launch", "localhost:8088"));
    expect_output(&rockets, USAGE, "", "must start with http");
    start_rockets(&rockets, FLAGS("launch", "http://[::1/messages"));
    expect_output(&rockets, USAGE, "",
                  "'http://[::1/messages': expected a URL");
}

/* Messages sent before the service listens arrive once it does. */
static void refused_messages_are_sent_again(void **state)
{
    struct instance instance;
    struct process rockets;
    char url[64], flag[32];
    char *output = NULL;
    char *errors = NULL;

    (void)state;
    instance_start(&instance, NULL);
    unsigned port = instance.port;
    instance_stop(&instance);
    url_of(url, port, "/messages");
    start_rockets(&rockets, FLAGS("launch", url, "--max-messages=50",
                                  "--verify", "--log-level=debug"));
    wait_for_error(&rockets, "can't connect (Connection refused)");
    snprintf(flag, sizeof(flag), "-port=%u", port);
    instance_start(&instance, FLAGS(flag));
    expect_end(&rockets, 0, &output, &errors);
    expect_part(output, "delivered   50 messages");
    expect_part(output, "no difference");
    assert_null(strstr(output, "retries     0\n"));
    expect_part(errors, "Is the service running?");
    expect_part(errors, "message 1 of 50 failed");
    free(output);
    free(errors);
    instance_stop(&instance);
}

static void interrupt_reports_undelivered_messages(void **state)
{
    struct instance instance;
    struct process rockets;
    char url[64];

    (void)state;
    instance_start(&instance, NULL);
    url_of(url, instance.port, "/nothing");
    start_rockets(&rockets, FLAGS("launch", url, "--max-messages=3"));
    wait_for_error(&rockets,
                   "status 404; retrying every 500 ms. Is this the right URL?");
    process_signal(&rockets, SIGINT);
    expect_output(&rockets, INTERRUPTED, "undelivered 3 messages", "");
    instance_stop(&instance);
}

/* The service has messages from an earlier run. */
static void difference_has_status_1(void **state)
{
    struct instance instance;
    struct process rockets;
    char url[64];

    (void)state;
    instance_start(&instance, NULL);
    url_of(url, instance.port, "/messages");
    start_rockets(&rockets, FLAGS("launch", url, "--max-messages=400"));
    expect_output(&rockets, 0, "delivered   400 messages", "");
    start_rockets(&rockets,
                  FLAGS("launch", url, "--max-messages=200", "--verify"));
    expect_output(&rockets, 1, "restart the service before --verify", "");
    instance_stop(&instance);
}

/*
 * Make a listening socket that sends no response. Ownership: the caller closes
 * the result.
 */
static int listen_silently(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void missing_response_is_reported(void **state)
{
    struct process rockets;
    uint16_t port = 0;
    char url[64];

    (void)state;
    int listener = listen_silently(&port);
    url_of(url, port, "/messages");
    int64_t begun = process_clock();
    start_rockets(&rockets, FLAGS("launch", url, "--max-messages=1",
                                  "--concurrency-level=1"));
    close(accept(listener, NULL, NULL));
    wait_for_error(&rockets, "no response (");
    wait_for_error(&rockets, "no response within 10 s; retrying");
    assert_true(process_clock() - begun >= TIMEOUT);
    process_signal(&rockets, SIGTERM);
    expect_output(&rockets, INTERRUPTED, "undelivered 1 messages", "");
    close(listener);
}

/*
 * script(1) provides the terminal. The progress line is erased before the
 * result is printed.
 */
static void progress_is_shown_on_a_terminal(void **state)
{
    struct instance instance;
    struct process terminal;
    char command[256];
    char *output = NULL;
    char *errors = NULL;

    (void)state;
    instance_start(&instance, NULL);
    snprintf(command, sizeof(command),
             "exec '%s' launch http://127.0.0.1:%u/messages "
             "--max-messages=20 --concurrency-level=1 --message-delay=20ms",
             process_setting("LUNAR_ROCKETS"), instance.port);
    const char *const arguments[] = {"/usr/bin/script", "-qec", command,
                                     "/dev/null", NULL};
    process_start(&terminal, arguments, NULL);
    expect_end(&terminal, 0, &output, &errors);
    expect_part(output, " of 20 messages");
    expect_part(output, "delivered   20 messages");
    const char *last = strstr(output, "delivered   20");
    assert_memory_equal(last - 4, "\r\033[K", 4);
    free(output);
    free(errors);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_version_are_printed),
        cmocka_unit_test(usage_error_has_status_2),
        cmocka_unit_test(refused_messages_are_sent_again),
        cmocka_unit_test(interrupt_reports_undelivered_messages),
        cmocka_unit_test(difference_has_status_1),
        cmocka_unit_test(missing_response_is_reported),
        cmocka_unit_test(progress_is_shown_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
