/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program from outside: flags, environment variables, exit codes, the ready
 * line, and the single line of each error.
 */
#include "lib/harness.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE = INSTANCE_PATIENCE };

static void start_service(struct process *process, const char *const flags[],
                          const char *const environment[])
{
    const char *arguments[INSTANCE_MAX_FLAGS + 2] = {
        process_setting("LUNAR_SERVICE")};

    for (size_t i = 0; flags[i] != NULL; i++)
        arguments[i + 1] = flags[i];
    process_start(process, arguments, environment);
}

/*
 * Run it; it must end by itself with `status`. Ownership: the caller frees both
 * texts.
 */
static void run_service(const char *const flags[],
                        const char *const environment[], int status,
                        char **output, char **errors)
{
    struct process process;

    start_service(&process, flags, environment);
    *output = process_output(&process, PATIENCE);
    assert_int_equal(process_wait(&process, PATIENCE), status);
    *errors = process_errors(&process);
    process_release(&process);
    assert_non_null(*output);
}

/*
 * Expect that it ends with `status`, with one line on stderr that contains
 * `part`.
 */
static void expect_failure(const char *const flags[],
                           const char *const environment[], int status,
                           const char *part)
{
    char *output = NULL;
    char *errors = NULL;

    run_service(flags, environment, status, &output, &errors);
    assert_string_equal(output, "");
    const char *end = strchr(errors, '\n');
    if (end == NULL || end[1] != '\0' || strstr(errors, part) == NULL)
        fail_msg("expected one line with \"%s\", got: %s", part, errors);
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
    struct process process;
    char line[256];
    char expected[256];

    start_service(&process, flags, environment);
    assert_true(process_line(&process, line, sizeof(line), PATIENCE));
    const char *url = strstr(line, "http://127.0.0.1:");
    assert_non_null(url);
    unsigned bound = (unsigned)strtoul(url + 17, NULL, 10);
    assert_in_range(bound, 1, 65535);
    if (port != 0)
        assert_int_equal(bound, port);
    snprintf(expected, sizeof(expected),
             "lunar.service: listening on http://127.0.0.1:%u (API: "
             "http://127.0.0.1:%u/swagger)",
             bound, bound);
    assert_string_equal(line, expected);
    process_signal(&process, SIGTERM);
    char *rest = process_output(&process, PATIENCE);
    assert_non_null(rest);
    assert_string_equal(rest, "");
    free(rest);
    assert_int_equal(process_wait(&process, PATIENCE), 0);
    process_release(&process);
}

/* Return a port that was free a moment ago. */
static unsigned free_port(void)
{
    struct instance instance;

    instance_start(&instance, NULL);
    unsigned port = instance.port;
    instance_stop(&instance);
    return port;
}

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void help_lists_the_flags(void **state)
{
    static const char *const forms[] = {"-help", "--help", "-h"};
    static const char *const flags[] = {
        "-port",      "-host",    "-threads", "-max-connections", "-max-memory",
        "-log-level", "-version", "-help",    "LUNAR_PORT",       "8088",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char *output = NULL;
        char *errors = NULL;

        run_service(FLAGS(forms[i]), NULL, 0, &output, &errors);
        for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
            assert_non_null(strstr(output, flags[f]));
        assert_string_equal(errors, "");
        free(output);
        free(errors);
    }
}

static void version_is_one_line(void **state)
{
    char *output = NULL;
    char *errors = NULL;

    (void)state;
    run_service(FLAGS("-version"), NULL, 0, &output, &errors);
    assert_non_null(strstr(output, LUNAR_VERSION));
    assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
    assert_string_equal(errors, "");
    free(output);
    free(errors);
}

static void every_form_of_a_flag_works(void **state)
{
    char number[16];
    char one[32];
    char two[32];
    unsigned port = free_port();

    (void)state;
    expect_ready(FLAGS("-port=0"), NULL, 0);
    expect_ready(FLAGS("--port=0"), NULL, 0);
    expect_ready(FLAGS("-port", "0"), NULL, 0);
    snprintf(number, sizeof(number), "%u", port);
    snprintf(one, sizeof(one), "-port=%u", port);
    snprintf(two, sizeof(two), "--port=%u", port);
    expect_ready(FLAGS(one), NULL, port);
    expect_ready(FLAGS(two), NULL, port);
    expect_ready(FLAGS("-port", number), NULL, port);
    expect_ready(FLAGS("-port=0", "-host=127.0.0.1", "-threads=1",
                       "-max-connections=100", "-max-memory=64M",
                       "-log-level=error"),
                 NULL, 0);
}

