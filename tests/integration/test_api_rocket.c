/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets/{id}, and what all reads share: entity tags and HEAD.
 * test_http_heads.c has the ids and their encoding.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MESSAGE(channel, number, time, type, payload)                          \
    "{\"metadata\":{\"channel\":\"" channel "\",\"messageNumber\":" number     \
    ",\"messageTime\":\"2022-02-02T19:39:" time "+01:00\",\"messageType\":\""  \
    "Rocket" type "\"},\"message\":{" payload "}}"

static void post_faster(const struct instance *instance, const char *channel,
                        uint64_t number)
{
    EXCHANGE(instance, .body = fleet_faster(channel, number, 70).body,
             .status = 202);
}

/* The first test, as a revision depends on all messages before. */
static void rocket_is_shown_with_all_members_in_order(void **state)
{
    static const struct exchange rows[] = {
        {.body = MESSAGE("gap-1", "1", "05.86337", "Launched",
                         "\"type\":\"Falcon-9\",\"launchSpeed\":500,"
                         "\"mission\":\"ARTEMIS\""),
         .status = 202},
        {.body = MESSAGE("gap-1", "4", "09.1", "SpeedIncreased", "\"by\":3000"),
         .status = 202},
        {.target = "/rockets/gap-1",
         .status = 200,
         .header = "Content-Type",
         .value = "application/json",
         .exact = "{\"id\":\"gap-1\",\"type\":\"Falcon-9\",\"speed\":3500,"
                  "\"mission\":\"ARTEMIS\",\"status\":\"active\","
                  "\"reason\":null,"
                  "\"createdAt\":\"2022-02-02T19:39:05.86337+01:00\","
                  "\"updatedAt\":\"2022-02-02T19:39:09.1+01:00\","
                  "\"lastMessageNumber\":4,\"missingMessages\":2,"
                  "\"revision\":2}"},
        /* Without a launch it has nulls. */
        {.body = MESSAGE("in-flight-1", "500", "05", "Exploded",
                         "\"reason\":\"PRESSURE_VESSEL_FAILURE\""),
         .status = 202},
        {.target = "/rockets/in-flight-1",
         .status = 200,
         .exact = "{\"id\":\"in-flight-1\",\"type\":null,\"speed\":0,"
                  "\"mission\":null,\"status\":\"exploded\","
                  "\"reason\":\"PRESSURE_VESSEL_FAILURE\",\"createdAt\":null,"
                  "\"updatedAt\":\"2022-02-02T19:39:05+01:00\","
                  "\"lastMessageNumber\":500,\"missingMessages\":499,"
                  "\"revision\":3}"},
    };

    EXCHANGES_RUN(*state, rows);
}

/* The number decides: one below that of the explosion changes all the rest. */
static void higher_numbers_leave_an_exploded_rocket_as_it_is(void **state)
{
#define EXPLODED(speed, time, last, missing)                                   \
    "{\"id\":\"burst-1\",\"type\":null,\"speed\":" speed ",\"mission\":null,"  \
    "\"status\":\"exploded\",\"reason\":\"FROZEN_O_RINGS\",\"createdAt\":"     \
    "null,"                                                                    \
    "\"updatedAt\":\"2022-02-02T19:39:" time "+01:00\","                       \
    "\"lastMessageNumber\":" last ",\"missingMessages\":" missing              \
    ",\"revision\":"
    static const struct exchange rows[] = {
        {.body = MESSAGE("burst-1", "2", "05", "Exploded",
                         "\"reason\":\"FROZEN_O_RINGS\""),
         .status = 202},
        {.target = "/rockets/burst-1",
         .status = 200,
         .part = EXPLODED("0", "05", "2", "1")},
        {.body = MESSAGE("burst-1", "4", "06", "SpeedIncreased", "\"by\":1"),
         .status = 202,
         .part = "\"result\":\"applied\""},
        {.target = "/rockets/burst-1",
         .status = 200,
         .part = EXPLODED("0", "06", "4", "2")},
        {.body = MESSAGE("burst-1", "5", "07", "Exploded",
                         "\"reason\":\"PRESSURE_VESSEL_FAILURE\""),
         .status = 202},
        {.body = MESSAGE("burst-1", "6", "08", "MissionChanged",
                         "\"newMission\":\"APOLLO\""),
         .status = 202},
        {.target = "/rockets/burst-1",
         .status = 200,
         .part = EXPLODED("0", "08", "6", "2")},
        {.body = MESSAGE("burst-1", "1", "04", "SpeedIncreased", "\"by\":50"),
         .status = 202},
        {.target = "/rockets/burst-1",
         .status = 200,
         .part = EXPLODED("50", "08", "6", "1")},
    };

    EXCHANGES_RUN(*state, rows);
#undef EXPLODED
}

