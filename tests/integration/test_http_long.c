/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long and too long parts of requests: targets, methods, names, values, the
 * whole head, the body. Up to their limits they are accepted. Beyond these the
 * request is refused, or the connection is closed if a client sends without an
 * end. test_http_framing.c covers chunk extensions and trailers.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_TARGET = 8192, MAX_BODY = 65536, MAX_DRAIN = 1024 * 1024 };

#define END " HTTP/1.1\r\n" HOST "\r\n"

/*
 * RFC 9112 section 3: at least 8,000 bytes should be accepted, and a longer
 * target gets 414.
 */
static const struct http_case targets_have_a_limit[] = {
    {"9112 3", "a query", LONG("GET /health?_", "x", MAX_TARGET - 9, END), OK},
    {"9112 3", "a path", LONG("GET /", "x", MAX_TARGET - 1, END), NEXT(404)},
    {"9112 3", "an id", LONG("GET /rockets/", "x", MAX_TARGET - 9, END),
     NEXT(404)},
    {"3986 2.1", "percent-encoded characters, the last one incomplete",
     LONG("GET /rockets/", "%41", 8000, END), NEXT(400)},
    {"9112 3.2.2", "a host",
     LONG("GET http://", "x", MAX_TARGET - 24, ".localhost/health" END), OK},
    {"9112 3", "a query, one byte too long",
     LONG("GET /health?_", "x", MAX_TARGET - 8, END), LAST(414)},
    {"9112 3", "a path, one byte too long", LONG("GET /", "x", MAX_TARGET, END),
     LAST(414)},
    {"9112 3", "10,000,000", LONG("GET /", "x", 10000000, END), LAST(414)},
    {"9112 3", "of a POST with a body",
     LONG("POST /messages?", "x", 10000,
          " HTTP/1.1\r\n" HOST LENGTH "\r\n" SMUGGLED),
     LAST(414)},
    {"9110 15.5.15", "a method", LONG("", "M", 4000, " /health" END),
     NEXT(405)},
    {"9110 15.5.15", "a method of 100,000 bytes",
     LONG("", "M", 100000, " /health" END), LAST(414)},
};

/*
 * RFC 9110 section 5.4 defines no limit; beyond that of the service, RFC 6585
 * applies.
 */
static const struct http_case heads_have_a_limit[] = {
#define LONG_FIELD(before, repeated, bytes, end)                               \
    LONG(POST LENGTH before, repeated, bytes, end "\r\n\r\n" MESSAGE)
    {"9110 5.4", "a value", LONG_FIELD("X: ", "x", 12000, ""), APPLIED},
    {"9110 5.4", "a name", LONG_FIELD("", "X", 12000, ": y"), APPLIED},
    {"9110 5.4", "a cookie, which is counted twice",
     LONG_FIELD("Cookie: a=", "x", 5000, ""), APPLIED},
    {"9110 7.2", "a host",
     LONG("POST /messages HTTP/1.1\r\n" LENGTH "Host: ", "x", 8000,
          ".localhost\r\n\r\n" MESSAGE),
     APPLIED},
    {"6585 5", "a million", LONG_FIELD("X: ", "x", 1000000, ""), LAST(431)},
    {"6585 5", "a long name", LONG_FIELD("", "X", 20000, ": y"), LAST(431)},
    {"6585 5", "100,000 fields", LONG_FIELD("", "X: y\r\n", 600000, "A: b"),
     LAST(431)},
    {"6585 5", "a length of 20,000 digits",
     LONG(POST "Content-Length: ", "0", 20000, "\r\n\r\n" MESSAGE), LAST(431)},
    {"9110 8.6", "a length of 10,000 digits",
     LONG(POST "Content-Length: ", "0", 10000, "160\r\n\r\n" MESSAGE), APPLIED},
};

/* White space precedes the message in these bodies. */
static const struct http_case bodies_have_a_limit[] = {
#define LONG_BODY(length, bytes)                                               \
    LONG(POST "Content-Length: " length "\r\n\r\n", " ", bytes, MESSAGE)
    {"9110 15.5.14", "64 KiB", LONG_BODY("65536", MAX_BODY - 160), APPLIED},
    {"9110 10.1.1", "64 KiB after 100",
     LONG(POST "Expect: 100-continue\r\nContent-Length: 65536\r\n\r\n", " ",
          MAX_BODY - 160, MESSAGE),
     .responses = {100, 202}, .next = HTTP_ANSWERED, .applied = true},
    {"9110 10.1.1", "more, with an Expect that HTTP/1.0 does not know",
     LONG(POST_1_0 "Connection: keep-alive\r\nExpect: 100-continue\r\n"
                   "Content-Length: 100000\r\n\r\n",
          "x", 100000, ""),
     NEXT(413)},
    {"9110 15.5.14", "64 KiB in a chunk",
     LONG(POST CHUNKED "\r\n10000\r\n", " ", MAX_BODY - 160,
          MESSAGE LAST_CHUNK),
     APPLIED_LAST},
    {"9110 15.5.14", "64 KiB in a chunk, and a second chunk",
     LONG(POST CHUNKED "\r\n10000\r\n", " ", MAX_BODY - 160,
          MESSAGE "\r\n1\r\n " LAST_CHUNK),
     LAST(413)},
    {"9110 15.5.14", "and a byte", LONG_BODY("65537", MAX_BODY - 159),
     NEXT(413)},
    {"9110 15.5.14", "1 MiB of requests as a body",
     LONG(POST "Content-Length: 1048576\r\n\r\n", SMUGGLED, MAX_DRAIN, ""),
     NEXT(413)},
    {"9110 15.5.14", "1 MiB and a byte: refused at once",
     LONG_BODY("1048577", MAX_DRAIN - 159), LAST(413)},
    {"9110 15.5.14", "10 million bytes",
     LONG(POST "Content-Length: 10000000\r\n\r\n", SMUGGLED, 10000000, ""),
     LAST(413)},
    {"9110 15.5.14", "2^64 - 1, and no body",
     SENT(POST "Content-Length: 18446744073709551615\r\n\r\n" SMUGGLED),
     LAST(413)},
    {"9110 15.5.14", "to an unknown path",
     LONG("POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 2000000\r\n\r\n",
          SMUGGLED, 2000000, ""),
     LAST(413)},
    {"9110 15.5.14", "1 MiB and a byte in chunks: closed",
     LONG(POST CHUNKED "\r\n100001\r\n", "x", MAX_DRAIN + 1, LAST_CHUNK),
     CLOSED},
};

