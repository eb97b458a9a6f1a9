/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A smoke test of -threads=per-connection: the same service, but a thread
 * blocks where an event loop would suspend the connection.
 */
#include "lib/harness.h"

#include <string.h>

enum { ROCKETS = 3000, CONNECTIONS = 50 };

static const char *const flags[] = {"-threads=per-connection", NULL};

static int setup(void **state)
{
    static struct instance instance;

    instance_start(&instance, flags);
    fleet_launch(&instance, ROCKETS, 0);
    *state = &instance;
    return 0;
}

static int teardown(void **state)
{
    if (*state != NULL)
        instance_stop(*state);
    return 0;
}

static void message_is_applied_and_its_rocket_read(void **state)
{
    struct fleet_message message = fleet_faster("rocket-000001", 2, 99);
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    fleet_post(&connection, &message);
    connection_get(&connection, "/rockets/rocket-000001");
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    assert_non_null(strstr(response.body, "\"speed\":1100,"));
    response_release(&response);
    connection_request(&connection, "HEAD", "/rockets", "");
    assert_int_equal(connection_receive_head(&connection, &response),
                     CONNECTION_ANSWERED);
    response_expect_status(&response, 200);
    response_release(&response);
    connection_close(&connection);
}

static void long_list_is_streamed(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    for (int i = 0; i < 3; i++) {
        connection_get(&connection, "/rockets?sort=speed");
        connection_expect(&connection, &response);
        response_expect_status(&response, 200);
        assert_int_equal(response.framing, RESPONSE_CHUNKED);
        cJSON *json = response_json(&response);
        assert_int_equal(cJSON_GetArraySize(json), ROCKETS);
        cJSON_Delete(json);
        response_release(&response);
    }
    connection_close(&connection);
}

static void page_of_a_long_list_has_a_link(void **state)
{
    struct response response;

    instance_get(*state, "/rockets?sort=speed&order=desc&limit=5", &response);
    response_expect_status(&response, 200);
    assert_non_null(response_header(&response, "Link"));
    response_release(&response);
}

static void many_connections_are_answered(void **state)
{
    struct connection connections[CONNECTIONS];

    for (size_t i = 0; i < CONNECTIONS; i++) {
        instance_connect(*state, &connections[i]);
        connection_get(&connections[i], "/rockets?limit=10");
    }
    for (size_t i = CONNECTIONS; i-- > 0;) {
        connection_expect_status(&connections[i], 200);
        connection_close(&connections[i]);
    }
}

static void bad_framing_is_refused(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_request(&connection, "POST", "/messages",
                       "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n");
    connection_expect(&connection, &response);
    response_expect_status(&response, 400);
    response_release(&response);
    connection_expect_closed(&connection);
    connection_close(&connection);
}

static void idle_connection_is_closed(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    connection_expect_closed(&connection);
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_applied_and_its_rocket_read),
        cmocka_unit_test(long_list_is_streamed),
        cmocka_unit_test(page_of_a_long_list_has_a_link),
        cmocka_unit_test(many_connections_are_answered),
        cmocka_unit_test(bad_framing_is_refused),
        cmocka_unit_test(idle_connection_is_closed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
