/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TLS adds to a connection: a handshake, records that are no data, an end
 * of its own, and certificates that change. LUNAR_TEST_TLS is set.
 */
#include "lib/harness.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics.h"
#include "lib/tls_client.h"
#include "server/server_tls.h"
#include "toy_client.h"
#include "toy_item.h"

enum {
    HALF_OPEN = 200,
    CLIENTS = 3,
    RELOADS = 200,
    BUSY_MS = 500,
    BUSY_TRIES = 4,
};

/* Of `lunar_connections_closed_total`. */
static const char closed[] = "lunar_connections_closed_total";
enum { REASON_HANDSHAKE = 8 };

static uint64_t count_failed_handshakes(struct toy *toy)
{
    return metric_value(metrics_find(toy_metrics(toy), closed),
                        REASON_HANDSHAKE);
}

static void wait_failed_handshakes(struct toy *toy, uint64_t count)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    while (count_failed_handshakes(toy) < count) {
        assert_true(process_clock() < deadline);
        usleep(1000);
    }
}

static int64_t processor_ms(void)
{
    struct timespec spent;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (int64_t)spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}

/* The beginning of a ClientHello. */
static const char beginning[] = {0x16, 0x03, 0x01, 0x01};

/* libmicrohttpd alone tries them over and over again: see tls_handshakes.h. */
static void handshakes_that_wait_take_no_time(void **state)
{
    struct connection clients[HALF_OPEN], client;

    for (size_t i = 0; i < HALF_OPEN; i++) {
        assert_true(connection_open_plain(&clients[i], toy_port(*state)));
        assert_true(connection_send(&clients[i], beginning, sizeof(beginning)));
    }
    toy_get(*state, &client, "/plain/hello");
    toy_expect_text(&client, 200, "hello");
    connection_close(&client);
    /* On a slow machine they begin in the first of these times. */
    int64_t spent = BUSY_MS;
    for (int i = 0; i < BUSY_TRIES && spent > BUSY_MS / 4; i++) {
        int64_t before = processor_ms();
        usleep(BUSY_MS * 1000);
        spent = processor_ms() - before;
    }
    assert_in_range(spent, 0, BUSY_MS / 4);
    for (size_t i = 0; i < HALF_OPEN; i++)
        connection_close(&clients[i]);
    wait_failed_handshakes(*state, HALF_OPEN);
}

static void request_without_tls_is_a_failed_handshake(void **state)
{
    struct connection client;

    assert_true(connection_open_plain(&client, toy_port(*state)));
    assert_true(connection_get(&client, "/plain/hello"));
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    while (connection_fill(&client, 100, deadline))
        continue;
    assert_true(client.ended);
    connection_close(&client);
    wait_failed_handshakes(*state, 1);
}

/* While it is on, the kernel sends full segments only. */
static void cork(const struct connection *client, int on)
{
    assert_int_equal(
        setsockopt(client->socket, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)), 0);
}

/* GnuTLS says that there is nothing to read, although the request is there. */
static void request_that_comes_with_new_keys_is_answered(void **state)
{
    struct connection client;

    toy_open(*state, &client);
    for (int i = 0; i < 3; i++) {
        cork(&client, 1);
        tls_client_update_keys(client.tls);
        assert_true(connection_get(&client, "/plain/hello"));
        cork(&client, 0);
        toy_expect_text(&client, 200, "hello");
    }
    connection_close(&client);
}

/*
 * The body is complete, and behind it is only the end of TLS: if the connection
 * were suspended before the last chunk is read, it would be lost. TLS 1.2 shows
 * by the type of a record that it is the end, TLS 1.3 by its length alone.
 */
