/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of thousands of rockets, which are streamed: complete and in order, for
 * every kind of client and many at once.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_PAGE "/rockets?limit=8000"

enum {
    ROCKETS = 8000,
    PADDING = 256, /* makes a list longer than all buffers */
    MAX_STREAMS = 16,
    MANY_PAGES = 36, /* pages of all rockets: more than may be unsent at once */
    EARLY_CLOSERS = 40,
};

static int setup(void **state)
{
    int result = instance_setup(state);

    fleet_launch(*state, ROCKETS, PADDING);
    return result;
}

static uint16_t port_of(void **state)
{
    return ((const struct instance *)*state)->port;
}

/* Expect all rockets, by ascending or descending speed. */
static void expect_all(const struct response *response, bool descending)
{
    cJSON *json = response_json(response);
    const cJSON *rocket = NULL;
    int expected = descending ? 1000 + ROCKETS - 1 : 1000;
    char id[32];

    assert_int_equal(cJSON_GetArraySize(json), ROCKETS);
    cJSON_ArrayForEach(rocket, json)
    {
        assert_int_equal(
            cJSON_GetObjectItemCaseSensitive(rocket, "speed")->valueint,
            expected);
        snprintf(id, sizeof(id), "rocket-%06d", expected - 1000);
        assert_string_equal(
            cJSON_GetObjectItemCaseSensitive(rocket, "id")->valuestring, id);
        expected += descending ? -1 : 1;
    }
    cJSON_Delete(json);
}

static void long_list_is_chunked_complete_and_sorted(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_get(&connection, "/rockets?sort=speed&order=desc");
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    assert_int_equal(response.framing, RESPONSE_CHUNKED);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_header(&response, "X-Total-Count", "8000");
    assert_non_null(response_header(&response, "ETag"));
    expect_all(&response, true);
    response_release(&response);
    /* The connection is kept alive. */
    connection_get(&connection, "/rockets");
    connection_expect(&connection, &response);
    expect_all(&response, false);
    response_release(&response);
    connection_close(&connection);
}

static void page_of_a_long_list_has_total_and_link(void **state)
{
    struct response response;

    instance_get(*state, "/rockets?sort=speed&order=desc&limit=2", &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "X-Total-Count", "8000");
    assert_non_null(response_header(&response, "Link"));
    cJSON *json = response_json(&response);
    assert_int_equal(cJSON_GetArraySize(json), 2);
    cJSON_Delete(json);
    response_release(&response);
}

/*
 * libmicrohttpd 0.9.75 can omit the length of a body only if it closes the
 * connection. Then the response must say so.
 */
static void expect_next_or_end(struct connection *connection, bool closes)
{
    if (closes) {
        connection_expect_closed(connection);
    } else {
        connection_get(connection, "/health");
        connection_expect_status(connection, 200);
    }
    connection_close(connection);
}

