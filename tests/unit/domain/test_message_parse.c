/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of parsing messages: a message of each type, and for each rule a
 * message that breaks it, with the exact error text.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "domain/message_parse.h"
#include "lib/messages.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Members, and bodies built of them. */
#define CHANNEL "\"channel\":\"r\""
#define NUMBER "\"messageNumber\":1"
#define TIME "\"messageTime\":\"2022-02-02T19:39:05.86337+01:00\""
#define TYPE(name) "\"messageType\":\"" name "\""
#define METADATA(type) CHANNEL "," NUMBER "," TIME "," TYPE(type)
#define BODY(metadata, message)                                                \
    "{\"metadata\":{" metadata "},\"message\":" message "}"
#define MESSAGE(type, members) BODY(METADATA(type), "{" members "}")

#define INCREASED "RocketSpeedIncreased"
#define WITH_CHANNEL(value)                                                    \
    BODY("\"channel\":" value "," NUMBER "," TIME "," TYPE(INCREASED),         \
         "{\"by\":5}")
#define WITH_NUMBER(value)                                                     \
    BODY(CHANNEL ",\"messageNumber\":" value "," TIME "," TYPE(INCREASED),     \
         "{\"by\":5}")
#define WITH_TIME(value)                                                       \
    BODY(CHANNEL "," NUMBER ",\"messageTime\":" value "," TYPE(INCREASED),     \
         "{\"by\":5}")
#define WITH_TYPE(value)                                                       \
    BODY(CHANNEL "," NUMBER "," TIME ",\"messageType\":" value, "{\"by\":5}")
#define WITH_BY(value) MESSAGE(INCREASED, "\"by\":" value)
#define LAUNCHED(type, speed, mission)                                         \
    MESSAGE("RocketLaunched", "\"type\":" type ",\"launchSpeed\":" speed       \
                              ",\"mission\":" mission)
#define EXPLODED(reason) MESSAGE("RocketExploded", "\"reason\":" reason)
#define CHANGED(mission)                                                       \
    MESSAGE("RocketMissionChanged", "\"newMission\":" mission)

/* Parts of error texts: what the parser expects. */
#define AN_OBJECT "an object"
#define A_CHANNEL "a string of 1 to 128 bytes without control characters"
#define A_NAME "a string of 1 to 256 bytes without control characters"
#define A_NUMBER "an integer from 1 to 9007199254740991"
#define A_TIME                                                                 \
    "an RFC 3339 date-time with offset, such as "                              \
    "2022-02-02T19:39:05.86337+01:00"
#define A_TYPE                                                                 \
    "one of RocketLaunched, RocketSpeedIncreased, RocketSpeedDecreased, "      \
    "RocketExploded, RocketMissionChanged"
#define A_SPEED "an integer from 0 to 1000000000"
#define MUST_BE " must be "
#define MISSING " is missing: expected "

/* Copies of bodies. Messages point into them until they are released. */
static char *bodies[64];
static size_t body_count;

static int free_bodies(void **state)
{
    (void)state;
    while (body_count > 0)
        free(bodies[--body_count]);
    return 0;
}

/*
 * Parse a copy of exactly `length` bytes, so that a sanitizer detects overruns.
 * After PARSE_OK the caller releases `parsed`.
 */
static enum parse_status parse_bytes(const char *bytes, size_t length,
                                     struct parsed_message *parsed)
{
    char *copy = malloc(length > 0 ? length : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    if (body_count == COUNT(bodies))
        free_bodies(NULL);
    bodies[body_count++] = copy;
    return message_parse((struct text){copy, length}, parsed);
}

static struct message accepted(const char *body, struct parsed_message *parsed)
{
    enum parse_status status = parse_bytes(body, strlen(body), parsed);

    if (status == PARSE_INVALID)
        fail_msg("%s is refused: %s", body, parsed->detail);
    assert_int_equal(status, PARSE_OK);
    return parsed->message;
}

static void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected)))
        fail_msg("got %.*s, expected %s", (int)text.length, text.data,
                 expected);
}

