/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of JSON texts, valid and invalid by RFC 8259. Each row has a text,
 * its place in a message, the expected result, and the section of the RFC that
 * it tests. Sections 4, 8.2 and 9 leave choices to the receiver; there the row
 * expects what this service does.
 *
 * Texts with control characters and long texts are not in the table:
 * test_json_standard.c makes them.
 */
#ifndef LUNAR_TESTS_JSON_STANDARD_H
#define LUNAR_TESTS_JSON_STANDARD_H

#include "base/text.h"

#include <stdint.h>

/* The place of the text in a message that is valid without the text. */
enum place {
    BODY, /* the text is the whole body */
    BEFORE,
    AFTER,
    UNREAD,   /* value of an unknown member */
    ROOT,     /* members at the start of the message */
    METADATA, /* members of `metadata` */
    PAYLOAD,  /* members of `message` */
    CHANNEL,  /* this and the following: the value of that member */
    NUMBER,
    TIME,
    TYPE,
    MISSION,
    BY,
};

enum verdict {
    PASSES,    /* accepted, with the values of the message without the text */
    IS_TEXT,   /* accepted, with `value` as the member's value */
    IS_NUMBER, /* accepted, with `number` as the member's value */
    NOT_JSON,  /* refused: invalid JSON */
    NO_VALUE,  /* refused: JSON, but no valid value of the member */
    TWICE,     /* refused: a member is given twice */
};

struct row {
    const char *section;
    enum place place;
    struct text text;
    enum verdict verdict;
    struct text value;
    uint64_t number;
};

#define LITERAL(text)                                                          \
    {                                                                          \
        text, sizeof(text) - 1                                                 \
    }
#define PASS(section, place, text)                                             \
    {                                                                          \
        section, place, LITERAL(text), PASSES, {NULL, 0}, 0                    \
    }
#define READ(section, place, text, value)                                      \
    {                                                                          \
        section, place, LITERAL(text), IS_TEXT, LITERAL(value), 0              \
    }
#define COUNTS(section, place, text, number)                                   \
    {                                                                          \
        section, place, LITERAL(text), IS_NUMBER, {NULL, 0}, number            \
    }
#define REFUSE(verdict, section, place, text)                                  \
    {                                                                          \
        section, place, LITERAL(text), verdict, {NULL, 0}, 0                   \
    }

/* Parts of the valid message for all places but BODY and BY. */
#define TIME_VALUE "2022-02-02T19:39:05.86337+01:00"
#define METADATA_VALUE                                                         \
    "{\"channel\":\"r\",\"messageNumber\":7,\"messageTime\":\"" TIME_VALUE     \
    "\",\"messageType\":\"RocketMissionChanged\"}"
#define MESSAGE_VALUE "{\"newMission\":\"m\"}"

