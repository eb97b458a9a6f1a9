/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of events with fields in both formats. JSON is read by cJSON, and held
 * to its grammar by strict.h.
 */
#include "lib/captured_log.h"

#include <cjson/cJSON.h>

#include "base/log.h"
#include "fuzz/strict.h"

static const struct log_field fields[] = {
    {"id", LOG_BEHIND, LOG_STRING, .string = "7f"},
    {"client", LOG_IN_FRONT, LOG_STRING, .string = "a\"\\\nb"},
    {"status", LOG_IN_FRONT, LOG_NUMBER, .number = UINT64_MAX},
    {"none", LOG_IN_FRONT, LOG_NULL, .string = "no response"},
    {"duration", LOG_BEHIND, LOG_THOUSANDTHS, .number = 1002},
    {"short", LOG_LEFT_OUT, LOG_THOUSANDTHS, .number = 7},
    {"whole", LOG_BEHIND, LOG_BOOLEAN, .number = 1},
    {"cut", LOG_LEFT_OUT, LOG_BOOLEAN, .number = 0},
};

static void field_stands_where_it_belongs(void **state)
{
    struct captured_log capture;

    (void)state;
    log_set_level(LOG_INFO);
    log_set_format(LOG_TEXT);
    captured_log_start(&capture);
    log_event(LOG_INFO, fields, COUNT(fields), "message %d", 1);
    log_event(LOG_INFO, fields, 1, "message %d", 2);
    log_event(LOG_DEBUG, fields, 1, "no");
    captured_log_stop(&capture);
    assert_int_equal(capture.writes, 2);
    assert_string_equal(strchr(capture.text, '\n') + 1 + CAPTURED_PREFIX,
                        "message 2 id=7f\n");
    *strchr(capture.text, '\n') = '\0';
    assert_string_equal(capture.text + CAPTURED_PREFIX,
                        "a\"\\ b 18446744073709551615 no response: message 1 "
                        "id=7f duration=1.002 whole=true");
}

static void json_has_all_fields_behind_the_message(void **state)
{
    static const struct {
        enum log_level level;
        size_t count;
        const char *rest; /* behind the time */
    } rows[] = {
        {LOG_ERROR, 0, "\"level\":\"error\",\"message\":\"a\\\"b\\\\  c\"}\n"},
        {LOG_WARN, 1,
         "\"level\":\"warn\",\"message\":\"a\\\"b\\\\  c\",\"id\":\"7f\"}\n"},
        {LOG_DEBUG, COUNT(fields),
         "\"level\":\"debug\",\"message\":\"a\\\"b\\\\  c\",\"id\":\"7f\","
         "\"client\":\"a\\\"\\\\ b\",\"status\":18446744073709551615,"
         "\"none\":null,\"duration\":1.002,\"short\":0.007,\"whole\":true,"
         "\"cut\":false}\n"},
    };
    static const char shape[] = "{\"time\":\"0000-00-00T00:00:00.000Z\",";
    struct captured_log capture;

    (void)state;
    log_set_level(LOG_DEBUG);
    log_set_format(LOG_JSON);
    for (size_t i = 0; i < COUNT(rows); i++) {
        captured_log_start(&capture);
        log_event(rows[i].level, fields, rows[i].count, "a\"b\\\n%sc", "\x7f");
        captured_log_stop(&capture);
        captured_log_expect(&capture, shape, rows[i].rest);
    }
}

static void formats_have_names(void **state)
{
    enum { NONE = 99 };
    static const struct {
        const char *name;
        int format;
    } rows[] = {{"text", LOG_TEXT}, {"json", LOG_JSON}, {"", NONE},
                {"JSON", NONE},     {"jsonl", NONE},    {"1", NONE}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum log_format format = (enum log_format)NONE;
        assert_int_equal(log_format_of(text_of(rows[i].name), &format),
                         rows[i].format != NONE);
        assert_int_equal(format, rows[i].format);
    }
}

enum { FIELDS = 8, STRING = 3000, ROUNDS = 5000 };

/* An event, and room for its strings. */
struct random_event {
    struct log_field fields[FIELDS];
    size_t count;
    char strings[FIELDS + 1][STRING + 1]; /* the last one is the message */
};

/* Mostly short; of plain bytes, or of any. */
static void draw_string(char string[STRING + 1], uint64_t *seed)
{
    static const unsigned longest[] = {4, 40, 400, STRING};
    size_t length = unit_random(seed) % longest[unit_random(seed) % 4];
    uint64_t kind = unit_random(seed) % 3;

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)(unit_random(seed) % 255 + 1);
        if (kind == 0)
            byte = (unsigned char)('a' + byte % 26);
        else if (kind == 1)
            byte = (unsigned char)"\"\\\n"[byte % 3];
        string[i] = (char)byte;
    }
    string[length] = '\0';
}

