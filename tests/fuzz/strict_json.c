/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The automaton outside of strings: structure, words and numbers.
 */
#include "strict_json.h"

#include "strict_reader.h"

#include <stdlib.h>
#include <string.h>

static void emit_without_text(struct reader *reader, enum strict_kind kind)
{
    strict_reader_emit(reader, kind, (struct text){NULL, 0});
}

static bool is_space(unsigned char byte)
{
    return byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D;
}

static bool is_digit(unsigned char byte)
{
    return byte >= 0x30 && byte <= 0x39;
}

static bool begin_container(struct reader *reader, char bracket)
{
    if (reader->depth == STRICT_MAX_DEPTH)
        strict_reader_limit(reader);
    reader->open[reader->depth++] = bracket;
    emit_without_text(reader, bracket == '{' ? STRICT_OBJECT : STRICT_ARRAY);
    return strict_reader_go(reader, bracket == '{' ? BEFORE_NAME_OR_END
                                                   : BEFORE_ELEMENT_OR_END);
}

static bool end_container(struct reader *reader)
{
    reader->depth--;
    emit_without_text(reader, STRICT_END);
    return strict_reader_go(reader, AFTER_VALUE);
}

static bool begin_word(struct reader *reader, const char *rest,
                       enum strict_kind kind)
{
    reader->word = rest;
    emit_without_text(reader, kind);
    return strict_reader_go(reader, IN_WORD);
}

static bool begin_value(struct reader *reader, unsigned char byte)
{
    reader->start = reader->at;
    switch (byte) {
    case '{':
    case '[':
        return begin_container(reader, (char)byte);
    case '"':
        return strict_string_begin(reader, false);
    case 't':
        return begin_word(reader, "rue", STRICT_TRUE);
    case 'f':
        return begin_word(reader, "alse", STRICT_FALSE);
    case 'n':
        return begin_word(reader, "ull", STRICT_NULL);
    case '-':
        return strict_reader_go(reader, AFTER_MINUS);
    case '0':
        return strict_reader_go(reader, AFTER_ZERO);
    default:
        return is_digit(byte) && strict_reader_go(reader, IN_INTEGER);
    }
}

static bool in_word(struct reader *reader, unsigned char byte)
{
    if (byte != (unsigned char)*reader->word)
        return false;
    reader->word++;
    return *reader->word != '\0' || strict_reader_go(reader, AFTER_VALUE);
}

/* A byte between values, where white space is insignificant. */
static bool take_structural(struct reader *reader, unsigned char byte)
{
    char open = '\0';

    if (reader->depth > 0)
        open = reader->open[reader->depth - 1];
    switch (reader->state) {
    case BEFORE_ELEMENT_OR_END:
        return byte == ']' ? end_container(reader) : begin_value(reader, byte);
    case BEFORE_NAME_OR_END:
        if (byte == '}')
            return end_container(reader);
        return byte == '"' && strict_string_begin(reader, true);
    case BEFORE_NAME:
        return byte == '"' && strict_string_begin(reader, true);
    case BEFORE_COLON:
        return byte == ':' && strict_reader_go(reader, BEFORE_VALUE);
    case AFTER_VALUE:
        if (open == '{')
            return byte == '}'
                       ? end_container(reader)
                       : byte == ',' && strict_reader_go(reader, BEFORE_NAME);
        if (open == '[')
            return byte == ']'
                       ? end_container(reader)
                       : byte == ',' && strict_reader_go(reader, BEFORE_VALUE);
        return false;
    default:
        return begin_value(reader, byte);
    }
}

