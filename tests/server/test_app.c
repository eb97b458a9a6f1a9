/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that is not ours is served: all that the server knows of it
 * is struct http_app.
 */
#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>

#include "http/request.h"
#include "toy_client.h"

static void answers_come_from_the_application(void **state)
{
    struct connection client;

    toy_open(*state, &client);
    connection_get(&client, "/plain/hello");
    toy_expect_text(&client, 200, "hello");
    connection_get(&client, "/nothing");
    toy_expect_text(&client, 404, NULL);
    connection_get(&client, "/plain/hello%21");
    toy_expect_text(&client, 200, "hello!");
    connection_close(&client);
}

static void body_without_a_sink_is_collected(void **state)
{
    char *body = toy_bytes(HTTP_MAX_BODY + 1);
    struct connection client;

    toy_open(*state, &client);
    for (size_t left = HTTP_MAX_BODY + 1; left > 0; left /= 2) {
        const char *sent = body + HTTP_MAX_BODY + 1 - left;
        connection_print(&client,
                         "POST /plain/x HTTP/1.1\r\nHost: x\r\n"
                         "Content-Length: %zu\r\n\r\n%s",
                         left, sent);
        if (left > HTTP_MAX_BODY)
            toy_expect_text(&client, 413, NULL);
        else
            toy_expect_text(&client, 200, sent);
    }
    connection_close(&client);
    free(body);
}

/* Refused before the body, which is never sent. */
static void request_refused_by_open_ends_the_connection(void **state)
{
    struct connection client;

    toy_open(*state, &client);
    connection_request(&client, "POST", "/refused", "Content-Length: 9\r\n");
    toy_expect_text(&client, 403, NULL);
    connection_expect_closed(&client);
    connection_close(&client);
}

static void head_is_answered_without_the_body(void **state)
{
    struct response response;
    struct connection client;

    toy_open(*state, &client);
    connection_request(&client, "HEAD", "/plain/hello", "");
    assert_int_equal(connection_receive_head(&client, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Length", "5");
    response_release(&response);
    connection_get(&client, "/plain/next");
    toy_expect_text(&client, 200, "next");
    connection_close(&client);
}

static void body_goes_to_the_sink_that_open_gives(void **state)
{
    struct toy_ask full = TOY_SINK("now", "a", 1000, 0);
    struct toy_ask empty = TOY_SINK("now", "a", 0, 0);
    struct connection client;

    toy_open(*state, &client);
    toy_send(&client, &full);
    toy_expect(&client, &full);
    toy_send(&client, &empty);
    toy_expect(&client, &empty);
    assert_int_equal(toy_count(*state, TOY_FINISHED), 2);
    connection_close(&client);
}

static void sink_is_freed_if_the_body_breaks_off(void **state)
{
    struct toy_ask ask = TOY_SINK("now", "a", 1000, 0);
    struct connection client;

    toy_open(*state, &client);
    toy_send_part(&client, &ask, 0, 500);
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
        TOY_TEST(request_refused_by_open_ends_the_connection),
        TOY_TEST(head_is_answered_without_the_body),
        TOY_TEST(body_goes_to_the_sink_that_open_gives),
        TOY_TEST(sink_is_freed_if_the_body_breaks_off),
        TOY_TEST(stop_with_nothing_open_is_immediate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
