/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that end their side of the connection (RFC 9112 sections 8 and
 * 9.6): what they asked for as a whole is answered, to its last byte, and
 * what they left unfinished is not done, wherever they left it. There is no
 * next request: the connection is closed.
 */
#include "http_case.h"

#include "bulk.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ENDS .next = HTTP_CLOSED, .unfinished = true
#define POSTED HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE
#define CHUNKED HTTP_POST HTTP_CHUNKED "\r\n"
#define IN_CHUNKS CHUNKED "a0\r\n" HTTP_MESSAGE "\r\n0\r\n\r\n"

static const struct http_case whole[] = {
    {"RFC 9112 9.6", "a GET", HTTP_SENT(HTTP_GET "\r\n"), ENDS,
     .responses = {200}},
    {"RFC 9112 9.6", "a HEAD",
     HTTP_SENT("HEAD /health HTTP/1.1\r\n" HTTP_HOST "\r\n"), ENDS,
     .responses = {200}, .head = true},
    {"RFC 9112 9.6", "a POST", HTTP_SENT(POSTED), ENDS, .responses = {202},
     .applied = true},
    {"RFC 9112 9.6", "a POST in chunks", HTTP_SENT(IN_CHUNKS), ENDS,
     .responses = {202}, .applied = true},
    {"RFC 9112 9.6", "a POST with trailers",
     HTTP_SENT(CHUNKED "a0\r\n" HTTP_MESSAGE "\r\n0\r\nX: y\r\n\r\n"), ENDS,
     .responses = {202}, .applied = true},
    {"RFC 9112 9.6", "a POST of HTTP/1.0",
     HTTP_SENT("POST /messages HTTP/1.0\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     ENDS, .responses = {202}, .applied = true},
    {"RFC 9112 2.2", "a POST and an empty line", HTTP_SENT(POSTED "\r\n"), ENDS,
     .responses = {202}, .applied = true},
    {"RFC 9110 10.1.1", "a POST that asked first",
     HTTP_SENT(HTTP_POST "Expect: 100-continue\r\n" HTTP_LENGTH
                         "\r\n" HTTP_MESSAGE),
     ENDS, .responses = {100, 202}, .applied = true},
    {"RFC 9110 15.5.5", "one to nowhere",
     HTTP_SENT("GET /nowhere HTTP/1.1\r\n" HTTP_HOST "\r\n"), ENDS,
     .responses = {404}},
    {"RFC 9112 11.2", "one that is refused",
     HTTP_SENT(HTTP_POST HTTP_LENGTH HTTP_CHUNKED "\r\n" HTTP_MESSAGE), ENDS,
     .responses = {400}},
    {"RFC 9112 9.3.2", "two", HTTP_SENT(HTTP_GET "\r\n" POSTED), ENDS,
     .responses = {200, 202}, .applied = true},
    {"RFC 9112 9.3.2", "three",
     HTTP_SENT(POSTED HTTP_GET "\r\n" HTTP_GET "\r\n"), ENDS,
     .responses = {202, 200, 200}, .applied = true},
    {"RFC 9112 9.3.2", "one, and a part of the next",
     HTTP_SENT(HTTP_GET "\r\n" HTTP_POST HTTP_LENGTH "\r\n{"), ENDS,
     .responses = {200}},
    {"RFC 9112 9.3.2", "one, and a part of the next one's first line",
     HTTP_SENT(POSTED "GET /hea"), ENDS, .responses = {202}, .applied = true},
};

/* Where it could be taken for whole by a server that is not careful. */
static const struct http_case parts[] = {
    {"RFC 9112 8", "nothing", HTTP_SENT(""), ENDS},
    {"RFC 9112 8", "an empty line", HTTP_SENT("\r\n"), ENDS},
    {"RFC 9112 8", "no line's end", HTTP_SENT("GET /health HTTP/1.1"), ENDS},
    {"RFC 9112 8", "HTTP/0.9, no line's end", HTTP_SENT("GET /health"), ENDS},
    {"RFC 9112 8", "no fields", HTTP_SENT("GET /health HTTP/1.0\r\n"), ENDS},
    {"RFC 9112 8", "no empty line", HTTP_SENT(HTTP_GET), ENDS},
    {"RFC 9112 8", "half an empty line", HTTP_SENT(HTTP_GET "\r"), ENDS},
    {"RFC 9112 8", "a message, and more was promised",
     HTTP_SENT(HTTP_POST "Content-Length: 161\r\n\r\n" HTTP_MESSAGE), ENDS},
    {"RFC 9112 8", "a message in a chunk, and no last one",
     HTTP_SENT(CHUNKED "a0\r\n" HTTP_MESSAGE "\r\n"), ENDS},
    {"RFC 9112 8", "no end of the last chunk",
     HTTP_SENT(CHUNKED "a0\r\n" HTTP_MESSAGE "\r\n0\r\n"), ENDS},
    {"RFC 9112 8", "an invitation, and no body",
     HTTP_SENT(HTTP_POST "Expect: 100-continue\r\n" HTTP_LENGTH "\r\n"), ENDS,
     .responses = {100}},
    {"RFC 9112 6.3", "HTTP/1.0, and no length: the end is none of a body",
     HTTP_SENT("POST /messages HTTP/1.0\r\n\r\n" HTTP_MESSAGE), ENDS,
     .responses = {400}},
};

static void what_came_whole_is_answered(void **state)
{
    HTTP_CASES_RUN(*state, whole);
}

static void what_did_not_is_not_done(void **state)
{
    HTTP_CASES_RUN(*state, parts);
}

/* A rocket of its own for each place where a request is cut. */
static char *request_for(const char *request, unsigned id)
{
    char *text = strdup(request);
    char digits[8];

    assert_non_null(text);
    snprintf(digits, sizeof(digits), "%05u", id);
    memcpy(strstr(text, HTTP_MARK), digits, sizeof(HTTP_MARK) - 1);
    return text;
}

static unsigned status_of(const struct instance *instance, unsigned id)
{
    char target[64];
    struct response response;

    snprintf(target, sizeof(target), "/rockets/http-%05u-sent", id);
    instance_get(instance, target, &response);
    unsigned status = response.status;
    response_release(&response);
    return status;
}

/* The peer is told that what is on the way is of no use any more. */
static void abort_connection(struct connection *connection)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    connection_close(connection);
}

/* Ids of their own, far from those of rows. */
static unsigned next_id = 50000;

/*
 * The request up to each of its bytes, each on a connection of its own, all
 * at once, as the service needs its time to see some of the ends.
 */
static void cut_everywhere(const struct instance *instance, const char *request,
                           bool abort)
{
    size_t length = strlen(request);
    unsigned first = next_id;
    struct connection *cuts = calloc(length, sizeof(*cuts));

    assert_non_null(cuts);
    int64_t start = process_clock();
    for (size_t i = 0; i < length; i++) {
        char *text = request_for(request, next_id++);
        instance_connect(instance, &cuts[i]);
        assert_true(connection_send(&cuts[i], text, i));
        if (abort)
            abort_connection(&cuts[i]);
        else
            connection_finish(&cuts[i]);
        free(text);
    }
    for (size_t i = 0; i < length; i++) {
        if (!abort)
            connection_expect_closed(&cuts[i]);
        connection_close(&cuts[i]);
    }
    /* Each had a deadline of 30 s. */
    assert_true(process_clock() - start < 25000);
    for (unsigned id = first; id < next_id; id++)
        assert_int_equal(status_of(instance, id), 404);
    free(cuts);
}

static const char *const requests[] = {
    POSTED,
    CHUNKED "a0;a=b\r\n" HTTP_MESSAGE "\r\n0\r\nX: y\r\n\r\n",
};

enum { REQUESTS = sizeof(requests) / sizeof(requests[0]) };

static void end_at_any_byte_is_no_end_of_a_request(void **state)
{
    for (size_t i = 0; i < REQUESTS; i++)
        cut_everywhere(*state, requests[i], false);
}

static void abort_at_any_byte_is_none_either(void **state)
{
    for (size_t i = 0; i < REQUESTS; i++)
        cut_everywhere(*state, requests[i], true);
}

/* The two are whole, and what comes of the cuts is not a mistake in them. */
static void uncut_they_are_applied(void **state)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        struct connection connection;
        char *text = request_for(requests[i], next_id);

        instance_connect(*state, &connection);
        assert_true(connection_send_text(&connection, text));
        connection_finish(&connection);
        connection_expect_status(&connection, 202);
        connection_expect_closed(&connection);
        connection_close(&connection);
        assert_int_equal(status_of(*state, next_id++), 200);
        free(text);
    }
}

