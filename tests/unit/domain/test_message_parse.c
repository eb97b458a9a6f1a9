/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of parsing messages: a message of each type; for each member the values
 * at its limits, its error texts, and its schema in openapi.yaml. The parser is
 * asked for the members, so none can be left out. test_json_standard.c tests
 * the JSON of messages.
 */
#include "lib/unit_check.h"

#include <inttypes.h>

#include "domain/message_parse.h"
#include "lib/messages.h"
#include "lib/openapi.h"

enum kind { INTEGER, STRING, TIME, TYPE, OTHER };

/* One row a member. Not taken from the service. */
static const struct rule {
    const char *object, *name;
    enum kind kind;
    uint64_t lowest, highest; /* values, or lengths in bytes */
    /* In openapi.yaml: the object's schema, and the schema of this member. NULL
     * if there are no limits. */
    const char *parent;
    const char *schema;
} rules[] = {
    {"metadata", "channel", STRING, 1, 128, "Metadata", "RocketId"},
    {"metadata", "messageNumber", INTEGER, 1, 9007199254740991, "Metadata",
     "MessageNumber"},
    {"metadata", "messageTime", TIME, 0, 0, NULL, NULL},
    {"metadata", "messageType", TYPE, 0, 0, NULL, NULL},
    {"message", "type", STRING, 1, 256, "Launch", "Name"},
    {"message", "launchSpeed", INTEGER, 0, 1000000000, "Launch", "Speed"},
    {"message", "mission", STRING, 1, 256, "Launch", "Name"},
    {"message", "by", INTEGER, 0, 1000000000, "SpeedChange", "Speed"},
    {"message", "reason", STRING, 1, 256, "Explosion", "Name"},
    {"message", "newMission", STRING, 1, 256, "MissionChange", "Name"},
};

enum { BODY_SIZE = 8192, VALUE_SIZE = 2048, MAX_MEMBERS = 8 };

/* The members of a type, in the order in which the parser reads them. */
struct members {
    enum message_type type;
    bool escaped; /* in bodies, each string is long and has escapes */
    size_t count;
    const struct rule *rules[MAX_MEMBERS];
};

/* Parse a copy of exact size, so that a sanitizer detects overruns. */
static enum parse_status parse(const char *body, struct parsed_message *parsed)
{
    static char *copy; /* a message points into it until it is released */
    size_t length = strlen(body);

    free(copy);
    copy = malloc(length + (length == 0));
    if (copy == NULL)
        abort();
    memcpy(copy, body, length);
    return message_parse((struct text){copy, length}, parsed);
}

/* What the error texts say of a value. */
static void write_expected(const struct rule *rule, char out[VALUE_SIZE])
{
    char *at = out;

    switch (rule->kind) {
    case INTEGER:
        sprintf(out, "an integer from %" PRIu64 " to %" PRIu64, rule->lowest,
                rule->highest);
        break;
    case STRING:
        sprintf(out,
                "a string of %" PRIu64 " to %" PRIu64
                " bytes without control characters%s",
                rule->lowest, rule->highest,
                strcmp(rule->name, "channel") == 0 ? ", other than . and .."
                                                   : "");
        break;
    case TIME:
        (void)stpcpy(out, "an RFC 3339 date-time with offset, such as "
                          "2022-02-02T19:39:05.86337+01:00");
        break;
    case TYPE:
        for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++)
            at += sprintf(at, "%s%s", i == 0 ? "one of " : ", ",
                          messages_type_name((enum message_type)i));
        break;
    case OTHER:
        break;
    }
}

/* A string of `count` times `piece`, as JSON. */
static void write_string(char out[VALUE_SIZE], const char *piece,
                         uint64_t count)
{
    char *at = stpcpy(out, "\"");

    for (uint64_t i = 0; i < count; i++)
        at = stpcpy(at, piece);
    (void)stpcpy(at, "\"");
}

/* The value at a limit, or `beyond` it by one. */
static void write_limit(char out[VALUE_SIZE], const struct rule *rule,
                        uint64_t limit, int beyond)
{
    if (rule->kind == STRING)
        write_string(out, "x", limit + (uint64_t)(int64_t)beyond);
    else
        sprintf(out, "%" PRId64, (int64_t)limit + beyond);
}

