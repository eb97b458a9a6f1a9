/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the members of payloads: for each member of each message type the
 * values at both of its limits, its error texts, and its schema in
 * openapi.yaml. The parser is asked for the members, so none can be left out.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/message_parse.h"
#include "lib/messages.h"
#include "lib/openapi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum kind { INTEGER, STRING };

/* One row a name. Not taken from the service. */
static const struct rule {
    const char *path;
    enum kind kind;
    uint64_t lowest, highest; /* values, or lengths in bytes */
} rules[] = {
    {"message.type", STRING, 1, 256},
    {"message.launchSpeed", INTEGER, 0, 1000000000},
    {"message.mission", STRING, 1, 256},
    {"message.by", INTEGER, 0, 1000000000},
    {"message.reason", STRING, 1, 256},
    {"message.newMission", STRING, 1, 256},
};

enum { BODY_SIZE = 8192, VALUE_SIZE = 2048, MAX_MEMBERS = 8 };

/* The members of a type, in the order in which the parser reads them. */
struct payload {
    size_t count;
    const struct rule *rules[MAX_MEMBERS];
};

static const char *name_of(const struct rule *rule)
{
    return rule->path + strlen("message.");
}

static void write_expected(const struct rule *rule, char out[VALUE_SIZE])
{
    snprintf(out, VALUE_SIZE,
             rule->kind == INTEGER ? "an integer from %" PRIu64 " to %" PRIu64
                                   : "a string of %" PRIu64 " to %" PRIu64
                                     " bytes without control characters",
             rule->lowest, rule->highest);
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
        snprintf(out, VALUE_SIZE, "%" PRId64, (int64_t)limit + beyond);
}

/* The lowest value of each member, but `value` for number `special`. */
static void write_body(char out[BODY_SIZE], enum message_type type,
                       const struct payload *payload, size_t special,
                       const char *value)
{
    int length =
        snprintf(out, BODY_SIZE,
                 "{\"metadata\":{\"channel\":\"r\",\"messageNumber\":1,"
                 "\"messageTime\":\"2022-02-02T19:39:05Z\","
                 "\"messageType\":\"%s\"},\"message\":{",
                 messages_type_name(type));
    char *at = out + length;

    for (size_t i = 0; i < payload->count; i++) {
        const struct rule *rule = payload->rules[i];
        char lowest[VALUE_SIZE];

        write_limit(lowest, rule, rule->lowest, 0);
        at += sprintf(at, "%s\"%s\":%s", i > 0 ? "," : "", name_of(rule),
                      i == special ? value : lowest);
    }
    (void)stpcpy(at, "}}");
}

static const struct rule *find_rule(const char *detail)
{
    size_t length = strcspn(detail, " ");

    for (size_t i = 0; i < COUNT(rules); i++) {
        if (strlen(rules[i].path) == length &&
            strncmp(rules[i].path, detail, length) == 0)
            return &rules[i];
    }
    fail_msg("add a row for this member: %s", detail);
    abort(); /* which fail_msg() does not reach */
}

/* Add members that the parser misses, until it misses none. */
static struct payload payload_of(enum message_type type)
{
    struct payload payload = {0};

    for (;;) {
        struct parsed_message parsed;
        char body[BODY_SIZE], expected[VALUE_SIZE], detail[2 * VALUE_SIZE];

        write_body(body, type, &payload, MAX_MEMBERS, "");
        enum parse_status status = message_parse(text_of(body), &parsed);
        if (status == PARSE_OK) {
            message_parse_release(&parsed);
            return payload;
        }
        const struct rule *rule = find_rule(parsed.detail);
        write_expected(rule, expected);
        snprintf(detail, sizeof(detail), "%s is missing: expected %s",
                 rule->path, expected);
        assert_string_equal(parsed.detail, detail);
        assert_in_range(payload.count, 0, MAX_MEMBERS - 1);
        payload.rules[payload.count++] = rule;
    }
}

/* One member of one type. */
struct member {
    enum message_type type;
    struct payload payload;
    size_t number;
    const struct rule *rule;
};

static void for_each_member(void (*check)(const struct member *member))
{
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        struct member member = {.type = (enum message_type)i};

        member.payload = payload_of(member.type);
        for (; member.number < member.payload.count; member.number++) {
            member.rule = member.payload.rules[member.number];
            check(&member);
        }
    }
}

/* Parse the message with `value`. Returns "" or the error text. */
static const char *detail_of(const struct member *member, const char *value)
{
    static struct parsed_message parsed;
    static char body[BODY_SIZE];

    write_body(body, member->type, &member->payload, member->number, value);
    enum parse_status status = message_parse(text_of(body), &parsed);
    assert_int_not_equal(status, PARSE_NO_MEMORY);
    if (status == PARSE_INVALID)
        return parsed.detail;
    message_parse_release(&parsed);
    return "";
}

static void assert_detail(const struct member *member, const char *value,
                          const char *expected)
{
    const char *detail = detail_of(member, value);

    if (strcmp(detail, expected) != 0)
        fail_msg("%s, %s = %s: expected \"%s\", got \"%s\"",
                 messages_type_name(member->type), member->rule->path, value,
                 expected, detail);
}

static void assert_invalid(const struct member *member, const char *value)
{
    char expected[VALUE_SIZE], detail[2 * VALUE_SIZE];

    write_expected(member->rule, expected);
    snprintf(detail, sizeof(detail), "%s must be %s", member->rule->path,
             expected);
    assert_detail(member, value, detail);
}