static const struct row structure_rows[] = {
    /* Section 2: white space is these four characters, around any token. */
    PASS("2", BEFORE, ""),
    PASS("2", BEFORE, " "),
    PASS("2", BEFORE, "\t"),
    PASS("2", BEFORE, "\n"),
    PASS("2", BEFORE, "\r"),
    PASS("2", AFTER, "\r\n"),
    PASS("2", AFTER, " \t\n\r \t\n\r"),
    PASS("2", BODY,
         "\n{ \"metadata\"\t:\r{ \"channel\" : \"r\" , \"messageNumber\" : 7 "
         ",\"messageTime\" : \"" TIME_VALUE "\"\n,\n\"messageType\"\n:\n"
         "\"RocketMissionChanged\"\t}\t,\"message\" : { \"newMission\" : "
         "\"m\" } } "),
    PASS("2", UNREAD, " [ ] "),
    PASS("2", UNREAD, "\t[\n1\r,\t2 ]\n"),
    PASS("2", UNREAD, "{ \"a\" : { } }"),
    REFUSE(NOT_JSON, "2", BODY, ""),
    REFUSE(NOT_JSON, "2", BODY, " \n"),
    REFUSE(NOT_JSON, "2", BEFORE, "\v"),
    REFUSE(NOT_JSON, "2", BEFORE, "\f"),
    REFUSE(NOT_JSON, "2", BEFORE, "\0"),
    REFUSE(NOT_JSON, "2", BEFORE, "\x1E"),
    REFUSE(NOT_JSON, "2", BEFORE, "\xC2\xA0"),
    REFUSE(NOT_JSON, "2", BEFORE, "\xC2\x85"),
    REFUSE(NOT_JSON, "2", BEFORE, "\xE2\x80\xA8"),
    REFUSE(NOT_JSON, "2", BEFORE, "\xE3\x80\x80"),
    REFUSE(NOT_JSON, "2", BEFORE, "// comment\n"),
    REFUSE(NOT_JSON, "2", BEFORE, "/**/"),
    REFUSE(NOT_JSON, "2", BEFORE, "#\n"),
    REFUSE(NOT_JSON, "2", BEFORE, ")]}'\n"),
    REFUSE(NOT_JSON, "2", UNREAD, "[1,/**/2]"),
    REFUSE(NOT_JSON, "2", UNREAD, "\v1"),
    REFUSE(NOT_JSON, "2", UNREAD, "[1\f]"),
    REFUSE(NOT_JSON, "2", UNREAD, "[\0]"),
    /* Section 2: only white space may follow the value. */
    REFUSE(NOT_JSON, "2", AFTER, "\0"),
    REFUSE(NOT_JSON, "2", AFTER, "\f"),
    REFUSE(NOT_JSON, "2", AFTER, "\x1A"),
    REFUSE(NOT_JSON, "2", AFTER, ","),
    REFUSE(NOT_JSON, "2", AFTER, ";"),
    REFUSE(NOT_JSON, "2", AFTER, "}"),
    REFUSE(NOT_JSON, "2", AFTER, "]"),
    REFUSE(NOT_JSON, "2", AFTER, "{}"),
    REFUSE(NOT_JSON, "2", AFTER, "\n{}"),
    REFUSE(NOT_JSON, "2", AFTER, "0"),
    REFUSE(NOT_JSON, "2", AFTER, " null"),
    REFUSE(NOT_JSON, "2", AFTER, "\"\""),
    REFUSE(NOT_JSON, "2", AFTER, "\n// end"),
    REFUSE(NOT_JSON, "2", AFTER, "\0{}"),

    /* Section 2: any value is a JSON text, but only an object is a message. */
    REFUSE(NO_VALUE, "2", BODY, "null"),
    REFUSE(NO_VALUE, "2", BODY, "true"),
    REFUSE(NO_VALUE, "2", BODY, "0"),
    REFUSE(NO_VALUE, "2", BODY, "\"{}\""),
    REFUSE(NO_VALUE, "2", BODY, "[]"),
    REFUSE(NO_VALUE, "2", BODY, "{}"),

    /* Section 3: three literal names, in lower case. */
    PASS("3", UNREAD, "true"),
    PASS("3", UNREAD, "false"),
    PASS("3", UNREAD, "null"),
    PASS("3", UNREAD, "[null,true,false]"),
    REFUSE(NOT_JSON, "3", UNREAD, ""),
    REFUSE(NOT_JSON, "3", UNREAD, "True"),
    REFUSE(NOT_JSON, "3", UNREAD, "NULL"),
    REFUSE(NOT_JSON, "3", UNREAD, "nul"),
    REFUSE(NOT_JSON, "3", UNREAD, "nulls"),
    REFUSE(NOT_JSON, "3", UNREAD, "truefalse"),
    REFUSE(NOT_JSON, "3", UNREAD, "fals"),
    REFUSE(NOT_JSON, "3", UNREAD, "tr ue"),
    REFUSE(NOT_JSON, "3", UNREAD, "undefined"),
    REFUSE(NOT_JSON, "3", UNREAD, "yes"),
    REFUSE(NOT_JSON, "3", UNREAD, "a"),
    REFUSE(NO_VALUE, "3", MISSION, "null"),
    REFUSE(NO_VALUE, "3", MISSION, "true"),
    REFUSE(NO_VALUE, "3", BY, "null"),
    REFUSE(NO_VALUE, "3", BY, "false"),
    REFUSE(NO_VALUE, "3", NUMBER, "true"),
    REFUSE(NO_VALUE, "3", CHANNEL, "null"),
    REFUSE(NO_VALUE, "3", TIME, "null"),
    REFUSE(NO_VALUE, "3", TYPE, "null"),
};

