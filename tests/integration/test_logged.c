/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log says of requests and of the whole run. test_fault_log.c has a
 * log that nobody reads.
 */
#include "lib/count_parts.h"
#include "lib/harness.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FLAGS INSTANCE_FLAGS
/* The message 1 or 2 of a rocket. */
#define METADATA(id, number, type)                                             \
    "{\"metadata\":{\"channel\":\"" id "\",\"messageNumber\":" number          \
    ",\"messageTime\":\"2022-02-02T19:39:05Z\",\"messageType\":\"" type        \
    "\"},\"message\":"
#define LAUNCHED(id)                                                           \
    METADATA(id, "1", "RocketLaunched")                                        \
    "{\"type\":\"T\",\"launchSpeed\":5,\"mission\":\"M\"}}"
#define FASTER(id) METADATA(id, "2", "RocketSpeedIncreased") "{\"by\":1}}"

#define BATCH_FIELDS "Content-Type: application/x-ndjson\r\n"

static const char *const *const modes[] = {NULL,
                                           FLAGS("-threads=per-connection")};

/* A request, and what the line of level `warn` has behind the client. */
struct row {
    struct exchange exchange;
    const char *warning; /* NULL: there is none */
};

static const struct row rows[] = {
    {{.target = "/health", .status = 200}, NULL},
    {{.body = LAUNCHED("a"), .status = 202}, NULL},
    {{.target = "/rockets/unknown", .status = 404}, NULL},
    {{.target = "/favicon.ico", .status = 404}, NULL},
    {{.target = "/nothing", .body = "{}", .status = 404},
     "POST /nothing 404: "},
    {{.body = "x", .status = 400},
     "POST /messages 400: the message is not JSON: at byte 0: expected a "
     "value requestId="},
    {{.fields = "X-Request-Id: a\"\\b\r\n", .body = "x", .status = 400},
     "value requestId=a\"\\b\n"},
    {{.method = "DELETE", .target = "/rockets", .status = 405},
     "(another) /rockets 405: "},
    {{.target = "/rockets?sort=a%0Ab\xff", .status = 400},
     "GET /rockets?sort=a%0Ab\\xff 400: "},
    {{.sent = "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      .status = 400,
      .closes = true},
     "GET /health 400: "},
    {{.sent = "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
      .status = 421,
      .closes = true},
     "GET /health 421: the request's host must be localhost"},
    {{.fields = BATCH_FIELDS,
      .body = LAUNCHED("a") "\n\n{\n[]\n",
      .status = 202},
     "POST /messages 202: 2 of 3 lines rejected, the first is line 3: the "
     "message is not JSON: at byte 1: expected a member name\n"},
    {{.fields = BATCH_FIELDS, .body = LAUNCHED("a"), .status = 202}, NULL},
    {{.fields = BATCH_FIELDS, .body = "1\n2\n", .status = 400},
     "POST /messages 400: no line of the batch is a message; 2 of 2 lines "
     "rejected, the first is line 1: the message must be a JSON object "
     "requestId="},
    {{.fields = BATCH_FIELDS, .body = "[\n", .status = 400},
     "POST /messages 400: no line of the batch is a message: it is a JSON "
     "array, but must have one message a line, without brackets and commas; 1 "
     "of 1 lines rejected, the first is line 1: "},
    {{.fields = BATCH_FIELDS "Content-Encoding: gzip\r\n",
      .body = "not gzip",
      .status = 400},
     "POST /messages 400: the body is not valid gzip data: "},
};

/* Each with a service of its own, as the rate of lines is limited. */
static void refused_requests_are_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct instance instance;

        instance_start(&instance, modes[i % 2]);
        exchanges_run(&instance, &rows[i].exchange, 1);
        char *errors = instance_stop_log(&instance);
        unsigned expected = rows[i].warning != NULL;
        if (count_parts(errors, "Z warn  ") != expected ||
            count_parts(errors, "Z warn  127.0.0.1:") != expected ||
            (expected && strstr(errors, rows[i].warning) == NULL))
            fail_msg("row %zu: %s", i, errors);
        assert_int_equal(count_parts(errors, ": 1 requests, 1 refused; "),
                         expected);
        free(errors);
    }
}

static void memory_limit_is_warned_of(void **state)
{
    struct instance instance;

    (void)state;
    instance_start(&instance, FLAGS("-max-memory=1M"));
    for (unsigned status = 202; status == 202;) {
        static unsigned rockets;
        struct connection connection;
        struct response response;
        char id[64];
        instance_connect(&instance, &connection);
        snprintf(id, sizeof(id), "rocket-%u", rockets++);
        struct fleet_message message = fleet_faster(id, 1, 1);
        connection_post(&connection, message.body);
        connection_expect(&connection, &response);
        status = response.status;
        response_release(&response);
        connection_close(&connection);
    }
    char *errors = instance_stop_log(&instance);
    assert_non_null(strstr(errors, "POST /messages 503: the memory limit is "
                                   "reached"));
    assert_non_null(strstr(errors, " 1 without memory; "));
    free(errors);
}

