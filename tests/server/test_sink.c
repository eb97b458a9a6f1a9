/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sinks that make the connection wait in the middle of an upload: every byte
 * comes once and in order, whatever the sink takes and however the body is
 * framed, and a sender that is faster than the sink is held back.
 */
#include "lib/harness.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "toy.h"
#include "upload.h"

enum {
    LENGTH = 100000,
    SMALL_CHUNKS = 6000, /* bytes in chunks of one byte */
    CROWD = 20,
    MEGABYTE = 1024 * 1024,
    HELD = 20,                 /* waits */
    SERVER_BUFFER = 16 * 1024, /* for what it has read of a connection */
    DESCRIPTORS = 1024,
};

static const char *const scripts[] = {"a",    "0a",   "h", "00h1",
                                      "1h0a", "h0aD", "A", "hA0AD"};
static const char *const wakes[] = {"now", "soon"};

static const size_t script_count = sizeof(scripts) / sizeof(scripts[0]);

static void open_toy(void **state, struct connection *connection)
{
    assert_true(connection_open(connection, toy_port(*state)));
}

/* All scripts and wakes on one connection, each with a request behind it. */
static void send_all(void **state, size_t length, size_t chunk)
{
    struct connection client;

    open_toy(state, &client);
    for (size_t i = 0; i < 2 * script_count; i++) {
        struct upload upload = {wakes[i % 2], scripts[i / 2], length, chunk};
        struct upload_bytes bytes = upload_make(&upload, "");
        upload_append_next(&bytes);
        connection_send(&client, bytes.data, bytes.length);
        upload_expect(&client, &upload);
        upload_expect_next(&client);
        free(bytes.data);
    }
    connection_close(&client);
    assert_true(toy_count(*state, TOY_WAITED) > 2 * script_count);
}

static void sink_may_wait_in_a_body_of_known_length(void **state)
{
    send_all(state, LENGTH, 0);
}

static void sink_may_wait_in_chunks_of_one_byte(void **state)
{
    send_all(state, SMALL_CHUNKS, 1);
}

static void sink_may_wait_in_chunks_of_a_thousand_bytes(void **state)
{
    send_all(state, LENGTH, 1000);
}

static void sink_may_wait_in_chunks_longer_than_the_buffer(void **state)
{
    send_all(state, LENGTH, 20000);
}

static void sink_may_take_a_byte_at_a_time(void **state)
{
    struct upload upload = {"now", "1", (size_t)SMALL_CHUNKS * 4, 0};
    struct connection client;

    open_toy(state, &client);
    for (int i = 0; i < 2; i++) {
        struct upload_bytes bytes = upload_make(&upload, "");
        connection_send(&client, bytes.data, bytes.length);
        upload_expect(&client, &upload);
        free(bytes.data);
        upload.chunk = 1000;
    }
    connection_close(&client);
}

static void sink_may_wait_behind_a_100_continue(void **state)
{
    struct connection client;

    open_toy(state, &client);
    for (size_t i = 0; i < 4 * script_count; i++) {
        struct upload upload = {wakes[i % 2], scripts[i / 4], LENGTH,
                                i / 2 % 2 == 0 ? 0 : 1000};
        struct upload_bytes bytes =
            upload_make(&upload, "Expect: 100-continue\r\n");
        connection_send(&client, bytes.data, bytes.head);
        connection_expect_status(&client, 100);
        connection_send(&client, bytes.data + bytes.head,
                        bytes.length - bytes.head);
        upload_expect(&client, &upload);
        free(bytes.data);
    }
    connection_close(&client);
}

/* The body and the end of the stream are there before the sink goes on. */
static void half_close(void **state, size_t length, size_t chunk)
{
    struct connection client;

    for (size_t i = 0; i < 2 * script_count; i++) {
        struct upload upload = {wakes[i % 2], scripts[i / 2], length, chunk};
        struct upload_bytes bytes = upload_make(&upload, "");
        open_toy(state, &client);
        connection_send(&client, bytes.data, bytes.length);
        connection_finish(&client);
        upload_expect(&client, &upload);
        connection_close(&client);
        free(bytes.data);
    }
}

static void half_closed_sender_gets_its_response(void **state)
{
    half_close(state, LENGTH, 0);
    half_close(state, 20, 0);
}

