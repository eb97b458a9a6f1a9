/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The automaton of strict_json.c, of which strict_string.c is the part that
 * is within strings. For these two alone.
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
    IN_CHARACTER, /* of several bytes */
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
    size_t at; /* of the byte being looked at */

    char *open; /* the brackets that are open */
    size_t depth;

    size_t start;     /* of the number, in `text`; of the string, in decoded */
    size_t decoded;   /* bytes of strings so far */
    bool is_name;     /* the string is one */
    const char *word; /* what is left of true, false or null */

    unsigned left;   /* bytes, or hex digits, to come of a character */
    uint32_t code;   /* of that character, as far as it came */
    uint32_t lowest; /* that so many bytes may stand for */
    uint32_t high;   /* surrogate that waits for a low one, or 0 */
};

/* The byte at `at` is past a limit of the service. */
static inline void strict_reader_limit(struct reader *reader)
{
    if (reader->at < reader->json->limit)
        reader->json->limit = reader->at;
}

static inline void strict_reader_emit(struct reader *reader,
                                      enum strict_kind kind, struct text text)
{
    struct strict_json *json = reader->json;

    /* Each event has a byte of its own, so there is room. */
    assert(json->count < reader->text.length);
    json->events[json->count++] = (struct strict_event){kind, text};
}

/* Returns true, as what is taken does. */
static inline bool strict_reader_go(struct reader *reader, enum state state)
{
    reader->state = state;
    return true;
}

/* The byte at `at` is the opening quote, of a member's name or a value. */
bool strict_string_begin(struct reader *reader, bool is_name);

/* Take a byte within a string; false for one that can't be there. */
bool strict_string_take(struct reader *reader, unsigned char byte);

#endif