static void body_that_ends_with_tls_is_answered(void **state)
{
    static const size_t chunks[] = {0, 100, 5000, 20000};

    for (size_t i = 0; i < 8; i++) {
        struct toy_ask ask = TOY_SINK("soon", "1hA", 60000, chunks[i % 4]);
        struct connection client;
        tls_client_use_1_2(i >= 4);
        toy_open(*state, &client);
        tls_client_use_1_2(false);
        toy_send(&client, &ask);
        connection_finish(&client);
        toy_expect(&client, &ask);
        connection_close(&client);
    }
}

/* The system of the server knows the end when it has acknowledged it. */
static void wait_end_is_received(const struct connection *client)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    struct tcp_info info = {.tcpi_state = TCP_ESTABLISHED};
    socklen_t size = sizeof(info);

    while (info.tcpi_state != TCP_FIN_WAIT2) {
        assert_true(process_clock() < deadline);
        assert_int_equal(
            getsockopt(client->socket, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    }
}

/* A response that waits is sent to a client that has ended its side. */
static void half_closed_client_is_answered(void **state)
{
    struct connection client;

    toy_get(*state, &client, "/deferred/held/hello");
    toy_wait(*state, TOY_WAITED, 1);
    connection_finish(&client);
    wait_end_is_received(&client);
    assert_int_equal(toy_wake_held(*state), 1);
    toy_expect_text(&client, 200, "hello");
    connection_close(&client);
}

/* One that has sent a part of a record, and goes. */
static void client_that_stops_within_a_record_leaves_nothing(void **state)
{
    static const char part[] = {0x17, 0x03, 0x03, 0x01, 0x00, 0x55};
    struct connection client;

    toy_open(*state, &client);
    struct tls_client *tls = client.tls;
    client.tls = NULL;
    assert_true(connection_send(&client, part, sizeof(part)));
    usleep(1000);
    client.tls = tls;
    connection_close(&client);
}

struct load {
    struct toy *toy;
    _Atomic bool stop;
    _Atomic unsigned answered, failed;
};

static void *run_load(void *context)
{
    struct load *load = context;

    while (!atomic_load(&load->stop)) {
        struct connection client;
        struct response response;
        bool good = connection_open(&client, toy_port(load->toy));
        for (int i = 0; good && i < 3; i++) {
            good =
                connection_get(&client, "/plain/hello") &&
                connection_receive(&client, &response) == CONNECTION_ANSWERED;
            if (good)
                response_release(&response);
        }
        connection_close(&client);
        atomic_fetch_add(good ? &load->answered : &load->failed, 1);
    }
    return NULL;
}

static void reload_under_load_fails_no_request(void **state)
{
    struct load load = {.toy = *state};
    char error[SERVER_TLS_ERROR];
    pthread_t threads[CLIENTS];

    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_load, &load), 0);
    for (size_t i = 0; i < RELOADS; i++) {
        if (!server_tls_reload(load.toy->tls, error))
            fail_msg("%s", error);
        usleep(1000);
    }
    atomic_store(&load.stop, true);
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&load.answered) > 0);
    assert_int_equal(atomic_load(&load.failed), 0);
}

/* The stop does not wait for them. */
static void stop_ends_handshakes(void **state)
{
    struct connection clients[HALF_OPEN];

    for (size_t i = 0; i < HALF_OPEN; i++) {
        assert_true(connection_open_plain(&clients[i], toy_port(*state)));
        assert_true(connection_send(&clients[i], beginning, sizeof(beginning)));
    }
    assert_in_range(toy_stop(*state), 0, 4000);
    for (size_t i = 0; i < HALF_OPEN; i++)
        connection_close(&clients[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(handshakes_that_wait_take_no_time),
        TOY_TEST(request_without_tls_is_a_failed_handshake),
        TOY_TEST(request_that_comes_with_new_keys_is_answered),
        TOY_TEST(body_that_ends_with_tls_is_answered),
        TOY_TEST(half_closed_client_is_answered),
        TOY_TEST(client_that_stops_within_a_record_leaves_nothing),
        TOY_TEST(reload_under_load_fails_no_request),
        TOY_TEST(stop_ends_handshakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