/* A byte within a number. False if it is not part of the number. */
static bool in_number(struct reader *reader, unsigned char byte)
{
    bool is_e = byte == 'e' || byte == 'E';

    switch (reader->state) {
    case AFTER_MINUS:
        if (byte == '0')
            return strict_reader_go(reader, AFTER_ZERO);
        return is_digit(byte) && strict_reader_go(reader, IN_INTEGER);
    case AFTER_ZERO:
    case IN_INTEGER:
        if (byte == '.')
            return strict_reader_go(reader, AFTER_POINT);
        if (is_e)
            return strict_reader_go(reader, AFTER_E);
        return reader->state == IN_INTEGER && is_digit(byte);
    case AFTER_POINT:
        return is_digit(byte) && strict_reader_go(reader, IN_FRACTION);
    case IN_FRACTION:
        return is_e ? strict_reader_go(reader, AFTER_E) : is_digit(byte);
    case AFTER_E:
        if (byte == '+' || byte == '-')
            return strict_reader_go(reader, AFTER_E_SIGN);
        return is_digit(byte) && strict_reader_go(reader, IN_EXPONENT);
    case AFTER_E_SIGN:
        return is_digit(byte) && strict_reader_go(reader, IN_EXPONENT);
    default: /* IN_EXPONENT */
        return is_digit(byte);
    }
}

static bool may_end_number(enum state state)
{
    return state == AFTER_ZERO || state == IN_INTEGER || state == IN_FRACTION ||
           state == IN_EXPONENT;
}

static void end_number(struct reader *reader)
{
    struct text spelling = {reader->text.data + reader->start,
                            reader->at - reader->start};

    strict_reader_emit(reader, STRICT_NUMBER, spelling);
    strict_reader_go(reader, AFTER_VALUE);
}

/* Process a byte. False if it is invalid here. */
static bool take_byte(struct reader *reader, unsigned char byte)
{
    if (reader->state >= AFTER_MINUS) {
        if (in_number(reader, byte)) {
            if (reader->at - reader->start == STRICT_MAX_NUMBER)
                strict_reader_limit(reader);
            return true;
        }
        /* A number has no end character: the next byte ends it. */
        if (!may_end_number(reader->state))
            return false;
        end_number(reader);
    }
    switch (reader->state) {
    case IN_WORD:
        return in_word(reader, byte);
    case IN_STRING:
    case IN_CHARACTER:
    case AFTER_BACKSLASH:
    case IN_HEX:
        return strict_string_take(reader, byte);
    default:
        return is_space(byte) || take_structural(reader, byte);
    }
}

void strict_json_read(struct text text, struct strict_json *json)
{
    struct reader reader = {.json = json, .text = text};

    *json =
        (struct strict_json){.error = STRICT_NOWHERE, .limit = STRICT_NOWHERE};
    json->events = calloc(text.length + 1, sizeof(json->events[0]));
    json->decoded = malloc(text.length + 1);
    reader.open = malloc(text.length + 1);
    if (json->events == NULL || json->decoded == NULL || reader.open == NULL)
        abort();
    for (; reader.at < text.length; reader.at++) {
        if (!take_byte(&reader, (unsigned char)text.data[reader.at]))
            break;
    }
    if (reader.at == text.length && may_end_number(reader.state))
        end_number(&reader);
    if (reader.at < text.length || reader.state != AFTER_VALUE ||
        reader.depth > 0)
        json->error = reader.at;
    free(reader.open);
}

void strict_json_release(struct strict_json *json)
{
    free(json->events);
    free(json->decoded);
    *json = (struct strict_json){0};
}

bool strict_json_is_accepted(const struct strict_json *json)
{
    return json->error == STRICT_NOWHERE && json->limit == STRICT_NOWHERE;
}

size_t strict_json_skip(const struct strict_json *json, size_t at)
{
    size_t depth = 0;

    do {
        enum strict_kind kind = json->events[at++].kind;
        if (kind == STRICT_ARRAY || kind == STRICT_OBJECT)
            depth++;
        if (kind == STRICT_END)
            depth--;
    } while (depth > 0);
    return at;
}

size_t strict_json_find(const struct strict_json *json, size_t object,
                        const char *name, size_t *value)
{
    size_t found = 0;
    size_t at = object + 1;

    while (json->events[at].kind == STRICT_NAME) {
        if (text_equal(json->events[at].text, text_of(name)) && found++ == 0)
            *value = at + 1;
        at = strict_json_skip(json, at + 1);
    }
    return found;
}