/* The members of the payload of message_of_type(). */
static const char *payload_of(enum message_type type)
{
    switch (type) {
    case MESSAGE_LAUNCHED:
        return "\"type\":\"Falcon-9\",\"launchSpeed\":500,"
               "\"mission\":\"ARTEMIS\"";
    case MESSAGE_SPEED_INCREASED:
        return "\"by\":3000";
    case MESSAGE_SPEED_DECREASED:
        return "\"by\":2500";
    case MESSAGE_EXPLODED:
        return "\"reason\":\"FROZEN_O_RINGS\"";
    case MESSAGE_MISSION_CHANGED:
        break;
    }
    return "\"newMission\":\"SHUTTLE_MIR\"";
}

static void every_type_is_read(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        enum message_type type = (enum message_type)i;
        struct message expected = message_of_type(type, "r", 7);
        struct parsed_message parsed;
        char body[512];

        snprintf(body, sizeof(body),
                 "{\"metadata\":{" CHANNEL ",\"messageNumber\":7,"
                 "\"messageTime\":\"2022-02-02T19:39:12+00:00\","
                 "\"messageType\":\"%s\"},\"message\":{%s}}",
                 messages_type_name(type), payload_of(type));
        struct message message = accepted(body, &parsed);
        if (!messages_same(&message, &expected))
            fail_msg("%s is read as another message", body);
        message_parse_release(&parsed);
    }
}

static void error_lists_every_type(void **state)
{
    (void)state;
    char expected[512] = "one of ";

    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        size_t length = strlen(expected);
        snprintf(expected + length, sizeof(expected) - length, "%s%s",
                 i > 0 ? ", " : "", messages_type_name((enum message_type)i));
    }
    /* bad_metadata_are_refused() checks that the error text is A_TYPE. */
    assert_string_equal(A_TYPE, expected);
}

static void a_launch_is_read(void **state)
{
    (void)state;
    struct parsed_message parsed;
    struct message message = accepted(
        "{\"metadata\":{\"channel\":\"0e9e9df5-38fd-52e2-916f-c858b9eb4ea5\","
        "\"messageNumber\":1,\"messageType\":\"RocketLaunched\","
        "\"messageTime\":\"2025-04-02T09:21:50.458989221+02:00\"},"
        "\"message\":{\"type\":\"Atlas-H\",\"launchSpeed\":500,"
        "\"mission\":\"APOLLO\"}}",
        &parsed);

    assert_text(message.channel, "0e9e9df5-38fd-52e2-916f-c858b9eb4ea5");
    assert_int_equal(message.number, 1);
    assert_int_equal(message.time.seconds, 1743578510);
    assert_int_equal(message.time.nanoseconds, 458989221);
    assert_int_equal(message.type, MESSAGE_LAUNCHED);
    assert_text(message.rocket_type, "Atlas-H");
    assert_text(message.mission, "APOLLO");
    assert_null(message.reason.data);
    assert_int_equal(message.speed, 500);
    message_parse_release(&parsed);
}

static void speed_changes_are_read(void **state)
{
    (void)state;
    struct parsed_message parsed;
    struct message message =
        accepted(MESSAGE("RocketSpeedIncreased", "\"by\":3000"), &parsed);

    assert_int_equal(message.type, MESSAGE_SPEED_INCREASED);
    assert_int_equal(message.speed, 3000);
    assert_null(message.rocket_type.data);
    assert_null(message.mission.data);
    assert_null(message.reason.data);
    message_parse_release(&parsed);

    message = accepted(MESSAGE("RocketSpeedDecreased", "\"by\":2500"), &parsed);
    assert_int_equal(message.type, MESSAGE_SPEED_DECREASED);
    assert_int_equal(message.speed, 2500);
    message_parse_release(&parsed);
}

static void an_explosion_is_read(void **state)
{
    (void)state;
    struct parsed_message parsed;
    struct message message =
        accepted(EXPLODED("\"PRESSURE_VESSEL_FAILURE\""), &parsed);

    assert_int_equal(message.type, MESSAGE_EXPLODED);
    assert_text(message.reason, "PRESSURE_VESSEL_FAILURE");
    assert_null(message.mission.data);
    assert_int_equal(message.speed, 0);
    message_parse_release(&parsed);
}

