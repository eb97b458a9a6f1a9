/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /messages with application/x-ndjson: results, refusals, and how bodies
 * arrive: long, in pieces, followed by other requests, and cut short. The unit
 * tests cover what lines may contain.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Wait until the rocket's last message number is at least `number`. */
/* Send the head of a batch whose body will have `length` bytes. */
static void begin_batch(const struct instance *instance,
                        struct connection *connection, const char *fields,
                        size_t length)
{
    instance_connect(instance, connection);
    connection_print(connection,
                     "POST /messages HTTP/1.1\r\nHost: localhost\r\n" BULK_TYPE
                     "%sContent-Length: %zu\r\n\r\n",
                     fields, length);
}

/*
 * Send a chunked batch in chunks of `size` bytes, the last request of its
 * connection; without the last chunk if `length` is less than that of the
 * batch.
 */
static void send_chunks(struct connection *connection, const struct bulk *bulk,
                        size_t length, size_t size)
{
    connection_request(connection, "POST", "/messages", BULK_CHUNKED);
    connection_send_chunks(connection, bulk->text, length, size);
    if (length == bulk->length)
        connection_send_text(connection, "0\r\n\r\n");
}

static void each_line_is_applied_and_counted(void **state)
{
    struct fleet_message one = fleet_faster("counted-1", 1, 1);
    struct fleet_message two = fleet_faster("counted-1", 2, 1);
    char body[5 * FLEET_MAX_MESSAGE];

    snprintf(body, sizeof(body), "%s\n\r\n{}\r\n%s\n%s\r\n[]\n%s", one.body,
             two.body, two.body, one.body);
    EXCHANGE(*state, .fields = BULK_TYPE, .body = body, .status = 202,
             .header = "Content-Type", .value = "application/json",
             .exact =
                 "{\"applied\":2,\"duplicate\":2,\"stale\":0,\"rejected\":2,"
                 "\"errors\":[{\"line\":3,\"detail\":\"metadata is missing: "
                 "expected an object\"},{\"line\":6,\"detail\":\"the message "
                 "must be a JSON object\"}]}");
    assert_int_equal(bulk_messages_of(*state, "counted-1"), 2);
}

