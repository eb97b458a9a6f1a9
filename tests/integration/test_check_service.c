/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -check-health: against the service, and against servers that are not there,
 * are slow, or send anything. The unit test has the URLs.
 */
#include "lib/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LIMIT_MS = 5000, /* of the whole check */
    LONG = 1024 * 1024,
    READ = 16 * 1024, /* bytes that are read of a response */
    MAX_TEXT = 256,
};

#define FLAGS INSTANCE_FLAGS

/*
 * Expect that it ends with `status` and prints only this line, on stdout if the
 * status is 0, else on stderr behind its name.
 */
static void expect_result(struct process *process, int status,
                          const char *expected)
{
    char *errors = NULL, line[1024];
    char *output = process_finish(process, status, &errors);

    snprintf(line, sizeof(line), "%s%s\n",
             status == 0 ? "" : "lunar.service: ", expected);
    assert_string_equal(output, status == 0 ? line : "");
    assert_string_equal(errors, status == 0 ? "" : line);
    free(output);
    free(errors);
}

static void expect_line(const char *const flags[],
                        const char *const environment[], int status,
                        const char *expected)
{
    struct process process;

    instance_start_command(&process, flags, environment);
    expect_result(&process, status, expected);
}

/* Check `path` of a service on the IPv4 loopback. */
static void expect_path(const struct instance *instance, const char *path,
                        int status, const char *result)
{
    char flag[MAX_TEXT], line[2 * MAX_TEXT];

    snprintf(flag, sizeof(flag), "-check-health=http://127.0.0.1:%u%s",
             instance->port, path);
    snprintf(line, sizeof(line), "%s: %s", strchr(flag, '=') + 1, result);
    expect_line(FLAGS(flag), NULL, status, line);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool found = fd >= 0 && bind(fd, (const struct sockaddr *)&address,
                                 sizeof(address)) == 0;

    if (fd >= 0)
        close(fd);
    return found;
}

/* Check the service that has this -host, by the same flags and variables. */
static void expect_own(const char *host)
{
    struct instance instance;
    char flag[MAX_TEXT], variable[MAX_TEXT], port[MAX_TEXT], line[MAX_TEXT];
    const char *bracket = strchr(host, ':') != NULL ? "[" : "";

    snprintf(flag, sizeof(flag), "-host=%s", host);
    instance_start(&instance, FLAGS(flag, "-insecure"));
    snprintf(port, sizeof(port), "-port=%u", instance.port);
    snprintf(line, sizeof(line), "http://%s%s%s:%u/health: 200 OK", bracket,
             host, *bracket != '\0' ? "]" : "", instance.port);
    expect_line(FLAGS("-check-health", flag, port), NULL, 0, line);
    snprintf(variable, sizeof(variable), "LUNAR_HOST=%s", host);
    snprintf(port, sizeof(port), "LUNAR_PORT=%u", instance.port);
    /* The service warns of an unknown variable; the check does not. */
    expect_line(FLAGS("--check-health"), FLAGS(variable, port, "LUNAR_PROT=1"),
                0, line);
    instance_stop(&instance);
}

static void own_service_is_found_by_the_same_settings(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "0.0.0.0",
                                        "::", "::1"};

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (strcmp(hosts[i], "::1") != 0 || has_ipv6())
            expect_own(hosts[i]);
}

static void status_and_detail_of_the_service_are_shown(void **state)
{
    struct instance instance;

    (void)state;
    instance_start(&instance, FLAGS("-drain=3600"));
    expect_path(&instance, "/health", 0, "200 OK");
    expect_path(&instance, "/health/ready?for=ingest", 0, "200 OK");
    expect_path(&instance, "/health/read", 1,
                "404 Not Found: there is nothing at this path; the Swagger "
                "UI, at swagger, lists all paths");
    expect_path(&instance, "/swagger/", 1, "302 Found");
    process_signal(&instance.process, SIGTERM);
    process_wait_error(&instance.process, "draining");
    expect_path(&instance, "/health", 0, "200 OK");
    expect_path(&instance, "/health/ready", 1,
                "503 Service Unavailable: the service is stopping: it still "
                "answers, but send new requests to another instance");
    process_signal(&instance.process, SIGTERM);
    instance_expect_end(&instance, 0);
}

