/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long and too long parts of requests: targets, methods, names, values, the
 * whole head, the body. Up to their limits they are accepted. Beyond these the
 * request is refused, or the connection is closed if a client sends without an
 * end. test_http_chunks.c covers chunk extensions and trailers.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK .responses = {200}, .next = HTTP_ANSWERED
#define APPLIED .responses = {202}, .next = HTTP_ANSWERED, .applied = true
#define NEXT(status) .responses = {status}, .next = HTTP_ANSWERED
#define LAST(status) .responses = {status}, .next = HTTP_CLOSED

enum { MAX_TARGET = 8192, MAX_BODY = 65536, MAX_DRAIN = 1024 * 1024 };

/*
 * A row whose text is `before`, `size` bytes of repeated `unit`, and `after`.
 */
struct long_row {
    struct http_case row;
    const char *before, *unit;
    size_t size;
    const char *after;
};

static char *write_long(const struct long_row *wanted, size_t *length)
{
    size_t before = strlen(wanted->before), after = strlen(wanted->after);
    size_t unit = strlen(wanted->unit);
    char *text = malloc(before + wanted->size + after + 1);

    assert_non_null(text);
    memcpy(text, wanted->before, before);
    for (size_t i = 0; i < wanted->size; i++)
        text[before + i] = wanted->unit[i % unit];
    memcpy(text + before + wanted->size, wanted->after, after + 1);
    *length = before + wanted->size + after;
    return text;
}

static void run_long_rows(const struct instance *instance,
                          const struct long_row wanted[], size_t count)
{
    struct http_case *rows = calloc(count, sizeof(*rows));

    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) {
        rows[i] = wanted[i].row;
        rows[i].sent = write_long(&wanted[i], &rows[i].length);
    }
    http_cases_run(instance, rows, count);
    for (size_t i = 0; i < count; i++)
        free((char *)rows[i].sent);
    free(rows);
}

#define RUN_LONG_ROWS(instance, rows)                                          \
    run_long_rows(instance, rows, sizeof(rows) / sizeof((rows)[0]))

#define LINE_END " HTTP/1.1\r\n" HTTP_HOST "\r\n"

/*
 * RFC 9112 section 3: at least 8,000 bytes should be accepted, and a longer
 * target gets 414.
 */
static const struct long_row targets[] = {
    {{"RFC 9112 3", "a query", OK},
     "GET /health?",
     "x",
     MAX_TARGET - 8,
     LINE_END},
    {{"RFC 9112 3", "a query of 100 parameters", OK},
     "GET /health?",
     "a=b&",
     400,
     LINE_END},
    {{"RFC 9112 3", "a path", NEXT(404)},
     "GET /",
     "x",
     MAX_TARGET - 1,
     LINE_END},
    {{"RFC 9112 3", "a path of slashes", NEXT(404)},
     "GET ",
     "/",
     MAX_TARGET,
     LINE_END},
    {{"RFC 9112 3", "an id", NEXT(404)},
     "GET /rockets/",
     "x",
     MAX_TARGET - 9,
     LINE_END},
    {{"RFC 3986 2.1", "an id of percent-encoded characters", NEXT(404)},
     "GET /rockets/",
     "%41",
     8001,
     LINE_END},
    {{"RFC 3986 2.1", "percent-encoded characters, the last one incomplete",
      NEXT(400)},
     "GET /rockets/",
     "%41",
     8000,
     LINE_END},
    {{"RFC 9112 3.2.2", "a host", OK},
     "GET http://",
     "x",
     MAX_TARGET - 14,
     "/health" LINE_END},
    {{"RFC 9112 3", "a query, one byte too long", LAST(414)},
     "GET /health?",
     "x",
     MAX_TARGET - 7,
     LINE_END},
    {{"RFC 9112 3", "a path, one byte too long", LAST(414)},
     "GET /",
     "x",
     MAX_TARGET,
     LINE_END},
    {{"RFC 9112 3", "a host, one byte too long", LAST(414)},
     "GET http://",
     "x",
     MAX_TARGET - 13,
     "/health" LINE_END},
    {{"RFC 9112 3", "10,000 bytes", LAST(414)}, "GET /", "x", 10000, LINE_END},
    {{"RFC 9112 3", "100,000 bytes", LAST(414)},
     "GET /",
     "x",
     100000,
     LINE_END},
    {{"RFC 9112 3", "10 million bytes", LAST(414)},
     "GET /",
     "x",
     10000000,
     LINE_END},
    {{"RFC 9112 3", "of a POST with a body", LAST(414)},
     "POST /messages?",
     "x",
     10000,
     " HTTP/1.1\r\n" HTTP_HOST HTTP_LENGTH "\r\n" HTTP_SMUGGLED},
    {{"RFC 9110 15.5.15", "a method", NEXT(405)},
     "",
     "M",
     4000,
     " /health" LINE_END},
    {{"RFC 9110 15.5.15", "a method of 100,000 bytes", LAST(414)},
     "",
     "M",
     100000,
     " /health" LINE_END},
};