static void check_limits(const struct member *member)
{
    const struct rule *rule = member->rule;
    char value[VALUE_SIZE];

    write_limit(value, rule, rule->lowest, 0);
    assert_detail(member, value, "");
    write_limit(value, rule, rule->lowest, -1);
    assert_invalid(member, value);
    write_limit(value, rule, rule->highest, 0);
    assert_detail(member, value, "");
    write_limit(value, rule, rule->highest, 1);
    assert_invalid(member, value);
}

static void values_are_bounded(void **state)
{
    (void)state;
    for_each_member(check_limits);
}

static void check_kind(const struct member *member)
{
    static const char *const integers[] = {"1", "1.0"};
    static const char *const strings[] = {"\"1\"", "\"\\u0031\""};
    static const char *const neither[] = {"null",  "true",        "false",
                                          "{}",    "[]",          "0.5",
                                          "1e400", "\"\\u0001\"", "\"\x7f\""};
    const char *const *good = member->rule->kind == STRING ? strings : integers;
    const char *const *bad = member->rule->kind == STRING ? integers : strings;

    for (size_t i = 0; i < 2; i++) {
        assert_detail(member, good[i], "");
        assert_invalid(member, bad[i]);
    }
    for (size_t i = 0; i < COUNT(neither); i++)
        assert_invalid(member, neither[i]);
}

static void values_of_other_kinds_are_refused(void **state)
{
    (void)state;
    for_each_member(check_kind);
}

static void check_given_twice(const struct member *member)
{
    const struct rule *rule = member->rule;
    char lowest[VALUE_SIZE], twice[3 * VALUE_SIZE], detail[VALUE_SIZE];

    write_limit(lowest, rule, rule->lowest, 0);
    snprintf(twice, sizeof(twice), "%s,\"%s\":%s", lowest, name_of(rule),
             lowest);
    snprintf(detail, sizeof(detail), "%s is given twice", rule->path);
    assert_detail(member, twice, detail);
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
        struct payload payload = payload_of((enum message_type)i);
        const char *name = messages_type_name((enum message_type)i);
        struct parsed_message parsed;
        char body[BODY_SIZE];
        char *at = body;

        at += sprintf(at,
                      "{\"metadata\":{\"channel\":\"\\u0072\","
                      "\"messageNumber\":1,"
                      "\"messageTime\":\"2022-02-02T19:39:05\\u005a\","
                      "\"messageType\":\"\\u%04x%s\"},\"message\":{\"x\":0",
                      (unsigned)name[0], name + 1);
        for (size_t j = 0; j < payload.count; j++) {
            const struct rule *rule = payload.rules[j];
            char value[VALUE_SIZE];

            write_limit(value, rule, rule->lowest, 0);
            if (rule->kind == STRING)
                write_string(value, "\\u0041", rule->highest);
            at += sprintf(at, ",\"%s\":%s", name_of(rule), value);
        }
        (void)stpcpy(at, "}}");
        if (message_parse(text_of(body), &parsed) != PARSE_OK)
            fail_msg("%s: %s", name, parsed.detail);
        message_parse_release(&parsed);
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
            fail_msg("no type has %s", rules[i].path);
    }
}

typedef char line[2 * OPENAPI_NAME_SIZE]; /* of openapi.yaml */

/*
 * The line of the schema to which the value below the lines `path` refers.
 * False if the value is not a reference.
 */
static bool find_reference(const char *const path[], const char *prefix,
                           line schema)
{
    static const char start[] = "'#/components/schemas/";
    struct openapi_names list = openapi_list(path, prefix);

    if (list.count == 0)
        return false;
    assert_int_equal(strncmp(list.names[0], start, strlen(start)), 0);
    snprintf(schema, sizeof(line), "    %.100s", list.names[0] + strlen(start));
    schema[strcspn(schema, "'")] = '\0';
    return true;
}

static void assert_value(const char *const path[], const char *prefix,
                         const char *key, uint64_t expected)
{
    char with_key[OPENAPI_NAME_SIZE], value[OPENAPI_NAME_SIZE];

    snprintf(with_key, sizeof(with_key), "%s%s: ", prefix, key);
    snprintf(value, sizeof(value), "%" PRIu64, expected);
    struct openapi_names list = openapi_list(path, with_key);
    if (list.count == 0 || strcmp(list.names[0], value) != 0)
        fail_msg("openapi.yaml, below \"%s\": expected %s: %s, got %s", path[0],
                 key, value, list.count == 0 ? "nothing" : list.names[0]);
}

/* The schema of a payload, and of a member, is a reference or in place. */
static void check_schema(const struct member *member)
{
    const struct rule *rule = member->rule;
    bool is_string = rule->kind == STRING;
    line type, payload, name, schema;
    const char *path[5] = {type, "        message", NULL};
    const char *prefix = "              ";

    snprintf(type, sizeof(type), "    %s", messages_type_name(member->type));
    if (find_reference(path, "          $ref: ", payload)) {
        path[0] = payload;
        path[1] = "      properties";
        path[2] = name;
        prefix = "          ";
    } else {
        path[2] = "          properties";
        path[3] = name;
    }
    snprintf(name, sizeof(name), "%s%s", prefix + 2, name_of(rule));

    char reference[OPENAPI_NAME_SIZE];
    snprintf(reference, sizeof(reference), "%s$ref: ", prefix);
    if (find_reference(path, reference, schema)) {
        path[0] = schema;
        path[1] = NULL;
        prefix = "      ";
    }
    assert_value(path, prefix, is_string ? "minLength" : "minimum",
                 rule->lowest);
    assert_value(path, prefix, is_string ? "maxLength" : "maximum",
                 rule->highest);
}

static void document_has_the_same_limits(void **state)
{
    (void)state;
    for_each_member(check_schema);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
