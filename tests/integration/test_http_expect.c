/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expect: 100-continue (RFC 9110 section 10.1.1): a client asks before it
 * sends its body, and is told to go on or that it need not; and some that do
 * not wait, have no body, or expect other things.
 */
#include "http_case.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>

#define EXPECT "Expect: 100-continue\r\n"
#define WITH(field) HTTP_SENT(HTTP_POST field HTTP_LENGTH "\r\n" HTTP_MESSAGE)

#define CONTINUED                                                              \
    .responses = {100, 202}, .next = HTTP_ANSWERED, .applied = true
/* Neither invited nor refused: it has to send the body to learn more. */
#define PASSED_OVER .responses = {202}, .next = HTTP_ANSWERED, .applied = true
#define REFUSED .responses = {417}, .next = HTTP_CLOSED

static const struct http_case expectations[] = {
    {"RFC 9110 10.1.1", "a body of a length", WITH(EXPECT), CONTINUED},
    {"RFC 9110 10.1.1", "a body in chunks",
     HTTP_SENT(HTTP_POST EXPECT HTTP_CHUNKED "\r\na0\r\n" HTTP_MESSAGE
                                             "\r\n0\r\n\r\n"),
     CONTINUED},
    {"RFC 9110 10.1.1", "in another case", WITH("expect: 100-CONTINUE\r\n"),
     CONTINUED},
    {"RFC 9110 10.1.1", "to another method",
     HTTP_SENT("PUT /messages HTTP/1.1\r\n" HTTP_HOST EXPECT HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     .responses = {100, 405}, .next = HTTP_ANSWERED},
    {"RFC 9110 10.1.1", "to nowhere",
     HTTP_SENT("POST /nowhere HTTP/1.1\r\n" HTTP_HOST EXPECT HTTP_LENGTH
               "\r\n" HTTP_MESSAGE),
     .responses = {100, 404}, .next = HTTP_ANSWERED},
    {"RFC 9110 10.1.1", "from another site",
     WITH(EXPECT "Origin: http://elsewhere\r\n"), .responses = {100, 403},
     .next = HTTP_ANSWERED},
    {"RFC 9110 10.1.1", "HTTP/1.0 does not know it",
     HTTP_SENT("POST /messages HTTP/1.0\r\nConnection: keep-alive\r\n" EXPECT
                   HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     PASSED_OVER},
    {"RFC 9110 10.1.1", "nothing", WITH("Expect:\r\n"), PASSED_OVER},
    {"RFC 9110 10.1.1", "HTTP/1.0 does not know others either",
     HTTP_SENT("POST /messages HTTP/1.0\r\nConnection: keep-alive\r\n"
               "Expect: a\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     PASSED_OVER},
    {"RFC 9110 10.1.1", "other things", WITH("Expect: 200-ok\r\n"), REFUSED},
    {"RFC 9110 10.1.1", "one letter", WITH("Expect: a\r\n"), REFUSED},
    {"RFC 9110 10.1.1", "a parameter", WITH("Expect: 100-continue;a=b\r\n"),
     REFUSED},
    /*
     * These do expect 100-continue, but libmicrohttpd looks at the first field,
     * as a whole, and would say nothing. They must be told something, and
     * can send it again without.
     */
    {"RFC 9110 10.1.1", "among other things",
     WITH("Expect: a, 100-continue\r\n"), REFUSED},
    {"RFC 9110 10.1.1", "in the second of two fields",
     WITH("Expect: a\r\n" EXPECT), REFUSED},
    {"RFC 9110 10.1.1", "in the second, the first is empty",
     WITH("Expect:\r\n" EXPECT), REFUSED},
    {"RFC 9112 5.1", "a blank behind it", WITH("Expect: 100-continue \r\n"),
     REFUSED},
    {"RFC 9110 10.1.1", "twice", WITH(EXPECT EXPECT), CONTINUED},
    /* It need not send what is too long, and can't go on then. */
    {"RFC 9110 10.1.1", "a body that is too long",
     HTTP_SENT(HTTP_POST EXPECT "Content-Length: 65537\r\n\r\n" HTTP_SMUGGLED),
     .responses = {413}, .next = HTTP_CLOSED},
    {"RFC 9110 10.1.1", "a body that may be read in two ways",
     HTTP_SENT(HTTP_POST EXPECT HTTP_LENGTH HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     .responses = {400}, .next = HTTP_CLOSED},
};

enum { EXPECTATIONS = sizeof(expectations) / sizeof(expectations[0]) };

static void clients_that_do_not_wait_are_answered(void **state)
{
    HTTP_CASES_RUN(*state, expectations);
}

/* Send the head, wait if there is an invitation, then send the rest. */
static void send_in_two(const struct instance *instance,
                        const struct http_case *row)
{
    const char *end = memmem(row->sent, row->length, "\r\n\r\n", 4);
    size_t head = (size_t)(end - row->sent) + 4;
    struct connection connection;
    size_t answer = 0;

    print_message("%s\n", row->name);
    instance_connect(instance, &connection);
    assert_true(connection_send(&connection, row->sent, head));
    if (row->responses[0] == 100 || row->next == HTTP_CLOSED)
        connection_expect_status(&connection, row->responses[answer++]);
    if (row->next == HTTP_CLOSED) {
        connection_expect_closed(&connection);
    } else {
        assert_true(
            connection_send(&connection, row->sent + head, row->length - head));
        connection_expect_status(&connection, row->responses[answer]);
        assert_true(connection_get(&connection, "/health"));
        connection_expect_status(&connection, 200);
    }
    connection_close(&connection);
}

static void clients_that_wait_are_told_to_go_on_or_refused(void **state)
{
    for (size_t i = 0; i < EXPECTATIONS; i++)
        send_in_two(*state, &expectations[i]);
}

/* What is left of it would make the second one's none a contradiction. */
static void expectation_is_of_one_request(void **state)
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

/* No body to come: an invitation does no harm, but the answer must come. */
static const char *const without_a_body[] = {
    HTTP_GET EXPECT "\r\n",
    HTTP_GET EXPECT "Content-Length: 0\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\n" HTTP_HOST EXPECT "\r\n",
    HTTP_POST EXPECT "Content-Length: 0\r\n\r\n",
};

enum { WITHOUT_A_BODY = sizeof(without_a_body) / sizeof(without_a_body[0]) };

static void expect_answer_after_any_invitation(struct connection *connection)
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

static void expect_both_answers(const struct instance *instance,
                                const char *request, bool later)
{
    struct connection connection;

    instance_connect(instance, &connection);
    assert_true(connection_print(&connection, "%s%s", request,
                                 later ? "" : HTTP_GET "\r\n"));
    expect_answer_after_any_invitation(&connection);
    if (later)
        assert_true(connection_get(&connection, "/health"));
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

/* RFC 9112 section 9.3.2: also where the next request is right behind. */
static void requests_without_a_body_may_expect_too(void **state)
{
    for (size_t i = 0; i < WITHOUT_A_BODY; i++) {
        expect_both_answers(*state, without_a_body[i], false);
        expect_both_answers(*state, without_a_body[i], true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_do_not_wait_are_answered),
        cmocka_unit_test(clients_that_wait_are_told_to_go_on_or_refused),
        cmocka_unit_test(expectation_is_of_one_request),
        cmocka_unit_test(requests_without_a_body_may_expect_too),
    };
    return HTTP_RUN_TESTS(tests);
}
