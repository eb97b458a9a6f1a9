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
        const char *rockets;
    } runs[] = {
        {1, NULL, {NULL}, "20"},
        {1, NULL, {"--shuffle=500", "--duplicates=0.2"}, "20"},
        {5, NULL, {"--shuffle=500", "--drop-launch"}, "20"},
        {5, NULL, {"--keep-alive", "--concurrency-level=16"}, "20"},
        {5, NULL, {"--rockets=1000"}, "1,000"},
        {5, "-threads=per-connection", {NULL}, "20"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct instance instance;
        struct process rockets;
        char url[64], messages[64], verified[64];
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
        snprintf(verified, sizeof(verified),
                 "verified    %s rockets: no difference\n", runs[i].rockets);
        rockets_expect_part(output, verified);
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

/* Start it as the last command of a shell, with `before` before its name. */
static void start_in_shell(struct process *shell, const char *before,
                           const char *flags, const char *url)
{
    char command[256];

    snprintf(command, sizeof(command), "%s exec \"$0\" %s", before, flags);
    process_start(
        shell,
        FLAGS("/bin/sh", "-c", command, process_setting("LUNAR_ROCKETS"), url),
        NULL);
}

static void a_report_that_is_lost_has_status_1(void **state)
{
    static const char *const COMMANDS[] = {"help", "version",
                                           "launch \"$1\" --max-messages=1"};
    static const struct {
        const char *stream, *reason;
    } STREAMS[] = {{"exec >/dev/full;", "No space left on device"},
                   {"exec >&-;", "Bad file descriptor"},
                   {"exec <&- >&-;", "Bad file descriptor"}};
    struct instance instance;
    char url[64];

    (void)state;
    instance_start(&instance, NULL);
    rockets_url(url, instance.port, "/messages");
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        for (size_t j = 0; j < sizeof(STREAMS) / sizeof(STREAMS[0]); j++) {
            struct process shell;

            start_in_shell(&shell, STREAMS[j].stream, COMMANDS[i], url);
            rockets_expect(&shell, 1, "", STREAMS[j].reason);
        }
    }
    instance_stop(&instance);
}

/* The service would get the output. Checked while a request waits. */
static void closed_streams_are_not_replaced_by_connections(void **state)
{
    struct process shell;
    char url[64];

    (void)state;
    int listener = rockets_listen(url, "/messages");
    start_in_shell(&shell, "exec <&- 2>&-;", "launch \"$1\"", url);
    int client = accept(listener, NULL, NULL);
    assert_true(client >= 0);
    for (int stream = 0; stream <= 2; stream += 2) {
        char path[64], target[64];

        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)shell.pid, stream);
        ssize_t length = readlink(path, target, sizeof(target) - 1);
        target[length < 0 ? 0 : length] = '\0';
        assert_string_equal(target, "/dev/null");
    }
    process_signal(&shell, SIGINT);
    rockets_expect(&shell, ROCKETS_INTERRUPTED, "undelivered 100,000", "");
    close(client);
    close(listener);
}

/*
 * More workers than descriptors. They share what there is, and the log says
 * what is short.
 */
static void missing_descriptors_are_reported(void **state)
{
    static const char *const FLAGS_OF_BOTH[] = {"", " --keep-alive"};
    struct instance instance;
    char url[64], flags[128];

    (void)state;
    instance_start(&instance, NULL);
    rockets_url(url, instance.port, "/messages");
    for (size_t i = 0; i < 2; i++) {
        struct process shell;

        snprintf(flags, sizeof(flags), "launch \"$1\" %s%s",
                 "--concurrency-level=100", FLAGS_OF_BOTH[i]);
        start_in_shell(&shell, "ulimit -n 40;", flags, url);
        process_wait_error(&shell,
                           "no local port or descriptor is left (Too many open "
                           "files); retrying every 500 ms. The oldest");
        process_signal(&shell, SIGINT);
        rockets_expect(&shell, ROCKETS_INTERRUPTED, "delivered   ", "");
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

static void missing_response_is_reported(void **state)
{
    struct process rockets;
    char url[64];

    (void)state;
    int listener = rockets_listen(url, "/messages");
    int64_t begun = process_clock();
    rockets_start(&rockets, FLAGS("launch", url, "--max-messages=1",
                                  "--concurrency-level=1"));
    close(accept(listener, NULL, NULL));
    process_wait_error(&rockets, "no response (");
    process_wait_error(&rockets, "does the port speak https://?");
    process_wait_error(&rockets, "no response within 10 s; retrying");
    assert_true(process_clock() - begun >= TIMEOUT);
    process_signal(&rockets, SIGTERM);
    rockets_expect(&rockets, ROCKETS_INTERRUPTED, "undelivered 1 message\n",
                   "");
    close(listener);
}

/*
 * The first state of the progress, behind the line about the browser: how many
 * messages were delivered by then depends on the machine. The last of the 20
 * columns stays free.
 */
static void expect_first_progress(const char *output)
{
    static const char begin[] = "\r\033[K", all[] = " of 20 messages, ";
    const char *line = strstr(output, begin);

    if (line != NULL && strncmp(line + strlen(begin), "rockets: ", 9) == 0)
        line = strstr(line + strlen(begin), begin);
    if (line != NULL) {
        line += strlen(begin);
        size_t digits = strspn(line, "0123456789");
        if (digits > 0 && strncmp(line + digits, all, strlen(all)) == 0 &&
            strcspn(line, "\r") == 19)
            return;
    }
    fail_msg("there is no progress in: %s", output);
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
    expect_first_progress(output);
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
        cmocka_unit_test(a_report_that_is_lost_has_status_1),
        cmocka_unit_test(closed_streams_are_not_replaced_by_connections),
        cmocka_unit_test(missing_descriptors_are_reported),
        cmocka_unit_test(difference_has_status_1),
        cmocka_unit_test(missing_response_is_reported),
        cmocka_unit_test(progress_is_shown_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
