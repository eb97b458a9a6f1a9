/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in pieces. The segmentation of a byte stream has no meaning (RFC
 * 9112 section 2.1). A client may shut down its side of the connection (RFC
 * 9112 sections 8 and 9.6): complete requests are answered to the last byte; an
 * incomplete request has no effect, wherever it ends. There is no next request
 * then: the connection is closed.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define POSTED POST WITH_MESSAGE
#define ENDS(...) .responses = {__VA_ARGS__}, UNFINISHED

static const struct http_case only_complete_requests_are_answered[] = {
    {"9112 9.6", "a GET", SENT(GET "\r\n"), ENDS(200)},
    {"9112 9.6", "a HEAD", LINE("HEAD /health HTTP/1.1"), ENDS(200),
     .head = true},
    {"9112 9.6", "a POST", SENT(POSTED), ENDS(202), .applied = true},
    {"9112 9.6", "a POST in chunks", SENT(POST WITH_CHUNK), ENDS(202),
     .applied = true},
    {"9112 9.6", "a POST with trailers", BODY(CHUNK "\r\n0\r\nX: y\r\n\r\n"),
     ENDS(202), .applied = true},
    {"9110 10.1.1", "a POST with Expect: 100-continue",
     FIELD("Expect: 100-continue"), ENDS(100, 202), .applied = true},
    {"9112 11.2", "a refused one", FRAMED(CHUNKED WITH_MESSAGE), ENDS(400)},
    {"9112 9.3.2", "three requests", SENT(POSTED GET "\r\n" GET "\r\n"),
     ENDS(202, 200, 200), .applied = true},
    {"9112 9.3.2", "a request, and a part of the next",
     SENT(GET "\r\n" POST LENGTH "\r\n{"), ENDS(200)},
    {"9112 9.3.2", "a request, and a part of the next request line",
     SENT(POSTED "GET /hea"), ENDS(202), .applied = true},
    /* A careless server could take these for complete requests. */
    {"9112 8", "an empty line", SENT("\r\n"), UNFINISHED},
    {"9112 8", "HTTP/0.9, no line end", SENT("GET /health"), UNFINISHED},
    {"9112 8", "a message, shorter than Content-Length",
     FRAMED("Content-Length: 161\r\n\r\n" MESSAGE), UNFINISHED},
    {"9112 8", "100, and no body", FRAMED(EXPECT LENGTH "\r\n"), ENDS(100)},
    {"9112 6.3", "HTTP/1.0 without a length: no body until close",
     SENT(POST_1_0 "\r\n" MESSAGE), ENDS(400)},
};

/* Both are valid, and have rockets of their own. */
static const struct {
    const char *request, *rocket;
} requests[] = {
    {POSTED, "http-" MARK "-sent"},
    {POST CHUNKED "\r\na0;a=b\r\n" MESSAGE_OF("next") "\r\n0\r\nX: y\r\n\r\n",
     "http-" MARK "-next"},
};

enum { REQUESTS = sizeof(requests) / sizeof(requests[0]) };

/* Reset the connection: the peer discards what it has not read. */
static void reset_connection(struct connection *connection)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    connection_close(connection);
}

/*
 * Send every proper prefix of the request, on two connections of its own: one
 * is shut down, one is reset. All are sent at once, since the service takes
 * some time to notice some of the ends. Each has a deadline of 30 s.
 */
static void truncate_everywhere(const char *request)
{
    size_t length = strlen(request);
    struct connection *connections = calloc(length, sizeof(*connections));
    struct connection reset;

    assert_non_null(connections);
    int64_t start = process_clock();
    for (size_t i = 0; i < length; i++) {
        instance_connect(http_service(), &connections[i]);
        assert_true(connection_send(&connections[i], request, i));
        connection_finish(&connections[i]);
        instance_connect(http_service(), &reset);
        assert_true(connection_send(&reset, request, i));
        reset_connection(&reset);
    }
    for (size_t i = 0; i < length; i++) {
        connection_expect_closed(&connections[i]);
        connection_close(&connections[i]);
    }
    assert_true(process_clock() - start < 25000);
    free(connections);
}

static void request_that_ends_at_any_byte_has_no_effect(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct connection connection;
        truncate_everywhere(requests[i].request);
        assert_int_equal(bulk_messages_of(http_service(), requests[i].rocket),
                         0);
        instance_connect(http_service(), &connection);
        assert_true(connection_send_text(&connection, requests[i].request));
        connection_finish(&connection);
        connection_expect_status(&connection, 202);
        connection_expect_closed(&connection);
        connection_close(&connection);
        assert_int_equal(bulk_messages_of(http_service(), requests[i].rocket),
                         1);
    }
}

enum {
    ROCKETS = 10000,
    /* clients; their pages fit into the limit of unsent responses */
    SLOW = 250,
    NOTICED_MS = 1200, /* two sweeps of the service */
};

/*
 * The end of the stream arrives long before the list is sent, which is longer
 * than all buffers on the way hold.
 */
