/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long and too long parts of requests: targets, methods, names, values, the
 * whole head, the body. Up to their limits they are accepted. Beyond these the
 * request is refused, or the connection is closed if a client sends without an
 * end. test_http_framing.c covers chunk extensions and trailers.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TARGET = 8192, MAX_BODY = 65536, MAX_DRAIN = 1024 * 1024 };

#define END " HTTP/1.1\r\n" HOST "\r\n"

/*
 * RFC 9112 section 3: at least 8,000 bytes should be accepted, and a longer
 * target gets 414.
 */
static const struct http_case targets_have_a_limit[] = {
    {"9112 3", "a query", LONG("GET /health?", "x", MAX_TARGET - 8, END), OK},
    {"9112 3", "a path", LONG("GET /", "x", MAX_TARGET - 1, END), NEXT(404)},
    {"9112 3", "an id", LONG("GET /rockets/", "x", MAX_TARGET - 9, END),
     NEXT(404)},
    {"3986 2.1", "an id of percent-encoded characters",
     LONG("GET /rockets/", "%41", 8001, END), NEXT(404)},
    {"3986 2.1", "percent-encoded characters, the last one incomplete",
     LONG("GET /rockets/", "%41", 8000, END), NEXT(400)},
    {"9112 3.2.2", "a host",
     LONG("GET http://", "x", MAX_TARGET - 14, "/health" END), OK},
    {"9112 3", "a query, one byte too long",
     LONG("GET /health?", "x", MAX_TARGET - 7, END), LAST(414)},
    {"9112 3", "a path, one byte too long", LONG("GET /", "x", MAX_TARGET, END),
     LAST(414)},
    {"9112 3", "10 million bytes", LONG("GET /", "x", 10000000, END),
     LAST(414)},
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
    {"9110 5.4", "100 fields", LONG_FIELD("", "X: y\r\n", 600, "A: b"),
     APPLIED},
    {"9110 7.2", "a host",
     LONG("POST /messages HTTP/1.1\r\n" LENGTH "Host: ", "x", 8000,
          "\r\n\r\n" MESSAGE),
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
    {"9110 15.5.14", "64 KiB in a chunk",
     LONG(POST CHUNKED "\r\n10000\r\n", " ", MAX_BODY - 160,
          MESSAGE LAST_CHUNK),
     APPLIED},
    {"9110 15.5.14", "64 KiB in a chunk, and a second chunk",
     LONG(POST CHUNKED "\r\n10000\r\n", " ", MAX_BODY - 160,
          MESSAGE "\r\n1\r\n " LAST_CHUNK),
     NEXT(413)},
    {"9110 15.5.14", "64 KiB and a byte", LONG_BODY("65537", MAX_BODY - 159),
     NEXT(413)},
    {"9110 15.5.14", "64 KiB and a byte, to an unknown path",
     LONG("POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n",
          " ", MAX_BODY - 159, MESSAGE),
     NEXT(413)},
    {"9110 15.5.14", "1 MiB of requests as a body",
     LONG(POST "Content-Length: 1048576\r\n\r\n", SMUGGLED, MAX_DRAIN, ""),
     NEXT(413)},
    {"9110 15.5.14", "1 MiB and a byte: closed",
     LONG_BODY("1048577", MAX_DRAIN - 159), CLOSED},
    {"9110 15.5.14", "10 million bytes: closed",
     LONG(POST "Content-Length: 10000000\r\n\r\n", SMUGGLED, 10000000, ""),
     CLOSED},
};

/* `more` is sent over and over until the service closes the connection. */
static const struct {
    const char *rule, *start, *more;
    unsigned status; /* 0: it sends nothing */
} endless[] = {
    {"9112 3", "", "GET", 414},
    {"9112 3", "GET /", "x", 414},
    {"9112 2.2", "", "\r\n", 414},
    {"9112 2.2", "", "\r", 414},
    {"6585 5", GET, "X", 431},
    {"6585 5", GET, "X: y\r\n", 431},
    {"6585 5", GET "X: y", "\r\n z", 431},
    {"9112 7.1", POST CHUNKED "\r\n", "0", 500},
    {"9112 7.1.1", POST CHUNKED "\r\n1;", "a;", 500},
    {"9112 7.1", POST CHUNKED "\r\n", "1\r\n \r\n", 0},
    {"9112 7.1.2", POST CHUNKED "\r\n0\r\n", "X: y\r\n", 431},
};

/* Send up to 64 MiB of `more`. Return false if the service read all of it. */
static bool send_until_refused(struct connection *connection, const char *more)
{
    enum { BLOCK = 64 * 1024, BLOCKS = 1024 };
    size_t unit = strlen(more), length = BLOCK / unit * unit;
    char *block = malloc(length);
    bool taken = true;

    assert_non_null(block);
    for (size_t i = 0; i < length; i++)
        block[i] = more[i % unit];
    for (int i = 0; taken && i < BLOCKS; i++)
        taken = connection_send(connection, block, length);
    free(block);
    return !taken;
}

static void endless_request_is_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        struct connection connection;
        struct response response;
        unsigned status = 0;

        instance_connect(http_service(), &connection);
        assert_true(connection_send_text(&connection, endless[i].start));
        bool refused = send_until_refused(&connection, endless[i].more);
        if (connection_receive(&connection, &response) == CONNECTION_ANSWERED) {
            status = response.status;
            response_release(&response);
        }
        print_message("RFC %s, %zu: %u\n", endless[i].rule, i, status);
        assert_true(refused);
        assert_int_equal(status, endless[i].status);
        connection_close(&connection);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TABLE(targets_have_a_limit),
        HTTP_TABLE(heads_have_a_limit),
        HTTP_TABLE(bodies_have_a_limit),
        cmocka_unit_test(endless_request_is_closed),
    };
    return HTTP_RUN_TESTS(tests);
}