/* Check https:// on the port of a service without TLS. */
static void expect_no_tls(uint16_t port)
{
    static const char *const results[] = {
        "it does not speak TLS on this port: use http://, or the port for "
        "https",
        "it closed the connection in the TLS handshake: does it speak TLS on "
        "this port?"};
    char flag[MAX_TEXT], lines[2][2 * MAX_TEXT], *errors = NULL;
    struct process process;

    snprintf(flag, sizeof(flag), "-check-health=https://127.0.0.1:%u/health",
             port);
    for (size_t i = 0; i < 2; i++)
        snprintf(lines[i], sizeof(lines[i]), "lunar.service: %s: %s\n",
                 strchr(flag, '=') + 1, results[i]);
    instance_start_command(&process, FLAGS(flag), NULL);
    free(process_finish(&process, 1, &errors));
    if (strcmp(errors, lines[1]) != 0)
        assert_string_equal(errors, lines[0]);
    free(errors);
}

/*
 * The first bytes of a handshake are random, and libmicrohttpd answers some of
 * them with 400, and closes the connection at others. What the client says of
 * either, and of certificates, is in its unit test.
 */
static void server_without_tls_is_told_from_one(void **state)
{
    enum { TIMES = 20 };
    struct instance instance;
    char flag[MAX_TEXT], line[2 * MAX_TEXT];

    (void)state;
    instance_start(&instance, FLAGS("-threads=1"));
    for (size_t i = 0; i < TIMES; i++)
        expect_no_tls(instance.port);
    snprintf(flag, sizeof(flag), "-check-health=https://127.0.0.1:%u/health",
             instance.port);
    snprintf(line, sizeof(line),
             "https://127.0.0.1:%u/health: /dev/null has no certificates of "
             "authorities (it has none): it has to be a file in PEM with lines "
             "-----BEGIN CERTIFICATE-----",
             instance.port);
    expect_line(FLAGS(flag, "-ca-file=/dev/null"), NULL, 1, line);
    instance_stop(&instance);
}

static void wrong_url_is_a_usage_error(void **state)
{
    static const char advice[] =
        "-check-health: -host and -port do not say where the service is; give "
        "its URL, as in -check-health=http://127.0.0.1:8088/health";

    (void)state;
    expect_line(FLAGS("-check-health=localhost"), NULL, 2,
                "-check-health=localhost: expected a URL, as in "
                "http://127.0.0.1:8088/health/ready, or unix:PATH, PATH of "
                "at most 107 bytes");
    expect_line(FLAGS("-check-health", "-port=0"), NULL, 2, advice);
    expect_line(FLAGS("-check-health", "-host=a/b"), NULL, 2, advice);
}