static void head_of_a_long_list_has_no_body(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_request(&connection, "HEAD", "/rockets", "");
    assert_int_equal(connection_receive_head(&connection, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_expect_header(&response, "X-Total-Count", "8000");
    assert_non_null(response_header(&response, "ETag"));
    expect_next_or_end(&connection, response_closes(&response));
    response_release(&response);
}

static void unchanged_long_list_is_not_sent_again(void **state)
{
    struct response response;
    struct connection connection;
    char field[256];

    instance_get(*state, "/rockets?limit=1", &response);
    snprintf(field, sizeof(field), "If-None-Match: %s\r\n",
             response_header(&response, "ETag"));
    response_release(&response);
    instance_connect(*state, &connection);
    connection_request(&connection, "GET", "/rockets", field);
    connection_expect(&connection, &response);
    response_expect_status(&response, 304);
    expect_next_or_end(&connection, response_closes(&response));
    response_release(&response);
}

static void http_1_0_gets_the_list_until_close(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_send_text(&connection, "GET /rockets HTTP/1.0\r\n\r\n");
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    assert_int_equal(response.framing, RESPONSE_UNTIL_CLOSE);
    expect_all(&response, false);
    response_release(&response);
    connection_close(&connection);
}

static void requests_after_a_list_are_answered_in_order(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    for (int i = 0; i < 3; i++) {
        connection_get(&connection, "/rockets");
        connection_get(&connection, "/rockets/rocket-000007");
    }
    for (int i = 0; i < 3; i++) {
        connection_expect(&connection, &response);
        expect_all(&response, false);
        response_release(&response);
        connection_expect(&connection, &response);
        assert_non_null(strstr(response.body, "\"id\":\"rocket-000007\""));
        response_release(&response);
    }
    connection_close(&connection);
}

/*
 * Retry until a stream is free again: a stream ends some time after its client
 * has closed the connection.
 */
static void expect_list_soon(const struct instance *instance)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    unsigned status = 0;

    while (status != 200) {
        struct response response;

        assert_true(process_clock() < deadline);
        instance_get(instance, "/rockets", &response);
        status = response.status;
        if (status == 200)
            expect_all(&response, false);
        else
            response_expect_status(&response, 503);
        response_release(&response);
    }
}

static void client_that_closes_early_affects_no_other(void **state)
{
    for (int i = 0; i < EARLY_CLOSERS; i++) {
        struct connection connection;

        assert_true(connection_open_narrow(&connection, port_of(state)));
        connection_get(&connection, "/rockets");
        /* Some close before the first byte, some in the middle of the list. */
        if (i % 2 == 0) {
            assert_true(connection_fill(&connection, 1000,
                                        process_clock() + CONNECTION_PATIENCE));
        }
        connection_close(&connection);
    }
    expect_list_soon(*state);
}

/* Request a list and receive only the beginning of the response. */
static void start_list(struct connection *connection, uint16_t port)
{
    assert_true(connection_open_narrow(connection, port));
    connection_get(connection, "/rockets");
    assert_true(
        connection_fill(connection, 12, process_clock() + CONNECTION_PATIENCE));
    assert_memory_equal(connection->data, "HTTP/1.1 200", 12);
}

static void too_many_lists_at_once_get_503(void **state)
{
    struct connection streams[MAX_STREAMS];
    struct response response;

    expect_list_soon(*state);
    for (size_t i = 0; i < MAX_STREAMS; i++)
        start_list(&streams[i], port_of(state));
    instance_get(*state, "/rockets", &response);
    response_expect_problem(&response, 503, "");
    assert_non_null(response_header(&response, "Retry-After"));
    response_release(&response);
    /* Responses that are not streamed are not affected. */
    instance_get(*state, "/rockets?sort=speed&limit=50", &response);
    response_expect_status(&response, 200);
    response_release(&response);
    instance_get(*state, "/rockets/rocket-000000", &response);
    response_expect_status(&response, 200);
    response_release(&response);
    /* The accepted lists are sent completely. */
    for (size_t i = 0; i < 4; i++) {
        connection_widen(&streams[i]);
        connection_expect(&streams[i], &response);
        expect_all(&response, false);
        response_release(&response);
    }
    for (size_t i = 0; i < MAX_STREAMS; i++)
        connection_close(&streams[i]);
    expect_list_soon(*state);
}

static void pages_that_are_read_free_their_memory(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    for (unsigned i = 0; i < MANY_PAGES; i++) {
        connection_get(&connection, LONG_PAGE);
        connection_expect_status(&connection, 200);
    }
    connection_close(&connection);
}

/* As many requests as would fill the memory for unsent responses again. */
static void expect_pages_refused(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    for (unsigned i = 0; i < MANY_PAGES; i++) {
        connection_get(&connection, LONG_PAGE);
        connection_expect_status(&connection, 503);
    }
    connection_close(&connection);
}

/* Retry until the service has noticed that the other connections are closed. */
static void wait_for_free_memory(void **state)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    unsigned status = 503;

    while (status == 503) {
        struct response response;
        assert_true(process_clock() < deadline);
        instance_get(*state, LONG_PAGE, &response);
        status = response.status;
        response_release(&response);
    }
    assert_int_equal(status, 200);
}

/*
 * The last page gets 503; the earlier ones are sent completely. The response of
 * a refused page takes no memory of the limit either.
 */
static void pages_beyond_the_unsent_limit_get_503(void **state)
{
    struct connection readers[MANY_PAGES];
    struct response response;

    for (size_t i = 0; i < MANY_PAGES; i++) {
        assert_true(connection_open_narrow(&readers[i], port_of(state)));
        connection_get(&readers[i], LONG_PAGE);
        assert_true(connection_fill(&readers[i], 12,
                                    process_clock() + CONNECTION_PATIENCE));
    }
    assert_memory_equal(readers[0].data, "HTTP/1.1 200", 12);
    connection_expect(&readers[MANY_PAGES - 1], &response);
    response_expect_problem(&response, 503, "too many long responses");
    response_expect_header(&response, "Retry-After", "5");
    response_release(&response);
    expect_pages_refused(state);
    connection_widen(&readers[0]);
    connection_expect_status(&readers[0], 200);
    for (size_t i = 0; i < MANY_PAGES; i++)
        connection_close(&readers[i]);
    wait_for_free_memory(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_list_is_chunked_complete_and_sorted),
        cmocka_unit_test(page_of_a_long_list_has_total_and_link),
        cmocka_unit_test(head_of_a_long_list_has_no_body),
        cmocka_unit_test(unchanged_long_list_is_not_sent_again),
        cmocka_unit_test(http_1_0_gets_the_list_until_close),
        cmocka_unit_test(requests_after_a_list_are_answered_in_order),
        cmocka_unit_test(client_that_closes_early_affects_no_other),
        cmocka_unit_test(too_many_lists_at_once_get_503),
        cmocka_unit_test(pages_that_are_read_free_their_memory),
        cmocka_unit_test(pages_beyond_the_unsent_limit_get_503),
    };
    return cmocka_run_group_tests(tests, setup, instance_teardown);
}
