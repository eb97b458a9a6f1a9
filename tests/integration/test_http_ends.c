/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that shut down their side of the connection (RFC 9112 sections 8 and
 * 9.6). Complete requests are answered to the last byte; an incomplete request
 * has no effect, wherever it ends. There is no next request: the connection is
 * closed.
 */
#include "http_case.h"

#include "lib/bulk.h"
#include "lib/harness.h"

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
    {"RFC 9112 9.6", "a POST in HTTP/1.0",
     HTTP_SENT("POST /messages HTTP/1.0\r\n" HTTP_LENGTH "\r\n" HTTP_MESSAGE),
     ENDS, .responses = {202}, .applied = true},
    {"RFC 9112 2.2", "a POST and an empty line", HTTP_SENT(POSTED "\r\n"), ENDS,
     .responses = {202}, .applied = true},
    {"RFC 9110 10.1.1", "a POST with Expect: 100-continue",
     HTTP_SENT(HTTP_POST "Expect: 100-continue\r\n" HTTP_LENGTH
                         "\r\n" HTTP_MESSAGE),
     ENDS, .responses = {100, 202}, .applied = true},
    {"RFC 9110 15.5.5", "a request for an unknown path",
     HTTP_SENT("GET /nowhere HTTP/1.1\r\n" HTTP_HOST "\r\n"), ENDS,
     .responses = {404}},
    {"RFC 9112 11.2", "a request that is refused",
     HTTP_SENT(HTTP_POST HTTP_LENGTH HTTP_CHUNKED "\r\n" HTTP_MESSAGE), ENDS,
     .responses = {400}},
    {"RFC 9112 9.3.2", "two requests", HTTP_SENT(HTTP_GET "\r\n" POSTED), ENDS,
     .responses = {200, 202}, .applied = true},
    {"RFC 9112 9.3.2", "three requests",
     HTTP_SENT(POSTED HTTP_GET "\r\n" HTTP_GET "\r\n"), ENDS,
     .responses = {202, 200, 200}, .applied = true},
    {"RFC 9112 9.3.2", "a request, and a part of the next",
     HTTP_SENT(HTTP_GET "\r\n" HTTP_POST HTTP_LENGTH "\r\n{"), ENDS,
     .responses = {200}},
    {"RFC 9112 9.3.2", "a request, and a part of the next request line",
     HTTP_SENT(POSTED "GET /hea"), ENDS, .responses = {202}, .applied = true},
};

/* A careless server could take these for complete requests. */
static const struct http_case parts[] = {
    {"RFC 9112 8", "nothing", HTTP_SENT(""), ENDS},
    {"RFC 9112 8", "an empty line", HTTP_SENT("\r\n"), ENDS},
    {"RFC 9112 8", "no line end", HTTP_SENT("GET /health HTTP/1.1"), ENDS},
    {"RFC 9112 8", "HTTP/0.9, no line end", HTTP_SENT("GET /health"), ENDS},
    {"RFC 9112 8", "no fields", HTTP_SENT("GET /health HTTP/1.0\r\n"), ENDS},
    {"RFC 9112 8", "no empty line", HTTP_SENT(HTTP_GET), ENDS},
    {"RFC 9112 8", "half an empty line", HTTP_SENT(HTTP_GET "\r"), ENDS},
    {"RFC 9112 8", "a message, shorter than Content-Length",
     HTTP_SENT(HTTP_POST "Content-Length: 161\r\n\r\n" HTTP_MESSAGE), ENDS},
    {"RFC 9112 8", "a message in a chunk, no last chunk",
     HTTP_SENT(CHUNKED "a0\r\n" HTTP_MESSAGE "\r\n"), ENDS},
    {"RFC 9112 8", "no end of the last chunk",
     HTTP_SENT(CHUNKED "a0\r\n" HTTP_MESSAGE "\r\n0\r\n"), ENDS},
    {"RFC 9112 8", "100, and no body",
     HTTP_SENT(HTTP_POST "Expect: 100-continue\r\n" HTTP_LENGTH "\r\n"), ENDS,
     .responses = {100}},
    {"RFC 9112 6.3", "HTTP/1.0 without a length: no body until close",
     HTTP_SENT("POST /messages HTTP/1.0\r\n\r\n" HTTP_MESSAGE), ENDS,
     .responses = {400}},
};

static void complete_requests_are_answered(void **state)
{
    HTTP_CASES_RUN(*state, whole);
}

static void incomplete_requests_have_no_effect(void **state)
{
    HTTP_CASES_RUN(*state, parts);
}

