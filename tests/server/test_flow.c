/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams and sinks beside clients that are slower or faster than they are.
 */
#include "lib/harness.h"

#include <stdlib.h>
#include <string.h>

#include "toy_client.h"

enum {
    WAITS = 20,
    LENGTH = 16 * 1024 * 1024, /* of a body */
    KERNEL = 12 * 1024 * 1024, /* what the kernel may hold of a connection */
};

/* What was made before the wait is not held back by it. */
static void stream_that_waits_sends_what_it_has(void **state)
{
    struct toy_ask ask = {"stream", "held", "swd", .old = true};
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    size_t length = toy_stream_length("s");
    char *body = toy_bytes(length);
    struct connection client;

    toy_open(*state, &client);
    toy_send(&client, &ask);
    while (client.length < length ||
           memcmp(client.data + client.length - length, body, length) != 0)
        assert_true(connection_fill(&client, 4096, deadline));
    toy_wait(*state, TOY_WAITED, 1);
    assert_int_equal(toy_wake_held(*state), 1);
    toy_expect(&client, &ask);
    connection_close(&client);
    free(body);
}

static void slow_reader_gets_all_of_it(void **state)
{
    struct toy_ask ask = TOY_GET("stream", "soon", "bwbbwbwbbbwsbwbbwbbbbwbwd");
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct connection client;

    assert_true(connection_open_narrow(&client, toy_port(*state)));
    toy_send(&client, &ask);
    for (size_t i = 0; i < 300; i++)
        assert_true(connection_fill(&client, 1000, deadline));
    toy_expect(&client, &ask);
    connection_close(&client);
}

static const char *header(const struct response *response)
{
    const char *length = response_header(response, "Content-Length");

    return length != NULL ? length : "none";
}

/* So the connection goes on, also after a HEAD, which makes no byte. */
static void stream_of_known_length_says_so(void **state)
{
    static const char target[] = "/stream/soon/bwbbwbsbwbd/sized";
    size_t length = toy_stream_length("bwbbwbsbwbd");
    char *body = toy_bytes(length), expected[32];
    struct connection client;
    struct response response;

    snprintf(expected, sizeof(expected), "%zu", length);
    toy_open(*state, &client);
    for (int i = 0; i < 3; i++) {
        assert_true(connection_get(&client, target));
        connection_expect(&client, &response);
        response_expect_status(&response, 200);
        assert_string_equal(header(&response), expected);
        assert_int_equal(response.body_length, length);
        assert_memory_equal(response.body, body, length);
        response_release(&response);
        assert_true(connection_request(&client, "HEAD", target, ""));
        assert_int_equal(connection_receive_head(&client, &response),
                         CONNECTION_ANSWERED);
        assert_string_equal(header(&response), expected);
        response_release(&response);
    }
    connection_close(&client);
    free(body);
}

/* The length shows that it is not all. */
static void stream_of_known_length_that_fails_is_cut_off(void **state)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct connection client;

    toy_open(*state, &client);
    assert_true(connection_get(&client, "/stream/soon/bwbfbd/sized"));
    while (!client.ended && connection_fill(&client, 65536, deadline))
        ;
    assert_true(client.ended);
    assert_true(client.length < toy_stream_length("bbbd"));
    assert_true(client.length > toy_stream_length("bb"));
    connection_close(&client);
}

static void sink_may_take_a_byte_at_a_time(void **state)
{
    struct toy_ask asks[] = {TOY_SINK("now", "1", 24000, 0),
                             TOY_SINK("now", "1", 24000, 1000)};
    struct connection client;

    toy_open(*state, &client);
    for (int i = 0; i < 2; i++) {
        toy_send(&client, &asks[i]);
        toy_expect(&client, &asks[i]);
    }
    connection_close(&client);
}

/* Each chunk is sent when the one before was taken. */
static void sender_of_chunks_slower_than_the_sink_is_served(void **state)
{
    enum { CHUNK = 1000, CHUNKS = 100, WIRE = CHUNK + 7 };
    struct toy_ask ask =
        TOY_SINK("soon", "0h1a", (size_t)CHUNK * CHUNKS, CHUNK);
    struct toy_request request = toy_request_make(&ask);
    struct connection client;

    toy_open(*state, &client);
    connection_send(&client, request.data, request.head);
    for (size_t i = 0; i < CHUNKS; i++) {
        connection_send(&client, request.data + request.head + i * WIRE, WIRE);
        toy_wait(*state, TOY_TAKEN, (i + 1) * CHUNK);
    }
    connection_send_text(&client, "0\r\n\r\n");
    toy_expect(&client, &ask);
    connection_close(&client);
    free(request.data);
}

/* While the sink waits the server reads no more, and the kernel is full. */
static void sender_faster_than_the_sink_is_held_back(void **state)
{
    static const size_t chunks[] = {0, 20000};

    for (size_t i = 0; i < 2; i++) {
        struct toy_ask ask = TOY_SINK("held", "h0", LENGTH, chunks[i]);
        struct toy_request request = toy_request_make(&ask);
        size_t sent = 0, taken = toy_count(*state, TOY_TAKEN);
        struct connection client;

        toy_open(*state, &client);
        for (size_t wait = 1; wait <= WAITS; wait++) {
            sent += connection_push(&client, request.data + sent,
                                    request.length - sent);
            toy_wait(*state, TOY_WAITED, toy_count(*state, TOY_WOKEN) + 1);
            assert_true(sent < toy_count(*state, TOY_TAKEN) - taken + KERNEL);
            assert_int_equal(toy_wake_held(*state), 1);
        }
        connection_close(&client);
        toy_hold(*state, false);
        toy_wait(*state, TOY_FREED, i + 1);
        toy_hold(*state, true);
        free(request.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(stream_that_waits_sends_what_it_has),
        TOY_TEST(slow_reader_gets_all_of_it),
        TOY_TEST(stream_of_known_length_says_so),
        TOY_TEST(stream_of_known_length_that_fails_is_cut_off),
        TOY_TEST(sink_may_take_a_byte_at_a_time),
        TOY_TEST(sender_of_chunks_slower_than_the_sink_is_served),
        TOY_TEST(sender_faster_than_the_sink_is_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
