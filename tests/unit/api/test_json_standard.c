/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of JSON against RFC 8259. Every text of json_standard.h, placed in a
 * message, is accepted with the right value or refused, both by the parser and
 * by the API. A refused message changes nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/routes.h"
#include "base/buffer.h"
#include "domain/message_parse.h"
#include "http/request.h"
#include "http/response.h"
#include "json_standard.h"
#include "table/table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const struct row *rows;
    size_t count;
} tables[] = {
    {structure_rows, COUNT(structure_rows)},
    {object_rows, COUNT(object_rows)},
    {array_rows, COUNT(array_rows)},
    {number_rows, COUNT(number_rows)},
    {string_rows, COUNT(string_rows)},
    {encoding_rows, COUNT(encoding_rows)},
};

static_assert(COUNT(structure_rows) + COUNT(object_rows) + COUNT(array_rows) +
                      COUNT(number_rows) + COUNT(string_rows) +
                      COUNT(encoding_rows) >=
                  300,
              "a table of json_standard.h is not tested");

/* The parts of the message before and after the text, for each place. */
#define BEGIN_METADATA "{\"metadata\":{"
#define CHANNEL_IS "\"channel\":\"r\","
#define NUMBER_IS "\"messageNumber\":7,"
#define TIME_IS "\"messageTime\":\"" TIME_VALUE "\","
#define TYPE_IS(type) "\"messageType\":\"" type "\"}"
#define CHANGED_IS TYPE_IS("RocketMissionChanged")
#define END_MESSAGE ",\"message\":" MESSAGE_VALUE "}"
#define MEMBERS "\"metadata\":" METADATA_VALUE END_MESSAGE

static const struct {
    const char *before, *after;
} places[] = {
    [BODY] = {"", ""},
    [BEFORE] = {"", "{" MEMBERS},
    [AFTER] = {"{" MEMBERS, ""},
    [UNREAD] = {"{\"unread\":", "," MEMBERS},
    [ROOT] = {"{", "," MEMBERS},
    [METADATA] = {BEGIN_METADATA,
                  "," CHANNEL_IS NUMBER_IS TIME_IS CHANGED_IS END_MESSAGE},
    [PAYLOAD] = {"{\"metadata\":" METADATA_VALUE ",\"message\":{",
                 ",\"newMission\":\"m\"}}"},
    [CHANNEL] = {BEGIN_METADATA "\"channel\":",
                 "," NUMBER_IS TIME_IS CHANGED_IS END_MESSAGE},
    [NUMBER] = {BEGIN_METADATA CHANNEL_IS "\"messageNumber\":",
                "," TIME_IS CHANGED_IS END_MESSAGE},
    [TIME] = {BEGIN_METADATA CHANNEL_IS NUMBER_IS "\"messageTime\":",
              "," CHANGED_IS END_MESSAGE},
    [TYPE] = {BEGIN_METADATA CHANNEL_IS NUMBER_IS TIME_IS "\"messageType\":",
              "}" END_MESSAGE},
    [MISSION] = {"{\"metadata\":" METADATA_VALUE
                 ",\"message\":{\"newMission\":",
                 "}}"},
    [BY] = {BEGIN_METADATA CHANNEL_IS NUMBER_IS TIME_IS TYPE_IS(
                "RocketSpeedIncreased") ",\"message\":{\"by\":",
            "}}"},
};

/* The expected message of an accepted row. */
static struct message expected_of(const struct row *row)
{
    struct message message = {
        .channel = TEXT("r"),
        .number = 7,
        .type = row->place == BY ? MESSAGE_SPEED_INCREASED
                                 : MESSAGE_MISSION_CHANGED,
    };

    assert_true(timestamp_parse(TEXT(TIME_VALUE), &message.time));
    if (row->place != BY)
        message.mission = TEXT("m");
    if (row->place == CHANNEL)
        message.channel = row->value;
    if (row->place == MISSION && row->verdict == IS_TEXT)
        message.mission = row->value;
    if (row->place == NUMBER)
        message.number = row->number;
    if (row->place == BY)
        message.speed = (int64_t)row->number;
    return message;
}

static bool is_accepted(const struct row *row)
{
    return row->verdict == PASSES || row->verdict == IS_TEXT ||
           row->verdict == IS_NUMBER;
}

/* Print the row that failed. Its text may contain any byte. */
static void print_row(const struct row *row, const char *why)
{
    print_error("RFC 8259 section %s, place %d, %s: ", row->section,
                (int)row->place, why);
    for (size_t i = 0; i < row->text.length; i++) {
        unsigned char byte = (unsigned char)row->text.data[i];
        print_error(byte >= 0x20 && byte < 0x7F ? "%c" : "\\x%02X", byte);
    }
    print_error("\n");
}