static void variable_applies_without_a_flag(void **state)
{
    char variable[32];
    unsigned port = free_port();

    (void)state;
    snprintf(variable, sizeof(variable), "LUNAR_PORT=%u", port);
    expect_ready(FLAGS(NULL), FLAGS(variable), port);
}

static void flag_overrides_the_variable(void **state)
{
    (void)state;
    expect_ready(FLAGS("-port=0"), FLAGS("LUNAR_PORT=1"), 0);
}

static void bad_flag_is_a_usage_error_of_one_line(void **state)
{
    static const struct {
        const char *flag, *part;
    } cases[] = {
        {"-port=x", "65535"},         {"-port=65536", "65535"},
        {"-port=-1", "65535"},        {"-port=", "65535"},
        {"-prot=1", "-help"},         {"-nonsense", "-help"},
        {"stray", "stray"},           {"-threads=0", "per-connection"},
        {"-threads=many", "1"},       {"-max-connections=0", "number"},
        {"-max-memory=1", "1M"},      {"-max-memory=lots", "number"},
        {"-log-level=loud", "debug"}, {"-host=", "address"},
        {"-bad\nline", "-help"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_failure(FLAGS(cases[i].flag), NULL, 2, cases[i].part);
    expect_failure(FLAGS("-port"), NULL, 2, "-port");
}

static void bad_variable_is_a_usage_error_of_one_line(void **state)
{
    (void)state;
    expect_failure(FLAGS("-log-level=info"), FLAGS("LUNAR_PORT=x"), 2,
                   "LUNAR_PORT");
}

static void port_in_use_error_names_the_port_and_the_flag(void **state)
{
    struct instance instance;
    char flag[32];
    char port[16];

    (void)state;
    instance_start(&instance, NULL);
    snprintf(flag, sizeof(flag), "-port=%u", instance.port);
    snprintf(port, sizeof(port), "%u", instance.port);
    expect_failure(FLAGS(flag), NULL, 1, port);
    expect_failure(FLAGS(flag), NULL, 1, "in use");
    expect_failure(FLAGS(flag), NULL, 1, "-port");
    instance_stop(&instance);
}

static void unusable_address_is_named_in_the_error(void **state)
{
    (void)state;
    expect_failure(FLAGS("-port=0", "-host=192.0.2.1"), NULL, 1, "192.0.2.1");
    expect_failure(FLAGS("-port=0", "-host=not.an.address"), NULL, 1,
                   "not.an.address");
    /*
     * A link-local address needs an interface as well; or this machine has no
     * IPv6.
     */
    expect_failure(FLAGS("-port=0", "-host=fe80::1"), NULL, 1,
                   "can't listen on port 0 of fe80::1: ");
}

/*
 * Return whether a connection to the host and port of the URL in `line`
 * succeeds.
 */
static bool can_connect(const char *line)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[128] = "";
    char port[16] = "";
    bool connected = false;
    const char *url = strstr(line, "http://");

    assert_non_null(url);
    if (sscanf(url, "http://[%127[^]]]:%15[0-9]", host, port) != 2) {
        assert_int_equal(sscanf(url, "http://%127[^:]:%15[0-9]", host, port),
                         2);
    }
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return false;
    for (struct addrinfo *next = found; next != NULL; next = next->ai_next) {
        int fd = socket(next->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        connected = connected || (fd >= 0 && connect(fd, next->ai_addr,
                                                     next->ai_addrlen) == 0);
        if (fd >= 0)
            close(fd);
    }
    freeaddrinfo(found);
    return connected;
}

/* Return whether this machine has the IPv6 loopback address. */
static bool has_ipv6(void)
{
    FILE *addresses = fopen("/proc/net/if_inet6", "re");
    char line[128];
    bool found = false;

    while (addresses != NULL && fgets(line, sizeof(line), addresses) != NULL) {
        found =
            found || strncmp(line, "00000000000000000000000000000001", 32) == 0;
    }
    if (addresses != NULL)
        fclose(addresses);
    return found;
}

static void ready_line_has_working_urls(void **state)
{
    static const char *const hosts[] = {"-host=0.0.0.0",
                                        "-host=::", "-host=::1"};

    (void)state;
    for (size_t i = 0; i < (has_ipv6() ? 3 : 1); i++) {
        struct instance instance;

        instance_start(&instance, FLAGS(hosts[i]));
        assert_true(can_connect(instance.ready));
        assert_true(can_connect(strstr(instance.ready, "(API: ")));
        instance_stop(&instance);
    }
}

static void double_colon_is_dual_stack(void **state)
{
    struct instance instance;
    struct response response;

    (void)state;
    if (!has_ipv6())
        skip();
    instance_start(&instance, FLAGS("-host=::"));
    /* The harness connects by IPv4. */
    instance_get(&instance, "/health", &response);
    response_expect_status(&response, 200);
    response_release(&response);
    instance_stop(&instance);
}

static void debug_level_logs_requests_escaped(void **state)
{
    struct instance instance;
    struct response response;

    (void)state;
    instance_start(&instance, FLAGS("-log-level=debug"));
    instance_get(&instance, "/logged%0Aline?\xc3\xa9", &response);
    response_release(&response);
    process_signal(&instance.process, SIGTERM);
    assert_int_equal(process_wait(&instance.process, PATIENCE), 0);
    char *errors = process_errors(&instance.process);
    assert_non_null(strstr(errors, "/logged%0Aline?"));
    assert_null(strstr(errors, "\xc3\xa9"));
    free(errors);
    instance_release(&instance);
}

/* libmicrohttpd logs why it rejects a request that it does not pass on. */
static void debug_level_logs_libmicrohttpd_messages(void **state)
{
    struct instance instance;
    struct connection connection;

    (void)state;
    instance_start(&instance, FLAGS("-log-level=debug"));
    instance_connect(&instance, &connection);
    connection_send_text(&connection,
                         "POST /messages HTTP/1.1\r\nHost: x\r\n"
                         "Transfer-Encoding: chunked\r\n\r\nno size\r\n");
    connection_expect_status(&connection, 400);
    connection_close(&connection);
    process_signal(&instance.process, SIGTERM);
    assert_int_equal(process_wait(&instance.process, PATIENCE), 0);
    char *errors = process_errors(&instance.process);
    const char *line = strstr(errors, "debug libmicrohttpd: ");
    assert_non_null(line);
    /* It is a line of its own, without an empty line after it. */
    assert_true(line > errors && strchr(line, '\n') != NULL);
    assert_int_not_equal(line[strcspn(line, "\n") + 1], '\n');
    free(errors);
    instance_release(&instance);
}

static void requests_are_not_logged_by_default(void **state)
{
    struct instance instance;
    struct response response;

    (void)state;
    instance_start(&instance, NULL);
    instance_get(&instance, "/not-logged", &response);
    response_release(&response);
    process_signal(&instance.process, SIGTERM);
    assert_int_equal(process_wait(&instance.process, PATIENCE), 0);
    char *errors = process_errors(&instance.process);
    assert_null(strstr(errors, "not-logged"));
    free(errors);
    instance_release(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_lists_the_flags),
        cmocka_unit_test(version_is_one_line),
        cmocka_unit_test(every_form_of_a_flag_works),
        cmocka_unit_test(variable_applies_without_a_flag),
        cmocka_unit_test(flag_overrides_the_variable),
        cmocka_unit_test(bad_flag_is_a_usage_error_of_one_line),
        cmocka_unit_test(bad_variable_is_a_usage_error_of_one_line),
        cmocka_unit_test(port_in_use_error_names_the_port_and_the_flag),
        cmocka_unit_test(unusable_address_is_named_in_the_error),
        cmocka_unit_test(ready_line_has_working_urls),
        cmocka_unit_test(double_colon_is_dual_stack),
        cmocka_unit_test(debug_level_logs_requests_escaped),
        cmocka_unit_test(debug_level_logs_libmicrohttpd_messages),
        cmocka_unit_test(requests_are_not_logged_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