static const struct row object_rows[] = {
    /* Section 4. */
    PASS("4", UNREAD, "{}"),
    PASS("4", UNREAD, "{\"a\":1}"),
    PASS("4", UNREAD, "{\"\":0}"),
    PASS("4", UNREAD, "{\"a\":{\"b\":{\"c\":[]}},\"d\":null}"),
    PASS("4", UNREAD, "{\"a\":1,\"a\":2}"),
    PASS("4", UNREAD, "{\"metadata\":1,\"metadata\":2}"),
    PASS("4", BODY,
         "{\"message\":" MESSAGE_VALUE ",\"metadata\":" METADATA_VALUE "}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{"),
    REFUSE(NOT_JSON, "4", UNREAD, "}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\"}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\":}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\" 1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\"=1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\"::1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\",\"b\"}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\":1,}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{,\"a\":1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\":1,,\"b\":2}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\":1 \"b\":2}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\":1;\"b\":2}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\":1]"),
    REFUSE(NOT_JSON, "4", UNREAD, "{\"a\":1"),
    REFUSE(NOT_JSON, "4", UNREAD, "{a:1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{'a':1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{1:1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{null:1}"),
    REFUSE(NOT_JSON, "4", UNREAD, "{[]:1}"),
    REFUSE(NOT_JSON, "4", ROOT, ""),
    REFUSE(NO_VALUE, "4", MISSION, "{}"),
    REFUSE(NO_VALUE, "4", BY, "{\"by\":1}"),
    REFUSE(NO_VALUE, "4", NUMBER, "{}"),
    REFUSE(NO_VALUE, "4", CHANNEL, "{}"),

    /*
     * Section 4: names should be unique. The service requires that of the
     * members that it reads.
     */
    REFUSE(TWICE, "4", ROOT, "\"metadata\":{}"),
    REFUSE(TWICE, "4", ROOT, "\"metadata\":" METADATA_VALUE),
    REFUSE(TWICE, "4", ROOT, "\"message\":" MESSAGE_VALUE),
    REFUSE(TWICE, "4", ROOT, "\"message\":null"),
    REFUSE(TWICE, "4", METADATA, "\"channel\":\"r\""),
    REFUSE(TWICE, "4", METADATA, "\"messageNumber\":8"),
    REFUSE(TWICE, "4", METADATA, "\"messageTime\":\"" TIME_VALUE "\""),
    REFUSE(TWICE, "4", METADATA, "\"messageType\":\"RocketExploded\""),
    REFUSE(TWICE, "4", PAYLOAD, "\"newMission\":\"m\""),
    REFUSE(TWICE, "4", PAYLOAD, "\"newMission\":null"),
    REFUSE(TWICE, "8.3", ROOT, "\"m\\u0065tadata\":{}"),
    REFUSE(TWICE, "8.3", ROOT, "\"\\u006Dessage\":{}"),
    REFUSE(TWICE, "8.3", METADATA, "\"\\u0063hannel\":\"r\""),
    REFUSE(TWICE, "8.3", METADATA, "\"messageNumbe\\u0072\":7"),
    REFUSE(TWICE, "8.3", PAYLOAD, "\"new\\u004dission\":\"m\""),
    REFUSE(TWICE, "8.3", PAYLOAD,
           "\"\\u006e\\u0065\\u0077\\u004D\\u0069\\u0073\\u0073\\u0069\\u006F"
           "\\u006E\":1"),
    PASS("4", ROOT, "\"\":1,\"\":2"),
    PASS("4", METADATA, "\"\":null"),
    PASS("4", ROOT, "\"a\":1,\"a\":2"),
    PASS("4", ROOT, "\"channel\":1,\"channel\":2"),
    PASS("4", METADATA, "\"metadata\":1,\"newMission\":2"),
    PASS("4", PAYLOAD, "\"by\":1,\"by\":2"),
    PASS("4", PAYLOAD, "\"mission\":null"),

    /* Section 8.3: names are compared after unescaping. */
    PASS("8.3", ROOT, "\"Metadata\":1"),
    PASS("8.3", ROOT, "\"metadata \":1"),
    PASS("8.3", ROOT, "\"metadat\":1"),
    PASS("8.3", ROOT, "\"m\\u0045tadata\":1"),
    PASS("8.3", ROOT, "\"m\\\\u0065tadata\":1"),
    PASS("8.3", METADATA, "\"ch\xC3\xA4nnel\":1"),
    PASS("8.3", PAYLOAD, "\"newMission\\/\":1"),
    PASS("8.3", BODY,
         "{\"\\u006detadata\":" METADATA_VALUE
         ",\"message\":{\"new\\u004dission\":\"m\"}}"),
    REFUSE(NOT_JSON, "7", ROOT, "\"metadata\\u0000\":1"),
    REFUSE(NOT_JSON, "7", ROOT, "\"metadata\0\":1"),
    REFUSE(NOT_JSON, "7", ROOT, "\"a\nb\":1"),
    REFUSE(NOT_JSON, "7", ROOT, "\"a\\qb\":1"),
    REFUSE(NOT_JSON, "8.1", ROOT, "\"\xC3\":1"),
    REFUSE(NOT_JSON, "8.2", ROOT, "\"\\ud800\":1"),
};

