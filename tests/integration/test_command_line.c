/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program from outside: flags, environment variables, exit codes, the log,
 * and the single line of each error. test_ready.c has what it says at its
 * start.
 */
#include "lib/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/temporary_folder.h"

enum { MAX_TEXT = 32 };

#define FLAGS INSTANCE_FLAGS

/*
 * Expect that it ends with `status`, with one line in all, on stdout with the
 * status 0 and else on stderr, that contains `part`.
 */
static void expect_line(const char *const flags[],
                        const char *const environment[], int status,
                        const char *part)
{
    struct process process;
    char *errors = NULL;

    instance_start_command(&process, flags, environment);
    char *output = process_finish(&process, status, &errors);
    const char *line = status == 0 ? output : errors;
    const char *end = strchr(line, '\n');
    if (end == NULL || end[1] != '\0' || strstr(line, part) == NULL)
        fail_msg("expected one line with \"%s\", got: %s", part, line);
    assert_string_equal(status == 0 ? errors : output, "");
    free(output);
    free(errors);
}

/*
 * Expect that it becomes ready and exits with 0. `port`: the port that it must
 * have, or 0 for any.
 */
static void expect_ready(const char *const flags[],
                         const char *const environment[], unsigned port)
{
    struct instance instance = {0};
    char *errors = NULL;

    instance_start_command(&instance.process, flags, environment);
    instance_wait_ready(&instance);
    if (port != 0)
        assert_int_equal(instance.port, port);
    instance_expect_ready(&instance, "127.0.0.1",
                          "state in memory only, -data=DIR keeps it");
    process_signal(&instance.process, SIGTERM);
    char *output = process_finish(&instance.process, 0, &errors);
    assert_string_equal(output, "");
    free(output);
    free(errors);
}

static void help_and_version_are_printed(void **state)
{
    static const char *const forms[] = {"-help", "--help", "-h"};

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct process process;
        char *errors = NULL;

        instance_start_command(&process, FLAGS(forms[i]), NULL);
        char *output = process_finish(&process, 0, &errors);
        assert_non_null(strstr(output, "-max-connections"));
        assert_non_null(strstr(output, "LUNAR_PORT"));
        assert_string_equal(errors, "");
        free(output);
        free(errors);
    }
    expect_line(FLAGS("-version"), NULL, 0, LUNAR_VERSION);
}

static void every_form_of_a_setting_works(void **state)
{
    char number[MAX_TEXT], one[MAX_TEXT], two[MAX_TEXT], variable[MAX_TEXT];
    uint16_t port = 0;
    int reserved = instance_reserve_port(&port);

    (void)state;
    snprintf(number, sizeof(number), "%u", port);
    snprintf(one, sizeof(one), "-port=%u", port);
    snprintf(two, sizeof(two), "--port=%u", port);
    snprintf(variable, sizeof(variable), "LUNAR_PORT=%u", port);
    expect_ready(FLAGS(one), NULL, port);
    expect_ready(FLAGS(two), NULL, port);
    expect_ready(FLAGS("-port", number), NULL, port);
    expect_ready(FLAGS(NULL), FLAGS(variable), port);
    close(reserved);
    /* A flag overrides a variable. */
    expect_ready(FLAGS("-port=0", "-host=127.0.0.1", "-threads=1",
                       "-max-connections=100", "-max-memory=64M",
                       "-log-level=error"),
                 FLAGS("LUNAR_PORT=1"), 0);
}

/* tests/unit/config has the other errors. */
static void bad_setting_is_a_usage_error_of_one_line(void **state)
{
    (void)state;
    expect_line(FLAGS("-port=65536"), NULL, 2, "65535");
    expect_line(FLAGS("-port"), NULL, 2, "-port");
    expect_line(FLAGS("stray"), NULL, 2, "stray");
    expect_line(FLAGS("-bad\nline"), NULL, 2, "-help");
    expect_line(FLAGS("-log-level=info"), FLAGS("LUNAR_PORT=x"), 2,
                "LUNAR_PORT");
}

static void address_that_cannot_be_used_is_an_error_of_one_line(void **state)
{
    struct instance instance;
    char flag[MAX_TEXT], part[64], longest[300] = "-host=";

    (void)state;
    instance_start(&instance, NULL);
    snprintf(flag, sizeof(flag), "-port=%u", instance.port);
    snprintf(part, sizeof(part), "port %u of 127.0.0.1 is in use",
             instance.port);
    expect_line(FLAGS(flag), NULL, 1, part);
    expect_line(FLAGS(flag), NULL, 1, "-port");
    instance_stop(&instance);
    expect_line(FLAGS("-port=0", "-insecure", "-host=192.0.2.1"), NULL, 1,
                "192.0.2.1");
    expect_line(FLAGS("-port=0", "-host=not.an.address"), NULL, 1,
                "not.an.address");
    /*
     * A link-local address needs an interface as well; or this machine has no
     * IPv6.
     */
    expect_line(FLAGS("-port=0", "-insecure", "-host=fe80::1"), NULL, 1,
                "can't listen on port 0 of fe80::1: ");
    /* Any text is shown on one line, and leaves room for what to do. */
    memset(longest + strlen(longest), '\n', sizeof(longest) - 7);
    expect_line(FLAGS("-port=0", longest), NULL, 1, "or 0.0.0.0 for all\n");
}

