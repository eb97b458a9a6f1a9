/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -max-memory: messages that need more memory get 503, all other requests are
 * served.
 */
#include "lib/harness.h"

#include <stdio.h>

enum { MANY = 200000 /* more rockets than a megabyte holds */ };

static const char *const little[] = {"-max-memory=1M", NULL};

static struct fleet_message launch_of(size_t i)
{
    char id[32];

    snprintf(id, sizeof(id), "flood-%06zu", i);
    return fleet_launched(id, 1, "Falcon-9", 500, "ARTEMIS");
}

/* Launch rockets until one gets 503. Return how many were launched. */
static size_t launch_until_refused(struct connection *connection)
{
    for (size_t i = 0; i < MANY; i++) {
        struct fleet_message message = launch_of(i);
        struct response response;

        connection_post(connection, message.body);
        connection_expect(connection, &response);
        if (response.status != 202) {
            response_expect_problem(&response, 503, "");
            assert_non_null(response_header(&response, "Retry-After"));
            assert_false(response_closes(&response));
            response_release(&response);
            return i;
        }
        response_release(&response);
    }
    return MANY;
}

static void new_rockets_are_refused_and_known_ones_updated(void **state)
{
    struct instance instance;
    struct connection connection;

    (void)state;
    instance_start(&instance, little);
    instance_connect(&instance, &connection);
    size_t known = launch_until_refused(&connection);
    assert_in_range(known, 1, MANY - 1);
    for (size_t i = 0; i < known; i++) {
        char id[32];
        snprintf(id, sizeof(id), "flood-%06zu", i);
        struct fleet_message message = fleet_faster(id, 2, 100);
        fleet_post(&connection, &message);
    }
    connection_get(&connection, "/rockets/flood-000000");
    connection_expect_status(&connection, 200);
    connection_get(&connection, "/rockets?limit=10");
    connection_expect_status(&connection, 200);
    /* The refused message has left no trace. */
    char target[48];
    snprintf(target, sizeof(target), "/rockets/flood-%06zu", known);
    connection_get(&connection, target);
    connection_expect_status(&connection, 404);
    connection_close(&connection);
    instance_stop(&instance);
}

static void new_gaps_are_refused_and_the_rocket_updated(void **state)
{
    struct instance instance;
    struct connection connection;
    unsigned status = 202;
    uint64_t last = 0;

    (void)state;
    instance_start(&instance, little);
    instance_connect(&instance, &connection);
    (void)launch_until_refused(&connection);
    for (uint64_t number = 3; number < 4000 && status == 202; number += 2) {
        struct fleet_message message = fleet_faster("flood-000000", number, 1);
        struct response response;

        connection_post(&connection, message.body);
        connection_expect(&connection, &response);
        status = response.status;
        if (status == 202)
            last = number;
        response_release(&response);
    }
    assert_int_equal(status, 503);
    /* A message in order, or next to a run, needs no memory. */
    struct fleet_message next = fleet_faster("flood-000000", last + 1, 1);
    struct fleet_message late = fleet_faster("flood-000000", 2, 1);
    fleet_post(&connection, &next);
    fleet_post(&connection, &late);
    connection_close(&connection);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_rockets_are_refused_and_known_ones_updated),
        cmocka_unit_test(new_gaps_are_refused_and_the_rocket_updated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
