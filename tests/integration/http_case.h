/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of requests, byte by byte, each with the behaviour that RFC 9110 and
 * RFC 9112 require: the responses, whether the connection stays open, and which
 * messages are applied.
 *
 * Another request, a POST, follows each request: once in the same packet and
 * once after the responses. Either it is answered, or the connection is closed
 * and it has no effect. Rockets show which messages were applied:
 * "http-NNNNN-sent" that of the row's request, "http-NNNNN-next" that of the
 * request after it, and "http-NNNNN-evil" that of a request smuggled in the
 * row's request, which must never be found.
 */
#ifndef LUNAR_TEST_HTTP_CASE_H
#define LUNAR_TEST_HTTP_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/connection.h"
#include "lib/instance.h"

enum http_next {
    HTTP_ANSWERED = 1, /* the next request is answered, as if sent alone */
    /* the connection is closed; the next request has no effect */
    HTTP_CLOSED,
};

struct http_case {
    const char *rule; /* RFC and section that apply, as "9112 6.3" */
    const char *name;
    /* The request, which may contain any byte: see SENT() and LONG(). */
    const char *sent, *unit, *after;
    size_t length, size, after_length;
    unsigned responses[5]; /* statuses, in order, and a 0 */
    enum http_next next;
    bool applied; /* its message is applied */
    bool head;    /* it is a HEAD: the response has no body */
    /*
     * The next two mark known deviations from what should happen. A row that
     * sets one has a comment that says why.
     */
    bool smuggled; /* the smuggled request is found */
    bool doubled;  /* the head of the response is sent twice */
    /*
     * The next request is not sent: the client shuts down its side, possibly in
     * the middle of the row's request.
     */
    bool unfinished;
};

/* A mark in a row's text: replaced by five digits that are unique to the row.
 */
#define MARK "@@@@@"

#define HOST "Host: localhost\r\n"
#define GET "GET /health HTTP/1.1\r\n" HOST
#define POST "POST /messages HTTP/1.1\r\n" HOST
#define POST_1_0 "POST /messages HTTP/1.0\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define LENGTH "Content-Length: 160\r\n"
#define EXPECT "Expect: 100-continue\r\n"

/* A message of 160 bytes, 0xa0. */
#define MESSAGE_OF(rocket)                                                     \
    "{\"metadata\":{\"channel\":\"http-" MARK "-" rocket                       \
    "\",\"messageNumber\":1,"                                                  \
    "\"messageTime\":\"2022-02-02T19:39:05Z\","                                \
    "\"messageType\":\"RocketSpeedIncreased\"},"                               \
    "\"message\":{\"by\":1       }}"
#define MESSAGE MESSAGE_OF("sent")

/* The end of a POST's head with this message as its body, in two framings. */
#define WITH_MESSAGE LENGTH "\r\n" MESSAGE
#define CHUNK "a0\r\n" MESSAGE
#define LAST_CHUNK "\r\n0\r\n\r\n"
#define WITH_CHUNK CHUNKED "\r\n" CHUNK LAST_CHUNK

/* A request of 225 bytes, 0xe1, to be smuggled in another one. */
#define SMUGGLED POST LENGTH "\r\n" MESSAGE_OF("evil")
/* The end of a head with this as its body. */
#define WITH_SMUGGLED "Content-Length: 225\r\n\r\n" SMUGGLED

_Static_assert(sizeof(MESSAGE) - 1 == 160 && sizeof(SMUGGLED) - 1 == 225,
               "as in the rows that contain them");

/* What a row sends: this text; */
#define SENT(text) .sent = "" text, .length = sizeof(text) - 1
/* a text, `bytes` bytes of a repeated one, and another text; */
#define LONG(before, repeated, bytes, end)                                     \
    SENT(before), .unit = (repeated), .size = (bytes), .after = (end),         \
                  .after_length = sizeof(end) - 1
/* a request with this first line, or a POST with this line in its head, this
 * framing and body, or this body in chunks. */
#define LINE(text) SENT(text "\r\n" HOST "\r\n")
#define FIELD(text) SENT(POST text "\r\n" WITH_MESSAGE)
#define FRAMED(text) SENT(POST text)
#define BODY(text) SENT(POST CHUNKED "\r\n" text)

/* How a row ends. */
#define NEXT(status) .responses = {status}, .next = HTTP_ANSWERED
#define LAST(status) .responses = {status}, .next = HTTP_CLOSED
#define OK NEXT(200)
#define APPLIED NEXT(202), .applied = true
/* A chunked request is the last of its connection. */
#define APPLIED_LAST LAST(202), .applied = true
#define REFUSED LAST(400)
#define CLOSED .next = HTTP_CLOSED
#define UNFINISHED .next = HTTP_CLOSED, .unfinished = true

/* How the bytes of a row are sent. */
struct http_way {
    bool later; /* the next request after the responses, not with the row */
    /* Bytes of the first packet, and of each of the others; 0: all at once. */
    size_t first, step;
    /* Needed for these two: a connection for requests in between. */
    struct connection *other;
};

/*
 * Send one row. Returns NULL, or a text that says how the result differs from
 * the row. The text is valid until the next call.
 */
const char *http_case_run(const struct http_way *way,
                          const struct http_case *row);

/* A test of cmocka that runs a table of rows, which is named as a claim. */
struct http_table {
    const struct http_case *rows;
    size_t count;
};

#define HTTP_TABLE(claim)                                                      \
    {                                                                          \
#claim, http_table_run, NULL, NULL, &(struct http_table)               \
        {                                                                      \
            claim, sizeof(claim) / sizeof((claim)[0])                          \
        }                                                                      \
    }

/* Send all rows, each with the next request at once and later. */
void http_table_run(void **table);

/*
 * Group fixtures: the service with one event loop, or with a thread for each
 * connection. `*state` is not set: see http_service().
 */
int http_setup_one_loop(void **state);
int http_setup_threads(void **state);
int http_teardown(void **state);

const struct instance *http_service(void);

/* Run the array `tests` in two modes. Evaluates to the number of failures. */
#define HTTP_RUN_TESTS(tests)                                                  \
    (cmocka_run_group_tests_name("an event loop", tests, http_setup_one_loop,  \
                                 http_teardown) +                              \
     cmocka_run_group_tests_name("a thread for each connection", tests,        \
                                 http_setup_threads, http_teardown))

#endif