/*
 * Send `start` and `length` bytes behind it, and read only then: the whole
 * response, and an orderly end (RFC 9112 section 9.6), not a reset. `late`: the
 * response is there before the rest is sent.
 */
static void send_all_then_read(const char *start, const char *rest,
                               size_t length, unsigned status, bool late)
{
    struct connection connection;
    char byte;

    instance_connect(http_service(), &connection);
    assert_true(connection_send_text(&connection, start));
    if (late)
        assert_true(process_poll(connection.socket, POLLIN,
                                 process_clock() + CONNECTION_PATIENCE));
    assert_true(connection_send(&connection, rest, length));
    connection_expect_status(&connection, status);
    if (connection.tls != NULL) {
        connection_expect_closed(&connection);
    } else {
        assert_true(process_poll(connection.socket, POLLIN,
                                 process_clock() + CONNECTION_PATIENCE));
        assert_int_equal(recv(connection.socket, &byte, 1, 0), 0);
    }
    connection_close(&connection);
}

/* These are answered before all is sent. */
static void client_that_sends_all_first_gets_the_response(void **state)
{
    static const struct {
        const char *start;
        size_t length;
        unsigned status;
    } refused[] = {
        {POST "Content-Length: 2097152\r\n\r\n", 2097152, 413},
        {POST "Content-Length: 100000000\r\n\r\n", 100000000, 413},
        {"POST /messages HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n", 4000000,
         400},
        {POST "Transfer-Encoding: gzip\r\n\r\n", 4000000, 501},
        /* By libmicrohttpd itself, in the head and in the body. */
        {"GET / HTTP/1.1\r\nX\r\n", 4000000, 400},
        {POST CHUNKED "\r\nx\r\n", 4000000, 400},
    };
    static const char *const last[] = {
        GET CHUNKED "\r\n0\r\n\r\n",
        GET "Connection: close\r\n\r\n",
    };
    enum { MOST = 100000000 };
    char *bytes = calloc(1, MOST);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        send_all_then_read(refused[i].start, bytes, refused[i].length,
                           refused[i].status, false);
        send_all_then_read(refused[i].start, bytes, refused[i].length,
                           refused[i].status, true);
    }
    /* Here the rest must be there when the connection is closed. */
    for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
        size_t length = strlen(last[i]);
        memcpy(bytes, last[i], length);
        send_all_then_read("", bytes, 4000000, 200, false);
    }
    free(bytes);
}

/* Closed long before their ends, which are never sent. */
static const struct http_case endless_request_is_closed[] = {
#define ENDLESS(start, more) LONG(start, more, 1000000, "")
    {"9112 3", "a method", ENDLESS("", "GET"), LAST(414)},
    {"9112 3", "a target", ENDLESS("GET /", "x"), LAST(414)},
    {"9112 2.2", "empty lines", ENDLESS("", "\r\n"), LAST(414)},
    {"9112 2.2", "CRs", ENDLESS("", "\r"), LAST(414)},
    {"6585 5", "a name", ENDLESS(GET, "X"), LAST(431)},
    {"6585 5", "fields", ENDLESS(GET, "X: y\r\n"), LAST(431)},
    {"6585 5", "a value", ENDLESS(GET "X: y", "\r\n z"), LAST(431)},
    {"9112 7.1", "a size", ENDLESS(POST CHUNKED "\r\n", "0"), LAST(500)},
    {"9112 7.1.1", "an extension", ENDLESS(POST CHUNKED "\r\n1;", "a;"),
     LAST(500)},
    {"9112 7.1", "chunks",
     LONG(POST CHUNKED "\r\n", "1\r\n \r\n", 10000000, ""), CLOSED},
    {"9112 7.1.2", "trailers", ENDLESS(POST CHUNKED "\r\n0\r\n", "X: y\r\n"),
     LAST(431)},
};

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TABLE(targets_have_a_limit),
        HTTP_TABLE(heads_have_a_limit),
        HTTP_TABLE(bodies_have_a_limit),
        cmocka_unit_test(client_that_sends_all_first_gets_the_response),
        HTTP_TABLE(endless_request_is_closed),
    };
    return HTTP_RUN_TESTS(tests);
}
