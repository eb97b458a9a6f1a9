/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets/{id}, and what all reads share: entity tags and HEAD.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void post_accepted(const struct instance *instance,
                          const struct fleet_message *message)
{
    struct response response;

    instance_post(instance, message->body, &response);
    response_expect_status(&response, 202);
    response_release(&response);
}

static void expect_status_of(const struct instance *instance,
                             const char *target, unsigned status)
{
    struct response response;

    instance_get(instance, target, &response);
    if (response.status != status)
        print_error("%s\n", target);
    response_expect_status(&response, status);
    response_release(&response);
}

static void rocket_is_shown_with_all_members_in_order(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_post(
        &connection,
        "{\"metadata\":{\"channel\":\"193270a9-c9cf-404a-8f83-838e71d9ae67\","
        "\"messageNumber\":1,\"messageTime\":"
        "\"2022-02-02T19:39:05.86337+01:00\",\"messageType\":"
        "\"RocketLaunched\"},\"message\":{\"type\":\"Falcon-9\","
        "\"launchSpeed\":500,\"mission\":\"ARTEMIS\"}}");
    connection_expect_status(&connection, 202);
    connection_post(
        &connection,
        "{\"metadata\":{\"channel\":\"193270a9-c9cf-404a-8f83-838e71d9ae67\","
        "\"messageNumber\":4,\"messageTime\":"
        "\"2022-02-02T19:39:09.1+01:00\",\"messageType\":"
        "\"RocketSpeedIncreased\"},\"message\":{\"by\":3000}}");
    connection_expect_status(&connection, 202);
    connection_get(&connection,
                   "/rockets/193270a9-c9cf-404a-8f83-838e71d9ae67");
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_body(
        &response,
        "{\"id\":\"193270a9-c9cf-404a-8f83-838e71d9ae67\","
        "\"type\":\"Falcon-9\",\"speed\":3500,\"mission\":\"ARTEMIS\","
        "\"status\":\"active\",\"reason\":null,"
        "\"createdAt\":\"2022-02-02T19:39:05.86337+01:00\","
        "\"updatedAt\":\"2022-02-02T19:39:09.1+01:00\","
        "\"lastMessageNumber\":4,\"missingMessages\":2}");
    response_release(&response);
    connection_close(&connection);
}

static void exploded_rocket_has_a_reason(void **state)
{
    struct fleet_message launched =
        fleet_launched("exploded-1", 1, "Thor", 500, "GEMINI");
    struct fleet_message exploded =
        fleet_exploded("exploded-1", 2, "PRESSURE_VESSEL_FAILURE");
    struct response response;

    post_accepted(*state, &exploded);
    post_accepted(*state, &launched);
    instance_get(*state, "/rockets/exploded-1", &response);
    assert_non_null(strstr(response.body,
                           "\"status\":\"exploded\","
                           "\"reason\":\"PRESSURE_VESSEL_FAILURE\""));
    response_release(&response);
}

static void rocket_without_a_launch_has_nulls(void **state)
{
    struct fleet_message message = fleet_faster("in-flight-1", 500, 70);
    struct response response;

    post_accepted(*state, &message);
    instance_get(*state, "/rockets/in-flight-1", &response);
    response_expect_body(
        &response, "{\"id\":\"in-flight-1\",\"type\":null,\"speed\":70,"
                   "\"mission\":null,\"status\":\"active\",\"reason\":null,"
                   "\"createdAt\":null,"
                   "\"updatedAt\":\"2022-02-02T19:00:00.500+01:00\","
                   "\"lastMessageNumber\":500,\"missingMessages\":499}");
    response_release(&response);
}

static void unknown_rocket_is_not_found(void **state)
{
    struct response response;

    instance_get(*state, "/rockets/nobody", &response);
    response_expect_problem(&response, 404, "");
    response_release(&response);
}

static void id_is_percent_decoded(void **state)
{
    struct fleet_message odd = fleet_faster("a/b c+d%\xc3\xa9?#", 1, 1);
    struct fleet_message plain = fleet_faster("plain-1", 1, 1);

    post_accepted(*state, &odd);
    post_accepted(*state, &plain);
    expect_status_of(*state, "/rockets/a%2Fb%20c+d%25%C3%A9%3F%23", 200);
    expect_status_of(*state, "/rockets/a%2fb%20c%2bd%25%c3%a9%3f%23", 200);
    expect_status_of(*state, "/rockets/%70lain-1", 200);
    expect_status_of(*state, "/rockets/plain-1?any=query", 200);
}

