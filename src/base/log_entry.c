/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line has three parts: what is in front of the message, the message, and
 * what is behind it. The last one is written first, beside the line, as the
 * message gets what room is left.
 */
#include "log_entry.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_ESCAPE = 5 /* bytes: a backslash, which JSON escapes, and xHH */ };

/* A place to write to. What does not fit is cut. */
struct out {
    char *at, *end;
    bool json; /* strings are escaped for JSON */
    bool cut;
};

static void put(struct out *out, const char *bytes, size_t length)
{
    size_t room = (size_t)(out->end - out->at);

    if (length > room)
        out->cut = true;
    memcpy(out->at, bytes, length < room ? length : room);
    out->at += length < room ? length : room;
}

static void put_literal(struct out *out, const char *literal)
{
    put(out, literal, strlen(literal));
}

/* How `byte` is written. Returns the number of bytes. */
static size_t escape_byte(unsigned char byte, bool json,
                          char escape[MAX_ESCAPE + 1])
{
    if (byte < ' ' || byte == 0x7f)
        byte = ' ';
    if (json && byte > 0x7f)
        return (size_t)snprintf(escape, MAX_ESCAPE + 1, "\\\\x%02x", byte);
    bool escaped = json && (byte == '"' || byte == '\\');
    escape[0] = '\\';
    escape[escaped] = (char)byte;
    return escaped ? 2 : 1;
}

/* Put a string; it is cut between two characters. */
static void put_string(struct out *out, const char *string)
{
    char escape[MAX_ESCAPE + 1];

    for (; *string != '\0'; string++) {
        size_t length = escape_byte((unsigned char)*string, out->json, escape);
        if (length > (size_t)(out->end - out->at)) {
            out->cut = true;
            return;
        }
        put(out, escape, length);
    }
}

/* "2026-11-23T20:50:16.123Z" */
static void put_time(struct out *out)
{
    struct timespec now;
    struct tm utc;
    char text[32], thousandths[8];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(thousandths, sizeof(thousandths), ".%03dZ",
             (int)(now.tv_nsec / 1000000));
    put_literal(out, text);
    put_literal(out, thousandths);
}

/* The value of a field: in JSON as a value of JSON. */
static void put_value(struct out *out, const struct log_field *field)
{
    char number[32];

    switch (field->kind) {
    case LOG_NUMBER:
        snprintf(number, sizeof(number), "%" PRIu64, field->number);
        put_literal(out, number);
        return;
    case LOG_THOUSANDTHS:
        snprintf(number, sizeof(number), "%" PRIu64 ".%03u",
                 field->number / 1000, (unsigned)(field->number % 1000));
        put_literal(out, number);
        return;
    case LOG_BOOLEAN:
        put_literal(out, field->number != 0 ? "true" : "false");
        return;
    case LOG_NULL:
        if (out->json)
            put_literal(out, "null");
        else
            put_string(out, field->string);
        return;
    case LOG_STRING:
        break;
    }
    put_literal(out, out->json ? "\"" : "");
    put_string(out, field->string);
    put_literal(out, out->json ? "\"" : "");
}

/* Put a field behind the message: whole, or not at all. */
static void put_behind(struct out *out, const struct log_field *field)
{
    char *start = out->at;

    out->cut = false;
    put_literal(out, out->json ? ",\"" : " ");
    put_literal(out, field->name);
    put_literal(out, out->json ? "\":" : "=");
    put_value(out, field);
    if (out->cut)
        out->at = start;
}

static void put_all_behind(struct out *out, const struct log_entry *entry)
{
    put_literal(out, out->json ? "\"" : "");
    for (size_t i = 0; i < entry->count; i++)
        if (out->json || entry->fields[i].place == LOG_BEHIND)
            put_behind(out, &entry->fields[i]);
}

static void put_all_in_front(struct out *out, const struct log_entry *entry)
{
    char level[16];
    const char *before = "";

    put_literal(out, log_priority(entry->level));
    if (out->json) {
        put_literal(out, "{\"time\":\"");
        put_time(out);
        put_literal(out, "\",\"level\":\"");
        put_literal(out, log_level_names[entry->level]);
        put_literal(out, "\",\"message\":\"");
        return;
    }
    put_time(out);
    snprintf(level, sizeof(level), " %-5s ", log_level_names[entry->level]);
    put_literal(out, level);
    for (size_t i = 0; i < entry->count; i++) {
        if (entry->fields[i].place != LOG_IN_FRONT)
            continue;
        put_literal(out, before);
        put_value(out, &entry->fields[i]);
        before = " ";
    }
    put_literal(out, *before == '\0' ? "" : ": ");
}

size_t log_entry_write(const struct log_entry *entry, char line[LOG_MAX_LINE])
{
    char rest[LOG_MAX_FIELDS];
    bool json = entry->format == LOG_JSON;
    const char *end = json ? "}\n" : "\n";
    struct out behind = {rest, rest + sizeof(rest), json, false};
    struct out out = {line, line + LOG_MAX_LINE, json, false};

    put_all_behind(&behind, entry);
    size_t length = (size_t)(behind.at - rest);
    out.end -= length + strlen(end);
    put_all_in_front(&out, entry);
    put_string(&out, entry->message);
    out.end = line + LOG_MAX_LINE;
    put(&out, rest, length);
    put_literal(&out, end);
    return (size_t)(out.at - line);
}
