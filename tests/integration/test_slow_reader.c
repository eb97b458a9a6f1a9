/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that read a long list slowly. One that reads nothing is cut off; one
 * that keeps reading gets the whole list, however long that takes; other
 * clients are not affected.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TICK = 1000, /* milliseconds */
    /* About 500 bytes each: more in total than all buffers on the way hold. */
    ROCKETS = 20000,
    PADDING = 256,
    STALL = 30, /* seconds without progress, after which it is cut off */
    SLACK = 30, /* seconds: how late the service may be */
    BYTES_PER_TICK = 200 * 1024,
};

/* Read BYTES_PER_TICK bytes, or less if `deadline` passes first. */
static void read_for_a_tick(struct connection *connection, int64_t deadline)
{
    size_t before = connection->length;

    while (connection->length - before < BYTES_PER_TICK &&
           connection_fill(connection, 16384, deadline)) {
        /* Read on: more may be available. */
    }
}

static void expect_whole_list(const struct response *response)
{
    response_expect_status(response, 200);
    assert_int_equal(response->framing, RESPONSE_CHUNKED);
    cJSON *json = response_json(response);
    assert_int_equal(cJSON_GetArraySize(json), ROCKETS);
    cJSON_Delete(json);
}

static void slow_readers_are_measured_by_progress(void **state)
{
    struct connection stuck;
    struct connection steady;
    struct connection other;
    struct response response;
    int64_t start = 0;

    fleet_launch(*state, ROCKETS, PADDING);
    assert_true(connection_open_narrow(
        &stuck, ((const struct instance *)*state)->port));
    assert_true(connection_open_narrow(
        &steady, ((const struct instance *)*state)->port));
    instance_connect(*state, &other);
    connection_get(&stuck, "/rockets?sort=speed");
    connection_get(&steady, "/rockets?sort=speed");
    start = process_clock();
    for (int tick = 1; tick <= STALL + SLACK; tick++) {
        int64_t end = start + (int64_t)tick * TICK;
        /* POSTs are served meanwhile. */
        struct fleet_message message =
            fleet_faster("rocket-000000", (uint64_t)tick + 1, 1);
        fleet_post(&other, &message);
        read_for_a_tick(&steady, end);
        process_wait_until(end);
    }
    /* Read the rest, if the machine was too slow for that many ticks. */
    connection_expect(&steady, &response);
    expect_whole_list(&response);
    response_release(&response);
    /* Bytes under way are still received, but not the end of the list. */
    assert_int_equal(connection_receive(&stuck, &response), CONNECTION_CUT);
    connection_close(&stuck);
    connection_close(&steady);
    connection_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_readers_are_measured_by_progress),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
