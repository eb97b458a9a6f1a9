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

/*
 * A mark in a row's text: replaced by five digits that are unique to the row.
 */
#define HTTP_MARK "@@@@@"

#define HTTP_HOST "Host: localhost\r\n"
#define HTTP_GET "GET /health HTTP/1.1\r\n" HTTP_HOST
#define HTTP_POST "POST /messages HTTP/1.1\r\n" HTTP_HOST

/* A message of 160 bytes, 0xa0. */
#define HTTP_MESSAGE_OF(rocket)                                                \
    "{\"metadata\":{\"channel\":\"http-" HTTP_MARK "-" rocket                  \
    "\",\"messageNumber\":1,"                                                  \
    "\"messageTime\":\"2022-02-02T19:39:05Z\","                                \
    "\"messageType\":\"RocketSpeedIncreased\"},"                               \
    "\"message\":{\"by\":1       }}"
#define HTTP_MESSAGE HTTP_MESSAGE_OF("sent")
#define HTTP_LENGTH "Content-Length: 160\r\n"
#define HTTP_CHUNKED "Transfer-Encoding: chunked\r\n"

_Static_assert(sizeof(HTTP_MESSAGE) - 1 == 160, "as in HTTP_LENGTH");

/* A request of 225 bytes, 0xe1, to be smuggled in another one. */
#define HTTP_SMUGGLED HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE_OF("evil")

_Static_assert(sizeof(HTTP_SMUGGLED) - 1 == 0xe1,
               "as in the rows that contain it");

enum http_next {
    HTTP_ANSWERED = 1, /* the next request is answered, as if sent alone */
    /* the connection is closed; the next request has no effect */
    HTTP_CLOSED,
};

enum { HTTP_CASE_RESPONSES = 3 };

struct http_case {
    const char *rule; /* the section that applies, as "RFC 9112 6.3" */
    const char *name;
    const char *sent;
    /* of `sent`, which may contain any byte */
    size_t length;
    /* statuses, in order; 0: no more */
    unsigned responses[HTTP_CASE_RESPONSES];
    enum http_next next;
    bool applied; /* its message is applied */
    bool head;    /* it is a HEAD: the response has no body */
    /*
     * The next three mark known deviations from what should happen. A row that
     * sets one has a comment that says why.
     */
    bool smuggled; /* the smuggled request is found */
    bool doubled;  /* the head of the response is sent twice */
    bool brittle; /* the connection closes after it if its last CRLF is split */
    /*
     * The next request is not sent: the client shuts down its side, possibly in
     * the middle of the row's request.
     */
    bool unfinished;
};

/* `sent` and `length` of a row. */
#define HTTP_SENT(text) .sent = "" text, .length = sizeof(text) - 1

/* How the bytes of a row are sent. */
struct http_way {
    const struct instance *instance;
    bool later; /* send the next request after the responses */
    size_t cut; /* send so many bytes, and the rest once these are read */
    bool drip;  /* do this for each single byte */
    /*
     * Needed for `cut` and `drip`, with which the service must have a single
     * event loop: a connection for requests in between.
     */
    struct connection *other;
};

/*
 * Send one row. Returns NULL, or a text that says how the result differs from
 * the row. The text is valid until the next call.
 */
const char *http_case_run(const struct http_way *way,
                          const struct http_case *row);

/*
 * Send all rows, each with the next request at once and, unless `unfinished`,
 * later. Fails the test if any row fails.
 */
void http_cases_run(const struct instance *instance,
                    const struct http_case rows[], size_t count);

/*
 * Wait until the single event loop of the service has read all bytes that were
 * sent before on other connections.
 */
void http_settle(struct connection *other);

/*
 * As instance_setup(), with one event loop, or with a thread for each
 * connection.
 */
int http_setup_one_loop(void **state);
int http_setup_threads(void **state);

/*
 * Run the array `tests` in both thread modes. Evaluates to the number of
 * failures.
 */
#define HTTP_RUN_TESTS(tests)                                                  \
    (cmocka_run_group_tests_name("event loops", tests, instance_setup,         \
                                 instance_teardown) +                          \
     cmocka_run_group_tests_name("a thread for each connection", tests,        \
                                 http_setup_threads, instance_teardown))

#define HTTP_CASES_RUN(instance, rows)                                         \
    http_cases_run(instance, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
