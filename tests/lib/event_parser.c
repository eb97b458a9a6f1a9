/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is "name: value" with exactly one space: the standard removes one, and
 * without it a value that begins with a space would lose that. CR ends a line
 * by the standard as well, so there must be none; nor a NUL, with which an id
 * is ignored; nor a U+FEFF, which is removed at the start of the stream.
 */
#include "lib/event_parser.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of the character at `at`, or 0 if it is not UTF-8 (RFC 3629). */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char first, last; /* of the first byte */
        unsigned char from, to;    /* of the second */
        size_t length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t length = forms[i].length;
        if (*at < forms[i].first || *at > forms[i].last)
            continue;
        if (length > left ||
            (length > 1 && (at[1] < forms[i].from || at[1] > forms[i].to)))
            return 0;
        for (size_t j = 2; j < length; j++)
            if ((at[j] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

static const char *object_to_bytes(const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;

    if (memchr(bytes, '\r', length) != NULL)
        return "there is a CR";
    if (memchr(bytes, '\0', length) != NULL)
        return "there is a NUL";
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        return "it begins with U+FEFF";
    for (size_t left = length, step = 0; left > 0; left -= step, at += step) {
        step = utf8_length(at, left);
        if (step == 0)
            return "it is not UTF-8";
    }
    return NULL;
}

static const char *read_retry(const char *value, uint64_t *retry)
{
    char *end = NULL;

    *retry = strtoull(value, &end, 10);
    return *value < '1' || *value > '9' || *end != '\0'
               ? "retry is not a number of digits only"
               : NULL;
}

/* Read a line without its end. NULL, or what is wrong with it. */
static const char *read_line(struct event *event, char *line)
{
    char *colon = strchr(line, ':');

    if (colon == line)
        return "a comment within an event";
    if (colon == NULL || colon[1] != ' ' || colon[2] == ' ')
        return "a line is not \"name: value\" with one space";
    *colon = '\0';
    const char *value = colon + 2;
    const char **text = strcmp(line, "event") == 0  ? &event->type
                        : strcmp(line, "id") == 0   ? &event->id
                        : strcmp(line, "data") == 0 ? &event->data
                                                    : NULL;
    if (text == NULL && strcmp(line, "retry") != 0)
        return "a field that the standard does not know";
    if (text == NULL ? event->retry != 0 : *text != NULL)
        return "a field is there twice";
    if (text == NULL)
        return read_retry(value, &event->retry);
    *text = value;
    return *value == '\0' ? "a field is empty" : NULL;
}

static bool is_all_comments(const char *block)
{
    for (const char *line = block; line != NULL;) {
        if (*line != ':')
            return false;
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    return true;
}

/* Read the lines of `event->block`. NULL, or what is wrong with them. */
static const char *read_lines(struct event *event)
{
    const char *problem = NULL;

    for (char *line = event->block; line != NULL && problem == NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        problem = read_line(event, line);
        line = end;
    }
    if (problem == NULL && event->data == NULL)
        problem = "without data it is not an event";
    if (problem == NULL && event->type == NULL)
        problem = "it has no type";
    return problem;
}

enum event_parsed event_parse(const char *bytes, size_t length, size_t *used,
                              struct event *event, const char **problem)
{
    static const char empty_line[] = "\n\n";
    const char *end = length == 0 ? NULL : memmem(bytes, length, empty_line, 2);

    *used = 0;
    if (length > 0 && *bytes == '\n') {
        *problem = "an empty line that ends nothing";
        return EVENT_INVALID;
    }
    if (end == NULL)
        return EVENT_INCOMPLETE;
    size_t size = (size_t)(end - bytes);
    *used = size + 2;
    *problem = object_to_bytes(bytes, size);
    if (*problem != NULL)
        return EVENT_INVALID;
    struct event read = {.block = strndup(bytes, size)};
    if (read.block == NULL)
        abort();
    if (is_all_comments(read.block)) {
        event_release(&read);
        return EVENT_COMMENT;
    }
    *problem = read_lines(&read);
    if (*problem != NULL) {
        event_release(&read);
        return EVENT_INVALID;
    }
    *event = read;
    return EVENT_PARSED;
}

void event_release(struct event *event)
{
    free(event->block);
    *event = (struct event){0};
}