static void a_mission_change_is_read(void **state)
{
    (void)state;
    struct parsed_message parsed;
    struct message message = accepted(CHANGED("\"SHUTTLE_MIR\""), &parsed);

    assert_int_equal(message.type, MESSAGE_MISSION_CHANGED);
    assert_text(message.mission, "SHUTTLE_MIR");
    assert_null(message.rocket_type.data);
    message_parse_release(&parsed);
}

static void texts_are_unescaped(void **state)
{
    (void)state;
    struct parsed_message parsed;
    struct message message = accepted(
        CHANGED("\"\\\"\\u00e4\\ud83d\\ude80\\/ \xC3\xA4\xC2\x80\""), &parsed);

    assert_text(message.mission,
                "\"\xC3\xA4\xF0\x9F\x9A\x80/ \xC3\xA4\xC2\x80");
    message_parse_release(&parsed);
}

static void a_released_message_can_be_released_again(void **state)
{
    (void)state;
    struct parsed_message parsed;

    accepted(EXPLODED("\"\\u0041\""), &parsed);
    message_parse_release(&parsed);
    assert_int_equal(parsed.unescaped_count, 0);
    message_parse_release(&parsed);
}

/* Numbers. */

static const struct {
    const char *body;
    uint64_t number;
} good_numbers[] = {
    {WITH_NUMBER("1"), 1},
    {WITH_NUMBER("1.0"), 1},
    {WITH_NUMBER("1e3"), 1000},
    {WITH_NUMBER("1.5E1"), 15},
    {WITH_NUMBER("100e-2"), 1},
    {WITH_NUMBER("2147483648"), 2147483648},
    {WITH_NUMBER("4294967297"), 4294967297},
    {WITH_NUMBER("9007199254740990"), 9007199254740990},
    {WITH_NUMBER("9007199254740991"), 9007199254740991},
    {WITH_NUMBER("9007199254740991.0"), 9007199254740991},
};

static void message_numbers_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_numbers); i++) {
        struct parsed_message parsed;
        struct message message = accepted(good_numbers[i].body, &parsed);
        assert_int_equal(message.number, good_numbers[i].number);
        message_parse_release(&parsed);
    }
}

static const struct {
    const char *body;
    int64_t speed;
} good_speeds[] = {
    {WITH_BY("0"), 0},
    {WITH_BY("-0"), 0},
    {WITH_BY("-0.0"), 0},
    {WITH_BY("0e9"), 0},
    {WITH_BY("1e-400"), 0},
    {WITH_BY("5.0"), 5},
    {WITH_BY("1e9"), 1000000000},
    {WITH_BY("999999999"), 999999999},
    {WITH_BY("1000000000"), 1000000000},
    {LAUNCHED("\"t\"", "0", "\"m\""), 0},
    {LAUNCHED("\"t\"", "1000000000", "\"m\""), 1000000000},
};

static void speeds_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_speeds); i++) {
        struct parsed_message parsed;
        struct message message = accepted(good_speeds[i].body, &parsed);
        assert_int_equal(message.speed, good_speeds[i].speed);
        message_parse_release(&parsed);
    }
}

/* Unknown members are ignored. */
static const char *const tolerated[] = {
    /* unknown members, and names in another case */
    "{\"x\":[1,{}],\"metadata\":{\"y\":null," METADATA(
        INCREASED) ",\"Channel\":1},\"message\":{\"by\":1,\"BY\":-1},"
                   "\"Message\":2}",
    /* unknown members given twice */
    "{\"x\":1,\"x\":2,\"metadata\":{" METADATA(
        INCREASED) ",\"y\":1,\"y\":1},\"message\":{\"by\":1,\"z\":1,\"z\":1}}",
    /* members of other message types, invalid and given twice */
    MESSAGE(INCREASED, "\"by\":1,\"type\":1,\"type\":2,\"launchSpeed\":\"\","
                       "\"mission\":null,\"reason\":[],\"newMission\":{}"),
    MESSAGE("RocketExploded", "\"reason\":\"r\",\"by\":-1,\"by\":-2"),
    MESSAGE("RocketMissionChanged", "\"newMission\":\"m\",\"mission\":1"),
    /* members of `message` in the root, and of the root in `metadata` */
    "{\"by\":1,\"by\":2,\"channel\":1,\"metadata\":{\"metadata\":1,"
    "\"metadata\":2," METADATA(INCREASED) "},\"message\":{\"by\":1}}",
    /* any order, and any white space */
    "\n{ \"message\" : { \"by\" : 1 } ,\t\"metadata\" : { " TYPE(
        INCREASED) " , " TIME " , " NUMBER " , " CHANNEL " } }\r\n",
    /* escaped names equal unescaped ones */
    "{\"m\\u0065tadata\":{" METADATA(
        INCREASED) "},\"message\":{\"b\\u0079\":1}}",
    /* a number out of the range of a double, in an unknown member */
    MESSAGE(INCREASED, "\"by\":1,\"x\":1e999"),
};