enum {
    ROCKETS = 10000,
    SLOW = 250,        /* clients, whose pages have room together */
    NOTICED_MS = 1200, /* two looks of the service at its connections */
};

static void post_rockets(const struct instance *instance)
{
    struct connection connection;
    struct bulk bulk;

    bulk_begin(&bulk);
    for (unsigned i = 0; i < ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "ends-%05u", i);
        bulk_add(&bulk, id, 1);
    }
    bulk_end(&bulk);
    instance_connect(instance, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    connection_expect_status(&connection, 202);
    connection_close(&connection);
    free(bulk.text);
}

/*
 * The end is there long before the list is: it takes far more than all
 * buffers on the way to the client hold.
 */
static void long_answer_is_sent_to_its_end(void **state)
{
    const struct instance *instance = *state;
    struct connection connection;
    struct response response;

    post_rockets(instance);
    assert_true(connection_open_narrow(&connection, instance->port));
    connection_get(&connection, "/rockets");
    connection_get(&connection, "/rockets/ends-00000");
    connection_finish(&connection);
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    cJSON *json = response_json(&response);
    assert_in_range(cJSON_GetArraySize(json), ROCKETS, 2 * ROCKETS);
    cJSON_Delete(json);
    response_release(&response);
    connection_expect_status(&connection, 200);
    connection_expect_closed(&connection);
    connection_close(&connection);
}

