/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several responses on a connection: to pipelined requests, in order, each as
 * if sent alone (RFC 9112 section 9.3.2), and 100 before a final one (RFC 9110
 * section 10.1.1). Requests after one that closes the connection have no
 * effect.
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
    {"9112 9.3.2", "a GET of a longer body",
     BETWEEN("GET /rockets?limit=9 HTTP/1.1\r\n" HOST "\r\n"), KEEPS(200)},
    /* libmicrohttpd may mistake where the chunks end. */
    {"9112 7.1", "a POST in chunks",
     SENT(POST WITH_CHUNK SMUGGLED POST WITH_CHUNK), APPLIED_LAST},
    {"9112 2.2", "empty lines", BETWEEN("\r\n" GET "\r\n\r\n"), KEEPS(200)},
    {"9110 15.5.4", "a cross-site request",
     BETWEEN(POST "Sec-Fetch-Site: cross-site\r\n" WITH_SMUGGLED), KEEPS(403)},
    {"9110 15.5.5", "an unknown path, with a body",
     BETWEEN("POST /nowhere HTTP/1.1\r\n" HOST WITH_SMUGGLED), KEEPS(404)},
    {"9110 15.5.6", "a method that is not allowed",
     BETWEEN("DELETE /messages HTTP/1.1\r\n" HOST WITH_SMUGGLED), KEEPS(405)},
    {"9110 15.5.1", "an invalid body",
     BETWEEN(POST "Content-Length: 1\r\n\r\n{"), KEEPS(400)},
    {"9112 9.3", "HTTP/1.0", BEFORE_SMUGGLED("GET /health HTTP/1.0\r\n\r\n"),
     CLOSES(200)},
    {"9112 9.6", "Connection: close",
     BEFORE_SMUGGLED(GET "Connection: close\r\n\r\n"), CLOSES(200)},
    {"9112 7.1", "an invalid chunk", BEFORE_SMUGGLED(POST CHUNKED "\r\nx\r\n"),
     CLOSES(400)},
    {"9110 10.1.1", "two that expect 100: each keeps its place",
     SENT(POST EXPECT WITH_MESSAGE POST EXPECT WITH_MESSAGE),
     .responses = {100, 202, 100, 202}, .next = HTTP_ANSWERED, .applied = true},
    /* A leftover of the first expectation would contradict the empty one. */
    {"9110 10.1.1", "an expectation, and an empty one",
     SENT(POST EXPECT WITH_MESSAGE POST "Expect:\r\n" WITH_MESSAGE),
     .responses = {100, 202, 202}, .next = HTTP_ANSWERED, .applied = true},
};

#define CONTINUED(status) .responses = {100, status}, .next = HTTP_ANSWERED
#define FAILED LAST(417)

/*
 * A client announces its body and gets 100, or a final status instead. Some
 * clients do not wait, have no body, or send other expectations.
 */