#define CHECK(row, condition)                                                  \
    do {                                                                       \
        if (!(condition)) {                                                    \
            print_row(row, #condition);                                        \
            fail();                                                            \
        }                                                                      \
    } while (0)

static void check_message(const struct row *row, const struct message *message)
{
    struct message expected = expected_of(row);

    CHECK(row, text_equal(message->channel, expected.channel));
    CHECK(row, message->number == expected.number);
    CHECK(row, timestamp_compare(&message->time, &expected.time) == 0);
    CHECK(row, message->type == expected.type);
    CHECK(row, text_equal(message->mission, expected.mission));
    CHECK(row, message->speed == expected.speed);
    CHECK(row, message->rocket_type.data == NULL);
    CHECK(row, message->reason.data == NULL);
}

/* The error must be the one that the row expects, and no other. */
static void check_detail(const struct row *row, const char *detail)
{
    bool not_json = strncmp(detail, "the message is not JSON: ", 25) == 0;
    bool twice = strstr(detail, " is given twice") != NULL;

    CHECK(row, not_json == (row->verdict == NOT_JSON));
    CHECK(row, twice == (row->verdict == TWICE));
}

static void check_parse(const struct row *row, struct text body)
{
    struct parsed_message parsed;
    enum parse_status status = message_parse(body, &parsed);

    if (is_accepted(row)) {
        CHECK(row, status == PARSE_OK);
        check_message(row, &parsed.message);
        message_parse_release(&parsed);
    } else {
        CHECK(row, status == PARSE_INVALID);
        check_detail(row, parsed.detail);
    }
}

/* An accepted message makes one rocket, a refused one none. */
static void check_table(const struct row *row, struct table *table)
{
    struct message expected = expected_of(row);
    struct rocket_view view;

    CHECK(row, table_count(table) == is_accepted(row));
    CHECK(row, table_revision(table) == is_accepted(row));
    if (is_accepted(row)) {
        CHECK(row, table_find(table, expected.channel, &view));
        CHECK(row, text_equal(view.mission, expected.mission));
        CHECK(row, view.last_number == expected.number);
        CHECK(row, view.speed == expected.speed);
    }
}

static void check_api(const struct row *row, struct text body)
{
    struct table *table = table_new(SIZE_MAX);
    struct api api;
    struct http_response response;
    struct http_request request = {.method = HTTP_POST, .body = body};
    char decoded[sizeof("/messages")];

    assert_non_null(table);
    api_init(&api, table, NULL);
    http_response_init(&response);
    http_request_set_target(&request, TEXT("/messages"), decoded);
    CHECK(row, routes_open(&api, &request, &response) == NULL);
    routes_answer(&api, &request, &response);
    CHECK(row, response.status == (is_accepted(row) ? 202 : 400));
    check_table(row, table);
    http_response_release(&response);
    table_free(table);
}

/*
 * The body has exactly its size, so that a sanitizer detects overruns. An
 * empty body has an address too, as it is not absent.
 */
static void check_row(const struct row *row)
{
    const char *before = places[row->place].before;
    const char *after = places[row->place].after;
    size_t length = strlen(before) + row->text.length + strlen(after);
    char *bytes = malloc(length + (length == 0));
    char *at = bytes;

    assert_non_null(bytes);
    at = buffer_put(at, text_of(before));
    at = buffer_put(at, row->text);
    buffer_put(at, text_of(after));
    check_parse(row, (struct text){bytes, length});
    check_api(row, (struct text){bytes, length});
    free(bytes);
}

static void every_text_is_accepted_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tables); i++)
        for (size_t j = 0; j < tables[i].count; j++)
            check_row(&tables[i].rows[j]);
}

static void check_text(const char *section, enum place place, struct text text,
                       enum verdict verdict)
{
    struct row row = {section, place, text, verdict, {NULL, 0}, 0};

    check_row(&row);
}

static bool is_among(const char *bytes, int byte)
{
    return byte != 0 && strchr(bytes, byte) != NULL;
}

/* Section 2: ws. Any other byte before the message is invalid. */
static void white_space_is_four_bytes(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = {(char)byte};
        check_text("2", BEFORE, (struct text){text, 1},
                   is_among(" \t\n\r", byte) ? PASSES : NOT_JSON);
    }
}