static void plus_in_a_path_is_not_a_space(void **state)
{
    struct fleet_message plus = fleet_faster("plus+1", 1, 1);
    struct fleet_message space = fleet_faster("space 1", 1, 1);

    post_accepted(*state, &plus);
    post_accepted(*state, &space);
    expect_status_of(*state, "/rockets/plus+1", 200);
    expect_status_of(*state, "/rockets/space+1", 404);
}

static void bad_percent_in_a_path_is_refused(void **state)
{
    expect_status_of(*state, "/rockets/%", 400);
    expect_status_of(*state, "/rockets/%4", 400);
    expect_status_of(*state, "/rockets/a%zzb", 400);
    expect_status_of(*state, "/rockets/%2", 400);
}

static void id_of_any_length_is_accepted(void **state)
{
    char id[3 * 128 + 2];
    char target[sizeof(id) + 16];

    memset(id, 'x', 128);
    id[128] = '\0';
    struct fleet_message message = fleet_faster(id, 1, 1);
    post_accepted(*state, &message);
    snprintf(target, sizeof(target), "/rockets/%s", id);
    expect_status_of(*state, target, 200);
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    snprintf(target, sizeof(target), "/rockets/%s", id);
    expect_status_of(*state, target, 404);
}

static void get_if_none_match(const struct instance *instance,
                              const char *target, const char *tags,
                              struct response *response)
{
    struct connection connection;
    char field[512];

    instance_connect(instance, &connection);
    snprintf(field, sizeof(field), "If-None-Match: %s\r\n", tags);
    connection_request(&connection, "GET", target, field);
    connection_expect(&connection, response);
    connection_close(&connection);
}

/*
 * `format` is the value of If-None-Match; TAG in it is replaced by `tag`, an
 * entity tag without its W/.
 */
static void expect_match(const struct instance *instance, const char *target,
                         const char *tag, const char *format, unsigned status)
{
    struct response response;
    char tags[384];
    const char *place = strstr(format, "TAG");

    if (place == NULL) {
        snprintf(tags, sizeof(tags), "%s", format);
    } else {
        snprintf(tags, sizeof(tags), "%.*s%s%s", (int)(place - format), format,
                 tag, place + 3);
    }
    get_if_none_match(instance, target, tags, &response);
    if (response.status != status)
        print_error("%s: %s\n", target, tags);
    response_expect_status(&response, status);
    if (status == 304) {
        const char *sent = response_header(&response, "ETag");
        assert_non_null(sent);
        assert_string_equal(sent + 2, tag);
    }
    response_release(&response);
}

static void expect_conditional(const struct instance *instance,
                               const char *target)
{
    struct response response;
    char tag[128];

    instance_get(instance, target, &response);
    response_expect_status(&response, 200);
    const char *etag = response_header(&response, "ETag");
    assert_non_null(etag);
    assert_memory_equal(etag, "W/\"", 3);
    snprintf(tag, sizeof(tag), "%s", etag + 2);
    response_release(&response);
    expect_match(instance, target, tag, "W/TAG", 304);
    expect_match(instance, target, tag, "TAG", 304);
    expect_match(instance, target, tag, "*", 304);
    expect_match(instance, target, tag, "\"x\", W/\"y\" ,W/TAG", 304);
    expect_match(instance, target, tag, "\"x\",, TAG, \"z\"", 304);
    expect_match(instance, target, tag, "\"x\", W/\"y\"", 200);
    expect_match(instance, target, tag, "\"a, TAG b\"", 200);
}

static void if_none_match_works_for_rockets_and_lists(void **state)
{
    struct fleet_message message = fleet_faster("etag-1", 1, 1);

    post_accepted(*state, &message);
    expect_conditional(*state, "/rockets/etag-1");
    expect_conditional(*state, "/rockets");
    expect_conditional(*state, "/rockets?sort=speed&limit=1");
}

static void not_modified_response_keeps_the_connection(void **state)
{
    struct fleet_message message = fleet_faster("etag-5", 1, 1);
    struct connection connection;

    post_accepted(*state, &message);
    instance_connect(*state, &connection);
    for (int i = 0; i < 3; i++) {
        connection_request(&connection, "GET", "/rockets/etag-5",
                           "If-None-Match: *\r\n");
        connection_expect_status(&connection, 304);
    }
    connection_close(&connection);
}

/* Ownership: the caller frees the result. */
static char *etag_of(const struct instance *instance, const char *target)
{
    struct response response;

    instance_get(instance, target, &response);
    const char *etag = response_header(&response, "ETag");
    assert_non_null(etag);
    char *copy = strdup(etag);
    response_release(&response);
    return copy;
}