static const struct http_case clients_that_do_not_wait_get_responses[] = {
    {"9110 10.1.1", "a body with a length", FIELD("Expect: 100-continue"),
     CONTINUED(202), .applied = true},
    {"9110 10.1.1", "in other letter case", FIELD("expect: 100-CONTINUE"),
     CONTINUED(202), .applied = true},
    {"9110 10.1.1", "with another method",
     SENT("PUT /messages HTTP/1.1\r\n" HOST EXPECT WITH_MESSAGE),
     CONTINUED(405)},
    {"9110 10.1.1", "to an unknown path",
     SENT("POST /nowhere HTTP/1.1\r\n" HOST EXPECT WITH_MESSAGE),
     CONTINUED(404)},
    {"9110 10.1.1", "from another site",
     FIELD(EXPECT "Origin: http://elsewhere"), CONTINUED(403)},
    /* Neither 100 nor a refusal: the client must send the body. */
    {"9110 10.1.1", "in HTTP/1.0: ignored",
     SENT(POST_1_0 "Connection: keep-alive\r\n" EXPECT WITH_MESSAGE), APPLIED},
    {"9110 10.1.1", "another expectation in HTTP/1.0: ignored",
     SENT(POST_1_0 "Connection: keep-alive\r\nExpect: a\r\n" WITH_MESSAGE),
     APPLIED},
    {"9110 10.1.1", "empty", FIELD("Expect:"), APPLIED},
    {"9110 10.1.1", "a parameter", FIELD("Expect: 100-continue;a=b"), FAILED},
    /*
     * These do expect 100-continue, but libmicrohttpd compares the whole value
     * of the first field and would send nothing. The client must get a
     * response, and can send the request again without Expect.
     */
    {"9110 10.1.1", "in a list", FIELD("Expect: a, 100-continue"), FAILED},
    {"9110 10.1.1", "in the second of two fields",
     FIELD("Expect: a\r\nExpect: 100-continue"), FAILED},
    {"9110 10.1.1", "in the second field, after an empty one",
     FIELD("Expect:\r\nExpect: 100-continue"), FAILED},
    {"9110 5.5", "white space after it", FIELD("Expect: 100-continue \t"),
     CONTINUED(202), .applied = true},
    {"9110 10.1.1", "twice", FRAMED(EXPECT EXPECT WITH_MESSAGE), CONTINUED(202),
     .applied = true},
    /*
     * The client does not send a body that is too long, so the connection
     * cannot be used again.
     */
    {"9110 10.1.1", "a body that is too long",
     FRAMED(EXPECT "Content-Length: 65537\r\n\r\n" SMUGGLED), LAST(413)},
    {"9110 10.1.1", "two lengths", FRAMED(EXPECT LENGTH WITH_MESSAGE), REFUSED},
    /* No body follows: 100 does no harm, but a final response must be sent. */
    {"9110 10.1.1", "a GET", SENT(GET EXPECT "\r\n"), CONTINUED(200)},
    {"9110 10.1.1", "a POST with a length of 0",
     FRAMED(EXPECT "Content-Length: 0\r\n\r\n"), CONTINUED(400)},
};

enum {
    ROWS = sizeof(clients_that_do_not_wait_get_responses) /
           sizeof(struct http_case)
};

/* Send the head; if 100 is due, receive it; then send the body. */
static void send_head_then_body(const struct http_case *row)
{
    const char *end = memmem(row->sent, row->length, "\r\n\r\n", 4);
    size_t head = (size_t)(end - row->sent) + 4;
    struct connection connection;
    size_t index = 0;

    print_message("%s\n", row->name);
    instance_connect(http_service(), &connection);
    assert_true(connection_send(&connection, row->sent, head));
    if (row->responses[0] == 100 || row->next == HTTP_CLOSED)
        connection_expect_status(&connection, row->responses[index++]);
    if (row->next == HTTP_CLOSED) {
        connection_expect_closed(&connection);
    } else {
        assert_true(
            connection_send(&connection, row->sent + head, row->length - head));
        connection_expect_status(&connection, row->responses[index]);
        assert_true(connection_get(&connection, "/health"));
        connection_expect_status(&connection, 200);
    }
    connection_close(&connection);
}

static void clients_that_wait_get_100_or_a_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        send_head_then_body(&clients_that_do_not_wait_get_responses[i]);
}

enum { SERIES = 3000 };

/* Request number `i`: a message, the state of its rocket, or what is not. */
static bool send_nth(struct connection *connection, uint64_t i)
{
    struct fleet_message message = fleet_faster("pipeline", i / 3 + 1, 1);

    return i % 3 == 0
               ? connection_post(connection, message.body)
               : connection_get(connection,
                                i % 3 == 1 ? "/rockets/pipeline" : "/nowhere");
}

static void expect_nth(struct connection *connection, uint64_t i)
{
    static const unsigned statuses[] = {202, 200, 404};
    struct response response;
    char member[64];

    connection_expect(connection, &response);
    response_expect_status(&response, statuses[i % 3]);
    snprintf(member, sizeof(member), "\"lastMessageNumber\":%ju,",
             (uintmax_t)(i / 3 + 1));
    assert_true(i % 3 != 1 || strstr(response.body, member) != NULL);
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
        HTTP_TABLE(clients_that_do_not_wait_get_responses),
        cmocka_unit_test(clients_that_wait_get_100_or_a_refusal),
        HTTP_TABLE(each_request_is_answered_as_if_sent_alone),
        cmocka_unit_test(thousands_of_requests_are_answered_in_order),
    };
    return HTTP_RUN_TESTS(tests);
}
