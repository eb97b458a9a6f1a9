/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that is not ours is served: all that the server knows of it
 * is struct http_app.
 */
#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>

#include "http/request.h"
#include "toy.h"

static void open_toy(void **state, struct connection *connection)
{
    assert_true(connection_open(connection, toy_port(*state)));
}

/* The next response has this status and body; NULL: any body. */
static void expect(struct connection *connection, unsigned status,
                   const char *body)
{
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, status);
    if (body != NULL)
        response_expect_body(&response, body);
    response_release(&response);
}

static void answers_come_from_the_application(void **state)
{
    struct connection client;

    open_toy(state, &client);
    connection_get(&client, "/plain/hello");
    expect(&client, 200, "hello");
    connection_get(&client, "/nothing");
    expect(&client, 404, NULL);
    connection_get(&client, "/plain/hello%21");
    expect(&client, 200, "hello!");
    connection_close(&client);
}

static void body_without_a_sink_is_collected(void **state)
{
    char *body = toy_bytes(HTTP_MAX_BODY);
    struct connection client;

    open_toy(state, &client);
    for (size_t length = 1; length <= HTTP_MAX_BODY; length *= 2) {
        connection_print(&client,
                         "POST /plain/x HTTP/1.1\r\nHost: x\r\n"
                         "Content-Length: %zu\r\n\r\n%.*s",
                         length, (int)length, body);
        struct response response;
        connection_expect(&client, &response);
        assert_int_equal(response.body_length, length);
        assert_memory_equal(response.body, body, length);
        response_release(&response);
    }
    connection_close(&client);
    free(body);
}

static void body_that_is_too_long_is_refused(void **state)
{
    char *body = toy_bytes(HTTP_MAX_BODY + 1);
    struct connection client;

    open_toy(state, &client);
    connection_print(&client,
                     "POST /plain/x HTTP/1.1\r\nHost: x\r\n"
                     "Content-Length: %d\r\n\r\n%s",
                     HTTP_MAX_BODY + 1, body);
    expect(&client, 413, NULL);
    connection_close(&client);
    free(body);
}

/* Refused before the body, which is never sent. */
static void request_refused_by_open_ends_the_connection(void **state)
{
    struct connection client;

    open_toy(state, &client);
    connection_request(&client, "POST", "/refused", "Content-Length: 9\r\n");
    expect(&client, 403, NULL);
    connection_expect_closed(&client);
    connection_close(&client);
}

static void head_is_answered_without_the_body(void **state)
{
    struct response response;
    struct connection client;

    open_toy(state, &client);
    connection_request(&client, "HEAD", "/plain/hello", "");
    assert_int_equal(connection_receive_head(&client, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Length", "5");
    response_release(&response);
    connection_get(&client, "/plain/next");
    expect(&client, 200, "next");
    connection_close(&client);
}

static void body_goes_to_the_sink_that_open_gives(void **state)
{
    char *body = toy_bytes(1000);
    struct connection client;

    open_toy(state, &client);
    connection_print(&client,
                     "POST /sink/now/a/1000 HTTP/1.1\r\nHost: x\r\n"
                     "Content-Length: 1000\r\n\r\n%s",
                     body);
    expect(&client, 200, "1000");
    connection_print(&client, "POST /sink/now/a/0 HTTP/1.1\r\nHost: x\r\n"
                              "Content-Length: 0\r\n\r\n");
    expect(&client, 200, "0");
    assert_int_equal(toy_count(*state, TOY_FINISHED), 2);
    connection_close(&client);
    free(body);
}

static void sink_is_freed_if_the_body_breaks_off(void **state)
{
    struct connection client;

    open_toy(state, &client);
    connection_print(&client, "POST /sink/now/a/1000 HTTP/1.1\r\nHost: x\r\n"
                              "Content-Length: 1000\r\n\r\n!");
    toy_wait(*state, TOY_CALLED, 1);
    connection_close(&client);
    toy_wait(*state, TOY_FREED, 1);
}

static void stop_with_nothing_open_is_immediate(void **state)
{
    assert_true(toy_stop(*state) < 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(answers_come_from_the_application),
        TOY_TEST(body_without_a_sink_is_collected),
        TOY_TEST(body_that_is_too_long_is_refused),
        TOY_TEST(request_refused_by_open_ends_the_connection),
        TOY_TEST(head_is_answered_without_the_body),
        TOY_TEST(body_goes_to_the_sink_that_open_gives),
        TOY_TEST(sink_is_freed_if_the_body_breaks_off),
        TOY_TEST(stop_with_nothing_open_is_immediate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