/* Section 7: unescaped. A single byte from 0x80 is never a character. */
static void control_characters_must_be_escaped(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = {'"', 'a', (char)byte, 'b', '"'};
        bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        /* With a backslash the "b" becomes a valid escape. */
        check_text("7", UNREAD, (struct text){text, sizeof(text)},
                   plain || byte == '\\' ? PASSES : NOT_JSON);
    }
}

/* Section 7: what may follow a backslash. "u" needs four more digits. */
static void there_are_eight_short_escapes(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = {'"', '\\', (char)byte, 'x', '"'};
        check_text("7", UNREAD, (struct text){text, sizeof(text)},
                   is_among("\"\\/bfnrt", byte) ? PASSES : NOT_JSON);
    }
}

/* Section 7: all units but U+0000 and surrogates, digits in either case. */
static void every_escaped_unit_is_accepted(void **state)
{
    (void)state;
    for (unsigned unit = 0; unit <= 0xFFFF; unit += 0x35) {
        char text[16];
        int length =
            snprintf(text, sizeof(text),
                     unit % 2 == 0 ? "\"\\u%04x\"" : "\"\\u%04X\"", unit);
        bool lone = unit >= 0xD800 && unit <= 0xDFFF;
        check_text("7", UNREAD, (struct text){text, (size_t)length},
                   unit == 0 || lone ? NOT_JSON : PASSES);
    }
}

/* Section 9: the message is one level; the value may have 63 more. */
static void nesting_is_limited_to_64_levels(void **state)
{
    (void)state;
    for (int levels = 62; levels <= 65; levels++) {
        struct buffer text = BUFFER_INIT;
        for (int i = 0; i < levels; i++)
            buffer_append(&text, i % 2 == 0 ? TEXT("[") : TEXT("{\"a\":"));
        buffer_append(&text, TEXT("1"));
        for (int i = levels - 1; i >= 0; i--)
            buffer_append(&text, i % 2 == 0 ? TEXT("]") : TEXT("}"));
        check_text("9", UNREAD, buffer_text(&text),
                   levels <= 63 ? PASSES : NOT_JSON);
        buffer_release(&text);
    }
}

/* Section 9: the limit also holds for brackets that are not closed. */
static void thousands_of_brackets_are_refused(void **state)
{
    struct buffer text = BUFFER_INIT;

    (void)state;
    for (int i = 0; i < 60000; i++)
        buffer_append(&text, TEXT("["));
    check_text("9", BODY, buffer_text(&text), NOT_JSON);
    buffer_release(&text);
}

/* Section 9: a number may have 63 characters. */
static void numbers_are_limited_to_63_characters(void **state)
{
    (void)state;
    for (size_t length = 60; length <= 66; length++) {
        char text[80] = "1.";
        memset(text + 2, '0', length - 2);
        struct row row = {
            "9",       BY, {text, length}, length <= 63 ? IS_NUMBER : NOT_JSON,
            {NULL, 0}, 1};
        check_row(&row);
    }
}

/* Section 9: the limits of strings count bytes after decoding. */
static void string_limits_count_decoded_bytes(void **state)
{
    static const struct {
        enum place place;
        size_t most;
    } limits[] = {{CHANNEL, 128}, {MISSION, 256}};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(limits); i++) {
        struct buffer text = BUFFER_INIT, value = BUFFER_INIT;
        size_t most = limits[i / 2].most, pairs = (most + i % 2 * 2) / 2;
        buffer_append(&text, TEXT("\""));
        for (size_t j = 0; j < pairs; j++) {
            buffer_append(&text, TEXT("\\u00e9"));
            buffer_append(&value, TEXT("\xC3\xA9"));
        }
        buffer_append(&text, TEXT("\""));
        struct row row = {"9",
                          limits[i / 2].place,
                          buffer_text(&text),
                          value.length <= most ? IS_TEXT : NO_VALUE,
                          buffer_text(&value),
                          0};
        check_row(&row);
        buffer_release(&text);
        buffer_release(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_accepted_or_refused),
        cmocka_unit_test(white_space_is_four_bytes),
        cmocka_unit_test(control_characters_must_be_escaped),
        cmocka_unit_test(there_are_eight_short_escapes),
        cmocka_unit_test(every_escaped_unit_is_accepted),
        cmocka_unit_test(nesting_is_limited_to_64_levels),
        cmocka_unit_test(thousands_of_brackets_are_refused),
        cmocka_unit_test(numbers_are_limited_to_63_characters),
        cmocka_unit_test(string_limits_count_decoded_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
