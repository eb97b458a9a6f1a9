/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expect: 100-continue (RFC 9110 section 10.1.1). A client announces its body
 * and gets 100, or a final status instead. Some clients do not wait, have no
 * body, or send other expectations.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <stdio.h>
#include <string.h>

#define EXPECT "Expect: 100-continue\r\n"
#define WITH(field) HTTP_SENT(HTTP_POST field HTTP_LENGTH "\r\n" HTTP_MESSAGE)

#define CONTINUED                                                              \
    .responses = {100, 202}, .next = HTTP_ANSWERED, .applied = true
/*
 * Neither 100 nor a refusal: the client must send the body to get a response.
 */
#define IGNORED .responses = {202}, .next = HTTP_ANSWERED, .applied = true
#define REFUSED .responses = {417}, .next = HTTP_CLOSED

static const struct http_case expectations[] = {
    {"RFC 9110 10.1.1", "a body with a length", WITH(EXPECT), CONTINUED},
    {"RFC 9110 10.1.1", "a body in chunks",
     HTTP_SENT(HTTP_POST EXPECT HTTP_CHUNKED "\r\na0\r\n" HTTP_MESSAGE
                                             "\r\n0\r\n\r\n"),
     CONTINUED},
    {"RFC 9110 10.1.1", "in other letter case",
     WITH("expect: 100-CONTINUE\r\n"), CONTINUED},
    {"RFC 9110 10.1.1", "with another method",
     HTTP_SENT("PUT /messages HTTP/1.1\r\n" HTTP_HOST EXPECT HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     .responses = {100, 405}, .next = HTTP_ANSWERED},
    {"RFC 9110 10.1.1", "to an unknown path",
     HTTP_SENT("POST /nowhere HTTP/1.1\r\n" HTTP_HOST EXPECT HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     .responses = {100, 404}, .next = HTTP_ANSWERED},
    {"RFC 9110 10.1.1", "from another site",
     WITH(EXPECT "Origin: http://elsewhere\r\n"), .responses = {100, 403},
     .next = HTTP_ANSWERED},
    {"RFC 9110 10.1.1", "in HTTP/1.0: ignored",
     HTTP_SENT("POST /messages HTTP/1.0\r\nConnection: keep-alive\r\n" EXPECT
                   HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     IGNORED},
    {"RFC 9110 10.1.1", "empty", WITH("Expect:\r\n"), IGNORED},
    {"RFC 9110 10.1.1", "another expectation in HTTP/1.0: ignored",
     HTTP_SENT("POST /messages HTTP/1.0\r\nConnection: keep-alive\r\n"
               "Expect: a\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     IGNORED},
    {"RFC 9110 10.1.1", "another expectation", WITH("Expect: 200-ok\r\n"),
     REFUSED},
    {"RFC 9110 10.1.1", "one letter", WITH("Expect: a\r\n"), REFUSED},
    {"RFC 9110 10.1.1", "a parameter", WITH("Expect: 100-continue;a=b\r\n"),
     REFUSED},
    /*
     * These do expect 100-continue, but libmicrohttpd compares the whole value
     * of the first field and would send nothing. The client must get a
     * response, and can send the request again without Expect.
     */
    {"RFC 9110 10.1.1", "in a list", WITH("Expect: a, 100-continue\r\n"),
     REFUSED},
    {"RFC 9110 10.1.1", "in the second of two fields",
     WITH("Expect: a\r\n" EXPECT), REFUSED},
    {"RFC 9110 10.1.1", "in the second field, after an empty one",
     WITH("Expect:\r\n" EXPECT), REFUSED},
    {"RFC 9112 5.1", "a space after it", WITH("Expect: 100-continue \r\n"),
     REFUSED},
    {"RFC 9110 10.1.1", "twice", WITH(EXPECT EXPECT), CONTINUED},
    /*
     * The client does not send a body that is too long, so the connection
     * cannot be used again.
     */
    {"RFC 9110 10.1.1", "a body that is too long",
     HTTP_SENT(HTTP_POST EXPECT "Content-Length: 65537\r\n\r\n" HTTP_SMUGGLED),
     .responses = {413}, .next = HTTP_CLOSED},
    {"RFC 9110 10.1.1", "ambiguous framing",
     HTTP_SENT(HTTP_POST EXPECT HTTP_LENGTH HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     .responses = {400}, .next = HTTP_CLOSED},
};

enum { EXPECTATIONS = sizeof(expectations) / sizeof(expectations[0]) };

static void clients_that_do_not_wait_get_responses(void **state)
{
    HTTP_CASES_RUN(*state, expectations);
}

/* Send the head; if 100 is due, receive it; then send the body. */
static void send_head_then_body(const struct instance *instance,
                                const struct http_case *row)
{
    const char *end = memmem(row->sent, row->length, "\r\n\r\n", 4);
    size_t head = (size_t)(end - row->sent) + 4;
    struct connection connection;
    size_t index = 0;

    print_message("%s\n", row->name);
    instance_connect(instance, &connection);
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
    for (size_t i = 0; i < EXPECTATIONS; i++)
        send_head_then_body(*state, &expectations[i]);
}

/* A leftover of the first expectation would contradict the empty one. */
static void expectation_applies_to_one_request(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    assert_true(connection_send_text(
        &connection, "POST /nowhere HTTP/1.1\r\n" HTTP_HOST EXPECT
                     "Content-Length: 2\r\n\r\n{}"
                     "POST /nowhere HTTP/1.1\r\n" HTTP_HOST "Expect:\r\n"
                     "Content-Length: 2\r\n\r\n{}"));
    connection_expect_status(&connection, 100);
    connection_expect_status(&connection, 404);
    connection_expect_status(&connection, 404);
    connection_close(&connection);
}

/* No body follows: 100 does no harm, but a final response must be sent. */
static const char *const without_a_body[] = {
    HTTP_GET EXPECT "\r\n",
    HTTP_GET EXPECT "Content-Length: 0\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\n" HTTP_HOST EXPECT "\r\n",
    HTTP_POST EXPECT "Content-Length: 0\r\n\r\n",
};

enum { WITHOUT_A_BODY = sizeof(without_a_body) / sizeof(without_a_body[0]) };

static void expect_final_response(struct connection *connection)
{
    struct response response;

    connection_expect(connection, &response);
    if (response.status == 100) {
        response_release(&response);
        connection_expect(connection, &response);
    }
    assert_in_range(response.status, 200, 400);
    response_release(&response);
}

static void expect_both_responses(const struct instance *instance,
                                  const char *request, bool later)
{
    struct connection connection;

    instance_connect(instance, &connection);
    assert_true(connection_print(&connection, "%s%s", request,
                                 later ? "" : HTTP_GET "\r\n"));
    expect_final_response(&connection);
    if (later)
        assert_true(connection_get(&connection, "/health"));
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

/* RFC 9112 section 9.3.2: also if the next request is pipelined. */
static void request_without_a_body_may_have_an_expectation(void **state)
{
    for (size_t i = 0; i < WITHOUT_A_BODY; i++) {
        expect_both_responses(*state, without_a_body[i], false);
        expect_both_responses(*state, without_a_body[i], true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_do_not_wait_get_responses),
        cmocka_unit_test(clients_that_wait_get_100_or_a_refusal),
        cmocka_unit_test(expectation_applies_to_one_request),
        cmocka_unit_test(request_without_a_body_may_have_an_expectation),
    };
    return HTTP_RUN_TESTS(tests);
}
