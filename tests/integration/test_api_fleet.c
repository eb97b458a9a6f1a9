/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /fleet: its numbers are those of the whole list, whatever has happened.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data_folder.h"
#include "lib/fleet_count.h"
#include "lib/traffic.h"

enum { HISTORIES = 40, MANY = 150, TOGETHER = 100 };

static const char *const modes[] = {"-threads=2", "-threads=per-connection"};

/* The first test, of a service without rockets. */
static void empty_fleet_is_shown(void **state)
{
    EXCHANGE(*state, .target = "/fleet", .status = 200,
             .header = "Content-Type", .value = "application/json",
             .part = "\"rockets\":{\"total\":0,");
    fleet_count_expect(*state);
}

/* Gaps, relaunches, explosions; names of which each loses its rockets. */
static void fleet_is_a_count_over_the_whole_list(void **state)
{
    for (unsigned round = 1; round <= 3; round++) {
        char prefix[16];

        snprintf(prefix, sizeof(prefix), "fleet-%u-", round);
        traffic_post(*state, prefix, round, HISTORIES);
        traffic_post_names(*state, MANY, round);
        fleet_count_expect(*state);
    }
}

/* More runs than a rocket may have. */
static void fleet_has_what_was_given_up(void **state)
{
    enum { RUNS = 16384 };
    struct connection connection;
    struct bulk bulk;
    char result[128];

    bulk_begin(&bulk);
    for (uint64_t i = 1; i <= RUNS + 8; i++)
        bulk_add(&bulk, "hostile", 3 * i);
    bulk_end(&bulk);
    instance_connect(*state, &connection);
    connection_post_bytes(&connection, BULK_TYPE, bulk.text, bulk.length);
    snprintf(result, sizeof(result), BULK_RESULT("%d", "0"), RUNS + 8);
    bulk_expect(&connection, result);
    connection_close(&connection);
    free(bulk.text);
    fleet_count_expect(*state);
}

/* A second may pass between two requests on a busy machine: then again. */
static void fleet_is_counted_at_most_once_a_second(void **state)
{
    bool same;

    do {
        int64_t began = process_clock();
        struct response first, second;

        instance_get(*state, "/fleet", &first);
        traffic_post(*state, "cached-", (uint64_t)began, 1);
        instance_get(*state, "/fleet", &second);
        /* The first may be almost a second old; from now on it is not. */
        response_release(&first);
        instance_get(*state, "/fleet", &first);
        same = strcmp(first.body, second.body) == 0;
        response_expect_header(&first, "Cache-Control", "private, max-age=1");
        response_expect_header(&first, "ETag", NULL);
        response_release(&first);
        response_release(&second);
        if (!same && process_clock() - began < 500)
            fail_msg("two counts in half a second");
    } while (!same);
}

static void fleet_takes_no_parameters_and_no_other_methods(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/fleet?limit=1",
         .status = 400,
         .part = "this operation takes no parameters"},
        {.target = "/fleet?_=1", .status = 200},
        {.target = "/fleet/", .status = 404},
        {.method = "OPTIONS",
         .target = "/fleet",
         .status = 204,
         .header = "Allow",
         .value = "GET, HEAD, OPTIONS"},
        {.method = "DELETE", .target = "/fleet", .status = 405},
        {.method = "POST", .target = "/fleet", .status = 405},
        {.method = "HEAD",
         .target = "/fleet",
         .status = 200,
         .header = "Cache-Control",
         .value = "private, max-age=1"},
    };

    EXCHANGES_RUN(*state, rows);
}

/* The results are those of a process, and also `rejected` is counted. */
static void fleet_has_the_results_of_messages(void **state)
{
    struct instance instance;
    struct fleet_message message = fleet_faster("moon", 3, 1);
    const struct exchange rows[] = {
        {.body = message.body, .status = 202},
        {.body = message.body, .status = 202},
        {.body = "{}", .status = 400},
        {.target = "/fleet",
         .status = 200,
         .part = "\"messages\":{\"missing\":2,\"givenUp\":0,\"applied\":1,"
                 "\"duplicate\":1,\"stale\":0,\"rejected\":1,\"noMemory\":0,"
                 "\"notWritten\":0},\"memory\":{\"used\":"},
    };

    (void)state;
    instance_start(&instance, NULL);
    EXCHANGES_RUN(&instance, rows);
    instance_stop(&instance);
}

/*
 * Before a first count, so that it is made while they ask. Nothing changes, so
 * all get the same bytes, however often they are counted; that they share one
 * count is tested in test_fleet_cache.
 */
static void all_who_ask_together_get_the_whole_fleet(void **state)
{
    static struct connection connections[TOGETHER];

    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct instance instance;
        struct response first = {0};

        instance_start(&instance, INSTANCE_FLAGS(modes[mode]));
        traffic_post(&instance, "together-", 1, HISTORIES);
        for (size_t i = 0; i < TOGETHER; i++)
            instance_connect(&instance, &connections[i]);
        for (size_t i = 0; i < TOGETHER; i++)
            connection_get(&connections[i], "/fleet");
        for (size_t i = 0; i < TOGETHER; i++) {
            struct response response;

            connection_expect(&connections[i], &response);
            if (i == 0) {
                first = response;
            } else {
                assert_string_equal(response.body, first.body);
                response_release(&response);
            }
            connection_close(&connections[i]);
        }
        response_expect_status(&first, 200);
        response_release(&first);
        fleet_count_expect(&instance);
        instance_stop(&instance);
    }
}

/* Without its counts of names the start would have to count them. */
static void fleet_is_the_same_after_a_restart(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct data_folder folder;
        struct instance instance;

        data_folder_make(&folder);
        for (unsigned round = 1; round <= 3; round++) {
            char prefix[16];

            instance_start(&instance, INSTANCE_FLAGS(folder.flag, modes[mode]));
            if (round > 1)
                fleet_count_expect(&instance);
            snprintf(prefix, sizeof(prefix), "fleet-%u-", round);
            traffic_post(&instance, prefix, 7 + round, HISTORIES / 4);
            traffic_post_names(&instance, MANY, round);
            fleet_count_expect(&instance);
            instance_stop(&instance);
        }
        assert_int_equal(folder_remove(folder.root), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_fleet_is_shown),
        cmocka_unit_test(fleet_is_a_count_over_the_whole_list),
        cmocka_unit_test(fleet_has_what_was_given_up),
        cmocka_unit_test(fleet_is_counted_at_most_once_a_second),
        cmocka_unit_test(fleet_takes_no_parameters_and_no_other_methods),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(fleet_has_the_results_of_messages),
        cmocka_unit_test(all_who_ask_together_get_the_whole_fleet),
        cmocka_unit_test(fleet_is_the_same_after_a_restart),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests) +
           cmocka_run_group_tests(alone, NULL, NULL);
}