/* All but . and .., which are refused; written as encodeURIComponent() does. */
static void every_channel_that_is_accepted_can_be_read(void **state)
{
    static const struct {
        const char *channel, *segment;
    } cases[] = {
        {"...", "..."},
        {". ", ".%20"},
        {" .", "%20."},
        {"./", ".%2F"},
        {"/..", "%2F.."},
        {"a/../b", "a%2F..%2Fb"},
        {"/", "%2F"},
        {"..\\\\", "..%5C"},
        {"%2e", "%252e"},
        {"%2E%2E", "%252E%252E"},
        {"%", "%25"},
        {"?#[]@", "%3F%23%5B%5D%40"},
        {"a+b", "a%2Bb"},
        {"a+b", "a+b"},
        {"\\u0085\\u2028\\ufeff", "%C2%85%E2%80%A8%EF%BB%BF"},
        {"\\ud83d\\ude80", "%F0%9F%9A%80"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char target[128], member[64];

        /* The number shows that it is this rocket. */
        post_faster(*state, cases[i].channel, i + 1);
        snprintf(target, sizeof(target), "/rockets/%s", cases[i].segment);
        snprintf(member, sizeof(member), "\"lastMessageNumber\":%zu,", i + 1);
        EXCHANGE(*state, .target = target, .status = 200, .part = member);
    }
}

/* Ownership: the caller frees the result. */
static char *etag_of(const struct instance *instance, const char *target)
{
    struct response response;

    instance_get(instance, target, &response);
    response_expect_status(&response, 200);
    const char *etag = response_header(&response, "ETag");
    assert_non_null(etag);
    char *copy = strdup(etag);
    if (copy == NULL)
        abort();
    response_release(&response);
    return copy;
}

#define TAGS "\"11111111\", \"22222222\", \"33333333\", \"44444444\", "
#define MANY_TAGS TAGS TAGS TAGS TAGS TAGS TAGS TAGS TAGS TAGS
#define NEXT "\r\nIf-None-Match: "

/* Send each form of If-None-Match, over one connection. */
static void expect_conditional(const struct instance *instance,
                               const char *target)
{
    static const struct {
        const char *before, *after; /* `before`, the tag without W/, `after` */
        unsigned status;
    } forms[] = {
        {"W/", "", 304},
        {"", "", 304},
        {"*", NULL, 304},
        {"\"x\", W/\"y\" ,W/", "", 304},
        {"\"x\",, ", ", \"z\"", 304},
        {"\"x\", W/\"y\"", NULL, 200},
        {"\"a, ", " b\"", 200},
        /* Several fields are one list, before and after another list. */
        {"\"x\"" NEXT "W/", "", 304},
        {"", NEXT "\"x\"" NEXT, 304},
        {"\"x\"" NEXT "\"y\"", NULL, 200},
        {NEXT NEXT "W/\"x\"" NEXT "\"y\", W/", NEXT, 304},
        {"*" NEXT "\"x\"", NULL, 200},
        {MANY_TAGS NEXT MANY_TAGS NEXT MANY_TAGS NEXT, "", 304},
        {MANY_TAGS NEXT MANY_TAGS, NULL, 200},
        {"", "", 304},
    };
    char *etag = etag_of(instance, target);
    struct connection connection;

    assert_memory_equal(etag, "W/\"", 3);
    instance_connect(instance, &connection);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char field[2048];
        bool tagged = forms[i].after != NULL;

        snprintf(field, sizeof(field), "If-None-Match: %s%s%s\r\n",
                 forms[i].before, tagged ? etag + 2 : "",
                 tagged ? forms[i].after : "");
        exchange_run(&connection, &(struct exchange){.target = target,
                                                     .fields = field,
                                                     .status = forms[i].status,
                                                     .header = "ETag",
                                                     .value = etag});
    }
    connection_close(&connection);
    free(etag);
}

