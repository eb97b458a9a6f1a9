/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /messages with application/x-ndjson: results, refusals, and the state
 * after each of them. The unit tests cover what lines may contain;
 * test_batch_arrival.c covers how bodies arrive.
 */
#include "lib/harness.h"

#include "lib/bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void each_line_is_applied_and_counted(void **state)
{
    struct fleet_message one = fleet_faster("counted-1", 1, 1);
    struct fleet_message two = fleet_faster("counted-1", 2, 1);
    struct connection connection;
    char body[5 * FLEET_MAX_MESSAGE];

    snprintf(body, sizeof(body), "%s\n\r\n{}\r\n%s\n%s\r\n[]\n%s", one.body,
             two.body, two.body, one.body);
    instance_connect(*state, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, body));
    bulk_expect(&connection,
                "{\"applied\":2,\"duplicate\":2,\"stale\":0,\"rejected\":2,"
                "\"errors\":[{\"line\":3,\"detail\":\"metadata is missing: "
                "expected an object\"},{\"line\":6,\"detail\":\"the message "
                "must be a JSON object\"}]}");
    assert_int_equal(bulk_messages_of(*state, "counted-1"), 2);
    bulk_expect_next(&connection);
    connection_close(&connection);
}

static void media_type_ignores_case_and_parameters(void **state)
{
    static const char *const types[] = {
        "application/x-ndjson",
        "Application/X-NDJSON",
        "application/x-ndjson; charset=utf-8",
        "application/x-ndjson;v=1",
    };
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct fleet_message message = fleet_faster("typed-1", i + 1, 1);
        char field[128];

        snprintf(field, sizeof(field), "Content-Type: %s\r\n", types[i]);
        assert_true(connection_post_with(&connection, field, message.body));
        bulk_expect_applied(&connection, 1);
    }
    connection_close(&connection);
}

static void empty_batch_is_accepted(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, ""));
    bulk_expect_applied(&connection, 0);
    assert_true(
        connection_request(&connection, "POST", "/messages", BULK_CHUNKED));
    assert_true(connection_send_text(&connection, "0\r\n\r\n"));
    bulk_expect_applied(&connection, 0);
    assert_true(
        connection_request(&connection, "POST", "/messages", BULK_TYPE));
    bulk_expect_applied(&connection, 0);
    bulk_expect_next(&connection);
    connection_close(&connection);
}

static void batch_of_invalid_lines_is_accepted(void **state)
{
    enum { BAD = 250, REPORTED = 100 };
    struct connection connection;
    struct response response;
    char body[3 * BAD + 1];

    for (size_t i = 0; i < BAD; i++)
        snprintf(body + 3 * i, sizeof(body) - 3 * i, "{}\n");
    instance_connect(*state, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, body));
    connection_expect(&connection, &response);
    response_expect_status(&response, 202);
    cJSON *json = response_json(&response);
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(json, "errors");
    assert_int_equal(cJSON_GetNumberValue(
                         cJSON_GetObjectItemCaseSensitive(json, "rejected")),
                     BAD);
    assert_int_equal(cJSON_GetArraySize(errors), REPORTED);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(
                         cJSON_GetArrayItem(errors, REPORTED - 1), "line")),
                     REPORTED);
    cJSON_Delete(json);
    response_release(&response);
    bulk_expect_next(&connection);
    connection_close(&connection);
}

static void too_long_line_rejects_only_itself(void **state)
{
    enum { LONG = 3000000 };
    struct fleet_message one = fleet_faster("line-1", 1, 1);
    struct fleet_message two = fleet_faster("line-1", 2, 1);
    struct connection connection;
    struct bulk bulk;

    bulk_begin(&bulk);
    fprintf(bulk.stream, "%s\n%s%*s\n%s\n", one.body, two.body, LONG, "",
            two.body);
    bulk_end(&bulk);
    instance_connect(*state, &connection);
    assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
    bulk_expect(&connection,
                "{\"applied\":2,\"duplicate\":0,\"stale\":0,\"rejected\":1,"
                "\"errors\":[{\"line\":2,\"detail\":\"the line is longer "
                "than 65536 bytes\"}]}");
    bulk_expect_next(&connection);
    connection_close(&connection);
    free(bulk.text);
}