#define POST_WITH HTTP_POST HTTP_LENGTH
#define HEAD_END "\r\n\r\n" HTTP_MESSAGE

/*
 * RFC 9110 section 5.4 defines no limit; beyond that of the service, RFC 6585
 * applies.
 */
static const struct long_row heads[] = {
    {{"RFC 9110 5.4", "a value", APPLIED},
     POST_WITH "X: ",
     "x",
     12000,
     HEAD_END},
    {{"RFC 9110 5.4", "a value of spaces", APPLIED},
     POST_WITH "X: ",
     " ",
     12000,
     HEAD_END},
    {{"RFC 9110 5.4", "a name", APPLIED},
     POST_WITH,
     "X",
     12000,
     ": y" HEAD_END},
    {{"RFC 9110 5.4", "a cookie, which is counted twice", APPLIED},
     POST_WITH "Cookie: a=",
     "x",
     5000,
     HEAD_END},
    {{"RFC 9110 5.4", "100 fields", APPLIED},
     POST_WITH,
     "X: y\r\n",
     600,
     "\r\n" HTTP_MESSAGE},
    {{"RFC 9110 7.2", "a host", APPLIED},
     "POST /messages HTTP/1.1\r\n" HTTP_LENGTH "Host: ",
     "x",
     8000,
     HEAD_END},
    {{"RFC 6585 5", "a value of 20,000 bytes", LAST(431)},
     POST_WITH "X: ",
     "x",
     20000,
     HEAD_END},
    {{"RFC 6585 5", "a value of a million bytes", LAST(431)},
     POST_WITH "X: ",
     "x",
     1000000,
     HEAD_END},
    {{"RFC 6585 5", "a name of 20,000 bytes", LAST(431)},
     POST_WITH,
     "X",
     20000,
     ": y" HEAD_END},
    {{"RFC 6585 5", "1,000 fields", LAST(431)},
     POST_WITH,
     "X: y\r\n",
     6000,
     "\r\n" HTTP_MESSAGE},
    {{"RFC 6585 5", "100,000 fields", LAST(431)},
     POST_WITH,
     "X: y\r\n",
     600000,
     "\r\n" HTTP_MESSAGE},
    {{"RFC 6585 5", "a length of 20,000 digits", LAST(431)},
     HTTP_POST "Content-Length: ",
     "0",
     20000,
     HEAD_END},
    {{"RFC 9110 8.6", "a length of 10,000 digits", APPLIED},
     HTTP_POST "Content-Length: ",
     "0",
     10000,
     "160" HEAD_END},
};

