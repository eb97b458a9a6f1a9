/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of requests, byte by byte, each with what a server has to make of
 * it by RFC 9110 and RFC 9112: the answers, whether the connection goes on,
 * and what was applied.
 *
 * Behind each request goes another one, a POST, once in the same packet and
 * once after the answers. It must be answered, or else the connection be
 * closed and nothing of it be done. Rockets tell what was applied:
 * "http-NNNNN-sent" by the request of the row, "http-NNNNN-next" by the one
 * behind it, and "http-NNNNN-evil" by one that is hidden in the row's and
 * that nobody may ever find.
 */
#ifndef LUNAR_TEST_HTTP_CASE_H
#define LUNAR_TEST_HTTP_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "connection.h"
#include "instance.h"

/* In a row's text, replaced by five digits that no other row has. */
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

_Static_assert(sizeof(HTTP_MESSAGE) - 1 == 160, "the lengths say so");

/* A request of 225 bytes, 0xe1, to be hidden in another one. */
#define HTTP_EVIL HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE_OF("evil")

_Static_assert(sizeof(HTTP_EVIL) - 1 == 0xe1, "so do these");

enum http_next {
    HTTP_ANSWERED = 1, /* the next request is, as if it had come alone */
    HTTP_CLOSED,       /* the connection is; nothing of it is done */
};

enum { HTTP_CASE_ANSWERS = 3 };

struct http_case {
    const char *rule; /* the section that decides, as "RFC 9112 6.3" */
    const char *name;
    const char *sent;
    size_t length;                       /* of `sent`: it may hold any byte */
    unsigned answers[HTTP_CASE_ANSWERS]; /* to it, in order; 0: no more */
    enum http_next next;
    bool applied; /* its message was */
    bool head;    /* it is a HEAD, whose answer has no body */
    /*
     * What follows is not as it should be. Such rows say so, and why it is
     * as it is.
     */
    bool evil;    /* the hidden request is found */
    bool doubled; /* the answer's head comes twice */
    bool brittle; /* it is the last one if its last CRLF comes in two */
    /* Nothing follows: the client ends its side, within the request or not. */
    bool unfinished;
};

/* `sent` and `length` of a row. */
#define HTTP_SENT(text) .sent = "" text, .length = sizeof(text) - 1

/* How the bytes of a row are sent. */
struct http_way {
    const struct instance *instance;
    bool later; /* the next request only after the answers */
    size_t cut; /* so many bytes, and the rest when they have been read */
    bool drip;  /* so for each single byte */
    /* For the last two, of which the service must have one event loop only:
       a connection on which requests are answered meanwhile. */
    struct connection *other;
};

/*
 * Send one row. Returns NULL, or what went otherwise than the row says, until
 * the next call.
 */
const char *http_case_run(const struct http_way *way,
                          const struct http_case *row);

/* Send all rows, the next request at once and later. Fail if any fails. */
void http_cases_run(const struct instance *instance,
                    const struct http_case rows[], size_t count);

/*
 * Wait until the one event loop of the service has read all that was sent on
 * other connections before.
 */
void http_settle(struct connection *other);

/* As instance_setup(), with one event loop, or a thread for a connection. */
int http_setup_one_loop(void **state);
int http_setup_threads(void **state);

/* Run `tests`, an array, in both modes of threads. How many failed. */
#define HTTP_RUN_TESTS(tests)                                                  \
    (cmocka_run_group_tests_name("event loops", tests, instance_setup,         \
                                 instance_teardown) +                          \
     cmocka_run_group_tests_name("a thread for each connection", tests,        \
                                 http_setup_threads, instance_teardown))

#define HTTP_CASES_RUN(instance, rows)                                         \
    http_cases_run(instance, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
