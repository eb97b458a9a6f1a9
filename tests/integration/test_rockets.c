/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test program `rockets` (named by the environment variable LUNAR_ROCKETS)
 * against new services. Every message must be accepted at the first attempt,
 * and the service must have the exact state of every rocket afterwards. Also
 * what `rockets` reports, sends again and returns when something fails.
 * LUNAR_ROCKETS_MESSAGES is the number of messages.
 */
#include "lib/harness.h"
#include "rockets_run.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    USAGE = 2,
    TIMEOUT = 10000, /* milliseconds for which it waits for a response */
};

static void all_messages_arrive_and_rockets_are_exact(void **state)
{
    static const struct {
        unsigned long share; /* of the messages: one in so many */
        const char *service, *flags[3];
    } runs[] = {
        {1, NULL, {NULL}},
        {1, NULL, {"--shuffle=500", "--duplicates=0.2"}},
        {5, NULL, {"--shuffle=500", "--drop-launch"}},
        {5, NULL, {"--keep-alive", "--concurrency-level=16"}},
        {5, "-threads=per-connection", {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct instance instance;
        struct process rockets;
        char url[64], messages[64];
        char *errors = NULL;

        instance_start(&instance, FLAGS(runs[i].service));
        rockets_url(url, instance.port, "/messages");
        snprintf(messages, sizeof(messages), "--max-messages=%lu",
                 strtoul(process_setting("LUNAR_ROCKETS_MESSAGES"), NULL, 10) /
                     runs[i].share);
        rockets_start(&rockets, FLAGS("launch", url, messages, "--verify",
                                      runs[i].flags[0], runs[i].flags[1]));
        char *output = process_finish(&rockets, 0, &errors);
        rockets_expect_part(output, "retries     0\n");
        rockets_expect_part(output, "no difference");
        assert_null(strstr(output, "undelivered"));
        free(output);
        free(errors);
        instance_stop(&instance);
    }
}

static void help_version_and_usage_errors_are_printed(void **state)
{
    static const struct {
        const char *flags[3];
        int status;
        const char *output, *error;
    } runs[] = {
        {{"help"}, 0, "rockets launch URL [flags]", ""},
        {{"--help"}, 0, "rockets launch URL [flags]", ""},
        {{"-h"}, 0, "rockets launch URL [flags]", ""},
        {{"version"}, 0, "rockets " LUNAR_VERSION "\n", ""},
        {{"launch"}, USAGE, "", "rockets: "},
        {{"launch", "http://x/", "--max-messages=many"},
         USAGE,
         "",
         "max-messages"},
        {{"launch", "localhost:8088"}, USAGE, "", "must start with http"},
        {{"launch", "http://x/", "--verify"}, USAGE, "", "ends in /messages"},
        {{"http://x/messages"}, USAGE, "", "launch http://x/messages'"},
        {{"launch", "http://[::1/messages"},
         USAGE,
         "",
         "'http://[::1/messages': expected a URL"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct process rockets;

        rockets_start(&rockets, FLAGS(runs[i].flags[0], runs[i].flags[1],
                                      runs[i].flags[2]));
        rockets_expect(&rockets, runs[i].status, runs[i].output, runs[i].error);
    }
}

/*
 * Messages sent before the service listens arrive once it does. The service
 * starts when message 1 has failed: another worker's message may fail before.
 */
static void refused_messages_are_sent_again(void **state)
{
    struct instance instance;
    struct process rockets;
    uint16_t port = 0;
    char url[64], flag[32];
    char *errors = NULL;

    (void)state;
    int reserved = instance_reserve_port(&port);
    rockets_url(url, port, "/messages");
    rockets_start(&rockets, FLAGS("launch", url, "--max-messages=50",
                                  "--verify", "--log-level=debug"));
    process_wait_error(&rockets, "message 1 of 50 failed");
    snprintf(flag, sizeof(flag), "-port=%u", port);
    instance_start(&instance, FLAGS(flag));
    char *output = process_finish(&rockets, 0, &errors);
    rockets_expect_part(output, "delivered   50 messages");
    rockets_expect_part(output, "no difference");
    assert_null(strstr(output, "retries     0\n"));
    rockets_expect_part(errors, "can't connect (Connection refused); retrying "
                                "every 500 ms. Is the service running");
    free(output);
    free(errors);
    instance_stop(&instance);
    close(reserved);
}

static void interrupt_reports_undelivered_messages(void **state)
{
    struct process rockets;
    uint16_t port = 0;
    char url[64];

    (void)state;
    int reserved = instance_reserve_port(&port);
    rockets_url(url, port, "/messages");
    rockets_start(&rockets, FLAGS("launch", url, "--max-messages=3"));
    process_wait_error(&rockets, "can't connect");
    process_signal(&rockets, SIGINT);
    rockets_expect(&rockets, ROCKETS_INTERRUPTED, "undelivered 3 messages", "");
    close(reserved);
}

/* A report that is lost is no success. */
static void full_disk_has_status_1(void **state)
{
    static const char *const COMMANDS[] = {"help", "version",
                                           "launch \"$1\" --max-messages=1"};
    struct instance instance;
    char url[64], command[256];

    (void)state;
    instance_start(&instance, NULL);
    rockets_url(url, instance.port, "/messages");
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        struct process shell;

        snprintf(command, sizeof(command), "exec \"$0\" %s >/dev/full",
                 COMMANDS[i]);
        process_start(&shell,
                      FLAGS("/bin/sh", "-c", command,
                            process_setting("LUNAR_ROCKETS"), url),
                      NULL);
        rockets_expect(&shell, 1, "",
                       "can't write the output: No space left on device");
    }
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
    rockets_url(url, instance.port, "/messages");
    rockets_start(&rockets, FLAGS("launch", url, "--max-messages=400"));
    rockets_expect(&rockets, 0, "delivered   400 messages", "");
    rockets_start(&rockets,
                  FLAGS("launch", url, "--max-messages=200", "--verify"));
    rockets_expect(&rockets, 1, "with messages of an earlier run: restart", "");
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
    rockets_url(url, port, "/messages");
    int64_t begun = process_clock();
    rockets_start(&rockets, FLAGS("launch", url, "--max-messages=1",
                                  "--concurrency-level=1"));
    close(accept(listener, NULL, NULL));
    process_wait_error(&rockets, "no response (");
    process_wait_error(&rockets, "no response within 10 s; retrying");
    assert_true(process_clock() - begun >= TIMEOUT);
    process_signal(&rockets, SIGTERM);
    rockets_expect(&rockets, ROCKETS_INTERRUPTED, "undelivered 1 message\n",
                   "");
    close(listener);
}

/*
 * script(1) provides the terminal. The progress is shown from the start, cut to
 * the width, and erased before the result is printed.
 */
static void progress_is_shown_on_a_terminal(void **state)
{
    struct instance instance;
    struct process terminal;
    char command[512];
    char *errors = NULL;

    (void)state;
    instance_start(&instance, NULL);
    snprintf(command, sizeof(command),
             "stty cols 20; export TERM=xterm; "
             "exec '%s' launch http://127.0.0.1:%u/messages --max-messages=20",
             process_setting("LUNAR_ROCKETS"), instance.port);
    process_start(&terminal,
                  FLAGS("/usr/bin/script", "-qec", command, "/dev/null"), NULL);
    char *output = process_finish(&terminal, 0, &errors);
    rockets_expect_part(output, "\r\033[K0 of 20 messages, 0\r\033[K");
    rockets_expect_part(output, "\r\033[Kdelivered   20 messages");
    free(output);
    free(errors);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_messages_arrive_and_rockets_are_exact),
        cmocka_unit_test(help_version_and_usage_errors_are_printed),
        cmocka_unit_test(refused_messages_are_sent_again),
        cmocka_unit_test(interrupt_reports_undelivered_messages),
        cmocka_unit_test(full_disk_has_status_1),
        cmocka_unit_test(difference_has_status_1),
        cmocka_unit_test(missing_response_is_reported),
        cmocka_unit_test(progress_is_shown_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
