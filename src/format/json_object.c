/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte of a value tells what ends it: a quote for a string, a bracket
 * for an array or object, and for all else a byte that cannot be part of a
 * literal or a number. Only strings may contain these bytes as text, and they
 * are skipped as a whole.
 */
#include "format/json_object.h"

#include <string.h>

static const char *skip_white_space(const char *at, const char *end)
{
    while (at < end &&
           (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* Whether an odd number of backslashes precedes `at`. */
static bool is_escaped(const char *at)
{
    const char *first = at;

    while (first[-1] == '\\')
        first--;
    return (at - first) % 2 != 0;
}

/* From the opening quote to after the closing one. */
static const char *skip_string(const char *at, const char *end)
{
    do
        at = memchr(at + 1, '"', (size_t)(end - at - 1));
    while (is_escaped(at));
    return at + 1;
}

/* An array or object: from the opening bracket to after the closing one. */
static const char *skip_nested(const char *at, const char *end)
{
    unsigned depth = 0;

    do {
        char c = *at;
        if (c == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        at++;
    } while (depth > 0);
    return at;
}

/* Numbers, true, false, null. */
static const char *skip_scalar(const char *at, const char *end)
{
    while (at < end && (unsigned char)*at > ' ' && *at != ',' && *at != '}' &&
           *at != ']')
        at++;
    return at;
}

static const char *skip_value(const char *at, const char *end)
{
    switch (*at) {
    case '"':
        return skip_string(at, end);
    case '{':
    case '[':
        return skip_nested(at, end);
    default:
        return skip_scalar(at, end);
    }
}

static struct text text_between(const char *start, const char *end)
{
    return (struct text){start, (size_t)(end - start)};
}

bool json_object_open(struct json_object *object, struct text text)
{
    const char *end = text.data + text.length;
    const char *at = skip_white_space(text.data, end);

    if (*at != '{')
        return false;
    *object = (struct json_object){skip_white_space(at + 1, end), end};
    return true;
}

bool json_object_next(struct json_object *object, struct json_member *member)
{
    const char *end = object->end;
    const char *name = object->at;

    if (*name == '}')
        return false;
    const char *at = skip_string(name, end);
    member->name = text_between(name, at);
    const char *value =
        skip_white_space(skip_white_space(at, end) + 1 /* the colon */, end);
    at = skip_value(value, end);
    member->value = text_between(value, at);
    at = skip_white_space(at, end);
    if (*at == ',')
        at = skip_white_space(at + 1, end);
    object->at = at;
    return true;
}
