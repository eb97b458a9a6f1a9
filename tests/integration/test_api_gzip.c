/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /messages with Content-Encoding, both forms: what is decoded and what is
 * refused, how the body arrives, and that a body which decodes to much holds up
 * nobody else. The unit tests have every cut and every bound.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gzip_data.h"

#define GZIP "Content-Encoding: gzip\r\n"

enum { MAX_BODY = 64 * 1024, TWICE = 2 * MAX_BODY };

/* A request whose body is gzip data. */
struct packed {
    char *data;
    size_t size;
};

static struct packed pack(const char *text, size_t length)
{
    struct packed packed;

    packed.data = gzip_data(text, length, false, &packed.size);
    return packed;
}

/* Send the head of a chunked batch, and `length` bytes of it in chunks. */
static void send_chunks(struct connection *connection,
                        const struct packed *packed, size_t length,
                        size_t chunk)
{
    connection_request(connection, "POST", "/messages", BULK_CHUNKED GZIP);
    connection_send_chunks(connection, packed->data, length, chunk);
    if (length == packed->size)
        connection_send_text(connection, "0\r\n\r\n");
}

/* Post `length` bytes of `text`, packed, and expect the response of `row`. */
static void expect_packed(const struct instance *instance, const char *text,
                          size_t length, const struct exchange *row)
{
    struct packed packed = pack(text, length);
    struct connection connection;

    instance_connect(instance, &connection);
    connection_post_bytes(&connection, row->fields, packed.data, packed.size);
    exchange_expect(&connection, row);
    if (!row->closes)
        bulk_expect_next(&connection);
    connection_close(&connection);
    free(packed.data);
}

static void names_of_the_coding_are_equivalent(void **state)
{
    static const char *const names[] = {"gzip", "x-gzip", "GZIP",
                                        "identity, gzip"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char single[64], batch[128];
        struct fleet_message one = fleet_faster("named-1", 2 * i + 1, 1);
        struct fleet_message two = fleet_faster("named-1", 2 * i + 2, 1);

        snprintf(single, sizeof(single), "Content-Encoding: %s\r\n", names[i]);
        snprintf(batch, sizeof(batch), BULK_TYPE "%s", single);
        expect_packed(*state, one.body, strlen(one.body),
                      &(struct exchange){.fields = single,
                                         .status = 202,
                                         .part = "\"applied\""});
        expect_packed(*state, two.body, strlen(two.body),
                      &(struct exchange){.fields = batch,
                                         .status = 202,
                                         .exact = BULK_RESULT("1", "0")});
    }
    EXCHANGE(*state, .fields = BULK_TYPE "Content-Encoding: identity\r\n",
             .body = fleet_faster("named-1", 1, 1).body, .status = 202,
             .exact = BULK_RESULT("0", "1"));
}

static void other_codings_are_refused(void **state)
{
    static const char *const fields[] = {
        "Content-Encoding: br\r\n",
        BULK_TYPE "Content-Encoding: deflate\r\n",
        BULK_TYPE "Content-Encoding: gzip, gzip\r\n",
        "Expect: 100-continue\r\nContent-Encoding: zstd\r\n",
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        EXCHANGE(*state, .fields = fields[i],
                 .body = fleet_faster("coded-1", 1, 1).body, .status = 415,
                 .header = "Accept-Encoding", .value = "gzip",
                 .part = "the Content-Encoding must be gzip, or",
                 .closes = true);
    EXCHANGE(*state, .target = "/rockets/coded-1", .status = 404);
    /* A page of another site learns nothing else. */
    EXCHANGE(*state,
             .fields = "Sec-Fetch-Site: cross-site\r\n"
                       "Content-Encoding: br\r\n",
             .body = "{}", .status = 403);
}

static void limit_of_a_single_message_is_that_of_its_decoded_body(void **state)
{
    char text[TWICE + 1];
    struct fleet_message message = fleet_faster("limit-1", 1, 1);
    const struct exchange accepted = {
        .fields = GZIP, .status = 202, .part = "\"applied\""};
    const struct exchange refused = {
        .fields = GZIP,
        .status = 413,
        .part = "a message has at most 65536 bytes, also when decoded"};

    snprintf(text, sizeof(text), "%-*s", TWICE, message.body);
    expect_packed(*state, text, MAX_BODY + 1, &refused);
    expect_packed(*state, text, TWICE, &refused);
    expect_packed(*state, text, MAX_BODY, &accepted);
}

/* Plain text, and gzip data that lacks its last byte. */
static void bodies_that_are_no_gzip_data_are_refused(void **state)
{
    static const char *const fields[] = {GZIP, BULK_TYPE GZIP};
    struct fleet_message message = fleet_faster("no-1", 1, 1);

    for (size_t i = 0; i < 2; i++) {
        struct packed packed = pack(message.body, strlen(message.body));
        struct connection connection;

        EXCHANGE(*state, .fields = fields[i], .body = message.body,
                 .status = 400,
                 .part = "not valid gzip data: incorrect header check");
        EXCHANGE(*state, .fields = fields[i], .body = "", .status = 400,
                 .part = "the body ends before its gzip data does");
        packed.size--;
        instance_connect(*state, &connection);
        connection_post_bytes(&connection, fields[i], packed.data, packed.size);
        exchange_expect(&connection,
                        &(struct exchange){
                            .status = 400,
                            .part = "the body ends before its gzip data does"});
        connection_close(&connection);
        free(packed.data);
    }
    EXCHANGE(*state, .target = "/rockets/no-1", .status = 404);
}

/* The body is longer than all buffers. */
static void body_has_no_limit_and_any_chunks(void **state)
{
    enum { MESSAGES = 50000 };
    static const size_t chunks[] = {100, 5000, 1000000};
    struct bulk bulk = bulk_make("long-1", 1, MESSAGES);
    struct packed packed = pack(bulk.text, bulk.length);
    struct connection connection;

    assert_in_range(packed.size, 128 * 1024, SIZE_MAX);
    instance_connect(*state, &connection);
    connection_post_bytes(&connection, BULK_TYPE GZIP, packed.data,
                          packed.size);
    bulk_expect(&connection, BULK_RESULT("50000", "0"));
    connection_close(&connection);
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        instance_connect(*state, &connection);
        send_chunks(&connection, &packed, packed.size, chunks[i]);
        bulk_expect_last(&connection, BULK_RESULT("0", "50000"));
    }
    assert_int_equal(bulk_messages_of(*state, "long-1"), MESSAGES);
    free(packed.data);
    free(bulk.text);
}