static void write_valid(char out[VALUE_SIZE], const struct rule *rule,
                        const struct members *members)
{
    const char *type = messages_type_name(members->type);

    if (rule->kind == TIME)
        sprintf(out, "\"2022-02-02T19:39:05%s\"",
                members->escaped ? "\\u005a" : "Z");
    else if (rule->kind == TYPE && members->escaped)
        sprintf(out, "\"\\u%04x%s\"", (unsigned)type[0], type + 1);
    else if (rule->kind == TYPE)
        sprintf(out, "\"%s\"", type);
    else if (rule->kind == STRING && members->escaped)
        write_string(out, "\\u0041", rule->highest);
    else
        write_limit(out, rule, rule->lowest, 0);
}

static char *write_object(char *at, const char *object,
                          const struct members *members, size_t special,
                          const char *value)
{
    const char *comma = "";

    at += sprintf(at, "\"%s\":{", object);
    for (size_t i = 0; i < members->count; i++) {
        const struct rule *rule = members->rules[i];
        char valid[VALUE_SIZE];

        if (strcmp(rule->object, object) != 0)
            continue;
        write_valid(valid, rule, members);
        at += sprintf(at, "%s\"%s\":%s", comma, rule->name,
                      i == special ? value : valid);
        comma = ",";
    }
    return stpcpy(at, "}");
}

/* A body with valid values, but `value` for number `special`. */
static void write_body(char out[BODY_SIZE], const struct members *members,
                       size_t special, const char *value)
{
    char *at = stpcpy(out, "{");

    at = write_object(at, "metadata", members, special, value);
    at = stpcpy(at, ",");
    at = write_object(at, "message", members, special, value);
    (void)stpcpy(at, "}");
}

/* The rule of the member with which the error text begins. */
static const struct rule *find_rule(const char *detail)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        char path[64];

        sprintf(path, "%s.%s ", rules[i].object, rules[i].name);
        if (strncmp(path, detail, strlen(path)) == 0)
            return &rules[i];
    }
    fail_msg("add a row for this member: %s", detail);
    abort(); /* which fail_msg() does not reach */
}

/* Add members that the parser misses, until it misses none. */
static struct members members_of(enum message_type type)
{
    struct members members = {.type = type};

    for (;;) {
        struct parsed_message parsed;
        char body[BODY_SIZE], expected[VALUE_SIZE], detail[2 * VALUE_SIZE];

        write_body(body, &members, MAX_MEMBERS, "");
        if (parse(body, &parsed) == PARSE_OK) {
            message_parse_release(&parsed);
            return members;
        }
        const struct rule *rule = find_rule(parsed.detail);
        write_expected(rule, expected);
        sprintf(detail, "%s.%s is missing: expected %s", rule->object,
                rule->name, expected);
        assert_string_equal(parsed.detail, detail);
        assert_in_range(members.count, 0, MAX_MEMBERS - 1);
        members.rules[members.count++] = rule;
    }
}

/* One member of one type. */
struct member {
    struct members members;
    size_t number;
    const struct rule *rule;
};

static void for_each_member(void (*check)(const struct member *member))
{
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        struct member member = {members_of((enum message_type)i), 0, NULL};

        for (; member.number < member.members.count; member.number++) {
            member.rule = member.members.rules[member.number];
            check(&member);
        }
    }
}

/* The error text of the message must be `expected`; "" if it is accepted. */
static void assert_detail(const char *body, const char *expected)
{
    struct parsed_message parsed;
    enum parse_status status = parse(body, &parsed);

    assert_int_not_equal(status, PARSE_NO_MEMORY);
    if (status == PARSE_OK)
        parsed.detail[0] = '\0';
    else
        assert_int_equal(parsed.unescaped_count, 0);
    message_parse_release(&parsed);
    if (strcmp(parsed.detail, expected) != 0)
        fail_msg("%s: expected \"%s\", got \"%s\"", body, expected,
                 parsed.detail);
}

/*
 * The error text of the message with this value must be the member's name and
 * `problem`; if that is NULL, the message must be accepted.
 */
static void assert_problem(const struct member *member, const char *value,
                           const char *problem)
{
    char body[BODY_SIZE], detail[2 * VALUE_SIZE] = "";

    write_body(body, &member->members, member->number, value);
    if (problem != NULL)
        sprintf(detail, "%s.%s%s", member->rule->object, member->rule->name,
                problem);
    assert_detail(body, detail);
}

static void assert_valid(const struct member *member, const char *value)
{
    assert_problem(member, value, NULL);
}