/* Nothing is opened: the folder is not made. */
static void address_of_others_needs_tokens_or_consent(void **state)
{
    static const char *const hosts[] = {
        "-host=0.0.0.0", "-host=::", "-host=192.0.2.1", "-host=0"};
    static const char why[] =
        " can be reached from other machines, and without -tokens every client "
        "may read and change everything: give -tokens=FILE (lunar.service "
        "-new-token NAME SCOPE makes a token for it), or -insecure if only "
        "trusted clients can reach the address\n";
    char root[FOLDER_ROOT], data[FOLDER_ROOT + 16];

    (void)state;
    folder_make(root);
    snprintf(data, sizeof(data), "-data=%s/data", root);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        expect_line(FLAGS("-port=0", hosts[i], data), NULL, 2, why);
        expect_line(FLAGS("-port=0", hosts[i]), FLAGS("LUNAR_INSECURE=0"), 2,
                    hosts[i]);
    }
    /* It would fail if there were anything in it. */
    assert_int_equal(rmdir(root), 0);
}

/* The first line of `text`, without its line feed. */
static struct text_line {
    char text[256];
} first_line(const char *text)
{
    struct text_line line;

    snprintf(line.text, sizeof(line.text), "%.*s", (int)strcspn(text, "\n"),
             text);
    return line;
}

static void new_token_is_printed_with_its_line(void **state)
{
    struct process process;
    char *errors = NULL;

    (void)state;
    instance_start_command(&process, FLAGS("-new-token", "alice", "read,admin"),
                           NULL);
    char *output = process_finish(&process, 0, &errors);
    struct text_line token = first_line(output);
    assert_int_equal(strlen(token.text), strlen("lunar_") + 43);
    assert_memory_equal(token.text, "lunar_", strlen("lunar_"));
    const char *second = output + strlen(token.text) + 1;
    assert_memory_equal(second, "alice sha256:", strlen("alice sha256:"));
    struct text_line line = first_line(second);
    assert_string_equal(line.text + strlen("alice sha256:") + 64,
                        " read,admin");
    assert_string_equal(second + strlen(line.text), "\n");
    /* What to do with it; nothing of the token is there. */
    assert_non_null(strstr(errors, "chmod 600"));
    assert_non_null(strstr(errors, "SIGHUP"));
    assert_non_null(strstr(errors, "openssl rand -hex 32"));
    assert_null(strstr(errors, token.text));
    free(output);
    free(errors);
    expect_line(FLAGS("-new-token", "alice"), NULL, 2,
                "-new-token: expected a name and scopes, as in -new-token "
                "alice read,metrics");
    expect_line(FLAGS("-new-token=a", "reed"), NULL, 2,
                "-new-token a reed: expected ");
}

/*
 * Have the service log a request, and one that libmicrohttpd rejects. Returns
 * the log. Ownership: the caller frees it.
 */
static char *log_of_requests(const char *const flags[])
{
    struct instance instance;
    struct connection connection;

    instance_start(&instance, flags);
    EXCHANGE(&instance, .target = "/logged%0Aline?\xc3\xa9", .status = 404);
    instance_connect(&instance, &connection);
    connection_send_text(&connection,
                         "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                         "Transfer-Encoding: chunked\r\n\r\nno size\r\n");
    connection_expect_status(&connection, 400);
    connection_close(&connection);
    return instance_stop_log(&instance);
}

static void requests_are_logged_at_debug_level_only(void **state)
{
    (void)state;
    char *errors = log_of_requests(FLAGS("-log-level=debug"));
    assert_non_null(strstr(errors, "/logged%0Aline?"));
    assert_null(strstr(errors, "\xc3\xa9"));
    /* A message of libmicrohttpd is a line, without an empty line after it. */
    const char *line = strstr(errors, "debug libmicrohttpd: ");
    assert_non_null(line);
    assert_true(line > errors && strchr(line, '\n') != NULL);
    assert_int_not_equal(line[strcspn(line, "\n") + 1], '\n');
    free(errors);
    errors = log_of_requests(NULL);
    assert_null(strstr(errors, "logged"));
    free(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_version_are_printed),
        cmocka_unit_test(every_form_of_a_setting_works),
        cmocka_unit_test(bad_setting_is_a_usage_error_of_one_line),
        cmocka_unit_test(address_that_cannot_be_used_is_an_error_of_one_line),
        cmocka_unit_test(address_of_others_needs_tokens_or_consent),
        cmocka_unit_test(new_token_is_printed_with_its_line),
        cmocka_unit_test(requests_are_logged_at_debug_level_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