/* White space precedes the message in these bodies. */
static const struct long_row bodies[] = {
    {{"RFC 9110 15.5.14", "64 KiB", APPLIED},
     HTTP_POST "Content-Length: 65536\r\n\r\n",
     " ",
     MAX_BODY - 160,
     HTTP_MESSAGE},
    {{"RFC 9110 10.1.1", "64 KiB after 100", .responses = {100, 202},
      .next = HTTP_ANSWERED, .applied = true},
     HTTP_POST "Expect: 100-continue\r\nContent-Length: 65536\r\n\r\n",
     " ",
     MAX_BODY - 160,
     HTTP_MESSAGE},
    {{"RFC 9110 15.5.14", "64 KiB in a chunk", APPLIED},
     HTTP_POST HTTP_CHUNKED "\r\n10000\r\n",
     " ",
     MAX_BODY - 160,
     HTTP_MESSAGE "\r\n0\r\n\r\n"},
    {{"RFC 9110 15.5.14", "64 KiB in a chunk, and a second chunk", NEXT(413)},
     HTTP_POST HTTP_CHUNKED "\r\n10000\r\n",
     " ",
     MAX_BODY - 160,
     HTTP_MESSAGE "\r\n1\r\n \r\n0\r\n\r\n"},
    {{"RFC 9110 15.5.14", "64 KiB and a byte", NEXT(413)},
     HTTP_POST "Content-Length: 65537\r\n\r\n",
     " ",
     MAX_BODY - 159,
     HTTP_MESSAGE},
    {{"RFC 9110 15.5.14", "64 KiB and a byte, to an unknown path", NEXT(413)},
     "POST /nowhere HTTP/1.1\r\n" HTTP_HOST "Content-Length: 65537\r\n\r\n",
     " ",
     MAX_BODY - 159,
     HTTP_MESSAGE},
    {{"RFC 9110 15.5.14", "1 MiB", NEXT(413)},
     HTTP_POST "Content-Length: 1048576\r\n\r\n",
     " ",
     MAX_DRAIN - 160,
     HTTP_MESSAGE},
    {{"RFC 9110 15.5.14", "1 MiB of requests as a body", NEXT(413)},
     HTTP_POST "Content-Length: 1048576\r\n\r\n",
     HTTP_SMUGGLED,
     MAX_DRAIN,
     ""},
    {{"RFC 9110 15.5.14", "1 MiB and a byte: closed", .next = HTTP_CLOSED},
     HTTP_POST "Content-Length: 1048577\r\n\r\n",
     " ",
     MAX_DRAIN - 159,
     HTTP_MESSAGE},
    {{"RFC 9110 15.5.14", "10 million bytes: closed", .next = HTTP_CLOSED},
     HTTP_POST "Content-Length: 10000000\r\n\r\n",
     HTTP_SMUGGLED,
     10000000,
     ""},
};

static void targets_have_a_limit(void **state)
{
    RUN_LONG_ROWS(*state, targets);
}

static void heads_have_a_limit(void **state)
{
    RUN_LONG_ROWS(*state, heads);
}

static void bodies_have_a_limit(void **state)
{
    RUN_LONG_ROWS(*state, bodies);
}

/* `more` is sent over and over until the service closes the connection. */
static const struct {
    const char *rule, *start, *more;
    unsigned status; /* 0: it sends nothing */
} endless[] = {
    {"RFC 9112 3", "", "GET", 414},
    {"RFC 9112 3", "GET /", "x", 414},
    {"RFC 9112 2.2", "", "\r\n", 414},
    {"RFC 9112 2.2", "", "\r", 414},
    {"RFC 6585 5", HTTP_GET, "X", 431},
    {"RFC 6585 5", HTTP_GET, "X: y\r\n", 431},
    {"RFC 6585 5", HTTP_GET "X: y", "\r\n z", 431},
    {"RFC 9112 7.1", HTTP_POST HTTP_CHUNKED "\r\n", "0", 500},
    {"RFC 9112 7.1.1", HTTP_POST HTTP_CHUNKED "\r\n1;", "a;", 500},
    {"RFC 9112 7.1", HTTP_POST HTTP_CHUNKED "\r\n", "1\r\n \r\n", 0},
    {"RFC 9112 7.1.2", HTTP_POST HTTP_CHUNKED "\r\n0\r\n", "X: y\r\n", 431},
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
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        struct connection connection;
        struct response response;
        unsigned status = 0;

        instance_connect(*state, &connection);
        assert_true(connection_send_text(&connection, endless[i].start));
        bool refused = send_until_refused(&connection, endless[i].more);
        if (connection_receive(&connection, &response) == CONNECTION_ANSWERED) {
            status = response.status;
            response_release(&response);
        }
        print_message("%s, %zu: %u\n", endless[i].rule, i, status);
        assert_true(refused);
        assert_int_equal(status, endless[i].status);
        connection_close(&connection);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_have_a_limit),
        cmocka_unit_test(heads_have_a_limit),
        cmocka_unit_test(bodies_have_a_limit),
        cmocka_unit_test(endless_request_is_closed),
    };
    return HTTP_RUN_TESTS(tests);
}
