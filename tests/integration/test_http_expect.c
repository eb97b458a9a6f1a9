/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expect: 100-continue (RFC 9110 section 10.1.1). A client announces its body
 * and gets 100, or a final status instead. Some clients do not wait, have no
 * body, or send other expectations.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <string.h>

#define CONTINUED(status) .responses = {100, status}, .next = HTTP_ANSWERED
#define FAILED LAST(417)

static const struct http_case clients_that_do_not_wait_get_responses[] = {
    {"9110 10.1.1", "a body with a length", FIELD("Expect: 100-continue"),
     CONTINUED(202), .applied = true},
    {"9110 10.1.1", "a body in chunks", FRAMED(EXPECT WITH_CHUNK),
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
    {"9110 10.1.1", "another one", FIELD("Expect: 200-ok"), FAILED},
    {"9110 10.1.1", "one letter", FIELD("Expect: a"), FAILED},
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
    {"9112 5.1", "a space after it", FIELD("Expect: 100-continue "), FAILED},
    {"9110 10.1.1", "twice", FRAMED(EXPECT EXPECT WITH_MESSAGE), CONTINUED(202),
     .applied = true},
    /*
     * The client does not send a body that is too long, so the connection
     * cannot be used again.
     */
    {"9110 10.1.1", "a body that is too long",
     FRAMED(EXPECT "Content-Length: 65537\r\n\r\n" SMUGGLED), LAST(413)},
    {"9110 10.1.1", "ambiguous framing", FRAMED(EXPECT LENGTH WITH_MESSAGE),
     REFUSED},
    /* No body follows: 100 does no harm, but a final response must be sent. */
    {"9110 10.1.1", "a GET", SENT(GET EXPECT "\r\n"), CONTINUED(200)},
    {"9110 10.1.1", "a GET with a length of 0",
     SENT(GET EXPECT "Content-Length: 0\r\n\r\n"), CONTINUED(200)},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TABLE(clients_that_do_not_wait_get_responses),
        cmocka_unit_test(clients_that_wait_get_100_or_a_refusal),
    };
    return HTTP_RUN_TESTS(tests);
}
