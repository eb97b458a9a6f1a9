/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of whole runs with -log-format=json: each line is an object, and the
 * events have their members.
 */
#include "lib/harness.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS INSTANCE_FLAGS

enum { MAX_LINES = 256 };

/* The lines of a log. */
struct lines {
    cJSON *all[MAX_LINES];
    size_t count;
};

static void release_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        cJSON_Delete(lines->all[i]);
}

static const char *string_of(const cJSON *line, const char *name)
{
    const char *string = cJSON_GetStringValue(cJSON_GetObjectItem(line, name));

    return string == NULL ? "" : string;
}

/* Each line must be an object of ASCII with the three members of all. */
static void read_lines(char *log, struct lines *lines)
{
    lines->count = 0;
    for (char *rest = NULL, *text = strtok_r(log, "\n", &rest); text != NULL;
         text = strtok_r(NULL, "\n", &rest)) {
        cJSON *line = cJSON_ParseWithOpts(text, NULL, true);
        for (const char *at = text; *at != '\0'; at++)
            if (*at < ' ' || *at > '~')
                fail_msg("not printable: %s", text);
        if (!cJSON_IsObject(line) || lines->count == MAX_LINES)
            fail_msg("no object, or too many: %s", text);
        if (strlen(string_of(line, "time")) != 24 ||
            *string_of(line, "level") == '\0' ||
            *string_of(line, "message") == '\0')
            fail_msg("a member is missing: %s", text);
        lines->all[lines->count++] = line;
    }
}

/* The first line whose message begins so. */
static const cJSON *find_line(const struct lines *lines, const char *message)
{
    for (size_t i = 0; i < lines->count; i++)
        if (strncmp(string_of(lines->all[i], "message"), message,
                    strlen(message)) == 0)
            return lines->all[i];
    fail_msg("no line: %s", message);
    abort();
}

static void expect_number(const cJSON *line, const char *name, double number)
{
    const cJSON *member = cJSON_GetObjectItem(line, name);

    if (!cJSON_IsNumber(member) || member->valuedouble != number)
        fail_msg("%s is not %f", name, number);
}

static void expect_request(const cJSON *line, const char *level,
                           const char *method, const char *target)
{
    assert_string_equal(string_of(line, "level"), level);
    assert_int_equal(strncmp(string_of(line, "client"), "127.0.0.1:", 10), 0);
    assert_string_equal(string_of(line, "method"), method);
    assert_string_equal(string_of(line, "target"), target);
}

static void expect_refusals(const struct lines *lines)
{
    const cJSON *line = find_line(lines, "the message is not JSON");

    expect_request(line, "warn", "POST", "/messages");
    expect_number(line, "status", 400);
    assert_string_equal(string_of(line, "requestId"), "a\"\\b");
    line = find_line(lines, "libmicrohttpd could not read the request");
    expect_request(line, "warn", "POST", "/messages?_a=\\xff\"\\x5c");
    expect_number(line, "status", 400);
    assert_false(cJSON_HasObjectItem(line, "requestId"));
    line = find_line(lines, "a message has at most 65536 bytes");
    expect_request(line, "warn", "POST", "/messages");
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(line, "status")));
    line = find_line(lines, "0 bytes received, 2 in the response, ");
    expect_request(line, "debug", "GET", "/rockets?limit=1&type=x");
    expect_number(line, "status", 200);
    expect_number(line, "receivedBytes", 0);
    expect_number(line, "sentBytes", 2);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(line, "complete")));
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(line, "durationMs")));
}

/* The first lines and the last ones, of the service itself. */
static void expect_frame(const struct lines *lines,
                         const struct instance *instance)
{
    const cJSON *line = find_line(lines, "lunar.service ");
    char address[32];

    snprintf(address, sizeof(address), "127.0.0.1:%u", instance->port);
    assert_string_equal(string_of(line, "level"), "info");
    assert_string_equal(string_of(line, "address"), address);
    assert_int_equal(strncmp(string_of(line, "message") + 14,
                             string_of(line, "version"),
                             strlen(string_of(line, "version"))),
                     0);
    expect_number(line, "threads", 2);
    expect_number(line, "maxMemoryBytes", 1 << 26);
    line = find_line(lines, "LUNAR_FOO is ignored");
    assert_string_equal(string_of(line, "level"), "warn");
    line = find_line(lines, "SIGTERM: stopping");
    assert_string_equal(string_of(line, "signal"), "SIGTERM");
    line = lines->all[lines->count - 1];
    assert_ptr_equal(line, find_line(lines, "stopped after "));
    expect_number(line, "requests", 5);
    expect_number(line, "refused", 3);
    expect_number(line, "applied", 1);
    expect_number(line, "rejected", 1);
    expect_number(line, "rockets", 1);
}

static void send_cut_body(const struct instance *instance)
{
    static char bytes[64 * 1024];
    struct connection connection;

    instance_connect(instance, &connection);
    connection_send_text(&connection,
                         "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n");
    memset(bytes, ' ', sizeof(bytes));
    while (connection_send_chunks(&connection, bytes, sizeof(bytes), 4096))
        continue; /* until it is closed */
    connection_close(&connection);
}

static void every_line_of_a_run_is_an_object(void **state)
{
    struct fleet_message one = fleet_faster("a", 1, 1);
    struct instance instance;
    struct connection connection;
    struct lines lines;

    (void)state;
    instance_start_with(
        &instance, FLAGS("-log-level=debug", "-threads=2", "-max-memory=64M"),
        FLAGS("LUNAR_LOG_FORMAT=json", "LUNAR_FOO=1"));
    EXCHANGE(&instance, .body = one.body, .status = 202);
    EXCHANGE(&instance, .target = "/rockets?limit=1&type=x", .status = 200);
    EXCHANGE(&instance, .fields = "X-Request-Id: a\"\\b\r\n", .body = "x",
             .status = 400);
    instance_connect(&instance, &connection);
    connection_send_text(
        &connection,
        "POST /messages?_a=\xff\"\\ HTTP/1.1\r\nHost: localhost\r\n"
        "Transfer-Encoding: chunked\r\n\r\nno size\r\n");
    connection_expect_status(&connection, 400);
    connection_close(&connection);
    send_cut_body(&instance);
    char *log = instance_stop_log(&instance);
    read_lines(log, &lines);
    expect_refusals(&lines);
    expect_frame(&lines, &instance);
    release_lines(&lines);
    free(log);
}

/* What ends a start is an object as well. */
static void failed_start_is_an_object(void **state)
{
    static const struct {
        const char *flag;
        int status;
        const char *message;
    } rows[] = {
        {"-port=x", 2, "-port=x: expected a number from 0 to 65535"},
        {"-host=not.an.address", 1, "-host=not.an.address: "},
        {"-host=192.0.2.1", 2,
         "-host=192.0.2.1 can be reached from other machines, and "},
        {"-bad\"\n\\", 2, "-bad\"\\x0a\\x5c: unknown flag; "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const arguments[] = {process_setting("LUNAR_SERVICE"),
                                         "-port=0", rows[i].flag,
                                         "-log-format=json", NULL};
        struct process process;
        struct lines lines;
        char *log = NULL;

        process_start(&process, arguments, NULL);
        free(process_finish(&process, rows[i].status, &log));
        read_lines(log, &lines);
        assert_int_equal(lines.count, 1);
        const cJSON *line = find_line(&lines, rows[i].message);
        assert_string_equal(string_of(line, "level"), "error");
        release_lines(&lines);
        free(log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_a_run_is_an_object),
        cmocka_unit_test(failed_start_is_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
