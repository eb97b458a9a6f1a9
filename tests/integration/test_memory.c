/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -max-memory: messages that need more memory get 503, all other requests are
 * served.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 20000 /* more rockets than a megabyte holds */ };

static int setup(void **state)
{
    static struct instance instance;

    instance_start(&instance, INSTANCE_FLAGS("-max-memory=1M"));
    *state = &instance;
    return 0;
}

static int teardown(void **state)
{
    instance_stop(*state);
    return 0;
}

/* Post it. Return whether it was applied; else it must be refused with 503. */
static bool is_applied(struct connection *connection,
                       const struct fleet_message *message)
{
    struct response response;

    connection_post(connection, message->body);
    connection_expect(connection, &response);
    bool applied = response.status == 202;
    if (!applied) {
        response_expect_problem(&response, 503, "");
        response_expect_header(&response, "Retry-After", "10");
        assert_false(response_closes(&response));
    }
    response_release(&response);
    return applied;
}

static void new_rockets_and_gaps_are_refused(void **state)
{
    struct connection connection;
    char id[32], target[48];
    bool applied = true;
    size_t known = 0;
    uint64_t last = 2;

    instance_connect(*state, &connection);
    while (applied && known < MANY) {
        snprintf(id, sizeof(id), "flood-%06zu", known);
        struct fleet_message message =
            fleet_launched(id, 1, "Falcon-9", 500, "ARTEMIS");
        applied = is_applied(&connection, &message);
        known += applied ? 1 : 0;
    }
    assert_in_range(known, 1, MANY - 1);
    /* The refused message has left no trace. Known rockets are updated. */
    snprintf(target, sizeof(target), "/rockets/%s", id);
    EXCHANGE(*state, .target = target, .status = 404);
    for (size_t i = 0; i < known; i++) {
        snprintf(id, sizeof(id), "flood-%06zu", i);
        struct fleet_message message = fleet_faster(id, 2, 100);
        fleet_post(&connection, &message);
    }
    do {
        struct fleet_message gap = fleet_faster("flood-000000", last + 2, 1);
        applied = is_applied(&connection, &gap);
        last += applied ? 2 : 0;
    } while (applied && last < 4000);
    assert_false(applied);
    /* A message in order, or next to a run, needs no memory. */
    struct fleet_message next = fleet_faster("flood-000000", last + 1, 1);
    struct fleet_message late = fleet_faster("flood-000000", 3, 1);
    fleet_post(&connection, &next);
    fleet_post(&connection, &late);
    connection_close(&connection);
    EXCHANGE(*state, .target = "/rockets/flood-000000", .status = 200);
    EXCHANGE(*state, .target = "/rockets?limit=10", .status = 200);
}

/*
 * A batch that makes MANY new rockets, each followed by a message of a known
 * one.
 */
static void batch_is_refused_only_for_new_rockets(void **state)
{
    struct bulk bulk;

    bulk_begin(&bulk);
    for (size_t i = 0; i < MANY; i++) {
        char id[32];
        snprintf(id, sizeof(id), "flood-%06zu", i);
        bulk_add(&bulk, id, 1);
        bulk_add(&bulk, "known-1", i + 1);
    }
    bulk_end(&bulk);
    for (int i = 0; i < 2; i++) {
        EXCHANGE(*state, .fields = BULK_TYPE, .body = bulk.text, .status = 503,
                 .header = "Retry-After", .value = "10",
                 .part = "lines were not taken");
        assert_int_equal(bulk_messages_of(*state, "known-1"), MANY);
        assert_int_equal(bulk_messages_of(*state, "flood-000000"), 1);
        assert_int_equal(bulk_messages_of(*state, "flood-019999"), 0);
    }
    /* A message that needs no memory is applied as before. */
    EXCHANGE(*state, .fields = BULK_TYPE,
             .body = fleet_faster("known-1", MANY + 1, 1).body, .status = 202,
             .exact = BULK_RESULT("1", "0"));
    free(bulk.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_rockets_and_gaps_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(batch_is_refused_only_for_new_rockets,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
