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

#include "compare.h"
#include "expected.h"
#include "lib/openapi.h"

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

/* What is expected of a rocket after these messages. */
static struct expected fold(struct traffic_message *sent, uint32_t count,
                            bool without_launch)
{
    struct traffic traffic = {&rocket, 1, sent, count};
    struct expected *made = expected_new(&traffic, without_launch);
    struct expected copy;

    assert_non_null(made);
    copy = *made;
    free(made);
    return copy;
}

static struct comparison compare(const struct expected *expected,
                                 const char *text)
{
    size_t shown = COMPARE_MAX_SHOWN; /* nothing is printed */

    return compare_rocket(ID, expected, text, strlen(text), &shown);
}

static size_t differences(const struct expected *expected, const char *text)
{
    return compare(expected, text).differences;
}

static void messages_give_the_expected_rocket(void **state)
{
    struct expected complete = fold(messages, 5, false);
    struct expected without_launch = fold(messages, 3, true);
    struct expected nothing = fold(messages, 1, true);

    (void)state;
    assert_int_equal(
        differences(&complete,
                    "{\"id\":\"" ID "\",\"type\":\"Atlas-H\",\"speed\":3500,"
                    "\"mission\":\"ARTEMIS\",\"status\":\"exploded\","
                    "\"reason\":\"FROZEN_O_RINGS\","
                    "\"createdAt\":\"2025-04-02T09:21:50+02:00\","
                    "\"updatedAt\":\"2025-04-02T09:21:54+02:00\","
                    "\"lastMessageNumber\":5,\"missingMessages\":0,"
                    "\"revision\":5}"),
        0);
    assert_int_equal(
        differences(&without_launch,
                    "{\"id\":\"" ID "\",\"type\":null,\"speed\":3000,"
                    "\"mission\":null,\"status\":\"active\",\"reason\":null,"
                    "\"createdAt\":null,"
                    "\"updatedAt\":\"2025-04-02T09:21:52+02:00\","
                    "\"lastMessageNumber\":3,\"missingMessages\":1,"
                    "\"revision\":3}"),
        0);
    assert_null(nothing.last);
}

/* The members that follow from the contents of messages come first. */
enum { STATE_SIZE = offsetof(struct expected, launch) };

/* Some message of each type, until a launch leaves nothing of it. */
static void every_type_changes_the_expectation_until_a_launch(void **state)
{
    static const struct traffic_options options = {444, 20, 2000};
    struct expected launched = fold(messages, 1, false);
    struct openapi_names types = openapi_message_types();
    bool changes[OPENAPI_MAX_NAMES] = {false};
    struct traffic traffic;

    (void)state;
    assert_int_equal(traffic_init(&traffic, &options), 0);
    for (uint32_t i = 0; i < traffic.message_count; i++) {
        struct traffic_message sent[] = {messages[0], traffic.messages[i],
                                         messages[0]};

        sent[1].rocket = 0;
        struct expected changed = fold(sent, 2, false);
        struct expected afresh = fold(sent + 1, 2, false);
        if (memcmp(&changed, &launched, STATE_SIZE) != 0)
            changes[sent[1].type] = true;
        assert_memory_equal(&afresh, &launched, STATE_SIZE);
        assert_ptr_equal(afresh.launch, &sent[2]);
        assert_int_equal(afresh.messages, 2);
    }
    for (size_t i = 0; i < types.count; i++) {
        if (!changes[i])
            fail_msg("traffic type %zu changes nothing", i);
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
 * The members as openapi.yaml lists them, but for the last one, the revision:
 * it depends on the messages of all rockets. Each in turn has a wrong value or
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
    struct expected expected = fold(messages, 1, false);
    struct openapi_names members = openapi_rocket_members();

    (void)state;
    assert_int_equal(members.count, COUNT + 1);
    assert_string_equal(members.names[COUNT], "revision");
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
    struct expected expected = fold(messages, 1, false);

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct comparison found = compare(&expected, CASES[i]);

        assert_int_equal(found.differences, 1);
        assert_true(found.unreadable && !found.lost && !found.extra);
    }
}

/* Of five messages, all were delivered, or all but the launch. */
static void numbers_tell_lost_messages_from_extra_ones(void **state)
{
    static const struct {
        bool without_launch;
        const char *last, *missing;
        bool lost, extra, unreadable;
    } ROWS[] = {
        {false, "5", "0", false, false, false},
        /* Restarted after the last message; before it. */
        {false, "4", "0", true, false, false},
        {false, "5", "4", true, false, false},
        /* A longer run before; of which only the end is left. */
        {false, "9", "0", false, true, false},
        {false, "9", "8", true, true, false},
        /* As many, but others. */
        {false, "9", "4", false, true, false},
        {true, "5", "1", false, false, false},
        /* A run with launches before. */
        {true, "5", "0", false, true, false},
        {true, "5", "2", true, false, false},
        /* A launch instead of the last message. */
        {true, "4", "0", true, false, false},
        /* Not the numbers of a rocket. */
        {false, "null", "0", false, false, true},
        {false, "\"5\"", "0", false, false, true},
        {false, "5", "[]", false, false, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct expected expected = fold(messages, 5, ROWS[i].without_launch);
        struct comparison found;
        char text[128];

        snprintf(text, sizeof(text),
                 "{\"lastMessageNumber\":%s,\"missingMessages\":%s}",
                 ROWS[i].last, ROWS[i].missing);
        found = compare(&expected, text);
        if (found.lost != ROWS[i].lost || found.extra != ROWS[i].extra ||
            found.unreadable != ROWS[i].unreadable)
            fail_msg("%s: lost %d, extra %d, unreadable %d", text, found.lost,
                     found.extra, found.unreadable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_give_the_expected_rocket),
        cmocka_unit_test(every_type_changes_the_expectation_until_a_launch),
        cmocka_unit_test(each_field_that_differs_is_found),
        cmocka_unit_test(numbers_tell_lost_messages_from_extra_ones),
        cmocka_unit_test(a_body_that_is_not_an_object_differs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