static void draw_event(struct random_event *event, uint64_t *seed)
{
    static const char *const names[FIELDS] = {"a", "b", "c", "d",
                                              "e", "f", "g", "h"};

    event->count = unit_random(seed) % (FIELDS + 1);
    for (size_t i = 0; i <= FIELDS; i++)
        draw_string(event->strings[i], seed);
    for (size_t i = 0; i < event->count; i++)
        event->fields[i] = (struct log_field){
            names[i], (enum log_place)(unit_random(seed) % 3),
            (enum log_kind)(unit_random(seed) % (LOG_NULL + 1)),
            unit_random(seed) >> unit_random(seed) % 64, event->strings[i]};
}

/* What a string becomes in JSON, once it is read again: a prefix of this. */
static void expect_prefix(const char *read, const char *string, bool whole)
{
    static char expected[4 * STRING + 1];
    char *at = expected;

    for (; *string != '\0'; string++) {
        unsigned char byte = (unsigned char)*string;
        if (byte > 0x7f)
            at += sprintf(at, "\\x%02x", byte);
        else
            *at++ = (char)(byte < ' ' || byte == 0x7f ? ' ' : byte);
    }
    *at = '\0';
    assert_int_equal(strncmp(expected, read, strlen(read)), 0);
    assert_true(!whole || strlen(expected) == strlen(read));
}

static void expect_member(const cJSON *member, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_STRING:
        assert_true(cJSON_IsString(member));
        expect_prefix(member->valuestring, field->string, true);
        break;
    case LOG_NUMBER:
        assert_true(cJSON_IsNumber(member));
        assert_true(member->valuedouble == (double)field->number);
        break;
    case LOG_THOUSANDTHS:
        assert_true(cJSON_IsNumber(member));
        assert_true(member->valuedouble <= (double)field->number / 999);
        assert_true(member->valuedouble >= (double)field->number / 1001);
        break;
    case LOG_BOOLEAN:
        assert_int_equal(cJSON_IsTrue(member), field->number != 0);
        assert_true(cJSON_IsBool(member));
        break;
    case LOG_NULL:
        assert_true(cJSON_IsNull(member));
        break;
    }
}

/* All that a line of JSON promises. Returns how many fields were left out. */
static size_t expect_json(const struct random_event *event, const char *line,
                          size_t length)
{
    struct text text = {line, length - 1};
    size_t left_out = 0;

    for (size_t i = 0; i < length - 1; i++)
        assert_in_range(line[i], ' ', 0x7e);
    assert_true(strict_json_is_json(text));
    cJSON *root = cJSON_ParseWithLength(line, length);
    const cJSON *message = cJSON_GetObjectItem(root, "message");
    if (!cJSON_IsString(message))
        abort();
    expect_prefix(message->valuestring, event->strings[FIELDS],
                  length < LOG_MAX_LINE - 5);
    for (size_t i = 0; i < event->count; i++) {
        const cJSON *member = cJSON_GetObjectItem(root, event->fields[i].name);
        if (member != NULL)
            expect_member(member, &event->fields[i]);
        left_out += member == NULL;
    }
    assert_int_equal(cJSON_GetArraySize(root), 3 + event->count - left_out);
    cJSON_Delete(root);
    return left_out;
}

/* Whatever is logged, however long: one line, within the limit. */
static void random_lines_are_whole(void **state)
{
    static struct random_event event;
    struct captured_log capture;
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    size_t cut = 0, without = 0;

    (void)state;
    log_set_level(LOG_INFO);
    for (unsigned i = 0; i < ROUNDS; i++) {
        draw_event(&event, &seed);
        for (int json = 0; json <= 1; json++) {
            log_set_format(json ? LOG_JSON : LOG_TEXT);
            captured_log_start(&capture);
            log_event(LOG_INFO, event.fields, event.count, "%s",
                      event.strings[FIELDS]);
            captured_log_stop(&capture);
            assert_int_equal(capture.writes, 1);
            assert_in_range(capture.length, 1, LOG_MAX_LINE);
            assert_ptr_equal(strchr(capture.text, '\n'),
                             capture.text + capture.length - 1);
            if (json)
                without += expect_json(&event, capture.text, capture.length);
            cut += capture.length > LOG_MAX_LINE - 5;
        }
    }
    /* The seed has all cases. */
    assert_true(cut > 0 && without > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(field_stands_where_it_belongs),
        cmocka_unit_test(json_has_all_fields_behind_the_message),
        cmocka_unit_test(formats_have_names),
        cmocka_unit_test(random_lines_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
