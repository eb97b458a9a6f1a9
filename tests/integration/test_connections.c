/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of connections: they are kept alive while few are open, closed after
 * the response above that number, and evicted when idle near the maximum, so
 * that a new connection is always accepted.
 */
#include "lib/harness.h"

#include <stdlib.h>

enum {
    KEEP_ALIVE_BELOW = 512,
    FEW = 400,
    MANY = 700,
    LIMIT = 64, /* as in `limited` */
    CROWD = 128,
    IDLERS = 200,
    GROUP = 16,
    GROUP_PAUSE = 20, /* milliseconds */
    /* milliseconds after which a request may be evicted */
    LONG_FOR_A_REQUEST = 1200,
    /* Less than the idle timeout (10 s), after which they are closed anyway. */
    BEFORE_TIMEOUT = 8000,
};

static const char *const limited[] = {"-max-connections=64", NULL};

/*
 * Send a GET and expect 200. Return whether the response closes the connection.
 */
static bool closes_after_response(struct connection *connection)
{
    struct response response;

    connection_get(connection, "/health");
    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    bool closes = response_closes(&response);
    response_release(&response);
    return closes;
}

static struct connection *new_connections(size_t count)
{
    struct connection *connections = calloc(count, sizeof(*connections));

    assert_non_null(connections);
    for (size_t i = 0; i < count; i++)
        connections[i].socket = -1;
    return connections;
}

static void close_connections(struct connection *connections, size_t count)
{
    for (size_t i = 0; i < count; i++)
        connection_close(&connections[i]);
    free(connections);
}

static void wait_for_keep_alive(const struct instance *instance)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    bool closes = true;

    while (closes) {
        struct connection connection;

        assert_true(process_clock() < deadline);
        instance_connect(instance, &connection);
        closes = closes_after_response(&connection);
        connection_close(&connection);
    }
}

static void connections_are_kept_alive_while_there_is_room(void **state)
{
    struct connection *connections = new_connections(MANY);

    for (size_t i = 0; i < FEW; i++) {
        instance_connect(*state, &connections[i]);
        assert_false(closes_after_response(&connections[i]));
    }
    /*
     * Use them again. The latest come first, as the earliest may soon be idle
     * for too long.
     */
    for (size_t i = FEW; i > FEW - 50; i--)
        assert_false(closes_after_response(&connections[i - 1]));
    /*
     * These connections send no request: they are open, and nothing closes them
     * yet.
     */
    for (size_t i = FEW; i < MANY - 1; i++)
        instance_connect(*state, &connections[i]);
    instance_connect(*state, &connections[MANY - 1]);
    assert_true(closes_after_response(&connections[MANY - 1]));
    connection_expect_closed(&connections[MANY - 1]);
    assert_true(closes_after_response(&connections[FEW - 1]));
    connection_expect_closed(&connections[FEW - 1]);
    close_connections(connections, MANY);
    wait_for_keep_alive(*state);
}

/* A new service: no connection of another test is still being closed. */
static void keep_alive_ends_at_the_documented_number(void **state)
{
    struct connection *connections = new_connections(KEEP_ALIVE_BELOW + 8);
    struct instance instance;
    size_t kept = 0;

    (void)state;
    instance_start(&instance, NULL);
    int64_t start = process_clock();
    for (size_t i = 0; i < KEEP_ALIVE_BELOW + 8; i++) {
        instance_connect(&instance, &connections[i]);
        kept += closes_after_response(&connections[i]) ? 0 : 1;
    }
    /*
     * The connection that reaches the limit is the first that is not kept
     * alive. On a slow machine the idle timeout may have closed some before.
     */
    assert_in_range(kept, KEEP_ALIVE_BELOW - 1,
                    process_clock() - start < BEFORE_TIMEOUT
                        ? KEEP_ALIVE_BELOW - 1
                        : KEEP_ALIVE_BELOW + 8);
    close_connections(connections, KEEP_ALIVE_BELOW + 8);
    instance_stop(&instance);
}

/*
 * Open the connections in groups, with pauses, so that the service measures
 * different idle times for each group.
 */
static void open_in_groups(const struct instance *instance,
                           struct connection *connections, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i % GROUP == 0)
            process_wait_until(process_clock() + GROUP_PAUSE);
        instance_connect(instance, &connections[i]);
        assert_false(closes_after_response(&connections[i]));
    }
}