/* A socket that listens, but of which nothing is accepted. */
static int listen_silently(uint16_t *port)
{
    int fd = instance_reserve_port(port);

    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void start_url_check(struct process *process, uint16_t port)
{
    char flag[MAX_TEXT];

    snprintf(flag, sizeof(flag), "-check-health=http://127.0.0.1:%u/health",
             port);
    instance_start_command(process, FLAGS(flag), NULL);
}

static void expect_url_result(struct process *process, uint16_t port,
                              int status, const char *result)
{
    char line[2 * MAX_TEXT];

    snprintf(line, sizeof(line), "http://127.0.0.1:%u/health: %s", port,
             result);
    expect_result(process, status, line);
}

/* Accept the next connection, and receive the whole request. */
static struct connection accept_request(int listener)
{
    struct connection connection = {.socket = -1};
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    assert_true(process_poll(listener, POLLIN, deadline));
    connection.socket = accept(listener, NULL, NULL);
    assert_true(connection.socket >= 0);
    do
        assert_true(connection_fill(&connection, 4096, deadline));
    while (memmem(connection.data, connection.length, "\r\n\r\n", 4) == NULL);
    return connection;
}

static void nobody_there_is_a_failure(void **state)
{
    struct process process;
    char *errors = NULL;
    uint16_t port = 0;
    int reserved = instance_reserve_port(&port);

    (void)state;
    start_url_check(&process, port);
    expect_url_result(&process, port, 1, "cannot connect: Connection refused");
    close(reserved);
    /* The reason depends on the resolver, which may take all the time. */
    instance_start_command(&process,
                           FLAGS("-check-health=http://lunar.invalid/"), NULL);
    char *output = process_finish(&process, 1, &errors);
    assert_string_equal(output, "");
    assert_ptr_equal(strstr(errors, "lunar.service: http://lunar.invalid/: "),
                     errors);
    free(output);
    free(errors);
}

static const char request_line[] = "GET /health HTTP/1.1\r\n";

static const struct {
    const char *sent; /* then the connection is closed */
    int status;
    const char *result;
} responses[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", 0, "200 OK"},
    {"HTTP/1.0 200 \r\n\r\n", 0, "200 "},
    {"HTTP/1.1 200\n", 0, "200"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 0, "200 OK"},
    {"HTTP/1.1 204 No Content\r\n\r\n", 1, "204 No Content"},
    {"HTTP/1.1 500 \x1b[1m\xc3\xa9\r\n\r\n", 1, "500 \\x1b[1m\\xc3\\xa9"},
    {"HTTP/1.1 503 No\r\n", 1, "503 No"},
    {"HTTP/1.1 503 No\r\nA: b\r\n\r\n{\"detail\":\"why\"}", 1, "503 No: why"},
    {"HTTP/1.1 503 No\r\n\r\n{\"a\":{\"detail\":1}, \"detail\" : \"d\"} ", 1,
     "503 No: d"},
    {"HTTP/1.1 503 No\r\n\r\n{\"detail\":\"caf\xc3\xa9\"}", 1,
     "503 No: caf\\xc3\\xa9"},
    {"HTTP/1.1 503 No\r\n\r\n{\"detail\":\"\\u001b\\n\\u00e9\"}", 1,
     "503 No: \\x1b\\x0a\\xc3\\xa9"},
    {"HTTP/1.1 503 No\r\n\r\n{\"detail\":7}", 1, "503 No"},
    {"HTTP/1.1 503 No\r\n\r\n{\"detail\":\"cut", 1, "503 No"},
    {"HTTP/1.1 503 No\r\n\r\n[\"detail\"]", 1, "503 No"},
    {"HTTP/1.1 503 No\r\n\r\n<p>", 1, "503 No"},
    {"", 1,
     "no response: the connection was closed; does the port speak https://?"},
    {"HTTP/1.1 200 OK", 1, "the response is not HTTP"},
    {"\r\n", 1, "the response is not HTTP"},
    {"SSH-2.0-OpenSSH\r\n", 1, "the response is not HTTP"},
    {"HTTP/2 200\r\n", 1, "the response is not HTTP"},
    {"HTTP/1.1 20\r\n", 1, "the response is not HTTP"},
    {"HTTP/1.1 2000 OK\r\n", 1, "the response is not HTTP"},
    {"HTTP/1.1 099 OK\r\n", 1, "the response is not HTTP"},
    {"HTTP/1.1  200 OK\r\n", 1, "the response is not HTTP"},
    {"HTTP/1.1 200OK\r\n", 1, "the response is not HTTP"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, "200 OK"},
    {"HTTP/1.1 102 \r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
     "HTTP/1.1 503 No\r\nA: b\r\n\r\n{\"detail\":\"why\"}",
     1, "503 No: why"},
    {"HTTP/1.1 100 Continue\r\n\r\n", 1,
     "no response: the connection was closed; does the port speak https://?"},
    {"HTTP/1.1 103 Early Hints\r\nLink: <a>", 1, "the response is not HTTP"},
    {"HTTP/1.1 100 Continue\r\n\r\n200 OK\r\n", 1, "the response is not HTTP"},
};

/* As a whole, and a byte at a time. */
static void response_is_judged_however_it_arrives(void **state)
{
    uint16_t port = 0;
    int listener = listen_silently(&port);

    (void)state;
    for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
        size_t length = strlen(responses[i].sent);
        for (size_t part = length + 1; part > 0; part = part > 1 ? 1 : 0) {
            struct process process;

            start_url_check(&process, port);
            struct connection connection = accept_request(listener);
            assert_memory_equal(connection.data, request_line,
                                strlen(request_line));
            for (size_t at = 0; at < length; at += part)
                connection_send(&connection, responses[i].sent + at,
                                part < length - at ? part : length - at);
            connection_close(&connection);
            expect_url_result(&process, port, responses[i].status,
                              responses[i].result);
        }
    }
    close(listener);
}

