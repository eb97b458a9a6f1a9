/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How batches arrive, in both thread modes: long ones, in pieces, followed by
 * other requests, and cut short.
 */
#include "lib/harness.h"

#include "lib/bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Read the rocket until its last message number is at least `number`. */
static void wait_for_messages(const struct instance *instance, const char *id,
                              uint64_t number)
{
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;

    while (bulk_messages_of(instance, id) < number) {
        assert_true(process_clock() < deadline);
        process_wait_until(process_clock() + 2);
    }
}

static bool send_chunk(struct connection *connection, const char *data,
                       size_t length)
{
    return connection_print(connection, "%zx\r\n", length) &&
           connection_send(connection, data, length) &&
           connection_send_text(connection, "\r\n");
}

/*
 * The body is far longer than a single message may be, and longer than what the
 * service reads to discard it.
 */
static void body_has_no_limit(void **state)
{
    enum { MESSAGES = 30000 };
    struct bulk bulk = bulk_make("long-1", 1, MESSAGES);
    struct connection connection;

    assert_in_range(bulk.length, 4 * 1024 * 1024, SIZE_MAX);
    instance_connect(*state, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect_applied(&connection, MESSAGES);
    assert_int_equal(bulk_messages_of(*state, "long-1"), MESSAGES);
    bulk_expect_next(&connection);
    connection_close(&connection);
    free(bulk.text);
}

static void chunked_body_has_no_limit(void **state)
{
    enum { MESSAGES = 10000, CHUNK = 100000 };
    struct bulk bulk = bulk_make("chunked-1", 1, MESSAGES);
    struct connection connection;

    instance_connect(*state, &connection);
    assert_true(
        connection_request(&connection, "POST", "/messages", BULK_CHUNKED));
    for (size_t at = 0; at < bulk.length; at += CHUNK) {
        size_t left = bulk.length - at;
        assert_true(send_chunk(&connection, bulk.text + at,
                               left < CHUNK ? left : CHUNK));
    }
    assert_true(connection_send_text(&connection, "0\r\n\r\n"));
    bulk_expect_applied(&connection, MESSAGES);
    bulk_expect_next(&connection);
    connection_close(&connection);
    free(bulk.text);
}

/*
 * Parts that end within a line, at its end and just before it. Each part is a
 * chunk of its own, so that the service never reads a longer one.
 */
static void lines_may_span_chunks(void **state)
{
    enum { MESSAGES = 20 };
    struct bulk bulk = bulk_make("cut-1", 1, MESSAGES);
    struct connection connection;
    size_t line = strcspn(bulk.text, "\n");
    size_t sizes[] = {1, 7, line - 1, line, line + 1, line + 2, 1000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        instance_connect(*state, &connection);
        connection_request(&connection, "POST", "/messages", BULK_CHUNKED);
        for (size_t at = 0; at < bulk.length; at += sizes[i]) {
            size_t left = bulk.length - at;
            assert_true(send_chunk(&connection, bulk.text + at,
                                   left < sizes[i] ? left : sizes[i]));
        }
        assert_true(connection_send_text(&connection, "0\r\n\r\n"));
        if (i == 0)
            bulk_expect_applied(&connection, MESSAGES);
        else
            bulk_expect(&connection,
                        "{\"applied\":0,\"duplicate\":20,\"stale\":0,"
                        "\"rejected\":0,\"errors\":[]}");
        connection_close(&connection);
    }
    free(bulk.text);
}

static void messages_are_applied_as_they_arrive(void **state)
{
    struct bulk bulk = bulk_make("early-1", 1, 4);
    size_t line = strcspn(bulk.text, "\n") + 1;
    struct connection connection;

    instance_connect(*state, &connection);
    connection_print(&connection,
                     "POST /messages HTTP/1.1\r\nHost: localhost\r\n" BULK_TYPE
                     "Content-Length: %zu\r\n\r\n",
                     bulk.length);
    /*
     * Send a line and a half; the other half; half a line; its rest without the
     * line feed; the rest.
     */
    connection_send(&connection, bulk.text, line + line / 2);
    wait_for_messages(*state, "early-1", 1);
    connection_send(&connection, bulk.text + line + line / 2, line - line / 2);
    wait_for_messages(*state, "early-1", 2);
    connection_send(&connection, bulk.text + 2 * line, line / 2);
    assert_int_equal(bulk_messages_of(*state, "early-1"), 2);
    connection_send(&connection, bulk.text + 2 * line + line / 2,
                    line - line / 2 - 1);
    assert_int_equal(bulk_messages_of(*state, "early-1"), 2);
    assert_false(connection_has_news(&connection));
    connection_send(&connection, bulk.text + 3 * line - 1, line + 1);
    bulk_expect_applied(&connection, 4);
    bulk_expect_next(&connection);
    connection_close(&connection);
    free(bulk.text);
}

/* Batches, single messages and reads, sent without waiting for responses. */
static void pipelined_batches_are_answered_in_order(void **state)
{
    struct bulk first = bulk_make("behind-1", 1, 3);
    struct bulk second = bulk_make("behind-1", 5, 400);
    struct fleet_message between = fleet_faster("behind-1", 4, 1);
    struct connection connection;

    instance_connect(*state, &connection);
    connection_post_with(&connection, BULK_TYPE, first.text);
    connection_post(&connection, between.body);
    connection_post_with(&connection, BULK_TYPE, second.text);
    connection_get(&connection, "/rockets/behind-1");
    bulk_expect_applied(&connection, 3);
    connection_expect_status(&connection, 202);
    bulk_expect_applied(&connection, 396);
    connection_expect_status(&connection, 200);
    assert_int_equal(bulk_messages_of(*state, "behind-1"), 400);
    connection_close(&connection);
    free(first.text);
    free(second.text);
}

static void expect_100_continue_gets_100(void **state)
{
    enum { MESSAGES = 10000 };
    struct bulk bulk = bulk_make("expect-1", 1, MESSAGES);
    struct connection connection;

    instance_connect(*state, &connection);
    connection_print(&connection,
                     "POST /messages HTTP/1.1\r\nHost: localhost\r\n" BULK_TYPE
                     "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
                     bulk.length);
    connection_expect_status(&connection, 100);
    assert_true(connection_send(&connection, bulk.text, bulk.length));
    bulk_expect_applied(&connection, MESSAGES);
    connection_close(&connection);
    free(bulk.text);
}

/*
 * Complete lines are applied. The rest is not, even if it is a whole message:
 * more bytes of the line might have followed.
 */
static void interrupted_batch_applies_its_complete_lines(void **state)
{
    enum { MESSAGES = 1000 };
    struct bulk bulk = bulk_make("gone-1", 1, MESSAGES);
    struct connection connection;

    instance_connect(*state, &connection);
    connection_print(&connection,
                     "POST /messages HTTP/1.1\r\nHost: localhost\r\n" BULK_TYPE
                     "Content-Length: %zu\r\n\r\n",
                     2 * bulk.length);
    connection_send(&connection, bulk.text, bulk.length - 1);
    connection_close(&connection);
    wait_for_messages(*state, "gone-1", MESSAGES - 1);

    instance_connect(*state, &connection);
    connection_request(&connection, "POST", "/messages", BULK_CHUNKED);
    send_chunk(&connection, bulk.text, bulk.length - 1);
    connection_finish(&connection);
    connection_expect_closed(&connection);
    connection_close(&connection);
    assert_int_equal(bulk_messages_of(*state, "gone-1"), MESSAGES - 1);

    instance_connect(*state, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect(&connection, "{\"applied\":1,\"duplicate\":999,\"stale\":0,"
                             "\"rejected\":0,\"errors\":[]}");
    connection_close(&connection);
    free(bulk.text);
}

static int setup_per_connection(void **state)
{
    static const char *const flags[] = {"-threads=per-connection", NULL};
    static struct instance instance;

    instance_start(&instance, flags);
    *state = &instance;
    return 0;
}

static int teardown_per_connection(void **state)
{
    if (*state != NULL)
        instance_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_has_no_limit),
        cmocka_unit_test(chunked_body_has_no_limit),
        cmocka_unit_test(lines_may_span_chunks),
        cmocka_unit_test(messages_are_applied_as_they_arrive),
        cmocka_unit_test(pipelined_batches_are_answered_in_order),
        cmocka_unit_test(expect_100_continue_gets_100),
        cmocka_unit_test(interrupted_batch_applies_its_complete_lines),
    };
    int failed =
        cmocka_run_group_tests(tests, instance_setup, instance_teardown);

    return failed + cmocka_run_group_tests_name("per-connection", tests,
                                                setup_per_connection,
                                                teardown_per_connection);
}
