/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test program `rockets` where not all goes well: what it says, what it
 * tries again, and how it ends. And what it says of itself.
 */
#include "harness.h"

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
    /* Milliseconds after which it no longer waits for an answer. */
    TIMEOUT = 10000,
};

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void start(struct process *rockets, const char *const flags[])
{
    const char *arguments[MAX_FLAGS + 2] = {process_setting("LUNAR_ROCKETS")};

    for (size_t i = 0; flags[i] != NULL; i++) {
        assert_in_range(i, 0, MAX_FLAGS - 1);
        arguments[i + 1] = flags[i];
    }
    process_start(rockets, arguments, NULL);
}

/* It must end with `status`. Ownership: the caller frees both texts. */
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
        fail_msg("not told \"%s\": %s", part, text);
}

/* It must end with `status`, and have said both. */
static void expect_told(struct process *rockets, int status, const char *output,
                        const char *error)
{
    char *all_output = NULL;
    char *all_errors = NULL;

    expect_end(rockets, status, &all_output, &all_errors);
    expect_part(all_output, output);
    expect_part(all_errors, error);
    free(all_output);
    free(all_errors);
}

/* Wait until it says `part` on stderr. */
static void wait_told(const struct process *rockets, const char *part)
{
    int64_t deadline = process_clock() + PATIENCE;
    bool told = false;

    while (!told) {
        char *errors = process_errors(rockets);

        told = strstr(errors, part) != NULL;
        free(errors);
        assert_true(told || process_clock() < deadline);
        if (!told)
            process_wait_until(process_clock() + 1);
    }
}

static void url_of(char url[64], unsigned port, const char *path)
{
    snprintf(url, 64, "http://127.0.0.1:%u%s", port, path);
}

static void help_and_version_are_told(void **state)
{
    static const char *const helps[] = {"help", "--help", "-h"};
    struct process rockets;

    (void)state;
    for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
        start(&rockets, FLAGS(helps[i]));
        expect_told(&rockets, 0, "rockets launch URL [flags]", "");
    }
    start(&rockets, FLAGS("version"));
    expect_told(&rockets, 0, "rockets " LUNAR_VERSION "\n", "");
}

static void mistake_is_told_with_status_2(void **state)
{
    struct process rockets;

    (void)state;
    start(&rockets, FLAGS("launch"));
    expect_told(&rockets, USAGE, "", "rockets: ");
    start(&rockets, FLAGS("launch", "http://x/", "--max-messages=many"));
    expect_told(&rockets, USAGE, "", "max-messages");
    start(&rockets, FLAGS("launch", "localhost:8088"));
    expect_told(&rockets, USAGE, "", "must start with http");
    start(&rockets, FLAGS("launch", "http://[::1/messages"));
    expect_told(&rockets, USAGE, "", "'http://[::1/messages': expected a URL");
}

/* Sent before anybody listens, all arrive once somebody does. */
static void what_is_refused_is_sent_again(void **state)
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
    start(&rockets, FLAGS("launch", url, "--max-messages=50", "--verify",
                          "--log-level=debug"));
    wait_told(&rockets, "can't connect (Connection refused)");
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

static void interrupted_it_tells_what_was_not_delivered(void **state)
{
    struct instance instance;
    struct process rockets;
    char url[64];

    (void)state;
    instance_start(&instance, NULL);
    url_of(url, instance.port, "/nothing");
    start(&rockets, FLAGS("launch", url, "--max-messages=3"));
    wait_told(&rockets,
              "status 404; retrying every 500 ms. Is this the right URL?");
    process_signal(&rockets, SIGINT);
    expect_told(&rockets, INTERRUPTED, "undelivered 3 messages", "");
    instance_stop(&instance);
}

/* The service knows more than this run has sent. */
static void difference_is_told_with_status_1(void **state)
{
    struct instance instance;
    struct process rockets;
    char url[64];

    (void)state;
    instance_start(&instance, NULL);
    url_of(url, instance.port, "/messages");
    start(&rockets, FLAGS("launch", url, "--max-messages=400"));
    expect_told(&rockets, 0, "delivered   400 messages", "");
    start(&rockets, FLAGS("launch", url, "--max-messages=200", "--verify"));
    expect_told(&rockets, 1, "restart the service before --verify", "");
    instance_stop(&instance);
}

/* A listening socket that answers nothing. */
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

static void answer_that_breaks_off_or_does_not_come_is_told(void **state)
{
    struct process rockets;
    uint16_t port = 0;
    char url[64];

    (void)state;
    int listener = listen_silently(&port);
    url_of(url, port, "/messages");
    int64_t begun = process_clock();
    start(&rockets,
          FLAGS("launch", url, "--max-messages=1", "--concurrency-level=1"));
    close(accept(listener, NULL, NULL));
    wait_told(&rockets, "no response (");
    wait_told(&rockets, "no response within 10 s; retrying");
    assert_true(process_clock() - begun >= TIMEOUT);
    process_signal(&rockets, SIGTERM);
    expect_told(&rockets, INTERRUPTED, "undelivered 1 messages", "");
    close(listener);
}

/* script(1) makes the terminal. What is erased is not left behind. */
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
        cmocka_unit_test(help_and_version_are_told),
        cmocka_unit_test(mistake_is_told_with_status_2),
        cmocka_unit_test(what_is_refused_is_sent_again),
        cmocka_unit_test(interrupted_it_tells_what_was_not_delivered),
        cmocka_unit_test(difference_is_told_with_status_1),
        cmocka_unit_test(answer_that_breaks_off_or_does_not_come_is_told),
        cmocka_unit_test(progress_is_shown_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