static const struct row array_rows[] = {
    /* Section 5. */
    PASS("5", UNREAD, "[]"),
    PASS("5", UNREAD, "[0]"),
    PASS("5", UNREAD, "[1,\"a\",null,{},[[]],-0.5e1]"),
    REFUSE(NOT_JSON, "5", UNREAD, "["),
    REFUSE(NOT_JSON, "5", UNREAD, "]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[1"),
    REFUSE(NOT_JSON, "5", UNREAD, "[1}"),
    REFUSE(NOT_JSON, "5", UNREAD, "[1,]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[,1]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[,]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[1,,2]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[1 2]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[1;2]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[\"a\":1]"),
    REFUSE(NOT_JSON, "5", UNREAD, "[]]"),
    REFUSE(NOT_JSON, "5", UNREAD, "(1)"),
    REFUSE(NO_VALUE, "5", MISSION, "[\"m\"]"),
    REFUSE(NO_VALUE, "5", BY, "[5]"),
    REFUSE(NO_VALUE, "5", NUMBER, "[]"),
    REFUSE(NO_VALUE, "5", TYPE, "[\"RocketExploded\"]"),
};

static const struct row number_rows[] = {
    /* Section 6: an integer, an optional fraction, an optional exponent. */
    COUNTS("6", BY, "0", 0),
    COUNTS("6", BY, "-0", 0),
    COUNTS("6", BY, "0.0", 0),
    COUNTS("6", BY, "-0.0e-0", 0),
    COUNTS("6", BY, "0E+00", 0),
    COUNTS("6", BY, "9", 9),
    COUNTS("6", BY, "10", 10),
    COUNTS("6", BY, "1e3", 1000),
    COUNTS("6", BY, "1E3", 1000),
    COUNTS("6", BY, "1e+3", 1000),
    COUNTS("6", BY, "1e03", 1000),
    COUNTS("6", BY, "1.0", 1),
    COUNTS("6", BY, "1000e-3", 1),
    COUNTS("6", BY, "12.5e1", 125),
    COUNTS("6", BY, "0.001e3", 1),
    COUNTS("6", BY, "1e9", 1000000000),
    COUNTS("6", BY, "100000000000.00E-2", 1000000000),
    PASS("6", UNREAD, "-1.5e-300"),
    PASS("6", UNREAD, "1e400"),
    REFUSE(NO_VALUE, "6", BY, "-1"),
    REFUSE(NO_VALUE, "6", BY, "0.5"),
    REFUSE(NO_VALUE, "6", BY, "1e-1"),
    REFUSE(NO_VALUE, "6", BY, "1000000001"),
    REFUSE(NO_VALUE, "6", BY, "1e10"),
    REFUSE(NO_VALUE, "6", BY, "1e400"),
    REFUSE(NO_VALUE, "6", BY, "-1e400"),
    REFUSE(NO_VALUE, "6", BY, "\"1\""),
    REFUSE(NO_VALUE, "6", MISSION, "1"),
    REFUSE(NO_VALUE, "6", TIME, "1643827145"),
    REFUSE(NOT_JSON, "6", BY, "+1"),
    REFUSE(NOT_JSON, "6", BY, "01"),
    REFUSE(NOT_JSON, "6", BY, "00"),
    REFUSE(NOT_JSON, "6", BY, "-01"),
    REFUSE(NOT_JSON, "6", BY, "-"),
    REFUSE(NOT_JSON, "6", BY, "--1"),
    REFUSE(NOT_JSON, "6", BY, "- 1"),
    REFUSE(NOT_JSON, "6", BY, "1."),
    REFUSE(NOT_JSON, "6", BY, ".5"),
    REFUSE(NOT_JSON, "6", BY, "-.5"),
    REFUSE(NOT_JSON, "6", BY, "1.e1"),
    REFUSE(NOT_JSON, "6", BY, "1. 5"),
    REFUSE(NOT_JSON, "6", BY, "1.2.3"),
    REFUSE(NOT_JSON, "6", BY, "1e"),
    REFUSE(NOT_JSON, "6", BY, "1e+"),
    REFUSE(NOT_JSON, "6", BY, "1e-"),
    REFUSE(NOT_JSON, "6", BY, "1e+-1"),
    REFUSE(NOT_JSON, "6", BY, "1e1.5"),
    REFUSE(NOT_JSON, "6", BY, "1e5e5"),
    REFUSE(NOT_JSON, "6", BY, "e1"),
    REFUSE(NOT_JSON, "6", BY, "0x10"),
    REFUSE(NOT_JSON, "6", BY, "0b1"),
    REFUSE(NOT_JSON, "6", BY, "0o7"),
    REFUSE(NOT_JSON, "6", BY, "1_000"),
    REFUSE(NOT_JSON, "6", BY, "1,000"),
    REFUSE(NOT_JSON, "6", BY, "1 000"),
    REFUSE(NOT_JSON, "6", BY, "1f"),
    REFUSE(NOT_JSON, "6", BY, "1L"),
    REFUSE(NOT_JSON, "6", BY, "NaN"),
    REFUSE(NOT_JSON, "6", BY, "-NaN"),
    REFUSE(NOT_JSON, "6", BY, "Infinity"),
    REFUSE(NOT_JSON, "6", BY, "-Infinity"),
    REFUSE(NOT_JSON, "6", BY, "inf"),
    REFUSE(NOT_JSON, "6", BY, "\xEF\xBC\x91"),
    REFUSE(NOT_JSON, "6", BY, "\xD9\xA1"),
    REFUSE(NOT_JSON, "6", BY, "1\0"),

    /* Section 6: numbers are doubles; integers are exact up to 2^53. */
    COUNTS("6", NUMBER, "1", 1),
    COUNTS("6", NUMBER, "2147483648", 2147483648),
    COUNTS("6", NUMBER, "4294967297", 4294967297),
    COUNTS("6", NUMBER, "1e15", 1000000000000000),
    COUNTS("6", NUMBER, "9007199254740991", 9007199254740991),
    COUNTS("6", NUMBER, "9007199254740991.0", 9007199254740991),
    COUNTS("6", NUMBER, "9007199254740991.4", 9007199254740991),
    COUNTS("6", NUMBER, "0.99999999999999999999", 1),
    COUNTS("6", BY, "1e-400", 0),
    REFUSE(NO_VALUE, "6", NUMBER, "9007199254740991.5"),
    REFUSE(NO_VALUE, "6", NUMBER, "9007199254740992"),
    REFUSE(NO_VALUE, "6", NUMBER, "18446744073709551617"),
    REFUSE(NO_VALUE, "6", NUMBER, "0"),
    REFUSE(NO_VALUE, "6", NUMBER, "-0"),
    REFUSE(NO_VALUE, "6", NUMBER, "-1"),
    REFUSE(NO_VALUE, "6", NUMBER, "1e-400"),
    REFUSE(NO_VALUE, "6", NUMBER, "1.5"),
};