static void long_response_is_sent_completely_after_a_shutdown(void **state)
{
    struct connection connection;
    struct response response;

    (void)state;
    fleet_launch(http_service(), ROCKETS, 0);
    assert_true(connection_open_narrow(&connection, http_service()->port));
    connection_get(&connection, "/rockets");
    connection_get(&connection, "/rockets/rocket-000000");
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
    struct connection connections[SLOW];

    (void)state;
    for (size_t i = 0; i < SLOW; i++) {
        instance_connect(http_service(), &connections[i]);
        connection_send_text(&connections[i], "GET /rockets?limit=1000&"
                                              "sort=mission HTTP/1.1\r\n");
    }
    /* Wait until the service has noticed that they are slow. */
    process_wait_until(process_clock() + NOTICED_MS);
    for (size_t i = 0; i < SLOW; i++) {
        connection_send_text(&connections[i], HOST "\r\n");
        connection_finish(&connections[i]);
    }
    for (size_t i = 0; i < SLOW; i++) {
        connection_expect_status(&connections[i], 200);
        connection_close(&connections[i]);
    }
}

static const struct http_case split[] = {
    {"9112 6.2", "a body with a length", FRAMED(WITH_MESSAGE), APPLIED},
    {"9112 7.1", "a body in a chunk",
     BODY("a0;a=b\r\n" MESSAGE "\r\n000;c\r\n\r\n"), APPLIED_LAST},
    {"9112 3.2.2", "an absolute target, and a query",
     SENT("\r\nGET http://localhost/rockets?limit=1&sort=speed HTTP/1.1\r\n"
          "Host:localhost\r\nCookie: a=b; c=d\r\nX-Empty:\r\n\r\n"),
     OK},
    {"9112 2.2", "LFs for CRLFs",
     SENT("\nGET /health HTTP/1.1\nHost: localhost\nX: y\n\n"), OK},
    {"9112 9.3", "HTTP/1.0, a POST", SENT(POST_1_0 WITH_MESSAGE), LAST(202),
     .applied = true},
    {"9112 6.3", "CL.TE",
     FRAMED("Content-Length: 230\r\n" CHUNKED LAST_CHUNK SMUGGLED), REFUSED},
    {"9112 5.1", "a space before the colon",
     SENT(GET "Content-Length : 225\r\n\r\n" SMUGGLED), REFUSED},
    {"9112 5.2", "a folded length",
     SENT(GET "Content-Length:\r\n 225\r\n\r\n" SMUGGLED), REFUSED},
    {"9112 7.1", "a size with 0x", BODY("0xa0\r\n" MESSAGE LAST_CHUNK),
     REFUSED},
    {"9112 7.1", "no CRLF after a chunk", BODY(CHUNK "0\r\n\r\n" SMUGGLED),
     REFUSED},
    {"9112 7.1", "a second chunk", BODY(CHUNK "\r\n1\r\nx" LAST_CHUNK),
     REFUSED},
    {"9112 7.1.2", "trailers", BODY(CHUNK "\r\n0\r\nX: y\r\nZ:\r\n\r\n"),
     APPLIED_LAST},
    {"9110 10.1.1", "an expectation that is not understood",
     FIELD("Expect: 100-continue,"), LAST(417)},
};

enum { SPLIT = sizeof(split) / sizeof(split[0]) };

/* Run a row. Returns whether the result matches it; prints the difference. */
static bool run_row(const struct http_way *way, const struct http_case *row)
{
    const char *problem = http_case_run(way, row);

    if (problem != NULL)
        print_error("RFC %s, %s, cut at %zu: %s\n", row->rule, row->name,
                    way->first, problem);
    return problem == NULL;
}

/*
 * Split at every byte, and sent byte by byte. The service has a single event
 * loop, so that the part before the split is known to have been read.
 */
static void split_position_does_not_matter(void **state)
{
    struct connection other;
    size_t failed = 0;

    (void)state;
    instance_connect(http_service(), &other);
    for (size_t i = 0; i < SPLIT; i++) {
        struct http_way way = {.first = 1, .step = 1, .other = &other};
        failed += run_row(&way, &split[i]) ? 0 : 1;
        way.step = 0;
        for (; way.first <= split[i].length; way.first++)
            failed += run_row(&way, &split[i]) ? 0 : 1;
    }
    connection_close(&other);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TABLE(only_complete_requests_are_answered),
        cmocka_unit_test(request_that_ends_at_any_byte_has_no_effect),
        cmocka_unit_test(long_response_is_sent_completely_after_a_shutdown),
        cmocka_unit_test(slow_request_is_answered_after_a_shutdown),
    };
    const struct CMUnitTest cuts[] = {
        cmocka_unit_test(split_position_does_not_matter),
    };

    connection_raise_limit();
    return HTTP_RUN_TESTS(tests) +
           cmocka_run_group_tests(cuts, http_setup_one_loop, http_teardown);
}