static void assert_invalid(const struct member *member, const char *value)
{
    char expected[VALUE_SIZE], problem[2 * VALUE_SIZE];

    write_expected(member->rule, expected);
    sprintf(problem, " must be %s%s", expected,
            member->rule->kind == TIME && value[0] == '"'
                ? ": the date is not YYYY-MM-DD"
                : "");
    assert_problem(member, value, problem);
}

static void check_limits(const struct member *member)
{
    static const char *const two_bytes[] = {"\xC3\xA9", "\\u00e9"};
    const struct rule *rule = member->rule;
    char value[VALUE_SIZE];

    if (rule->kind != INTEGER && rule->kind != STRING)
        return;
    write_limit(value, rule, rule->lowest, 0);
    assert_valid(member, value);
    write_limit(value, rule, rule->lowest, -1);
    assert_invalid(member, value);
    write_limit(value, rule, rule->highest, 0);
    assert_valid(member, value);
    write_limit(value, rule, rule->highest, 1);
    assert_invalid(member, value);
    for (size_t i = 0; rule->kind == STRING && i < COUNT(two_bytes); i++) {
        write_string(value, two_bytes[i], rule->highest / 2);
        assert_valid(member, value);
        write_string(value, two_bytes[i], rule->highest / 2 + 1);
        assert_invalid(member, value);
    }
}

static void values_are_bounded(void **state)
{
    (void)state;
    for_each_member(check_limits);
}

static void check_kind(const struct member *member)
{
    static const struct {
        const char *value;
        enum kind kind;
    } cases[] = {
        {"1", INTEGER},          {"1.0", INTEGER},    {"\"1\"", STRING},
        {"\"\\u0031\"", STRING}, {"null", OTHER},     {"true", OTHER},
        {"false", OTHER},        {"{}", OTHER},       {"[]", OTHER},
        {"0.5", OTHER},          {"1e400", OTHER},    {"-1e400", OTHER},
        {"\"\\u0001\"", OTHER},  {"\"\x7f\"", OTHER},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        if (cases[i].kind == member->rule->kind)
            assert_valid(member, cases[i].value);
        else
            assert_invalid(member, cases[i].value);
    }
}

static void values_of_other_kinds_are_refused(void **state)
{
    (void)state;
    for_each_member(check_kind);
}

static void check_given_twice(const struct member *member)
{
    char valid[VALUE_SIZE], twice[3 * VALUE_SIZE];

    write_valid(valid, member->rule, &member->members);
    sprintf(twice, "%s,\"%s\":%s", valid, member->rule->name, valid);
    assert_problem(member, twice, " is given twice");
}

static void members_given_twice_are_refused(void **state)
{
    (void)state;
    for_each_member(check_given_twice);
}

/* Every string of a message at once: PARSE_MAX_TEXTS must suffice. */
static void all_strings_may_have_escapes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        struct members members = members_of((enum message_type)i);
        char body[BODY_SIZE];

        members.escaped = true;
        write_body(body, &members, MAX_MEMBERS, "");
        assert_detail(body, "");
    }
}

static bool is_used[COUNT(rules)];

static void mark_used(const struct member *member)
{
    is_used[member->rule - rules] = true;
}

static void every_rule_is_of_a_member(void **state)
{
    (void)state;
    for_each_member(mark_used);
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (!is_used[i])
            fail_msg("no type has %s.%s", rules[i].object, rules[i].name);
    }
}

typedef char line[2 * OPENAPI_NAME_SIZE]; /* of openapi.yaml */

/* The first line below the lines `path` that begins with `key` has `value`. */
static void assert_below(const char *const path[], const char *key,
                         const char *value)
{
    struct openapi_names list = openapi_list(path, key);

    if (list.count == 0 || strcmp(list.names[0], value) != 0)
        fail_msg("openapi.yaml, below \"%s\": expected \"%s%s\", got \"%s\"",
                 path[0], key, value, list.count == 0 ? "" : list.names[0]);
}

static void document_has_the_same_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        const struct rule *rule = &rules[i];
        bool is_string = rule->kind == STRING;
        line parent, member, schema, value;

        if (rule->schema == NULL)
            continue;
        snprintf(parent, sizeof(parent), "    %s", rule->parent);
        snprintf(member, sizeof(member), "        %s", rule->name);
        snprintf(value, sizeof(value), "'#/components/schemas/%s'",
                 rule->schema);
        assert_below((const char *[]){parent, member, NULL},
                     "          $ref: ", value);
        snprintf(schema, sizeof(schema), "    %s", rule->schema);
        snprintf(value, sizeof(value), "%" PRIu64, rule->lowest);
        assert_below(
            (const char *[]){schema, NULL},
            is_string ? "      minLength: " : "      minimum: ", value);
        snprintf(value, sizeof(value), "%" PRIu64, rule->highest);
        assert_below(
            (const char *[]){schema, NULL},
            is_string ? "      maxLength: " : "      maximum: ", value);
    }
}