/* Two members, of which the second one arrives a byte a chunk. */
static void messages_are_applied_as_they_arrive(void **state)
{
    struct bulk first = bulk_make("early-1", 1, 4);
    struct bulk second = bulk_make("early-1", 5, 6);
    struct packed one = pack(first.text, first.length);
    struct packed two = pack(second.text, second.length);
    struct connection connection;

    instance_connect(*state, &connection);
    one.size++; /* more is to come */
    send_chunks(&connection, &one, one.size - 1, one.size);
    bulk_wait_for(*state, "early-1", 4);
    assert_false(connection_has_news(&connection));
    connection_send_chunks(&connection, two.data, two.size, 1);
    connection_send_text(&connection, "0\r\n\r\n");
    bulk_expect_last(&connection, BULK_RESULT("6", "0"));
    free(one.data);
    free(two.data);
    free(first.text);
    free(second.text);
}

/* A message, many times itself, and the next message. */
static struct packed pack_bomb(const char *id)
{
    enum { TIMES = 150000 };
    struct bulk bulk;

    bulk_begin(&bulk);
    for (size_t i = 0; i < TIMES; i++)
        bulk_add(&bulk, id, 1);
    bulk_add(&bulk, id, 2);
    bulk_end(&bulk);
    struct packed packed = pack(bulk.text, bulk.length);
    free(bulk.text);
    return packed;
}

/*
 * The connection ends while the bomb is worked on, in the middle of its body or
 * behind it.
 */
static void client_that_closes_early_affects_no_other(void **state)
{
    struct packed bomb = pack_bomb("gone-1");

    for (size_t i = 0; i < 12; i++) {
        struct connection connection;

        instance_connect(*state, &connection);
        if (i % 2 == 0)
            send_chunks(&connection, &bomb, bomb.size / (i + 1), 10000);
        else
            connection_post_bytes(&connection, BULK_TYPE GZIP, bomb.data,
                                  bomb.size);
        connection_close(&connection);
    }
    bulk_wait_for(*state, "gone-1", 1);
    expect_packed(*state, "\n", 1,
                  &(struct exchange){.fields = BULK_TYPE GZIP,
                                     .status = 202,
                                     .exact = BULK_RESULT("0", "0")});
    free(bomb.data);
}

/*
 * Whether others were answered while a bomb was worked on, which the second
 * message of the rocket ends.
 */
static bool is_served_meanwhile(const struct instance *instance, const char *id)
{
    struct packed bomb = pack_bomb(id);
    struct connection connection;

    instance_connect(instance, &connection);
    connection_post_bytes(&connection, BULK_TYPE GZIP, bomb.data, bomb.size);
    bulk_wait_for(instance, id, 1);
    bool served = bulk_messages_of(instance, id) == 1 &&
                  !connection_has_news(&connection);
    bulk_expect(&connection, BULK_RESULT("2", "149999"));
    connection_close(&connection);
    free(bomb.data);
    return served;
}

/*
 * One event loop. If the test itself was too slow to ask in time, which shows
 * nothing, it is tried again.
 */
static void bomb_does_not_hold_the_event_loop(void **state)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct instance instance;
    bool served = false;
    char id[32];

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-threads=1"));
    for (int i = 0; !served; i++) {
        assert_true(process_clock() < deadline);
        snprintf(id, sizeof(id), "bomb-%d", i);
        served = is_served_meanwhile(&instance, id);
    }
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_the_coding_are_equivalent),
        cmocka_unit_test(other_codings_are_refused),
        cmocka_unit_test(limit_of_a_single_message_is_that_of_its_decoded_body),
        cmocka_unit_test(bodies_that_are_no_gzip_data_are_refused),
        cmocka_unit_test(body_has_no_limit_and_any_chunks),
        cmocka_unit_test(messages_are_applied_as_they_arrive),
        cmocka_unit_test(client_that_closes_early_affects_no_other),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(bomb_does_not_hold_the_event_loop),
    };

    return HARNESS_RUN_IN_BOTH_MODES(tests) +
           cmocka_run_group_tests_name("one event loop", alone, NULL, NULL);
}