static void if_none_match_works_for_rockets_and_lists(void **state)
{
    post_faster(*state, "etag-1", 1);
    expect_conditional(*state, "/rockets/etag-1");
    expect_conditional(*state, "/rockets");
    expect_conditional(*state, "/rockets?sort=speed&limit=1");
}

static void etag_changes_only_with_the_state(void **state)
{
    static const struct {
        const char *channel;
        uint64_t number;
        bool changes_rocket, changes_list;
    } steps[] = {
        {"etag-2", 1, false, false},
        {"etag-3", 1, false, true},
        {"etag-2", 2, true, true},
    };

    post_faster(*state, "etag-2", 1);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char *rocket = etag_of(*state, "/rockets/etag-2");
        char *list = etag_of(*state, "/rockets");
        post_faster(*state, steps[i].channel, steps[i].number);
        char *rocket_after = etag_of(*state, "/rockets/etag-2");
        char *list_after = etag_of(*state, "/rockets");

        assert_int_equal(strcmp(rocket, rocket_after) != 0,
                         steps[i].changes_rocket);
        assert_int_equal(strcmp(list, list_after) != 0, steps[i].changes_list);
        free(rocket);
        free(list);
        free(rocket_after);
        free(list_after);
    }
}

static void etag_of_another_process_differs(void **state)
{
    struct instance other;

    instance_start(&other, NULL);
    post_faster(*state, "etag-4", 1);
    post_faster(&other, "etag-4", 1);
    char *a = etag_of(*state, "/rockets/etag-4");
    char *b = etag_of(&other, "/rockets/etag-4");
    assert_string_not_equal(a, b);
    free(a);
    free(b);
    instance_stop(&other);
}

/* Expect that `b` has all fields of `a` but Date, with the same values. */
static void expect_same_fields(const struct response *a,
                               const struct response *b)
{
    for (size_t i = 0; i < a->field_count; i++)
        if (strcasecmp(a->fields[i].name, "Date") != 0)
            response_expect_header(b, a->fields[i].name, a->fields[i].value);
}

/*
 * The GET follows at once: a byte of a body after the first response would make
 * the second one invalid.
 */
static void head_is_get_without_the_body(void **state)
{
    static const char *const targets[] = {
        "/rockets/head-1", "/rockets", "/rockets?limit=1", "/rockets?limit=0",
        "/rockets/nobody", "/health",  "/openapi.yaml",    "/swagger",
        "/swagger/",       "/",        "/dashboard",       "/nowhere",
    };
    struct connection connection;
    struct response head, get;

    post_faster(*state, "head-1", 1);
    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        /* With an id, as those of problems differ. */
        connection_request(&connection, "HEAD", targets[i],
                           "X-Request-Id: 7\r\n");
        connection_request(&connection, "GET", targets[i],
                           "X-Request-Id: 7\r\n");
        assert_int_equal(connection_receive_head(&connection, &head),
                         CONNECTION_ANSWERED);
        connection_expect(&connection, &get);
        assert_int_equal(head.status, get.status);
        assert_int_equal(head.body_length, 0);
        expect_same_fields(&head, &get);
        expect_same_fields(&get, &head);
        response_release(&head);
        response_release(&get);
    }
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rocket_is_shown_with_all_members_in_order),
        cmocka_unit_test(higher_numbers_leave_an_exploded_rocket_as_it_is),
        cmocka_unit_test(if_none_match_works_for_rockets_and_lists),
        cmocka_unit_test(etag_changes_only_with_the_state),
        cmocka_unit_test(etag_of_another_process_differs),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(every_channel_that_is_accepted_can_be_read),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests);
}