static void unknown_members_are_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tolerated); i++) {
        struct parsed_message parsed;
        accepted(tolerated[i], &parsed);
        message_parse_release(&parsed);
    }
}

struct refusal {
    const char *body;
    const char *detail;
};

static const struct refusal bad_roots[] = {
    {"", "the message is not JSON: at byte 0: expected a value"},
    {"{\"metadata\":{},}", "the message is not JSON: at byte 15: expected a "
                           "member name"},
    {"{\"metadata\":1 \"message\":2}",
     "the message is not JSON: at byte 14: expected ',' or '}'"},
    {WITH_BY("1") "x",
     "the message is not JSON: at byte 150: unexpected text after "
     "the end"},
    {WITH_BY("01"),
     "the message is not JSON: at byte 148: expected ',' or '}'"},
    {"\"\\u0000\"", "the message is not JSON: at byte 6: \\u0000 is not "
                    "accepted"},
    {"null", "the message must be a JSON object"},
    {"1", "the message must be a JSON object"},
    {"\"metadata\"", "the message must be a JSON object"},
    {"[]", "the message must be a JSON object"},
    {"[" WITH_BY("1") "]", "the message must be a JSON object"},
    {"{}", "metadata" MISSING AN_OBJECT},
    {"{\"Metadata\":{}}", "metadata" MISSING AN_OBJECT},
    {"{\"message\":1}", "metadata" MISSING AN_OBJECT},
    {"{\"metadata\":null}", "metadata" MUST_BE AN_OBJECT},
    {"{\"metadata\":[]}", "metadata" MUST_BE AN_OBJECT},
    {"{\"metadata\":\"{}\"}", "metadata" MUST_BE AN_OBJECT},
    {"{\"metadata\":{" METADATA(INCREASED) "}}", "message" MISSING AN_OBJECT},
    {BODY(METADATA(INCREASED), "null"), "message" MUST_BE AN_OBJECT},
    {BODY(METADATA(INCREASED), "[]"), "message" MUST_BE AN_OBJECT},
    {BODY(METADATA(INCREASED), "5"), "message" MUST_BE AN_OBJECT},
};