static void cross_site_batch_is_refused(void **state)
{
    static const struct {
        const char *fields;
        unsigned status;
    } cases[] = {
        {BULK_TYPE "Sec-Fetch-Site: cross-site\r\n", 403},
        {BULK_TYPE "Origin: http://evil.example\r\n", 403},
        {BULK_TYPE "Sec-Fetch-Site: same-origin\r\n", 202},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fleet_message message = fleet_faster("site-1", 1, 1);
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_post_with(&connection, cases[i].fields, message.body);
        connection_expect(&connection, &response);
        if (cases[i].status == 403)
            response_expect_problem(&response, 403, "another site");
        response_expect_status(&response, cases[i].status);
        assert_int_equal(bulk_messages_of(*state, "site-1"),
                         cases[i].status == 202 ? 1 : 0);
        response_release(&response);
        connection_close(&connection);
    }
}

/*
 * Only a POST to /messages is a batch by this type; other requests ignore it.
 */
static void other_requests_ignore_the_batch_type(void **state)
{
    static const struct {
        const char *method, *target;
        unsigned status;
    } cases[] = {
        {"GET", "/health", 200},      {"HEAD", "/rockets", 200},
        {"GET", "/messages", 405},    {"HEAD", "/messages", 405},
        {"PUT", "/messages", 405},    {"OPTIONS", "/messages", 204},
        {"POST", "/rockets", 405},    {"POST", "/messages/", 404},
        {"POST", "/messages?%", 400},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool head = strcmp(cases[i].method, "HEAD") == 0;
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_request(&connection, cases[i].method, cases[i].target,
                           BULK_TYPE);
        assert_int_equal(head ? connection_receive_head(&connection, &response)
                              : connection_receive(&connection, &response),
                         CONNECTION_ANSWERED);
        response_expect_status(&response, cases[i].status);
        response_release(&response);
        connection_close(&connection);
    }
}

/*
 * A batch that makes `rockets` new rockets, each followed by a message of the
 * rocket `known`.
 */
static struct bulk make_flood(const char *known, size_t rockets)
{
    struct bulk bulk;
    char id[32];

    bulk_begin(&bulk);
    for (size_t i = 0; i < rockets; i++) {
        snprintf(id, sizeof(id), "flood-%06zu", i);
        bulk_add(&bulk, id, 1);
        bulk_add(&bulk, known, i + 1);
    }
    bulk_end(&bulk);
    return bulk;
}

static void full_memory_refuses_only_new_rockets(void **state)
{
    enum { MANY = 20000 }; /* more rockets than a megabyte holds */
    static const char *const little[] = {"-max-memory=1M", NULL};
    struct bulk bulk = make_flood("known-1", MANY);
    struct instance instance;
    struct connection connection;
    struct response response;

    (void)state;
    instance_start(&instance, little);
    instance_connect(&instance, &connection);
    for (int i = 0; i < 2; i++) {
        assert_true(connection_post_with(&connection, BULK_TYPE, bulk.text));
        connection_expect(&connection, &response);
        response_expect_problem(&response, 503, "lines were not taken");
        assert_non_null(response_header(&response, "Retry-After"));
        assert_false(response_closes(&response));
        response_release(&response);
        assert_int_equal(bulk_messages_of(&instance, "known-1"), MANY);
        assert_int_equal(bulk_messages_of(&instance, "flood-000000"), 1);
        assert_int_equal(bulk_messages_of(&instance, "flood-019999"), 0);
    }
    /* A message that needs no memory is applied as before. */
    struct fleet_message next = fleet_faster("known-1", MANY + 1, 1);
    assert_true(connection_post_with(&connection, BULK_TYPE, next.body));
    bulk_expect_applied(&connection, 1);
    connection_close(&connection);
    instance_stop(&instance);
    free(bulk.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_applied_and_counted),
        cmocka_unit_test(media_type_ignores_case_and_parameters),
        cmocka_unit_test(empty_batch_is_accepted),
        cmocka_unit_test(batch_of_invalid_lines_is_accepted),
        cmocka_unit_test(too_long_line_rejects_only_itself),
        cmocka_unit_test(cross_site_batch_is_refused),
        cmocka_unit_test(other_requests_ignore_the_batch_type),
        cmocka_unit_test(full_memory_refuses_only_new_rockets),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