static void every_type_is_read(void **state)
{
    /* The payloads of message_of_type(). */
    static const char *const payloads[MESSAGE_TYPE_COUNT] = {
        [MESSAGE_LAUNCHED] =
            "\"type\":\"Falcon-9\",\"launchSpeed\":500,\"mission\":\"ARTEMIS\"",
        [MESSAGE_SPEED_INCREASED] = "\"by\":3000",
        [MESSAGE_SPEED_DECREASED] = "\"by\":2500",
        [MESSAGE_EXPLODED] = "\"reason\":\"FROZEN_O_RINGS\"",
        [MESSAGE_MISSION_CHANGED] = "\"newMission\":\"SHUTTLE_MIR\"",
    };

    (void)state;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        enum message_type type = (enum message_type)i;
        struct message expected = message_of_type(type, "r", 7);
        struct parsed_message parsed;
        char body[BODY_SIZE];

        sprintf(body,
                "{\"metadata\":{\"channel\":\"r\",\"messageNumber\":7,"
                "\"messageTime\":\"2022-02-02T19:39:12+00:00\","
                "\"messageType\":\"%s\"},\"message\":{%s}}",
                messages_type_name(type), payloads[type]);
        if (parse(body, &parsed) != PARSE_OK)
            fail_msg("%s is refused: %s", body, parsed.detail);
        if (!messages_same(&parsed.message, &expected))
            fail_msg("%s is read as another message", body);
        message_parse_release(&parsed);
    }
}

#define CHANNEL "\"channel\":\"r\""
#define NUMBER "\"messageNumber\":1"
#define TIME_Z "\"messageTime\":\"2022-02-02T19:39:05Z\""
#define LAUNCHED(message)                                                      \
    "{\"message\":" message ",\"metadata\":{" CHANNEL "," NUMBER "," TIME_Z    \
    ",\"messageType\":\"RocketLaunched\"}}"
#define WRONG "\"messageType\":1,\"messageTime\":1,\"messageNumber\":0,"
#define METADATA(members) "{\"message\":1,\"metadata\":{" members "}}"

/*
 * Of several errors the first in the order of the checks. Of errors of members
 * the text goes on with what is expected.
 */