static const struct refusal bad_metadata[] = {
    {BODY(NUMBER "," TIME "," TYPE(INCREASED), "{\"by\":1}"),
     "metadata.channel" MISSING A_CHANNEL},
    {BODY(CHANNEL "," TIME "," TYPE(INCREASED), "{\"by\":1}"),
     "metadata.messageNumber" MISSING A_NUMBER},
    {BODY(CHANNEL "," NUMBER "," TYPE(INCREASED), "{\"by\":1}"),
     "metadata.messageTime" MISSING A_TIME},
    {BODY(CHANNEL "," NUMBER "," TIME, "{\"by\":1}"),
     "metadata.messageType" MISSING A_TYPE},
    {WITH_CHANNEL("\"\""), "metadata.channel" MUST_BE A_CHANNEL},
    {WITH_CHANNEL("null"), "metadata.channel" MUST_BE A_CHANNEL},
    {WITH_CHANNEL("1"), "metadata.channel" MUST_BE A_CHANNEL},
    {WITH_CHANNEL("true"), "metadata.channel" MUST_BE A_CHANNEL},
    {WITH_CHANNEL("[\"r\"]"), "metadata.channel" MUST_BE A_CHANNEL},
    {WITH_CHANNEL("\"a\\nb\""), "metadata.channel" MUST_BE A_CHANNEL},
    {WITH_NUMBER("0"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("-0"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("-1"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("0.5"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("1.5"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("1e-3"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("9007199254740992"),
     "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("18446744073709551617"),
     "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("1e400"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("-1e400"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("true"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("\"1\""), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("null"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_NUMBER("{}"), "metadata.messageNumber" MUST_BE A_NUMBER},
    {WITH_TIME("\"\""), "metadata.messageTime" MUST_BE A_TIME},
    {WITH_TIME("\"2022-02-02\""), "metadata.messageTime" MUST_BE A_TIME},
    {WITH_TIME("\"2022-02-02T19:39:05\""),
     "metadata.messageTime" MUST_BE A_TIME},
    {WITH_TIME("\"2022-02-30T19:39:05Z\""),
     "metadata.messageTime" MUST_BE A_TIME},
    {WITH_TIME("1643827145"), "metadata.messageTime" MUST_BE A_TIME},
    {WITH_TIME("null"), "metadata.messageTime" MUST_BE A_TIME},
    {WITH_TYPE("\"\""), "metadata.messageType" MUST_BE A_TYPE},
    {WITH_TYPE("\"rocketLaunched\""), "metadata.messageType" MUST_BE A_TYPE},
    {WITH_TYPE("\"RocketLaunched \""), "metadata.messageType" MUST_BE A_TYPE},
    {WITH_TYPE("\"RocketLanded\""), "metadata.messageType" MUST_BE A_TYPE},
    {WITH_TYPE("0"), "metadata.messageType" MUST_BE A_TYPE},
    {WITH_TYPE("null"), "metadata.messageType" MUST_BE A_TYPE},
};

static const struct refusal bad_messages[] = {
    {MESSAGE("RocketLaunched", "\"launchSpeed\":1,\"mission\":\"m\""),
     "message.type" MISSING A_NAME},
    {MESSAGE("RocketLaunched", "\"type\":\"t\",\"mission\":\"m\""),
     "message.launchSpeed" MISSING A_SPEED},
    {MESSAGE("RocketLaunched", "\"type\":\"t\",\"launchSpeed\":1"),
     "message.mission" MISSING A_NAME},
    {MESSAGE("RocketSpeedIncreased", ""), "message.by" MISSING A_SPEED},
    {MESSAGE("RocketSpeedDecreased", ""), "message.by" MISSING A_SPEED},
    {MESSAGE("RocketExploded", ""), "message.reason" MISSING A_NAME},
    {MESSAGE("RocketMissionChanged", "\"mission\":\"m\""),
     "message.newMission" MISSING A_NAME},
    {LAUNCHED("\"\"", "1", "\"m\""), "message.type" MUST_BE A_NAME},
    {LAUNCHED("9", "1", "\"m\""), "message.type" MUST_BE A_NAME},
    {LAUNCHED("\"t\"", "-1", "\"m\""), "message.launchSpeed" MUST_BE A_SPEED},
    {LAUNCHED("\"t\"", "1000000001", "\"m\""),
     "message.launchSpeed" MUST_BE A_SPEED},
    {LAUNCHED("\"t\"", "\"1\"", "\"m\""),
     "message.launchSpeed" MUST_BE A_SPEED},
    {LAUNCHED("\"t\"", "1", "\"\""), "message.mission" MUST_BE A_NAME},
    {LAUNCHED("\"t\"", "1", "null"), "message.mission" MUST_BE A_NAME},
    {WITH_BY("-1"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("1.5"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("1000000000.5"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("1000000001"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("1e10"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("1e400"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("true"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("false"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("\"5\""), "message.by" MUST_BE A_SPEED},
    {WITH_BY("null"), "message.by" MUST_BE A_SPEED},
    {WITH_BY("[5]"), "message.by" MUST_BE A_SPEED},
    {MESSAGE("RocketSpeedDecreased", "\"by\":-5"),
     "message.by" MUST_BE A_SPEED},
    {EXPLODED("\"\""), "message.reason" MUST_BE A_NAME},
    {EXPLODED("false"), "message.reason" MUST_BE A_NAME},
    {CHANGED("\"\""), "message.newMission" MUST_BE A_NAME},
    {CHANGED("{}"), "message.newMission" MUST_BE A_NAME},
};

#define LAUNCH "\"type\":\"t\",\"launchSpeed\":1,\"mission\":\"m\""

static const struct refusal duplicates[] = {
    {"{\"metadata\":{},\"metadata\":{}}", "metadata is given twice"},
    {"{\"metadata\":1,\"message\":{},\"message\":{}}",
     "message is given twice"},
    {BODY(METADATA(INCREASED) "," CHANNEL, "{\"by\":1}"),
     "metadata.channel is given twice"},
    {BODY(METADATA(INCREASED) "," NUMBER, "{\"by\":1}"),
     "metadata.messageNumber is given twice"},
    {BODY(METADATA(INCREASED) "," TIME, "{\"by\":1}"),
     "metadata.messageTime is given twice"},
    {BODY(METADATA(INCREASED) "," TYPE("x"), "{\"by\":1}"),
     "metadata.messageType is given twice"},
    {BODY(METADATA(INCREASED) ",\"ch\\u0061nnel\":null", "{\"by\":1}"),
     "metadata.channel is given twice"},
    {MESSAGE("RocketLaunched", LAUNCH ",\"type\":\"t\""),
     "message.type is given twice"},
    {MESSAGE("RocketLaunched", LAUNCH ",\"launchSpeed\":1"),
     "message.launchSpeed is given twice"},
    {MESSAGE("RocketLaunched", LAUNCH ",\"mission\":\"m\""),
     "message.mission is given twice"},
    {WITH_BY("1,\"by\":1"), "message.by is given twice"},
    {EXPLODED("\"r\",\"reason\":\"r\""), "message.reason is given twice"},
    {CHANGED("\"m\",\"newMission\":\"m\""),
     "message.newMission is given twice"},
};

/* Of several errors the first in the order of the checks is reported. */
static const struct refusal several[] = {
    {BODY("", "1"), "metadata.channel" MISSING A_CHANNEL},
    {BODY("\"messageType\":1,\"messageTime\":1,\"messageNumber\":0,"
          "\"channel\":1",
          "1"),
     "metadata.channel" MUST_BE A_CHANNEL},
    {BODY("\"messageType\":1,\"messageTime\":1,\"messageNumber\":0," CHANNEL,
          "1"),
     "metadata.messageNumber" MUST_BE A_NUMBER},
    {BODY("\"messageType\":1,\"messageTime\":1," NUMBER "," CHANNEL, "1"),
     "metadata.messageTime" MUST_BE A_TIME},
    {BODY("\"messageType\":1," TIME "," NUMBER "," CHANNEL, "1"),
     "metadata.messageType" MUST_BE A_TYPE},
    {"{\"message\":1,\"metadata\":{" METADATA(INCREASED) "}}",
     "message" MUST_BE AN_OBJECT},
    {MESSAGE("RocketLaunched", "\"mission\":1,\"launchSpeed\":\"\",\"type\":1"),
     "message.type" MUST_BE A_NAME},
    {MESSAGE("RocketLaunched",
             "\"mission\":1,\"launchSpeed\":\"\",\"type\":\"t\""),
     "message.launchSpeed" MUST_BE A_SPEED},
};

static void check_refusal(const char *body, const char *detail)
{
    struct parsed_message parsed;
    enum parse_status status = parse_bytes(body, strlen(body), &parsed);

    if (status == PARSE_OK)
        fail_msg("%s is accepted", body);
    assert_int_equal(status, PARSE_INVALID);
    assert_int_equal(parsed.unescaped_count, 0);
    if (strcmp(parsed.detail, detail) != 0)
        fail_msg("%s: got %s, expected %s", body, parsed.detail, detail);
}

static void check_refusals(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_refusal(rows[i].body, rows[i].detail);
}

static void bodies_that_are_not_a_message_are_refused(void **state)
{
    (void)state;
    check_refusals(bad_roots, COUNT(bad_roots));
}

static void bad_metadata_are_refused(void **state)
{
    (void)state;
    check_refusals(bad_metadata, COUNT(bad_metadata));
}

static void bad_messages_are_refused(void **state)
{
    (void)state;
    check_refusals(bad_messages, COUNT(bad_messages));
}

static void members_given_twice_are_refused(void **state)
{
    (void)state;
    check_refusals(duplicates, COUNT(duplicates));
}

static void first_of_several_errors_is_reported(void **state)
{
    (void)state;
    check_refusals(several, COUNT(several));
}

static void a_nul_does_not_end_the_body(void **state)
{
    (void)state;
    static const char body[] = WITH_BY("1") "\0";
    struct parsed_message parsed;

    assert_int_equal(parse_bytes(body, sizeof(body) - 1, &parsed),
                     PARSE_INVALID);
    assert_string_equal(
        parsed.detail,
        "the message is not JSON: at byte 150: unexpected text after the end");
}

/* Each string member, and a body in which `%` stands for its value. */
static const struct {
    const char *body;
    size_t max_length;
    const char *detail;
} strings[] = {
    {WITH_CHANNEL("\"%\""), 128, "metadata.channel" MUST_BE A_CHANNEL},
    {LAUNCHED("\"%\"", "1", "\"m\""), 256, "message.type" MUST_BE A_NAME},
    {LAUNCHED("\"t\"", "1", "\"%\""), 256, "message.mission" MUST_BE A_NAME},
    {EXPLODED("\"%\""), 256, "message.reason" MUST_BE A_NAME},
    {CHANGED("\"%\""), 256, "message.newMission" MUST_BE A_NAME},
};

/* Write `body` to `out` with `%` replaced by `count` times `piece`. */
static const char *filled(char *out, const char *body, const char *piece,
                          size_t count)
{
    const char *mark = strchr(body, '%');
    char *at = mempcpy(out, body, (size_t)(mark - body));

    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, piece);
    (void)stpcpy(at, mark + 1);
    return out;
}

static void strings_are_bounded_in_bytes(void **state)
{
    (void)state;
    char body[2000];
    struct parsed_message parsed;

    for (size_t i = 0; i < COUNT(strings); i++) {
        size_t max = strings[i].max_length;
        accepted(filled(body, strings[i].body, "x", max), &parsed);
        message_parse_release(&parsed);
        check_refusal(filled(body, strings[i].body, "x", max + 1),
                      strings[i].detail);
        /* Characters of two bytes, and escapes of six bytes. */
        accepted(filled(body, strings[i].body, "\xC3\xA4", max / 2), &parsed);
        message_parse_release(&parsed);
        check_refusal(filled(body, strings[i].body, "\xC3\xA4", max / 2 + 1),
                      strings[i].detail);
        accepted(filled(body, strings[i].body, "\\u0041", max), &parsed);
        message_parse_release(&parsed);
    }
}

static void strings_with_control_characters_are_refused(void **state)
{
    (void)state;
    static const char *const controls[] = {"\\u0001", "\\b",     "\\t",
                                           "\\n",     "\\f",     "\\r",
                                           "\\u001f", "\\u007F", "\x7F"};
    char body[2000];

    for (size_t i = 0; i < COUNT(strings); i++) {
        for (size_t j = 0; j < COUNT(controls); j++)
            check_refusal(filled(body, strings[i].body, controls[j], 1),
                          strings[i].detail);
    }
}

/* A message with `levels` levels within `metadata`, which is level 2. */
static const char *nested(char *out, int levels)
{
    char *at = stpcpy(out, "{\"metadata\":{\"x\":");

    for (int i = 0; i < levels; i++)
        *at++ = '[';
    for (int i = 0; i < levels; i++)
        *at++ = ']';
    (void)stpcpy(at, "," METADATA(INCREASED) "},\"message\":{\"by\":1}}");
    return out;
}

static void nesting_is_limited_to_64_levels(void **state)
{
    (void)state;
    char body[1000];
    struct parsed_message parsed;

    accepted(nested(body, 62), &parsed);
    message_parse_release(&parsed);
    check_refusal(
        nested(body, 63),
        "the message is not JSON: at byte 79: more than 64 levels deep");
}

/* Allocations of cJSON that succeed. For tests of one thread. */
static size_t allocations_left;

static void *scarce_malloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    allocations_left--;
    return malloc(size);
}

static void out_of_memory_is_not_an_invalid_message(void **state)
{
    (void)state;
    static const char body[] = LAUNCHED("\"\\u0074\"", "1.5e1", "\"\\u006d\"");
    cJSON_Hooks scarce = {scarce_malloc, free};
    struct parsed_message parsed;
    enum parse_status status = PARSE_NO_MEMORY;
    size_t allocations = 0;

    cJSON_InitHooks(&scarce);
    for (; status != PARSE_OK && allocations < 1000; allocations++) {
        allocations_left = allocations;
        status = parse_bytes(body, sizeof(body) - 1, &parsed);
        assert_int_not_equal(status, PARSE_INVALID);
        assert_true(status == PARSE_OK || parsed.unescaped_count == 0);
    }
    cJSON_InitHooks(NULL);
    assert_int_equal(status, PARSE_OK);
    assert_true(allocations > 5);
    message_parse_release(&parsed);
}

/* Names are compared after unescaping. */
static void names_may_be_escaped(void **state)
{
    (void)state;
    struct parsed_message parsed;
    struct message message =
        accepted("{\"m\\u0065tadata\":{\"\\u0063hannel\":\"r\"," NUMBER "," TIME
                 "," TYPE(INCREASED) "},\"messag\\u0065\":{\"\\u0062y\":7}}",
                 &parsed);

    assert_text(message.channel, "r");
    assert_int_equal(message.speed, 7);
    message_parse_release(&parsed);
    check_refusal(MESSAGE(INCREASED, "\"by\":1,\"\\u0062y\":2"),
                  "message.by is given twice");
}

/* Strings with characters that end a value when they are outside a string. */
static void strings_may_contain_structural_characters(void **state)
{
    (void)state;
    static const struct {
        const char *written, *meant;
    } names[] = {
        {"\"\\\"\"", "\""},
        {"\"\\\\\"", "\\"},
        {"\"\\\\\\\"\"", "\\\""},
        {"\"}\"", "}"},
        {"\",\\\"by\\\":\"", ",\"by\":"},
        {"\"]{[\"", "]{["},
    };
    char body[1000];

    for (size_t i = 0; i < COUNT(names); i++) {
        struct parsed_message parsed;
        snprintf(body, sizeof(body),
                 "{\"x\":[{\"y\":%s},%s],%s:{},"
                 "\"metadata\":{" METADATA(
                     "RocketMissionChanged") "},"
                                             "\"message\":{\"newMission\":%s}}",
                 names[i].written, names[i].written, names[i].written,
                 names[i].written);
        assert_text(accepted(body, &parsed).mission, names[i].meant);
        message_parse_release(&parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(error_lists_every_type),
        cmocka_unit_test(a_launch_is_read),
        cmocka_unit_test(speed_changes_are_read),
        cmocka_unit_test(an_explosion_is_read),
        cmocka_unit_test(a_mission_change_is_read),
        cmocka_unit_test(texts_are_unescaped),
        cmocka_unit_test(a_released_message_can_be_released_again),
        cmocka_unit_test(message_numbers_are_exact),
        cmocka_unit_test(speeds_are_exact),
        cmocka_unit_test(unknown_members_are_ignored),
        cmocka_unit_test(bodies_that_are_not_a_message_are_refused),
        cmocka_unit_test(bad_metadata_are_refused),
        cmocka_unit_test(bad_messages_are_refused),
        cmocka_unit_test(members_given_twice_are_refused),
        cmocka_unit_test(first_of_several_errors_is_reported),
        cmocka_unit_test(a_nul_does_not_end_the_body),
        cmocka_unit_test(strings_are_bounded_in_bytes),
        cmocka_unit_test(strings_with_control_characters_are_refused),
        cmocka_unit_test(nesting_is_limited_to_64_levels),
        cmocka_unit_test(out_of_memory_is_not_an_invalid_message),
        cmocka_unit_test(names_may_be_escaped),
        cmocka_unit_test(strings_may_contain_structural_characters),
    };

    return cmocka_run_group_tests(tests, NULL, free_bodies);
}