static void idle_connections_are_evicted_for_new_ones(void **state)
{
    struct connection *connections = new_connections(IDLERS);
    struct instance instance;
    int64_t start = process_clock();
    size_t closed = 0;

    (void)state;
    instance_start(&instance, limited);
    open_in_groups(&instance, connections, IDLERS);
    /* At most LIMIT are left; the oldest were evicted. */
    for (size_t i = 0; i < IDLERS - LIMIT - GROUP; i++)
        connection_expect_closed(&connections[i]);
    for (size_t i = IDLERS - LIMIT / 2; i < IDLERS; i++)
        closed += connection_is_closed(&connections[i]) ? 1 : 0;
    if (process_clock() - start < BEFORE_TIMEOUT)
        assert_int_equal(closed, 0);
    else
        print_message("machine too slow to tell evictions from timeouts\n");
    close_connections(connections, IDLERS);
    instance_stop(&instance);
}

static void connection_in_use_is_not_evicted(void **state)
{
    struct connection *connections = new_connections(IDLERS);
    struct instance instance;
    struct connection busy;

    (void)state;
    instance_start(&instance, limited);
    instance_connect(&instance, &busy);
    for (size_t i = 0; i < IDLERS; i++) {
        assert_false(closes_after_response(&busy));
        instance_connect(&instance, &connections[i]);
        assert_false(closes_after_response(&connections[i]));
    }
    connection_close(&busy);
    close_connections(connections, IDLERS);
    instance_stop(&instance);
}

static void silent_connections_do_not_lock_others_out(void **state)
{
    struct connection *connections = new_connections(IDLERS);
    struct instance instance;
    struct response response;

    (void)state;
    instance_start(&instance, limited);
    for (size_t i = 0; i < IDLERS; i++)
        instance_connect(&instance, &connections[i]);
    instance_get(&instance, "/health", &response);
    response_expect_status(&response, 200);
    response_release(&response);
    close_connections(connections, IDLERS);
    instance_stop(&instance);
}

/*
 * More connections than the maximum: most of them wait in the listen queue
 * until others are evicted.
 */
static void unfinished_requests_do_not_lock_others_out(void **state)
{
    struct connection *connections = new_connections(CROWD);
    struct instance instance;
    int64_t start = process_clock();
    struct response response;

    (void)state;
    instance_start(&instance, limited);
    for (size_t i = 0; i < CROWD; i++) {
        instance_connect(&instance, &connections[i]);
        connection_send_text(&connections[i],
                             "POST /messages HTTP/1.1\r\nHost: x\r\n"
                             "Content-Length: 10\r\n\r\n{");
    }
    instance_get(&instance, "/health", &response);
    response_expect_status(&response, 200);
    response_release(&response);
    /* Long before the deadline of these requests, 30 s. */
    assert_true(process_clock() - start < 20000);
    close_connections(connections, CROWD);
    instance_stop(&instance);
}

/*
 * The head, part of the body and the end of the stream arrive at once. The
 * service must notice the end.
 */
static void truncated_request_is_closed_soon(void **state)
{
    int64_t start = process_clock();

    for (int i = 0; i < 20; i++) {
        struct connection connection;
        instance_connect(*state, &connection);
        connection_send_text(&connection,
                             "POST /messages HTTP/1.1\r\nHost: x\r\n"
                             "Content-Length: 10\r\n\r\n{");
        connection_finish(&connection);
        connection_expect_closed(&connection);
        connection_close(&connection);
    }
    /* Each had a deadline of 30 s. */
    assert_true(process_clock() - start < 25000);
}

/*
 * This holds however long the requests have been arriving, and however short
 * the others have been idle.
 */
static void idle_connections_are_evicted_before_requests(void **state)
{
    struct connection *connections = new_connections(IDLERS);
    struct connection requests[GROUP];
    struct instance instance;

    (void)state;
    instance_start(&instance, limited);
    for (size_t i = 0; i < GROUP; i++) {
        instance_connect(&instance, &requests[i]);
        connection_post_head(&requests[i], 2);
        connection_send_text(&requests[i], "{");
    }
    process_wait_until(process_clock() + LONG_FOR_A_REQUEST);
    open_in_groups(&instance, connections, IDLERS);
    for (size_t i = 0; i < GROUP; i++) {
        connection_send_text(&requests[i], "}");
        connection_expect_status(&requests[i], 400);
        connection_close(&requests[i]);
    }
    close_connections(connections, IDLERS);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_kept_alive_while_there_is_room),
        cmocka_unit_test(keep_alive_ends_at_the_documented_number),
        cmocka_unit_test(idle_connections_are_evicted_for_new_ones),
        cmocka_unit_test(connection_in_use_is_not_evicted),
        cmocka_unit_test(silent_connections_do_not_lock_others_out),
        cmocka_unit_test(unfinished_requests_do_not_lock_others_out),
        cmocka_unit_test(idle_connections_are_evicted_before_requests),
        cmocka_unit_test(truncated_request_is_closed_soon),
    };
    connection_raise_limit();
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