static void half_closed_sender_of_chunks_gets_its_response(void **state)
{
    half_close(state, SMALL_CHUNKS, 1);
    half_close(state, LENGTH, 1000);
    half_close(state, LENGTH, 20000);
    half_close(state, 20, 1);
}

/* The first part makes the sink wait; then come the rest and the end. */
static void sender_half_closed_while_it_waits_gets_its_response(void **state)
{
    struct upload upload = {"held", "0h", LENGTH, 0};
    struct connection client;

    for (size_t i = 0; i < 2; i++) {
        struct upload_bytes bytes = upload_make(&upload, "");
        open_toy(state, &client);
        connection_send(&client, bytes.data, LENGTH / 2);
        toy_wait(*state, TOY_WAITED, toy_count(*state, TOY_WOKEN) + 1);
        connection_send(&client, bytes.data + LENGTH / 2,
                        bytes.length - LENGTH / 2);
        connection_finish(&client);
        toy_hold_no_more(*state);
        upload_expect(&client, &upload);
        connection_close(&client);
        free(bytes.data);
        upload.chunk = 20000;
        upload.wake = "soon";
    }
}

/* `sent` bytes of the request are sent when the client leaves. */
static void leave_and_wake(void **state, bool reset, size_t sent)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct connection clients[CROWD];

    for (size_t i = 0; i < CROWD; i++) {
        struct upload upload = {"held", "0h", LENGTH, i % 2 == 0 ? 0 : 1000};
        struct upload_bytes bytes = upload_make(&upload, "");
        open_toy(state, &clients[i]);
        connection_send(&clients[i], bytes.data,
                        sent < bytes.length ? sent : bytes.length);
        free(bytes.data);
    }
    toy_wait(*state, TOY_WAITED, CROWD);
    for (int i = 0; i < CROWD; i++) {
        if (reset)
            setsockopt(clients[i].socket, SOL_SOCKET, SO_LINGER, &linger,
                       sizeof(linger));
        connection_close(&clients[i]);
    }
    toy_hold_no_more(*state);
    toy_wait_ended(*state, CROWD);
}

static void sink_is_freed_if_the_client_closed_while_it_waited(void **state)
{
    leave_and_wake(state, false, LENGTH / 2);
    assert_int_equal(toy_count(*state, TOY_FREED), CROWD);
}

static void sink_is_freed_if_the_client_reset_while_it_waited(void **state)
{
    leave_and_wake(state, true, LENGTH / 2);
    assert_int_equal(toy_count(*state, TOY_FREED), CROWD);
}

static void sink_is_ended_once_if_the_client_closed_after_its_body(void **state)
{
    leave_and_wake(state, false, SIZE_MAX);
}

static void many_sinks_wait_at_a_time(void **state)
{
    struct upload upload = {"soon", "h0a", LENGTH, 0};
    struct connection clients[CROWD];

    for (int i = 0; i < CROWD; i++)
        open_toy(state, &clients[i]);
    for (size_t round = 0; round < script_count; round++) {
        upload.chunk = round % 2 * 1000;
        struct upload_bytes bytes = upload_make(&upload, "");
        for (int i = 0; i < CROWD; i++)
            connection_send(&clients[i], bytes.data, bytes.length);
        for (int i = 0; i < CROWD; i++)
            upload_expect(&clients[i], &upload);
        free(bytes.data);
    }
    for (int i = 0; i < CROWD; i++)
        connection_close(&clients[i]);
}

/* The server's end of a connection: it is in this process. */
static int server_end(const struct connection *client)
{
    struct sockaddr_in ours = {0}, theirs = {0};
    socklen_t size = sizeof(ours);

    assert_int_equal(
        getsockname(client->socket, (struct sockaddr *)&ours, &size), 0);
    for (int fd = 3; fd < DESCRIPTORS; fd++) {
        size = sizeof(theirs);
        if (getpeername(fd, (struct sockaddr *)&theirs, &size) == 0 &&
            theirs.sin_port == ours.sin_port)
            return fd;
    }
    fail_msg("the server has no end of this connection");
    return -1;
}

/* How many bytes the server has read from its end. */
static size_t read_by_server(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    int unread = 0;

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    assert_int_equal(ioctl(fd, FIONREAD, &unread), 0);
    return (size_t)info.tcpi_bytes_received - (size_t)unread;
}