/* A body without an end in sight gets no response. */
static void body_that_is_cut_off_is_warned_of(void **state)
{
    struct instance instance;
    struct connection connection;
    static char bytes[64 * 1024];

    (void)state;
    instance_start(&instance, FLAGS("-log-level=debug"));
    instance_connect(&instance, &connection);
    connection_send_text(&connection,
                         "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n");
    memset(bytes, ' ', sizeof(bytes));
    while (connection_send_chunks(&connection, bytes, sizeof(bytes), 4096)) {
        /* Until it is closed. */
    }
    connection_close(&connection);
    char *errors = instance_stop_log(&instance);
    assert_non_null(strstr(errors, "POST /messages no response: a message has "
                                   "at most 65536 bytes"));
    assert_non_null(strstr(errors, " ms, cut off\n"));
    assert_non_null(strstr(errors, ": 1 requests, 1 refused; "));
    free(errors);
}

/*
 * libmicrohttpd says whose request it has refused at its end; of what it could
 * not read from the first line on, only that it has refused it.
 */
static void refusals_of_libmicrohttpd_are_warned_of(void **state)
{
    static char head[20000];
    static const struct {
        const char *sent;
        unsigned status;
        const char *line;
    } refusals[] = {
        {"POST /messages HTTP/1.1\r\nHost: localhost\r\n"
         "Transfer-Encoding: chunked\r\n\r\nno size\r\n",
         400,
         " POST /messages 400: libmicrohttpd could not read the request\n"},
        {"POST /messages HTTP/1.1\r\nHost: localhost\r\n"
         "Content-Length: x\r\n\r\n",
         400,
         " (unknown) /messages 400: libmicrohttpd could not read the "
         "request\n"},
        {head, 431,
         " (unknown) /rockets 431: libmicrohttpd could not read the request\n"},
        {"GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n", 505,
         "warn  refused requests whose first line libmicrohttpd could not "
         "read: 1\n"},
    };

    (void)state;
    snprintf(head, sizeof(head), "GET /rockets HTTP/1.1\r\nX: %0*d",
             (int)sizeof(head) - 100, 0);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct instance instance;
        struct connection connection;

        instance_start(&instance, modes[i % 2]);
        instance_connect(&instance, &connection);
        /* Of another request, on the same connection. */
        connection_get(&connection, "/health");
        connection_expect_status(&connection, 200);
        connection_send_text(&connection, refusals[i].sent);
        connection_expect_status(&connection, refusals[i].status);
        connection_close(&connection);
        char *errors = instance_stop_log(&instance);
        if (strstr(errors, refusals[i].line) == NULL ||
            strstr(errors, ": 2 requests, 1 refused; ") == NULL)
            fail_msg("row %zu: %s", i, errors);
        free(errors);
    }
}

static const char unfinished[] = "POST /messages HTTP/1.1\r\n"
                                 "Host: localhost\r\nContent-Length: 9\r\n"
                                 "\r\n{";

/* Of requests that are never complete: the limit closes them. */
static void request_that_a_limit_closes_is_warned_of(void **state)
{
    enum { UNFINISHED = 24 };
    struct instance instance;
    struct connection connections[UNFINISHED];

    (void)state;
    instance_start(&instance, FLAGS("-max-connections=16"));
    for (size_t i = 0; i < UNFINISHED; i++) {
        instance_connect(&instance, &connections[i]);
        connection_send_text(&connections[i], unfinished);
    }
    process_wait_error(&instance.process,
                       " POST /messages no response: the request took too "
                       "long, or too many connections are open\n");
    for (size_t i = 0; i < UNFINISHED; i++)
        connection_close(&connections[i]);
    free(instance_stop_log(&instance));
}

/* It counts as a request, but nothing was refused. */
static void request_whose_client_leaves_is_no_refusal(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct instance instance;
        struct connection connection;

        instance_start(&instance, modes[mode]);
        instance_connect(&instance, &connection);
        connection_send_text(&connection, unfinished);
        connection_finish(&connection);
        connection_expect_closed(&connection);
        connection_close(&connection);
        char *errors = instance_stop_log(&instance);
        if (strstr(errors, " warn ") != NULL ||
            strstr(errors, ": 1 requests, 0 refused; ") == NULL)
            fail_msg("%s", errors);
        free(errors);
    }
}

static void send_refused(const struct instance *instance, int count)
{
    struct connection connection;

    instance_connect(instance, &connection);
    for (int i = 0; i < count; i++) {
        connection_post(&connection, "x");
        connection_expect_status(&connection, 400);
    }
    connection_close(&connection);
}

/*
 * A flood is a few lines, and a count of the others, which is said while the
 * service runs, and at the stop.
 */