/* Return the request for the rocket of `id`. Ownership: the caller frees it. */
static char *request_for(const char *request, unsigned id)
{
    char *text = strdup(request);
    char digits[8];

    assert_non_null(text);
    snprintf(digits, sizeof(digits), "%05u", id);
    memcpy(strstr(text, HTTP_MARK), digits, sizeof(HTTP_MARK) - 1);
    return text;
}

static unsigned rocket_status(const struct instance *instance, unsigned id)
{
    char target[64];
    struct response response;

    snprintf(target, sizeof(target), "/rockets/http-%05u-sent", id);
    instance_get(instance, target, &response);
    unsigned status = response.status;
    response_release(&response);
    return status;
}

/* Reset the connection: the peer discards what it has not read. */
static void reset_connection(struct connection *connection)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    connection_close(connection);
}

/* These ids are far from those of rows. */
static unsigned next_id = 50000;

/*
 * Send every proper prefix of the request, each on its own connection. All are
 * sent at once, since the service takes some time to notice some of the ends.
 */
static void truncate_everywhere(const struct instance *instance,
                                const char *request, bool reset)
{
    size_t length = strlen(request);
    unsigned first = next_id;
    struct connection *connections = calloc(length, sizeof(*connections));

    assert_non_null(connections);
    int64_t start = process_clock();
    for (size_t i = 0; i < length; i++) {
        char *text = request_for(request, next_id++);
        instance_connect(instance, &connections[i]);
        assert_true(connection_send(&connections[i], text, i));
        if (reset)
            reset_connection(&connections[i]);
        else
            connection_finish(&connections[i]);
        free(text);
    }
    for (size_t i = 0; i < length; i++) {
        if (!reset)
            connection_expect_closed(&connections[i]);
        connection_close(&connections[i]);
    }
    /* Each had a deadline of 30 s. */
    assert_true(process_clock() - start < 25000);
    for (unsigned id = first; id < next_id; id++)
        assert_int_equal(rocket_status(instance, id), 404);
    free(connections);
}

static const char *const requests[] = {
    POSTED,
    CHUNKED "a0;a=b\r\n" HTTP_MESSAGE "\r\n0\r\nX: y\r\n\r\n",
};

enum { REQUESTS = sizeof(requests) / sizeof(requests[0]) };

static void request_shut_down_at_any_byte_has_no_effect(void **state)
{
    for (size_t i = 0; i < REQUESTS; i++)
        truncate_everywhere(*state, requests[i], false);
}

static void request_reset_at_any_byte_has_no_effect(void **state)
{
    for (size_t i = 0; i < REQUESTS; i++)
        truncate_everywhere(*state, requests[i], true);
}

/* The whole requests are valid: the results above come from the truncation. */
static void untruncated_requests_are_applied(void **state)
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
        assert_int_equal(rocket_status(*state, next_id++), 200);
        free(text);
    }
}

enum {
    ROCKETS = 10000,
    /* clients; their pages fit into the limit of unsent responses */
    SLOW = 250,
    NOTICED_MS = 1200, /* two sweeps of the service */
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
 * The end of the stream arrives long before the list is sent, which is longer
 * than all buffers on the way hold.
 */
static void long_response_is_sent_completely_after_a_shutdown(void **state)
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
 * Slow requests whose clients have shut down their side, all at once, so that
 * each waits for longer than a sweep takes to notice the end. The requests are
 * complete, so they must be answered. The rockets are those of the test before.
 */
static void slow_request_is_answered_after_a_shutdown(void **state)
{
    const struct instance *instance = *state;
    struct connection connections[SLOW];

    for (size_t i = 0; i < SLOW; i++) {
        instance_connect(instance, &connections[i]);
        connection_send_text(&connections[i], "GET /rockets?limit=1000&"
                                              "sort=mission HTTP/1.1\r\n");
    }
    /* Wait until the service has noticed that they are slow. */
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
        cmocka_unit_test(complete_requests_are_answered),
        cmocka_unit_test(incomplete_requests_have_no_effect),
        cmocka_unit_test(request_shut_down_at_any_byte_has_no_effect),
        cmocka_unit_test(request_reset_at_any_byte_has_no_effect),
        cmocka_unit_test(untruncated_requests_are_applied),
        cmocka_unit_test(long_response_is_sent_completely_after_a_shutdown),
        cmocka_unit_test(slow_request_is_answered_after_a_shutdown),
    };
    connection_raise_limit();
    return HTTP_RUN_TESTS(tests);
}
