/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes objects within JSON texts. In every object, at any depth,
 * json_object.c must find all members, in order, with the exact bounds of their
 * values.
 */
#include "fuzz.h"

#include "format/json_object.h"
#include "format/json_scan.h"
#include "strict_json.h"

/* Check that `spelling` reads as the `count` events from `expected` on. */
static void check_spelling(struct text spelling,
                           const struct strict_event *expected, size_t count)
{
    struct strict_json json;

    strict_json_read(spelling, &json);
    FUZZ_CHECK(strict_json_is_accepted(&json));
    FUZZ_CHECK(json.count == count);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(json.events[i].kind == expected[i].kind);
        FUZZ_CHECK(text_equal(json.events[i].text, expected[i].text));
    }
    strict_json_release(&json);
}

/* Whether there is no white space at either end. */
static bool is_bare(struct text text)
{
    return strchr(" \t\r\n", text.data[0]) == NULL &&
           strchr(" \t\r\n", text.data[text.length - 1]) == NULL;
}

static void check_name(struct text name, const struct strict_event *expected)
{
    struct strict_event string = {STRICT_STRING, expected->text};

    FUZZ_CHECK(expected->kind == STRICT_NAME);
    FUZZ_CHECK(is_bare(name));
    check_spelling(name, &string, 1);
}

/* Check the value `text`. Its first event is the one before `at`. */
static void check_value(struct text text, const struct strict_json *json,
                        size_t at)
{
    struct json_object object;
    struct json_member member;

    if (!json_object_open(&object, text)) {
        FUZZ_CHECK(json->events[at - 1].kind != STRICT_OBJECT);
        return;
    }
    FUZZ_CHECK(json->events[at - 1].kind == STRICT_OBJECT);
    while (json_object_next(&object, &member)) {
        check_name(member.name, &json->events[at++]);
        size_t next = strict_json_skip(json, at);
        FUZZ_CHECK(is_bare(member.value));
        check_spelling(member.value, &json->events[at], next - at);
        check_value(member.value, json, at + 1);
        at = next;
    }
    FUZZ_CHECK(json->events[at].kind == STRICT_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = fuzz_text(data, size);
    struct strict_json json;
    struct json_error error;

    if (!json_scan(text, &error))
        return 0;
    strict_json_read(text, &json);
    check_value(text, &json, 1);
    strict_json_release(&json);
    return 0;
}