/*
 * No more than the beginning is read, whether more follows or the connection
 * stays open.
 */
static void long_responses_are_judged_by_their_beginning(void **state)
{
    static const struct {
        const char *start;
        int status;
        const char *result;
    } rows[] = {{"HTTP/1.1 200 OK\r\n", 0, "200 OK"},
                {"HTTP/1.1 503 No\r\n\r\n{\"detail\":\"", 1, "503 No"},
                {"HTTP/1.1 200 ", 1, "the response is not HTTP"},
                {"", 1, "the response is not HTTP"}};
    char *filling = malloc(LONG);
    uint16_t port = 0;
    int listener = listen_silently(&port);

    (void)state;
    assert_non_null(filling);
    memset(filling, 'x', LONG);
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        const char *start = rows[i / 2].start;
        struct process process;

        start_url_check(&process, port);
        struct connection connection = accept_request(listener);
        connection_send_text(&connection, start);
        connection_send(&connection, filling,
                        i % 2 == 0 ? LONG : READ - strlen(start));
        expect_url_result(&process, port, rows[i / 2].status,
                          rows[i / 2].result);
        connection_close(&connection);
    }
    free(filling);
    close(listener);
}

static void reset_connection_is_a_failure(void **state)
{
    struct linger reset = {.l_onoff = 1};
    struct process process;
    uint16_t port = 0;
    int listener = listen_silently(&port);

    (void)state;
    start_url_check(&process, port);
    struct connection connection = accept_request(listener);
    assert_int_equal(setsockopt(connection.socket, SOL_SOCKET, SO_LINGER,
                                &reset, sizeof(reset)),
                     0);
    connection_close(&connection);
    expect_url_result(
        &process, port, 1,
        "no response: the connection broke: Connection reset by peer");
    close(listener);
}

/* Start the check with SIGALRM blocked, and one of them pending. */
static void start_with_alarm(struct process *process, uint16_t port)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    start_url_check(process, port);
    process_signal(process, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/*
 * Servers that keep the connection open: one that does not accept it, one that
 * sends a part of a line, one that sends a whole refusal, and one that says
 * 200. Only the last is not waited for. Only the signal of the timer ends the
 * check, even if whoever starts it has blocked that signal.
 */
static void whole_check_has_a_limit_of_time(void **state)
{
    static const struct {
        const char *sent; /* NULL: not accepted */
        int status;
        const char *result;
        bool alarm;
    } rows[] = {
        {NULL, 1, "no response within 5 s", false},
        {"HTTP/1.1 20", 1, "no response within 5 s", false},
        {"", 1, "no response within 5 s", true},
        {"HTTP/1.1 503 No\r\n\r\n{\"detail\":\"why\"}", 1, "503 No: why",
         false},
        {"HTTP/1.1 200 OK\r\n", 0, "200 OK", false},
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
    struct process processes[ROWS];
    struct connection connections[ROWS] = {{0}};
    int listeners[ROWS];
    uint16_t ports[ROWS] = {0};
    int64_t begin = process_clock();

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        listeners[i] = listen_silently(&ports[i]);
        if (rows[i].alarm)
            start_with_alarm(&processes[i], ports[i]);
        else
            start_url_check(&processes[i], ports[i]);
        connections[i].socket = -1;
        if (rows[i].sent == NULL)
            continue;
        connections[i] = accept_request(listeners[i]);
        connection_send_text(&connections[i], rows[i].sent);
    }
    for (size_t i = ROWS; i-- > 0;) {
        expect_url_result(&processes[i], ports[i], rows[i].status,
                          rows[i].result);
        assert_true(rows[i].status == 0 || process_clock() - begin >= LIMIT_MS);
        connection_close(&connections[i]);
        close(listeners[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_service_is_found_by_the_same_settings),
        cmocka_unit_test(status_and_detail_of_the_service_are_shown),
        cmocka_unit_test(server_without_tls_is_told_from_one),
        cmocka_unit_test(wrong_url_is_a_usage_error),
        cmocka_unit_test(nobody_there_is_a_failure),
        cmocka_unit_test(response_is_judged_however_it_arrives),
        cmocka_unit_test(long_responses_are_judged_by_their_beginning),
        cmocka_unit_test(reset_connection_is_a_failure),
        cmocka_unit_test(whole_check_has_a_limit_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
