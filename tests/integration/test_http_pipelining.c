/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipelined requests (RFC 9112 section 9.3.2): answered in order, each as if
 * sent alone. Requests after one that closes the connection have no effect.
 */
#include "http_case.h"

#include "lib/bulk.h"
#include "lib/harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POSTED HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE
#define GET HTTP_GET "\r\n"

/* Three requests; the second is the one under test. */
#define BETWEEN(text) HTTP_SENT(POSTED text GET)
/* A request whose successor must have no effect. */
#define BEFORE_SMUGGLED(text) HTTP_SENT(POSTED text HTTP_SMUGGLED)

#define KEEPS(status)                                                          \
    .responses = {202, status, 200}, .next = HTTP_ANSWERED, .applied = true
#define CLOSES(status)                                                         \
    .responses = {202, status}, .next = HTTP_CLOSED, .applied = true

static const struct http_case rows[] = {
    {"RFC 9112 9.3.2", "a GET", BETWEEN(GET), KEEPS(200)},
    {"RFC 9112 9.3.2", "the same POST", BETWEEN(POSTED), KEEPS(202)},
    {"RFC 9112 9.3.2", "a POST in chunks",
     BETWEEN(HTTP_POST HTTP_CHUNKED "\r\na0\r\n" HTTP_MESSAGE "\r\n0\r\n\r\n"),
     KEEPS(202)},
    {"RFC 9112 2.2", "with empty lines between", BETWEEN("\r\n" GET "\r\n"),
     KEEPS(200)},
    {"RFC 9110 9.3.7", "an OPTIONS without content",
     BETWEEN("OPTIONS * HTTP/1.1\r\n" HTTP_HOST "\r\n"), KEEPS(204)},
    {"RFC 9110 15.5.5", "an unknown path",
     BETWEEN("GET /nowhere HTTP/1.1\r\n" HTTP_HOST "\r\n"), KEEPS(404)},
    {"RFC 9110 15.5.5", "an unknown path, with a body",
     BETWEEN("POST /nowhere HTTP/1.1\r\n" HTTP_HOST
             "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     KEEPS(404)},
    {"RFC 9110 15.5.6", "a method that is not allowed",
     BETWEEN("DELETE /messages HTTP/1.1\r\n" HTTP_HOST
             "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     KEEPS(405)},
    {"RFC 9110 15.5.1", "an invalid body",
     BETWEEN(HTTP_POST "Content-Length: 1\r\n\r\n{"), KEEPS(400)},
    {"RFC 9110 15.5.1", "an invalid target",
     BETWEEN("GET /%zz HTTP/1.1\r\n" HTTP_HOST "\r\n"), KEEPS(400)},
    {"RFC 9110 15.5.4", "a cross-site request",
     BETWEEN(HTTP_POST "Sec-Fetch-Site: cross-site\r\n"
                       "Content-Length: 225\r\n\r\n" HTTP_SMUGGLED),
     KEEPS(403)},
    {"RFC 9112 9.3", "HTTP/1.0 with keep-alive",
     BETWEEN("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
     KEEPS(200)},
    {"RFC 9112 9.3", "HTTP/1.0",
     BEFORE_SMUGGLED("GET /health HTTP/1.0\r\n\r\n"), CLOSES(200)},
    {"RFC 9112 9.6", "Connection: close",
     BEFORE_SMUGGLED(HTTP_GET "Connection: close\r\n\r\n"), CLOSES(200)},
    {"RFC 9112 6.3", "two lengths",
     BEFORE_SMUGGLED(HTTP_POST "Content-Length: 0\r\n" HTTP_LENGTH "\r\n"),
     CLOSES(400)},
    {"RFC 9112 6.1", "a coding and a length",
     BEFORE_SMUGGLED(HTTP_POST "Content-Length: 0\r\n" HTTP_CHUNKED
                               "\r\n0\r\n\r\n"),
     CLOSES(400)},
    {"RFC 9112 7.1", "an invalid chunk",
     BEFORE_SMUGGLED(HTTP_POST HTTP_CHUNKED "\r\nx\r\n"), CLOSES(400)},
    {"RFC 9112 3", "an invalid request line",
     BEFORE_SMUGGLED("GET /hea lth HTTP/1.1\r\n" HTTP_HOST "\r\n"),
     CLOSES(400)},
    {"RFC 9110 15.6.6", "HTTP/2",
     BEFORE_SMUGGLED("GET /health HTTP/2.0\r\n" HTTP_HOST "\r\n"), CLOSES(505)},
    {"RFC 9110 10.1.1", "Expect with a body that is too long",
     BEFORE_SMUGGLED(HTTP_POST "Expect: 100-continue\r\n"
                               "Content-Length: 65537\r\n\r\n"),
     CLOSES(413)},
    {"RFC 9110 10.1.1", "an unknown expectation",
     BEFORE_SMUGGLED(HTTP_GET "Expect: x\r\n\r\n"), CLOSES(417)},
};

static void each_request_is_answered_as_if_sent_alone(void **state)
{
    HTTP_CASES_RUN(*state, rows);
}

/* Each 100 keeps its place among the responses. */
static void pipelined_requests_may_expect_100(void **state)
{
    static const unsigned statuses[] = {100, 202, 100, 202, 200};
    struct fleet_message message = fleet_faster("pipeline-asks", 1, 1);
    struct connection connection;

    instance_connect(*state, &connection);
    for (int i = 0; i < 2; i++)
        assert_true(connection_post_with(
            &connection, "Expect: 100-continue\r\n", message.body));
    assert_true(connection_get(&connection, "/health"));
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        connection_expect_status(&connection, statuses[i]);
    connection_close(&connection);
}

/* A body that is too long is read and discarded, up to 1 MiB. */
static void too_long_body_is_discarded(void **state)
{
    enum { TOO_LONG = 1000 * 1000 };
    char *body = malloc(TOO_LONG + 1);
    struct connection connection;

    assert_non_null(body);
    memset(body, ' ', TOO_LONG);
    body[TOO_LONG] = '\0';
    instance_connect(*state, &connection);
    assert_true(connection_post(&connection, body));
    assert_true(connection_get(&connection, "/health"));
    connection_expect_status(&connection, 413);
    connection_expect_status(&connection, 200);
    connection_close(&connection);
    free(body);
}

enum { SERIES = 3000, KINDS = 4 };

/* Send request number `i` of a long series of four kinds in turn. */
static bool send_nth(struct connection *connection, uint64_t i)
{
    struct fleet_message message =
        fleet_faster("pipeline-long", i / KINDS + 1, 1);

    switch (i % KINDS) {
    case 0:
        return connection_post(connection, message.body);
    case 1:
        return connection_get(connection, "/rockets/pipeline-long");
    case 2:
        return connection_get(connection, "/rockets/nowhere");
    default:
        return connection_request(connection, "OPTIONS", "/messages", "");
    }
}

static void expect_nth(struct connection *connection, uint64_t i)
{
    static const unsigned statuses[] = {202, 200, 404, 204};
    struct response response;
    char member[64];

    connection_expect(connection, &response);
    response_expect_status(&response, statuses[i % KINDS]);
    snprintf(member, sizeof(member), "\"lastMessageNumber\":%ju,",
             (uintmax_t)(i / KINDS + 1));
    if (i % KINDS == 1)
        assert_non_null(strstr(response.body, member));
    response_release(&response);
}

struct sender {
    struct connection *connection;
    atomic_bool sent;
};

static void *send_series(void *context)
{
    struct sender *sender = context;
    bool sent = true;

    for (uint64_t i = 0; sent && i < SERIES; i++)
        sent = send_nth(sender->connection, i);
    sender->sent = sent;
    return NULL;
}

/*
 * More requests than all buffers hold: the sender never waits for a response,
 * only for the service to read on. Sending and receiving share only the socket
 * of the connection.
 */
static void thousands_of_requests_are_answered_in_order(void **state)
{
    struct connection connection;
    struct sender sender = {.connection = &connection};
    pthread_t thread;

    instance_connect(*state, &connection);
    assert_int_equal(pthread_create(&thread, NULL, send_series, &sender), 0);
    for (uint64_t i = 0; i < SERIES; i++)
        expect_nth(&connection, i);
    pthread_join(thread, NULL);
    assert_true(sender.sent);
    assert_false(connection_has_news(&connection));
    connection_close(&connection);
}

/*
 * A batch is applied as it arrives; the bytes after it must not be applied as
 * part of it.
 */
static void pipelined_batches_are_separate(void **state)
{
    enum { BATCHES = 50, LINES = 100 };
    struct connection connection;
    char body[128];

    instance_connect(*state, &connection);
    for (uint64_t i = 0; i < BATCHES; i++) {
        struct bulk bulk =
            bulk_make("pipeline-batch", i * LINES + 1, (i + 1) * LINES);
        assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
        free(bulk.text);
    }
    assert_true(connection_get(&connection, "/health"));
    snprintf(body, sizeof(body),
             "{\"applied\":%d,\"duplicate\":0,\"stale\":0,\"rejected\":0,"
             "\"errors\":[]}",
             LINES);
    for (unsigned i = 0; i < BATCHES; i++)
        bulk_expect(&connection, body);
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_answered_as_if_sent_alone),
        cmocka_unit_test(pipelined_requests_may_expect_100),
        cmocka_unit_test(too_long_body_is_discarded),
        cmocka_unit_test(thousands_of_requests_are_answered_in_order),
        cmocka_unit_test(pipelined_batches_are_separate),
    };
    return HTTP_RUN_TESTS(tests);
}