static void flood_of_refusals_is_a_few_lines_and_a_count(void **state)
{
    enum { FLOOD = 250, MORE = 50 };
    struct instance instance;
    unsigned left_out = 0;

    (void)state;
    instance_start(&instance, NULL);
    int64_t start = process_clock();
    send_refused(&instance, FLOOD);
    process_wait_error(&instance.process, "further refused requests");
    send_refused(&instance, MORE);
    int64_t seconds = (process_clock() - start) / 1000 + 1;
    char *errors = instance_stop_log(&instance);
    size_t lines = count_parts(errors, "POST /messages 400: ");
    for (const char *at = errors;
         (at = strstr(at, "requests, not logged: ")) != NULL; at++)
        left_out += (unsigned)strtoul(strchr(at, ':') + 1, NULL, 10);
    assert_int_equal(lines + left_out, FLOOD + MORE);
    assert_in_range(lines, 10, 10 + seconds);
    assert_non_null(strstr(errors, ": 300 requests, 300 refused; "));
    free(errors);
}

/* The client's end of the connection, as the log writes it. */
static void write_client(const struct connection *connection, char *out,
                         size_t size)
{
    struct sockaddr_in address = {.sin_port = 0};
    socklen_t length = sizeof(address);

    assert_int_equal(
        getsockname(connection->socket, (struct sockaddr *)&address, &length),
        0);
    snprintf(out, size, "debug 127.0.0.1:%u ", ntohs(address.sin_port));
}

static void request_has_a_line_at_debug_level(void **state)
{
    static const char body[] = LAUNCHED("a");
    static const char health[] =
        "GET /health/ready 200: 0 bytes received, 18 in the response, ";

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct instance instance;
        struct connection connection;
        struct response response;
        char client[64], expected[256];

        instance_start(&instance, i == 0 ? FLAGS("-log-level=debug")
                                         : FLAGS("-log-level=debug",
                                                 "-threads=per-connection"));
        instance_connect(&instance, &connection);
        write_client(&connection, client, sizeof(client));
        connection_get(&connection, "/health/ready");
        connection_expect_status(&connection, 200);
        connection_post(&connection, body);
        connection_expect(&connection, &response);
        response_expect_status(&response, 202);
        size_t length = strlen(response.body);
        response_release(&response);
        connection_get(&connection, "/rockets?x=\x01");
        connection_expect_status(&connection, 400);
        connection_close(&connection);
        char *errors = instance_stop_log(&instance);
        assert_int_equal(count_parts(errors, client), 3);
        const char *line = strstr(errors, client);
        if (line == NULL)
            abort();
        line += strlen(client);
        assert_int_equal(strncmp(line, health, strlen(health)), 0);
        line += strlen(health);
        /* As in "0.123 ms". */
        size_t digits = strspn(line, "0123456789");
        assert_true(digits > 0 && line[digits] == '.');
        line += digits + 1;
        assert_int_equal(strspn(line, "0123456789"), 3);
        assert_int_equal(strncmp(line + 3, " ms\n", 4), 0);
        snprintf(
            expected, sizeof(expected),
            "%sPOST /messages 202: %zu bytes received, %zu in the response, ",
            client, strlen(body), length);
        assert_non_null(strstr(line, expected));
        assert_non_null(strstr(line, "GET /rockets?x=\\x01 400: 0 bytes "));
        free(errors);
    }
}

static void totals_are_the_last_line(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct instance instance;

        instance_start(&instance, modes[mode]);
        for (size_t i = 0; i < 3; i++) {
            /* A connection each, and so a thread each in that mode. */
            EXCHANGE(&instance, .body = LAUNCHED("a"), .status = 202);
            EXCHANGE(&instance, .body = LAUNCHED("b"), .status = 202);
            EXCHANGE(&instance, .body = "{}", .status = 400);
            EXCHANGE(&instance, .target = "/rockets/c", .status = 404);
            EXCHANGE(&instance, .fields = BATCH_FIELDS,
                     .body = FASTER("a") "\n[]\n[]\n", .status = 202);
        }
        char *errors = instance_stop_log(&instance);
        const char *line = strstr(errors, "info  stopped after ");
        if (line == NULL)
            abort();
        if (strstr(line, " s: 15 requests, 6 refused; messages: 3 applied, 6 "
                         "duplicate, 0 stale, 9 rejected, 0 without memory; 2 "
                         "rockets\n") == NULL)
            fail_msg("%s", errors);
        assert_int_equal(line[strcspn(line, "\n") + 1], '\0');
        free(errors);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_requests_are_warned_of),
        cmocka_unit_test(memory_limit_is_warned_of),
        cmocka_unit_test(body_that_is_cut_off_is_warned_of),
        cmocka_unit_test(refusals_of_libmicrohttpd_are_warned_of),
        cmocka_unit_test(request_that_a_limit_closes_is_warned_of),
        cmocka_unit_test(request_whose_client_leaves_is_no_refusal),
        cmocka_unit_test(flood_of_refusals_is_a_few_lines_and_a_count),
        cmocka_unit_test(request_has_a_line_at_debug_level),
        cmocka_unit_test(totals_are_the_last_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