static void first_error_is_reported(void **state)
{
    static const struct {
        const char *body, *detail;
    } cases[] = {
        {"", "the message is not JSON: at byte 0: expected a value"},
        {"{\"metadata\":1 \"message\":2}",
         "the message is not JSON: at byte 14: expected ',' or '}'"},
        {"{\"metadata\":1,\n \"message\" 2}",
         "the message is not JSON: at line 2, column 12: expected ':'"},
        {"{\"metadata\":\"\\u0000\"}",
         "the message is not accepted: at byte 18: \\u0000 in a string"},
        {"\xEF\xBB\xBF{}", "the message begins with a byte order mark"},
        {"[]", "the message must be a JSON object"},
        {"{}", "metadata is missing: expected an object"},
        {"{\"message\":1}", "metadata is missing: expected an object"},
        {"{\"metadata\":[],\"message\":1}", "metadata must be an object"},
        {"{\"metadata\":1,\"metadata\":1}", "metadata is given twice"},
        {"{\"metadata\":1,\"message\":1,\"message\":1}",
         "message is given twice"},
        {METADATA(""), "metadata.channel is missing: "},
        {METADATA(WRONG "\"channel\":1"), "metadata.channel must be "},
        {METADATA(WRONG CHANNEL), "metadata.messageNumber must be "},
        {METADATA("\"messageType\":1,\"messageTime\":1," NUMBER "," CHANNEL),
         "metadata.messageTime must be "},
        {LAUNCHED("null"), "message must be an object"},
        {LAUNCHED("{\"mission\":1,\"launchSpeed\":\"\",\"type\":1}"),
         "message.type must be "},
        {LAUNCHED("{\"mission\":1,\"launchSpeed\":\"\",\"type\":\"t\"}"),
         "message.launchSpeed must be "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed_message parsed;

        assert_int_equal(parse(cases[i].body, &parsed), PARSE_INVALID);
        parsed.detail[strlen(cases[i].detail)] = '\0';
        assert_string_equal(parsed.detail, cases[i].detail);
    }
}

#define WITH_CHANNEL(channel)                                                  \
    "{\"metadata\":{\"channel\":" channel "," NUMBER "," TIME_Z                \
    ",\"messageType\":\"RocketExploded\"},\"message\":{\"reason\":\"r\"}}"

/* They are dot segments of a path (RFC 3986 section 3.3), in any spelling. */
static void dot_segments_are_no_channels(void **state)
{
    static const char *const refused[] = {
        WITH_CHANNEL("\".\""), WITH_CHANNEL("\"..\""),
        WITH_CHANNEL("\"\\u002e\""), WITH_CHANNEL("\".\\u002E\"")};
    static const char *const accepted[] = {
        WITH_CHANNEL("\"...\""),   WITH_CHANNEL("\" .\""),
        WITH_CHANNEL("\".. \""),   WITH_CHANNEL("\"./\""),
        WITH_CHANNEL("\"/..\""),   WITH_CHANNEL("\"a/../b\""),
        WITH_CHANNEL("\"%2e\""),   WITH_CHANNEL("\"%2E%2E\""),
        WITH_CHANNEL("\".\\\\\""), WITH_CHANNEL("\".a\"")};

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_detail(refused[i],
                      "metadata.channel must be a string of 1 to 128 bytes "
                      "without control characters, other than . and ..: in the "
                      "path of a URL these mean folders, so the rocket could "
                      "not be read");
    for (size_t i = 0; i < COUNT(accepted); i++)
        assert_detail(accepted[i], "");
}

#define WITH_TIME(time)                                                        \
    "{\"metadata\":{" CHANNEL "," NUMBER ",\"messageTime\":" time              \
    ",\"messageType\":\"RocketExploded\"},\"message\":{\"reason\":\"r\"}}"
#define NO_TIME                                                                \
    "metadata.messageTime must be an RFC 3339 date-time with offset, such as " \
    "2022-02-02T19:39:05.86337+01:00"

/* unit.format.test_timestamp has all of them. */
static void wrong_part_of_a_time_is_named(void **state)
{
    (void)state;
    assert_detail(WITH_TIME("1643830745"), NO_TIME);
    assert_detail(WITH_TIME("\"2022-02-30T19:39:05Z\""),
                  NO_TIME ": the month has no such day");
    assert_detail(WITH_TIME("\"2022-02-02T19:39:05\\u002e1234567890Z\""),
                  NO_TIME ": the fraction has more than nine digits");
    assert_detail(WITH_TIME("\"2022-02-02T19:39:60Z\""), NO_TIME
                  ": second 60, a leap second, is valid only at 23:59 UTC");
    assert_detail(WITH_TIME("\"2016-12-31T23:59:60Z\""), "");
}

static void text_of_several_messages_is_noticed(void **state)
{
    static const struct {
        bool is_several;
        const char *body;
    } cases[] = {
        {true, "[]"},
        {true, " \t\r\n[{}]"},
        {true, "[{},"},
        {true, "{}{}"},
        {true, "{}\n{}\n"},
        {true, "\r\n{} ,{}"},
        {true, "{}x"},
        {false, ""},
        {false, "  "},
        {false, "{}"},
        {false, "{\"a\":[]}"},
        {false, "{\"a\":1 \"b\":2}"},
        {false, "1 2"},
        {false, "null"},
        {false, "\"[\""},
        {false, "\xEF\xBB\xBF[]"},
        {false, "{\"metadata\":[]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed_message parsed = {.is_several = !cases[i].is_several};

        assert_int_equal(parse(cases[i].body, &parsed), PARSE_INVALID);
        if (parsed.is_several != cases[i].is_several)
            fail_msg("%s: %s", cases[i].body, parsed.detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(values_of_other_kinds_are_refused),
        cmocka_unit_test(members_given_twice_are_refused),
        cmocka_unit_test(all_strings_may_have_escapes),
        cmocka_unit_test(every_rule_is_of_a_member),
        cmocka_unit_test(document_has_the_same_limits),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(first_error_is_reported),
        cmocka_unit_test(dot_segments_are_no_channels),
        cmocka_unit_test(wrong_part_of_a_time_is_named),
        cmocka_unit_test(text_of_several_messages_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