static void etag_changes_only_with_the_state(void **state)
{
    struct fleet_message first = fleet_faster("etag-2", 1, 1);
    struct fleet_message second = fleet_faster("etag-2", 2, 1);
    struct fleet_message other = fleet_faster("etag-3", 1, 1);

    post_accepted(*state, &first);
    char *before = etag_of(*state, "/rockets/etag-2");
    char *list_before = etag_of(*state, "/rockets");
    post_accepted(*state, &first);
    char *repeated = etag_of(*state, "/rockets/etag-2");
    char *list_repeated = etag_of(*state, "/rockets");
    assert_string_equal(before, repeated);
    assert_string_equal(list_before, list_repeated);
    post_accepted(*state, &other);
    char *list_after = etag_of(*state, "/rockets");
    assert_string_not_equal(list_before, list_after);
    post_accepted(*state, &second);
    char *after = etag_of(*state, "/rockets/etag-2");
    assert_string_not_equal(before, after);
    free(before);
    free(list_before);
    free(repeated);
    free(list_repeated);
    free(list_after);
    free(after);
}

static void etag_of_another_process_differs(void **state)
{
    struct fleet_message message = fleet_faster("etag-4", 1, 1);
    struct instance first;
    struct instance second;

    (void)state;
    instance_start(&first, NULL);
    instance_start(&second, NULL);
    post_accepted(&first, &message);
    post_accepted(&second, &message);
    char *a = etag_of(&first, "/rockets/etag-4");
    char *b = etag_of(&second, "/rockets/etag-4");
    assert_string_not_equal(a, b);
    free(a);
    free(b);
    instance_stop(&first);
    instance_stop(&second);
}

/* Expect that `b` has all fields of `a` but Date, with the same values. */
static void expect_same_fields(const struct response *a,
                               const struct response *b)
{
    for (size_t i = 0; i < a->field_count; i++) {
        const struct response_field *field = &a->fields[i];
        const char *value = response_header(b, field->name);

        if (strcasecmp(field->name, "Date") == 0)
            continue;
        if (value == NULL || strcmp(value, field->value) != 0) {
            fail_msg("%s differs: %s, %s", field->name, field->value,
                     value == NULL ? "none" : value);
        }
    }
}

static void expect_head_like_get(const struct instance *instance,
                                 const char *target)
{
    struct connection connection;
    struct response head;
    struct response get;

    instance_connect(instance, &connection);
    /*
     * The GET follows at once: a byte of a body after the first response would
     * make the second one invalid.
     */
    connection_request(&connection, "HEAD", target, "");
    connection_get(&connection, target);
    assert_int_equal(connection_receive_head(&connection, &head),
                     CONNECTION_ANSWERED);
    assert_int_equal(connection_receive(&connection, &get),
                     CONNECTION_ANSWERED);
    assert_int_equal(head.status, get.status);
    assert_int_equal(head.body_length, 0);
    expect_same_fields(&head, &get);
    expect_same_fields(&get, &head);
    response_release(&head);
    response_release(&get);
    connection_close(&connection);
}

static void head_is_get_without_the_body(void **state)
{
    static const char *const targets[] = {
        "/rockets/head-1", "/rockets", "/rockets?limit=1", "/rockets?limit=0",
        "/rockets/nobody", "/health",  "/openapi.yaml",    "/swagger",
        "/swagger/",       "/",        "/nowhere",
    };
    struct fleet_message message = fleet_faster("head-1", 1, 1);

    post_accepted(*state, &message);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        expect_head_like_get(*state, targets[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rocket_is_shown_with_all_members_in_order),
        cmocka_unit_test(exploded_rocket_has_a_reason),
        cmocka_unit_test(rocket_without_a_launch_has_nulls),
        cmocka_unit_test(unknown_rocket_is_not_found),
        cmocka_unit_test(id_is_percent_decoded),
        cmocka_unit_test(plus_in_a_path_is_not_a_space),
        cmocka_unit_test(bad_percent_in_a_path_is_refused),
        cmocka_unit_test(id_of_any_length_is_accepted),
        cmocka_unit_test(if_none_match_works_for_rockets_and_lists),
        cmocka_unit_test(not_modified_response_keeps_the_connection),
        cmocka_unit_test(etag_changes_only_with_the_state),
        cmocka_unit_test(etag_of_another_process_differs),
        cmocka_unit_test(head_is_get_without_the_body),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
