/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The segmentation of a byte stream has no meaning (RFC 9112 section 2.1): the
 * same requests, and the same refusals, split at every byte, and sent byte by
 * byte. The service has a single event loop here, so that the part before the
 * split is known to have been read.
 */
#include "http_case.h"

#include "lib/harness.h"

#define OK .responses = {200}, .next = HTTP_ANSWERED
#define APPLIED .responses = {202}, .next = HTTP_ANSWERED, .applied = true
#define REFUSED .responses = {400}, .next = HTTP_CLOSED

#define CHUNKED(text) HTTP_SENT(HTTP_POST HTTP_CHUNKED "\r\n" text)

static const struct http_case rows[] = {
    {"RFC 9112 6.2", "a body with a length",
     HTTP_SENT(HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE), APPLIED},
    {"RFC 9112 7.1", "a body in a chunk",
     CHUNKED("a0;a=b\r\n" HTTP_MESSAGE "\r\n000;c\r\n\r\n"), APPLIED,
     .brittle = true},
    {"RFC 9112 3.2.2", "an absolute target, and a query",
     HTTP_SENT(
         "\r\nGET http://localhost/rockets?limit=1&sort=speed HTTP/1.1\r\n"
         "Host:localhost\r\nCookie: a=b; c=d\r\nX-Empty:\r\n\r\n"),
     OK},
    {"RFC 9112 2.2", "LFs for CRLFs",
     HTTP_SENT("\nGET /health HTTP/1.1\nHost: localhost\nX: y\n\n"), OK},
    {"RFC 9112 9.3", "HTTP/1.0, a POST",
     HTTP_SENT("POST /messages HTTP/1.0\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     .responses = {202}, .next = HTTP_CLOSED, .applied = true},
    {"RFC 9112 6.3", "CL.TE",
     HTTP_SENT(HTTP_POST "Content-Length: 230\r\n" HTTP_CHUNKED "\r\n"
                         "0\r\n\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 6.3", "two lengths",
     HTTP_SENT(HTTP_POST "Content-Length: 0\r\nContent-Length: 225\r\n"
                         "\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 5.1", "a space before the colon",
     HTTP_SENT(HTTP_GET "Content-Length : 225\r\n\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 5.2", "a folded length",
     HTTP_SENT(HTTP_GET "Content-Length:\r\n 225\r\n\r\n" HTTP_SMUGGLED),
     REFUSED},
    {"RFC 9112 7.1", "a size in another form",
     CHUNKED("0xa0\r\n" HTTP_MESSAGE "\r\n0\r\n\r\n"), REFUSED},
    {"RFC 9112 7.1", "no CRLF after a chunk",
     CHUNKED("a0\r\n" HTTP_MESSAGE "0\r\n\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 7.1", "a CR alone after a chunk",
     CHUNKED("a0\r\n" HTTP_MESSAGE "\r0\r\n\r\n" HTTP_SMUGGLED), REFUSED},
    {"RFC 9112 7.1", "a second chunk",
     CHUNKED("a0\r\n" HTTP_MESSAGE "\r\n1\r\nx\r\n0\r\n\r\n"),
     .responses = {400}, .next = HTTP_ANSWERED, .brittle = true},
    {"RFC 9112 7.1.2", "trailers",
     CHUNKED("a0\r\n" HTTP_MESSAGE "\r\n0\r\nX: y\r\nZ:\r\n\r\n"),
     .responses = {202}, .next = HTTP_CLOSED, .applied = true},
    {"RFC 9112 11.2", "a field without a name",
     HTTP_SENT(HTTP_POST HTTP_LENGTH ":\r\n\r\n" HTTP_MESSAGE), REFUSED},
    {"RFC 9112 5.2", "a value on the second line",
     HTTP_SENT(HTTP_POST HTTP_LENGTH "X:\r\n y\r\n\r\n" HTTP_MESSAGE), REFUSED},
    {"RFC 9110 10.1.1", "an expectation that is not understood",
     HTTP_SENT(HTTP_POST "Expect: 100-continue,\r\n" HTTP_LENGTH
                         "\r\n" HTTP_MESSAGE),
     .responses = {417}, .next = HTTP_CLOSED},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Run a row. Returns whether the result matches it; prints the difference. */
static bool run_row(const struct http_way *way, const struct http_case *row)
{
    struct http_case as_cut = *row;

    /*
     * In this case libmicrohttpd 0.9.75 takes the last field of the head for a
     * trailer, and the connection closes after trailers.
     */
    if (row->brittle && (way->drip || way->cut + 1 == row->length))
        as_cut.next = HTTP_CLOSED;
    const char *problem = http_case_run(way, &as_cut);

    if (problem != NULL)
        print_error("%s, %s, cut at %zu: %s\n", row->rule, row->name, way->cut,
                    problem);
    return problem == NULL;
}

static void split_position_does_not_matter(void **state)
{
    struct connection other;
    size_t failed = 0, sent = 0;

    instance_connect(*state, &other);
    for (size_t i = 0; i < ROWS; i++) {
        struct http_way way = {.instance = *state, .other = &other};
        for (way.cut = 1; way.cut <= rows[i].length; way.cut++, sent++)
            failed += run_row(&way, &rows[i]) ? 0 : 1;
    }
    print_message("%zu rows, %zu cases\n", (size_t)ROWS, sent);
    connection_close(&other);
    assert_int_equal(failed, 0);
}

static void byte_by_byte_is_the_same_request(void **state)
{
    struct connection other;
    size_t failed = 0;

    instance_connect(*state, &other);
    for (size_t i = 0; i < ROWS; i++) {
        struct http_way way = {
            .instance = *state, .drip = true, .other = &other};
        failed += run_row(&way, &rows[i]) ? 0 : 1;
    }
    connection_close(&other);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_position_does_not_matter),
        cmocka_unit_test(byte_by_byte_is_the_same_request),
    };
    return cmocka_run_group_tests(tests, http_setup_one_loop,
                                  instance_teardown);
}