/*
 * Requests that came slowly and whose clients have ended, all at once, so that
 * each waits for longer than the service takes to see its end: it is whole,
 * and must not be taken for one that never will be. Rockets: the lists of the
 * test before.
 */
static void slow_request_is_answered_to_who_has_ended(void **state)
{
    const struct instance *instance = *state;
    struct connection connections[SLOW];

    for (size_t i = 0; i < SLOW; i++) {
        instance_connect(instance, &connections[i]);
        connection_send_text(&connections[i], "GET /rockets?limit=1000&"
                                              "sort=mission HTTP/1.1\r\n");
    }
    /* For so long that the service has noticed that they are slow. */
    process_wait_until(process_clock() + NOTICED_MS);
    for (size_t i = 0; i < SLOW; i++) {
        connection_send_text(&connections[i], HTTP_HOST "\r\n");
        connection_finish(&connections[i]);
    }
    for (size_t i = 0; i < SLOW; i++) {
        connection_expect_status(&connections[i], 200);
        connection_close(&connections[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_whole_is_answered),
        cmocka_unit_test(what_did_not_is_not_done),
        cmocka_unit_test(end_at_any_byte_is_no_end_of_a_request),
        cmocka_unit_test(abort_at_any_byte_is_none_either),
        cmocka_unit_test(uncut_they_are_applied),
        cmocka_unit_test(long_answer_is_sent_to_its_end),
        cmocka_unit_test(slow_request_is_answered_to_who_has_ended),
    };
    connection_raise_limit();
    return HTTP_RUN_TESTS(tests);
}
