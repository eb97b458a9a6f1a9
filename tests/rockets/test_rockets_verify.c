/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rockets --verify` expects, and which differences it finds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expected.h"
#include "lib/openapi.h"
#include "verify.h"

#define ID "0e9e9df5-38fd-52e2-916f-c858b9eb4ea5"
#define SECOND(n) ((INT64_C(1743578510) + (n)) * 1000000000)

/* Launch at 500, speed + 3500, speed - 500, mission ARTEMIS, explosion. */
static struct traffic_message messages[] = {
    {SECOND(0), 0, 1, 500, TRAFFIC_LAUNCHED, 2, 0, 0},
    {SECOND(1), 0, 2, 3500, TRAFFIC_SPEED_INCREASED, 0, 0, 0},
    {SECOND(2), 0, 3, 500, TRAFFIC_SPEED_DECREASED, 0, 0, 0},
    {SECOND(3), 0, 4, 0, TRAFFIC_MISSION_CHANGED, 0, 2, 0},
    {SECOND(4), 0, 5, 0, TRAFFIC_EXPLODED, 0, 0, 1},
};
static struct traffic_rocket rocket = {ID};

static struct expected expect(uint32_t count, bool without_launch)
{
    struct traffic traffic = {&rocket, 1, messages, count};
    struct expected *made = expected_new(&traffic, without_launch);
    struct expected copy;

    assert_non_null(made);
    copy = *made;
    free(made);
    return copy;
}

static size_t differences(const struct expected *expected, const char *text)
{
    size_t shown = VERIFY_MAX_SHOWN; /* nothing is printed */

    return verify_text(ID, expected, text, strlen(text), &shown);
}

static void messages_give_the_expected_rocket(void **state)
{
    struct expected expected = expect(5, false);

    (void)state;
    assert_int_equal(
        differences(&expected,
                    "{\"id\":\"" ID "\",\"type\":\"Atlas-H\",\"speed\":3500,"
                    "\"mission\":\"ARTEMIS\",\"status\":\"exploded\","
                    "\"reason\":\"FROZEN_O_RINGS\","
                    "\"createdAt\":\"2025-04-02T09:21:50+02:00\","
                    "\"updatedAt\":\"2025-04-02T09:21:54+02:00\","
                    "\"lastMessageNumber\":5,\"missingMessages\":0}"),
        0);
}

static void without_a_launch_its_fields_are_null(void **state)
{
    struct expected expected = expect(3, true);

    (void)state;
    assert_int_equal(
        differences(&expected,
                    "{\"id\":\"" ID "\",\"type\":null,\"speed\":3000,"
                    "\"mission\":null,\"status\":\"active\",\"reason\":null,"
                    "\"createdAt\":null,"
                    "\"updatedAt\":\"2025-04-02T09:21:52+02:00\","
                    "\"lastMessageNumber\":3,\"missingMessages\":1}"),
        0);
}

static void a_rocket_with_only_a_dropped_launch_has_no_messages(void **state)
{
    struct expected expected = expect(1, true);

    (void)state;
    assert_null(expected.last);
}

/* The members that follow from the contents of messages come first. */
enum { STATE_SIZE = offsetof(struct expected, launch) };

/* After a launch, some message of each type changes what is expected. */
static void every_type_changes_the_expectation(void **state)
{
    static const struct traffic_options options = {444, 20, 2000};
    struct openapi_names types = openapi_message_types();
    bool changes[OPENAPI_MAX_NAMES] = {false};
    struct traffic traffic;

    (void)state;
    assert_int_equal(traffic_init(&traffic, &options), 0);
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        struct traffic_message pair[] = {messages[0], traffic.messages[i]};
        struct traffic both = {&rocket, 1, pair, 2};

        pair[1].rocket = 0;
        struct expected before = expect(1, false);
        struct expected *after = expected_new(&both, false);
        assert_non_null(after);
        if (memcmp(&before, after, STATE_SIZE) != 0)
            changes[pair[1].type] = true;
        free(after);
    }
    for (size_t i = 0; i < types.count; i++) {
        if (!changes[i])
            fail_msg("traffic type %zu changes nothing", i);
    }
    traffic_release(&traffic);
}

static void nothing_is_left_of_what_precedes_a_launch(void **state)
{
    static const struct traffic_options options = {444, 20, 2000};
    struct traffic traffic;

    (void)state;
    assert_int_equal(traffic_init(&traffic, &options), 0);
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        struct traffic_message pair[] = {traffic.messages[i], messages[0]};
        struct traffic both = {&rocket, 1, pair, 2};

        pair[0].rocket = 0;
        struct expected launched = expect(1, false);
        struct expected *after = expected_new(&both, false);
        assert_non_null(after);
        assert_memory_equal(after, &launched, STATE_SIZE);
        assert_ptr_equal(after->launch, &pair[1]);
        assert_int_equal(after->messages, 2);
        free(after);
    }
    traffic_release(&traffic);
}

static void append(char object[1024], const char *member, bool is_last)
{
    size_t length = strlen(object);

    snprintf(object + length, 1024 - length, "%s%s", member,
             is_last ? "}" : ",");
}

/*
 * The members as openapi.yaml lists them. Each in turn has a wrong value or
 * is missing.
 */
static void each_field_that_differs_is_found(void **state)
{
    static const struct {
        const char *right, *wrong;
    } FIELDS[] = {
        {"\"id\":\"" ID "\"", "\"id\":\"other\""},
        {"\"type\":\"Atlas-H\"", "\"type\":\"atlas-h\""},
        {"\"speed\":500", "\"speed\":\"500\""},
        {"\"mission\":\"APOLLO\"", "\"mission\":null"},
        {"\"status\":\"active\"", "\"status\":\"exploded\""},
        {"\"reason\":null", "\"reason\":\"\""},
        {"\"createdAt\":\"2025-04-02T09:21:50+02:00\"",
         "\"createdAt\":\"2025-04-02T09:21:50.0+02:00\""},
        {"\"updatedAt\":\"2025-04-02T09:21:50+02:00\"",
         "\"updatedAt\":\"2025-04-02T07:21:50Z\""},
        {"\"lastMessageNumber\":1", "\"lastMessageNumber\":2"},
        {"\"missingMessages\":0", "\"missingMessages\":0.5"},
    };
    enum { COUNT = sizeof(FIELDS) / sizeof(FIELDS[0]) };
    struct expected expected = expect(1, false);
    struct openapi_names members = openapi_rocket_members();

    (void)state;
    assert_int_equal(members.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        size_t length = strlen(members.names[i]);
        assert_memory_equal(FIELDS[i].right + 1, members.names[i], length);
    }
    for (size_t bad = 0; bad <= COUNT; bad++) {
        char wrong[1024] = "{";
        char missing[1024] = "{";

        for (size_t i = 0; i < COUNT; i++) {
            const char *right = FIELDS[i].right;

            append(wrong, i == bad ? FIELDS[i].wrong : right, i + 1 == COUNT);
            append(missing, i == bad ? "\"x\":0" : right, i + 1 == COUNT);
        }
        assert_int_equal(differences(&expected, wrong), bad < COUNT);
        assert_int_equal(differences(&expected, missing), bad < COUNT);
    }
}

static void a_body_that_is_not_an_object_differs(void **state)
{
    static const char *const CASES[] = {"", "null", "[]", "{\"id\":", "<html>"};
    struct expected expected = expect(1, false);

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        assert_int_equal(differences(&expected, CASES[i]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_give_the_expected_rocket),
        cmocka_unit_test(without_a_launch_its_fields_are_null),
        cmocka_unit_test(a_rocket_with_only_a_dropped_launch_has_no_messages),
        cmocka_unit_test(every_type_changes_the_expectation),
        cmocka_unit_test(nothing_is_left_of_what_precedes_a_launch),
        cmocka_unit_test(each_field_that_differs_is_found),
        cmocka_unit_test(a_body_that_is_not_an_object_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
