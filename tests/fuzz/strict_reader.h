/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the automaton. strict_json.c is its part outside of strings,
 * strict_string.c its part within strings. Only these two files use it.
 */
#ifndef LUNAR_TESTS_STRICT_READER_H
#define LUNAR_TESTS_STRICT_READER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "strict_json.h"

enum state {
    BEFORE_VALUE,
    BEFORE_ELEMENT_OR_END,
    BEFORE_NAME,
    BEFORE_NAME_OR_END,
    BEFORE_COLON,
    AFTER_VALUE,
    IN_WORD,
    IN_STRING,
    IN_CHARACTER, /* within a character of several bytes */
    AFTER_BACKSLASH,
    IN_HEX,
    AFTER_MINUS,
    AFTER_ZERO,
    IN_INTEGER,
    AFTER_POINT,
    IN_FRACTION,
    AFTER_E,
    AFTER_E_SIGN,
    IN_EXPONENT,
};

struct reader {
    struct strict_json *json;
    enum state state;
    struct text text;
    size_t at; /* offset of the current byte */

    char *open; /* stack of open brackets */
    size_t depth;

    size_t start;     /* offset: a number's in `text`, a string's in decoded */
    size_t decoded;   /* decoded bytes of strings so far */
    bool is_name;     /* the string is a member's name */
    const char *word; /* the rest of true, false or null */

    unsigned left;   /* bytes or hexadecimal digits left of a character */
    uint32_t code;   /* code point of that character so far */
    uint32_t lowest; /* lowest code point for that number of bytes */
    uint32_t high;   /* high surrogate before this escape, or 0 */
};

/* Note that the current byte is past a limit of the service. */
static inline void strict_reader_limit(struct reader *reader)
{
    if (reader->at < reader->json->limit)
        reader->json->limit = reader->at;
}

static inline void strict_reader_emit(struct reader *reader,
                                      enum strict_kind kind, struct text text)
{
    struct strict_json *json = reader->json;

    /* Each event has its own byte of the text, so there is room. */
    assert(json->count < reader->text.length);
    json->events[json->count++] = (struct strict_event){kind, text};
}

/* Change the state. Returns true, as a valid byte does. */
static inline bool strict_reader_go(struct reader *reader, enum state state)
{
    reader->state = state;
    return true;
}

/* The current byte is the opening quote of a member's name or of a value. */
bool strict_string_begin(struct reader *reader, bool is_name);

/* Process a byte within a string. False if it is invalid there. */
bool strict_string_take(struct reader *reader, unsigned char byte);

#endif
