/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipelined requests (RFC 9112 section 9.3.2): answered in order, each as if
 * sent alone. Requests after one that closes the connection have no effect.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Three requests; the second is the one under test. */
#define BETWEEN(text) SENT(POST WITH_MESSAGE text GET "\r\n")
/* A request whose successor must have no effect. */
#define BEFORE_SMUGGLED(text) SENT(POST WITH_MESSAGE text SMUGGLED)

#define KEEPS(status)                                                          \
    .responses = {202, status, 200}, .next = HTTP_ANSWERED, .applied = true
#define CLOSES(status)                                                         \
    .responses = {202, status}, .next = HTTP_CLOSED, .applied = true

static const struct http_case each_request_is_answered_as_if_sent_alone[] = {
    {"9112 9.3.2", "a GET", BETWEEN(GET "\r\n"), KEEPS(200)},
    {"9112 9.3.2", "the same POST", BETWEEN(POST WITH_MESSAGE), KEEPS(202)},
    {"9112 9.3.2", "a POST in chunks", BETWEEN(POST WITH_CHUNK), KEEPS(202)},
    {"9112 2.2", "with empty lines", BETWEEN("\r\n" GET "\r\n\r\n"),
     KEEPS(200)},
    {"9110 9.3.7", "an OPTIONS without content",
     BETWEEN("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), KEEPS(204)},
    {"9110 15.5.5", "an unknown path",
     BETWEEN("GET /nowhere HTTP/1.1\r\n" HOST "\r\n"), KEEPS(404)},
    {"9110 15.5.5", "an unknown path, with a body",
     BETWEEN("POST /nowhere HTTP/1.1\r\n" HOST WITH_SMUGGLED), KEEPS(404)},
    {"9110 15.5.6", "a method that is not allowed",
     BETWEEN("DELETE /messages HTTP/1.1\r\n" HOST WITH_SMUGGLED), KEEPS(405)},
    {"9110 15.5.1", "an invalid body",
     BETWEEN(POST "Content-Length: 1\r\n\r\n{"), KEEPS(400)},
    {"9110 15.5.1", "an invalid target",
     BETWEEN("GET /%zz HTTP/1.1\r\n" HOST "\r\n"), KEEPS(400)},
    {"9110 15.5.4", "a cross-site request",
     BETWEEN(POST "Sec-Fetch-Site: cross-site\r\n" WITH_SMUGGLED), KEEPS(403)},
    {"9112 9.3", "HTTP/1.0 with keep-alive",
     BETWEEN("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
     KEEPS(200)},
    {"9112 9.3", "HTTP/1.0", BEFORE_SMUGGLED("GET /health HTTP/1.0\r\n\r\n"),
     CLOSES(200)},
    {"9112 9.6", "Connection: close",
     BEFORE_SMUGGLED(GET "Connection: close\r\n\r\n"), CLOSES(200)},
    {"9112 6.3", "two lengths",
     BEFORE_SMUGGLED(POST "Content-Length: 0\r\n" LENGTH "\r\n"), CLOSES(400)},
    {"9112 6.1", "a coding and a length",
     BEFORE_SMUGGLED(POST "Content-Length: 0\r\n" CHUNKED LAST_CHUNK),
     CLOSES(400)},
    {"9112 7.1", "an invalid chunk", BEFORE_SMUGGLED(POST CHUNKED "\r\nx\r\n"),
     CLOSES(400)},
    {"9112 3", "an invalid request line",
     BEFORE_SMUGGLED("GET /hea lth HTTP/1.1\r\n" HOST "\r\n"), CLOSES(400)},
    {"9110 15.6.6", "HTTP/2",
     BEFORE_SMUGGLED("GET /health HTTP/2.0\r\n" HOST "\r\n"), CLOSES(505)},
    {"9110 10.1.1", "Expect with a body that is too long",
     BEFORE_SMUGGLED(POST EXPECT "Content-Length: 65537\r\n\r\n"), CLOSES(413)},
    {"9110 10.1.1", "an unknown expectation",
     BEFORE_SMUGGLED(GET "Expect: x\r\n\r\n"), CLOSES(417)},
    {"9110 10.1.1", "two that expect 100: each keeps its place",
     SENT(POST EXPECT WITH_MESSAGE POST EXPECT WITH_MESSAGE),
     .responses = {100, 202, 100, 202}, .next = HTTP_ANSWERED, .applied = true},
    /* A leftover of the first expectation would contradict the empty one. */
    {"9110 10.1.1", "an expectation, and an empty one",
     SENT(POST EXPECT WITH_MESSAGE POST "Expect:\r\n" WITH_MESSAGE),
     .responses = {100, 202, 202}, .next = HTTP_ANSWERED, .applied = true},
};

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

/* Returns NULL if it could not send all. */
static void *send_series(void *connection)
{
    for (uint64_t i = 0; i < SERIES; i++)
        if (!send_nth(connection, i))
            return NULL;
    return connection;
}

/*
 * More requests than all buffers hold: the sender never waits for a response,
 * only for the service to read on. Sending and receiving share only the socket
 * of the connection.
 */
static void thousands_of_requests_are_answered_in_order(void **state)
{
    struct connection connection;
    void *sent = NULL;
    pthread_t thread;

    (void)state;
    instance_connect(http_service(), &connection);
    assert_int_equal(pthread_create(&thread, NULL, send_series, &connection),
                     0);
    for (uint64_t i = 0; i < SERIES; i++)
        expect_nth(&connection, i);
    pthread_join(thread, &sent);
    assert_non_null(sent);
    assert_false(connection_has_news(&connection));
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TABLE(each_request_is_answered_as_if_sent_alone),
        cmocka_unit_test(thousands_of_requests_are_answered_in_order),
    };
    return HTTP_RUN_TESTS(tests);
}