/* Send until nothing more is taken. Returns the bytes sent. */
static size_t push(const struct connection *client, const char *data,
                   size_t length)
{
    size_t sent = 0;

    for (;;) {
        ssize_t part =
            send(client->socket, data + sent, length - sent, MSG_NOSIGNAL);
        if (part <= 0)
            return sent;
        sent += (size_t)part;
    }
}

/* While the sink waits the server reads no more than its buffer holds. */
static void hold_back(void **state, size_t chunk)
{
    struct upload upload = {"held", "h0", 16 * (size_t)MEGABYTE, chunk};
    struct upload_bytes bytes = upload_make(&upload, "");
    struct connection client;
    size_t sent = 0;

    open_toy(state, &client);
    for (size_t i = 1; i <= HELD; i++) {
        sent += push(&client, bytes.data + sent, bytes.length - sent);
        toy_wait(*state, TOY_WAITED, i);
        assert_true(read_by_server(server_end(&client)) <=
                    bytes.head + toy_taken(*state) + SERVER_BUFFER);
        assert_int_equal(toy_wake_held(*state), 1);
    }
    connection_close(&client);
    toy_hold_no_more(*state);
    toy_wait(*state, TOY_FREED, 1);
    free(bytes.data);
}

static void sender_faster_than_the_sink_is_held_back(void **state)
{
    hold_back(state, 0);
}

static void sender_of_chunks_faster_than_the_sink_is_held_back(void **state)
{
    hold_back(state, 20000);
}

/* Each chunk is sent when the one before was taken. */
static void sender_of_chunks_slower_than_the_sink_is_served(void **state)
{
    enum { CHUNK = 1000, CHUNKS = 100, WIRE = CHUNK + 7 };
    struct upload upload = {"soon", "0h1a", (size_t)CHUNK * CHUNKS, CHUNK};
    struct upload_bytes bytes = upload_make(&upload, "");
    struct connection client;

    open_toy(state, &client);
    connection_send(&client, bytes.data, bytes.head);
    for (size_t i = 0; i < CHUNKS; i++) {
        connection_send(&client, bytes.data + bytes.head + i * WIRE, WIRE);
        toy_wait_taken(*state, (i + 1) * CHUNK);
    }
    connection_send_text(&client, "0\r\n\r\n");
    upload_expect(&client, &upload);
    connection_close(&client);
    free(bytes.data);
}

/* 'x' fails; 'm' takes a part and does not wait, which no sink may do. */
static void sink_that_fails_closes_the_connection(void **state)
{
    static const char *const failing[] = {"x", "hx", "m", "0m"};
    struct connection client;

    for (size_t i = 0; i < 8; i++) {
        struct upload upload = {wakes[i % 2], failing[i / 2], LENGTH,
                                i / 2 % 2 * 1000};
        struct upload_bytes bytes = upload_make(&upload, "");
        open_toy(state, &client);
        connection_send(&client, bytes.data, bytes.length);
        connection_expect_closed(&client);
        connection_close(&client);
        free(bytes.data);
    }
    toy_wait(*state, TOY_FREED, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(sink_may_wait_in_a_body_of_known_length),
        TOY_TEST(sink_may_wait_in_chunks_of_one_byte),
        TOY_TEST(sink_may_wait_in_chunks_of_a_thousand_bytes),
        TOY_TEST(sink_may_wait_in_chunks_longer_than_the_buffer),
        TOY_TEST(sink_may_take_a_byte_at_a_time),
        TOY_TEST(sink_may_wait_behind_a_100_continue),
        TOY_TEST(half_closed_sender_gets_its_response),
        TOY_TEST(half_closed_sender_of_chunks_gets_its_response),
        TOY_TEST(sender_half_closed_while_it_waits_gets_its_response),
        TOY_TEST(sink_is_freed_if_the_client_closed_while_it_waited),
        TOY_TEST(sink_is_freed_if_the_client_reset_while_it_waited),
        TOY_TEST(sink_is_ended_once_if_the_client_closed_after_its_body),
        TOY_TEST(many_sinks_wait_at_a_time),
        TOY_TEST(sender_of_chunks_slower_than_the_sink_is_served),
        TOY_TEST(sender_faster_than_the_sink_is_held_back),
        TOY_TEST(sender_of_chunks_faster_than_the_sink_is_held_back),
        TOY_TEST(sink_that_fails_closes_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