static const struct row string_rows[] = {
    /*
     * Section 7: escapes. An escaped control character is valid JSON, but the
     * service does not accept it in a value.
     */
    READ("7", MISSION, "\"APOLLO\"", "APOLLO"),
    READ("7", MISSION, "\"\\\"\"", "\""),
    READ("7", MISSION, "\"\\\\\"", "\\"),
    READ("7", MISSION, "\"\\/\"", "/"),
    READ("7", MISSION, "\"/\"", "/"),
    READ("7", MISSION, "\"'\"", "'"),
    READ("7", MISSION, "\"\\u0041\"", "A"),
    READ("7", MISSION, "\"a\\u0062c\"", "abc"),
    READ("7", MISSION, "\"\\u00e9\\u00E9\"", "\xC3\xA9\xC3\xA9"),
    READ("7", MISSION, "\"\\u0020\"", " "),
    READ("7", MISSION, "\"\\u0022\\u005C\\u002f\"", "\"\\/"),
    READ("7", MISSION, "\"\\\\u0041\"", "\\u0041"),
    READ("7", MISSION, "\"\\\\\\u0041\"", "\\A"),
    READ("7", MISSION, "\"\\u0080\"", "\xC2\x80"),
    READ("7", MISSION, "\"\\u07ff\\u0800\"", "\xDF\xBF\xE0\xA0\x80"),
    READ("7", MISSION, "\"{\\u007B[\"", "{{["),
    READ("7", CHANNEL, "\"rocket\\u002D1\"", "rocket-1"),
    PASS("7", TIME, "\"2022\\u002D02-02T19:39:05.86337\\u002b01:00\""),
    PASS("7", TYPE, "\"Rocket\\u004dissionChanged\""),
    PASS("7", UNREAD, "\"\""),
    PASS("7", UNREAD, "\"\\b\\f\\n\\r\\t\\u0001\\u001F\""),
    PASS("7", UNREAD, "\"\x7F\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\""),
    REFUSE(NO_VALUE, "7", CHANNEL, "\"\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\\b\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\\f\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"a\\nb\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\\r\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\\t\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\\u0001\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\\u001f\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\\u007F\""),
    REFUSE(NO_VALUE, "7", MISSION, "\"\x7F\""),
    REFUSE(NO_VALUE, "7", CHANNEL, "\"a\\u0009b\""),
    REFUSE(NO_VALUE, "7", TYPE, "\"rocketmissionchanged\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\a\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\v\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\0\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\x41\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\'\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\ \""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\\n\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\N\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\U0041\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u041\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u004\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u00g1\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u 041\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u+041\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u{41}\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\u0000\""),
    REFUSE(NOT_JSON, "7", MISSION, "\"APOLLO\\u0000\""),
    REFUSE(NOT_JSON, "7", CHANNEL, "\"r\\u0000x\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"\\"),
    REFUSE(NOT_JSON, "7", UNREAD, "\"a"),
    REFUSE(NOT_JSON, "7", UNREAD, "a\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"a\\\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"a\"b\""),
    REFUSE(NOT_JSON, "7", UNREAD, "\"a\" \"b\""),
    REFUSE(NOT_JSON, "7", UNREAD, "'a'"),
    REFUSE(NOT_JSON, "7", UNREAD, "`a`"),
    REFUSE(NOT_JSON, "7", UNREAD,
           "\xE2\x80\x9C"
           "a"
           "\xE2\x80\x9D"),
};

static const struct row encoding_rows[] = {
    /* Section 8.1: UTF-8 without a byte order mark. */
    READ("8.1", MISSION, "\"\xC2\x80\xDF\xBF\"", "\xC2\x80\xDF\xBF"),
    READ("8.1", MISSION, "\"\xE0\xA0\x80\xED\x9F\xBF\"",
         "\xE0\xA0\x80\xED\x9F\xBF"),
    READ("8.1", MISSION, "\"\xEE\x80\x80\xEF\xBF\xBF\"",
         "\xEE\x80\x80\xEF\xBF\xBF"),
    READ("8.1", MISSION, "\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"",
         "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
    READ("8.1", MISSION, "\"\xEF\xBB\xBF\"", "\xEF\xBB\xBF"),
    READ("8.1", MISSION, "\"\xE2\x80\xA8\"", "\xE2\x80\xA8"),
    READ("8.1", CHANNEL, "\"\xF0\x9F\x9A\x80\"", "\xF0\x9F\x9A\x80"),
    REFUSE(NOT_JSON, "8.1", BEFORE, "\xEF\xBB\xBF"),
    REFUSE(NOT_JSON, "8.1", AFTER, "\xEF\xBB\xBF"),
    REFUSE(NOT_JSON, "8.1", BEFORE, "\xFE\xFF"),
    REFUSE(NOT_JSON, "8.1", BEFORE, "\xFF\xFE"),
    REFUSE(NOT_JSON, "8.1", BODY, "{\0}\0"),
    REFUSE(NOT_JSON, "8.1", BODY, "\0{\0}"),
    REFUSE(NOT_JSON, "8.1", BODY, "\0\0\0{\0\0\0}"),
    REFUSE(NOT_JSON, "8.1", BODY, "+AHs-+AH0-"),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\xC3\xA9"),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xE9\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xBF\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xC0\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xC0\xAF\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xC1\xBF\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xE0\x80\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xE0\x9F\xBF\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xF0\x80\x80\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xF0\x8F\xBF\xBF\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xED\xA0\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xED\xBF\xBF\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xED\xA0\xBD\xED\xBA\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xF4\x90\x80\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xF5\x80\x80\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xF8\x88\x80\x80\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xFC\x84\x80\x80\x80\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xFE\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xFF\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xC3\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xC3(\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xE2\x82\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xE2(\x82\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xE2\x82(\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xF0\x9F\x9A\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xF0\x9F(\x80\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xC3\xC3\xA9\""),
    REFUSE(NOT_JSON, "8.1", UNREAD, "\"\xC3\xA9\xA9\""),
    REFUSE(NOT_JSON, "8.1", BODY, "{\"a\":\"\xC3"),
    REFUSE(NOT_JSON, "8.1", BODY, "{\"a\":\"\xF0\x9F\x9A"),
    REFUSE(NOT_JSON, "8.1", MISSION, "\"abcdefgh\xC0\x80ijklmnop\""),

    /* Section 8.2: surrogates are valid only in pairs, and only as escapes. */
    READ("8.2", MISSION, "\"\\ud83d\\ude80\"", "\xF0\x9F\x9A\x80"),
    READ("8.2", MISSION, "\"\\uD800\\uDC00\"", "\xF0\x90\x80\x80"),
    READ("8.2", MISSION, "\"\\udbff\\udfff\"", "\xF4\x8F\xBF\xBF"),
    READ("8.2", MISSION, "\"\\ud7ff\\ue000\"", "\xED\x9F\xBF\xEE\x80\x80"),
    READ("8.2", MISSION, "\"\\ufeff\\uFFFE\\uffff\"",
         "\xEF\xBB\xBF\xEF\xBF\xBE\xEF\xBF\xBF"),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud800\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\udbffx\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d\\n\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d\\u0041\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d\\ud83d\\ude80\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d\\ue000\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d\\ude8\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d \\ude80\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d\xED\xBA\x80\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\udc00\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\udfff\\ud800\""),
    REFUSE(NOT_JSON, "8.2", UNREAD, "\"\\ud83d"),
    REFUSE(NOT_JSON, "8.2", MISSION, "\"\\ude80\""),
    REFUSE(NOT_JSON, "8.2", CHANNEL, "\"r\\ud83d\""),
};

#endif
