/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /health and /health/ready while memory is full, and in a drain: the service
 * says that it is not ready, and serves as before until the drain ends.
 * test_check_service.c has the client.
 */
#include "lib/harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    TOO_MANY = 20000, /* a megabyte has no room for half as many gaps */
    DRAIN_MS = 1000,  /* the drain that ends by itself */
    MODES = 2,
};

#define READY "/health/ready"
#define INGEST "/health/ready?for=ingest"
#define IS_READY .status = 200, .exact = "{\"status\":\"ready\"}"
#define IS_STOPPING                                                            \
    .status = 503, .part = "the service is stopping", .header = "Retry-After", \
    .value = "5"
#define IS_FULL                                                                \
    .status = 503, .part = "memory for rockets is full",                       \
    .header = "Retry-After", .value = "10"
#define IS_OK .status = 200, .part = "{\"status\":\"ok\","
#define IS_DEGRADED .status = 200, .part = "{\"status\":\"degraded\","

static const char *const modes[MODES] = {"-threads=2",
                                         "-threads=per-connection"};

/* Post a message of rocket r. Returns the status. */
static unsigned post(struct connection *connection, uint64_t number)
{
    struct fleet_message message = fleet_faster("r", number, 1);
    struct response response;

    connection_post(connection, message.body);
    connection_expect(connection, &response);
    unsigned status = response.status;
    response_release(&response);
    return status;
}

/* Make gaps until memory is full, then fill them. */
static void ingest_is_not_ready_until_memory_has_been_freed(void **state)
{
    static const struct exchange before[] = {{.target = "/health", IS_OK},
                                             {.target = READY, IS_READY},
                                             {.target = INGEST, IS_READY}};
    static const struct exchange full[] = {{.target = "/health", IS_DEGRADED},
                                           {.target = READY, IS_READY},
                                           {.target = INGEST, IS_FULL},
                                           {"HEAD", INGEST, .status = 503}};
    struct instance instance;
    struct connection connection;
    uint64_t number = 1;

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-max-memory=1M"));
    instance_connect(&instance, &connection);
    EXCHANGES_RUN(&instance, before);
    while (post(&connection, number) == 202 && number < TOO_MANY)
        number += 2;
    assert_true(number < TOO_MANY);
    EXCHANGES_RUN(&instance, full);
    for (uint64_t gap = 2; gap < number - 1; gap += 2)
        assert_int_equal(post(&connection, gap), 202);
    EXCHANGES_RUN(&instance, before);
    assert_int_equal(post(&connection, number), 202);
    connection_close(&connection);
    instance_stop(&instance);
}

/* Pollers would fill the log with it, and nothing was refused. */
static void not_ready_is_no_warning(void **state)
{
    struct instance instance;

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-drain=3600"));
    process_signal(&instance.process, SIGTERM);
    process_wait_error(&instance.process, "draining");
    EXCHANGE(&instance, .target = READY, IS_STOPPING);
    process_signal(&instance.process, SIGTERM);
    process_wait_error(&instance.process, " 1 requests, 0 refused");
    instance_expect_end(&instance, 0);
}

/* Start it with a drain that does not end by itself. */
static void start_with_drain(struct instance *instance, const char *mode)
{
    instance_start_with(
        instance, INSTANCE_FLAGS(mode),
        INSTANCE_FLAGS("LUNAR_DRAIN=3600", "LUNAR_IDLE_TIMEOUT=3600"));
}

static void begin_drain(struct instance *instance)
{
    process_signal(&instance->process, SIGTERM);
    process_wait_error(&instance->process,
                       " info  SIGTERM: draining for 3600 s: not ready, but "
                       "still serving; a second signal stops at once\n");
}

static void drain_serves_until_a_second_signal(void **state)
{
    static const struct exchange rows[] = {
        {.target = READY, IS_STOPPING},
        {.target = INGEST, IS_STOPPING},
        {"HEAD", READY, .status = 503},
        {.target = "/health", IS_DEGRADED},
        {.target = "/rockets/r", .status = 200}};

    (void)state;
    for (size_t mode = 0; mode < MODES; mode++) {
        struct instance instance;
        struct connection connection;

        start_with_drain(&instance, modes[mode]);
        instance_connect(&instance, &connection);
        exchange_run(&connection,
                     &(struct exchange){.target = INGEST, IS_READY});
        begin_drain(&instance);
        /* Connections of before stay open, and new ones are accepted. */
        exchange_run(&connection,
                     &(struct exchange){.target = INGEST, IS_STOPPING});
        assert_int_equal(post(&connection, 1), 202);
        EXCHANGES_RUN(&instance, rows);
        /* As after Ctrl-Z and fg; the wait for the signal goes on. */
        process_signal(&instance.process, SIGSTOP);
        process_signal(&instance.process, SIGCONT);
        EXCHANGES_RUN(&instance, rows);
        assert_int_equal(post(&connection, 2), 202);
        process_signal(&instance.process, SIGINT);
        process_wait_error(
            &instance.process,
            " info  SIGINT: stopping; another signal ends the process at once");
        connection_expect_closed(&connection);
        connection_close(&connection);
        instance_expect_end(&instance, 0);
    }
}

static void third_signal_ends_at_once(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < MODES; mode++) {
        struct instance instance;
        struct connection connection;

        start_with_drain(&instance, modes[mode]);
        instance_connect(&instance, &connection);
        assert_int_equal(post(&connection, 1), 202);
        begin_drain(&instance);
        /* A request in flight, for which the stop waits. */
        connection_send_text(&connection,
                             "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Length: 10\r\n\r\n{");
        process_signal(&instance.process, SIGTERM);
        instance_wait_refusing(&instance);
        process_signal(&instance.process, SIGINT);
        assert_int_equal(process_wait(&instance.process, INSTANCE_PATIENCE),
                         PROCESS_SIGNALLED + SIGINT);
        connection_close(&connection);
        instance_release(&instance);
    }
}

static void drain_ends_by_itself(void **state)
{
    struct instance instance;

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-drain=1"));
    int64_t begin = process_clock();
    process_signal(&instance.process, SIGTERM);
    process_wait_error(
        &instance.process,
        " info  drained: stopping; another signal ends the process at once");
    assert_true(process_clock() - begin >= DRAIN_MS);
    instance_expect_end(&instance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ingest_is_not_ready_until_memory_has_been_freed),
        cmocka_unit_test(not_ready_is_no_warning),
        cmocka_unit_test(drain_serves_until_a_second_signal),
        cmocka_unit_test(third_signal_ends_at_once),
        cmocka_unit_test(drain_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