static void media_type_ignores_case_and_parameters(void **state)
{
    static const char *const fields[] = {
        "Content-Type: Application/X-NDJSON\r\n",
        "Content-Type: application/x-ndjson; charset=utf-8\r\n",
        "Content-Type: application/x-ndjson;v=1\r\n",
        "Content-Type: application/ndjson\r\n",
        "Content-Type: application/jsonl; charset=utf-8\r\n",
        "Content-Type: application/JSONLines\r\n",
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        EXCHANGE(*state, .fields = fields[i],
                 .body = fleet_faster("typed-2", i + 1, 1).body, .status = 202,
                 .exact = BULK_RESULT("1", "0"));
}

/* Only a POST to /messages is a batch by this type. */
static void other_requests_ignore_the_batch_type(void **state)
{
    static const struct exchange rows[] = {
        {"GET", "/health", BULK_TYPE, .status = 200},
        {"HEAD", "/rockets", BULK_TYPE, .status = 200},
        {"GET", "/messages", BULK_TYPE, .status = 405},
        {"HEAD", "/messages", BULK_TYPE, .status = 405},
        {"PUT", "/messages", BULK_TYPE, .status = 405},
        {"OPTIONS", "/messages", BULK_TYPE, .status = 204},
        {"POST", "/rockets", BULK_TYPE, .status = 405},
        {"POST", "/messages/", BULK_TYPE, .status = 404},
        {"POST", "/messages?%", BULK_TYPE, .status = 400},
    };

    EXCHANGES_RUN(*state, rows);
}

static void empty_batch_is_accepted(void **state)
{
    static const struct exchange rows[] = {
        {.fields = BULK_TYPE,
         .body = "",
         .status = 202,
         .exact = BULK_RESULT("0", "0")},
        {"POST", .fields = BULK_TYPE, .status = 202,
         .exact = BULK_RESULT("0", "0")},
        {.sent = "POST /messages HTTP/1.1\r\nHost: localhost\r\n" BULK_CHUNKED
                 "\r\n0\r\n\r\n",
         .status = 202,
         .exact = BULK_RESULT("0", "0"),
         .closes = true},
        {.fields = BULK_TYPE,
         .body = "\n \t\r\n",
         .status = 202,
         .exact = BULK_RESULT("0", "0")},
    };

    EXCHANGES_RUN(*state, rows);
}

#define NO_LINE "no line of the batch is a message: "

static void batch_without_a_message_is_refused(void **state)
{
    struct fleet_message one = fleet_faster("refused-1", 1, 1);
    struct fleet_message two = fleet_faster("refused-1", 2, 1);
    char array[3 * FLEET_MAX_MESSAGE], joined[3 * FLEET_MAX_MESSAGE];
    const struct exchange rows[] = {
        {.fields = BULK_TYPE "X-Request-Id: 7\r\n",
         .body = "\n{}\nnull",
         .status = 400,
         .header = "Content-Type",
         .value = "application/problem+json",
         .exact = "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
                  "\"status\":400,\"detail\":\"" NO_LINE
                  "\\\"errors\\\" says why for each\",\"applied\":0,"
                  "\"duplicate\":0,\"stale\":0,\"rejected\":2,\"errors\":["
                  "{\"line\":2,\"detail\":\"metadata is missing: expected an "
                  "object\"},{\"line\":3,\"detail\":\"the message must be a "
                  "JSON object\"}],\"requestId\":\"7\"}"},
        {.fields = BULK_TYPE,
         .body = array,
         .status = 400,
         .part = NO_LINE "it is a JSON array"},
        {.fields = BULK_TYPE,
         .body = joined,
         .status = 400,
         .part = NO_LINE "several messages are on one line"},
        /* Not if there is one message, even if it changes nothing. */
        {.fields = BULK_TYPE, .body = one.body, .status = 202},
    };

    snprintf(array, sizeof(array), "[%s,\n%s]", one.body, two.body);
    snprintf(joined, sizeof(joined), "%s%s", one.body, two.body);
    EXCHANGES_RUN(*state, rows);
    snprintf(joined, sizeof(joined), "[]\n%s\n", one.body);
    EXCHANGE(*state, .fields = BULK_TYPE, .body = joined, .status = 202,
             .part =
                 "\"applied\":0,\"duplicate\":1,\"stale\":0,\"rejected\":1");
}

/* Only the first 100 errors are reported. */
static void many_invalid_lines_are_counted(void **state)
{
    enum { BAD = 250 };
    struct response response;
    struct connection connection;
    char body[3 * BAD + 1];

    for (size_t i = 0; i < BAD; i++)
        snprintf(body + 3 * i, sizeof(body) - 3 * i, "{}\n");
    instance_connect(*state, &connection);
    connection_post_with(&connection, BULK_TYPE "X-Request-Id: 7\r\n", body);
    connection_expect(&connection, &response);
    response_expect_status(&response, 400);
    assert_non_null(strstr(response.body, "\"rejected\":250,"));
    const char *last = strstr(response.body, "{\"line\":100,");
    assert_non_null(last);
    assert_string_equal(strchr(last, '}'), "}],\"requestId\":\"7\"}");
    response_release(&response);
    bulk_expect_next(&connection);
    connection_close(&connection);
}

static void too_long_line_rejects_only_itself(void **state)
{
    enum { LONG = 3000000 };
    struct fleet_message one = fleet_faster("line-1", 1, 1);
    struct fleet_message two = fleet_faster("line-1", 2, 1);
    struct bulk bulk;

    bulk_begin(&bulk);
    fprintf(bulk.stream, "%s\n%s%*s\n%s\n", one.body, two.body, LONG, "",
            two.body);
    bulk_end(&bulk);
    EXCHANGE(*state, .fields = BULK_TYPE, .body = bulk.text, .status = 202,
             .exact =
                 "{\"applied\":2,\"duplicate\":0,\"stale\":0,\"rejected\":1,"
                 "\"errors\":[{\"line\":2,\"detail\":\"the line is longer "
                 "than 65536 bytes\"}]}");
    free(bulk.text);
}

/*
 * The bodies are far longer than a single message may be, and longer than what
 * the service reads to discard it.
 */
static void body_has_no_limit(void **state)
{
    enum { MESSAGES = 30000, CHUNK = 100000 };
    struct bulk bulk = bulk_make("long-1", 1, MESSAGES);
    struct connection connection;

    assert_in_range(bulk.length, 4 * 1024 * 1024, SIZE_MAX);
    instance_connect(*state, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect(&connection, BULK_RESULT("30000", "0"));
    send_chunks(&connection, &bulk, bulk.length, CHUNK);
    bulk_expect_last(&connection, BULK_RESULT("0", "30000"));
    assert_int_equal(bulk_messages_of(*state, "long-1"), MESSAGES);
    free(bulk.text);
}

/*
 * Parts that end within a line, at its end and just before it. Each part is a
 * chunk of its own, so that the service never reads a longer one.
 */
static void lines_may_span_chunks(void **state)
{
    struct bulk bulk = bulk_make("cut-1", 1, 20);
    struct connection connection;
    size_t line = strcspn(bulk.text, "\n");
    size_t sizes[] = {1, 7, line - 1, line, line + 1, line + 2, 1000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        instance_connect(*state, &connection);
        send_chunks(&connection, &bulk, bulk.length, sizes[i]);
        bulk_expect_last(&connection, i == 0 ? BULK_RESULT("20", "0")
                                             : BULK_RESULT("0", "20"));
    }
    free(bulk.text);
}

static void messages_are_applied_as_they_arrive(void **state)
{
    struct bulk bulk = bulk_make("early-1", 1, 4);
    size_t line = strcspn(bulk.text, "\n") + 1;
    struct connection connection;

    begin_batch(*state, &connection, "Expect: 100-continue\r\n", bulk.length);
    connection_expect_status(&connection, 100);
    /*
     * Send a line and a half; the other half; half a line; its rest without the
     * line feed; the rest.
     */
    connection_send(&connection, bulk.text, line + line / 2);
    bulk_wait_for(*state, "early-1", 1);
    connection_send(&connection, bulk.text + line + line / 2, line - line / 2);
    bulk_wait_for(*state, "early-1", 2);
    connection_send(&connection, bulk.text + 2 * line, line / 2);
    assert_int_equal(bulk_messages_of(*state, "early-1"), 2);
    connection_send(&connection, bulk.text + 2 * line + line / 2,
                    line - line / 2 - 1);
    assert_int_equal(bulk_messages_of(*state, "early-1"), 2);
    assert_false(connection_has_news(&connection));
    connection_send(&connection, bulk.text + 3 * line - 1, line + 1);
    bulk_expect_applied(&connection, 4);
    bulk_expect_next(&connection);
    connection_close(&connection);
    free(bulk.text);
}

/*
 * Complete lines are applied. The rest is not, even if it is a whole message:
 * more bytes of the line might have followed.
 */
static void interrupted_batch_applies_its_complete_lines(void **state)
{
    struct bulk bulk = bulk_make("gone-1", 1, 1000);
    struct connection connection;

    begin_batch(*state, &connection, "", 2 * bulk.length);
    connection_send(&connection, bulk.text, bulk.length - 1);
    connection_close(&connection);
    bulk_wait_for(*state, "gone-1", 999);
    instance_connect(*state, &connection);
    send_chunks(&connection, &bulk, bulk.length - 1, bulk.length);
    connection_finish(&connection);
    connection_expect_closed(&connection);
    connection_close(&connection);
    assert_int_equal(bulk_messages_of(*state, "gone-1"), 999);
    EXCHANGE(*state, .fields = BULK_TYPE, .body = bulk.text, .status = 202,
             .exact = BULK_RESULT("1", "999"));
    free(bulk.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_applied_and_counted),
        cmocka_unit_test(media_type_ignores_case_and_parameters),
        cmocka_unit_test(other_requests_ignore_the_batch_type),
        cmocka_unit_test(empty_batch_is_accepted),
        cmocka_unit_test(batch_without_a_message_is_refused),
        cmocka_unit_test(many_invalid_lines_are_counted),
        cmocka_unit_test(too_long_line_rejects_only_itself),
        cmocka_unit_test(body_has_no_limit),
        cmocka_unit_test(lines_may_span_chunks),
        cmocka_unit_test(messages_are_applied_as_they_arrive),
        cmocka_unit_test(interrupted_batch_applies_its_complete_lines),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests);
}
