/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The automaton within strings: a byte may be part of a character of several
 * bytes, of an escape, or of the second escape of a surrogate pair.
 */
#include "strict_reader.h"

#include <string.h>

bool strict_string_begin(struct reader *reader, bool is_name)
{
    reader->is_name = is_name;
    reader->start = reader->decoded;
    reader->high = 0;
    return strict_reader_go(reader, IN_STRING);
}

static void put_byte(struct reader *reader, uint32_t byte)
{
    reader->json->decoded[reader->decoded++] = (char)(unsigned char)byte;
}

/* Write the UTF-8 of a character (RFC 3629 section 3). */
static void put_character(struct reader *reader, uint32_t code)
{
    if (code < 0x80) {
        put_byte(reader, code);
    } else if (code < 0x800) {
        put_byte(reader, 0xC0 + code / 0x40);
        put_byte(reader, 0x80 + code % 0x40);
    } else if (code < 0x10000) {
        put_byte(reader, 0xE0 + code / 0x1000);
        put_byte(reader, 0x80 + code / 0x40 % 0x40);
        put_byte(reader, 0x80 + code % 0x40);
    } else {
        put_byte(reader, 0xF0 + code / 0x40000);
        put_byte(reader, 0x80 + code / 0x1000 % 0x40);
        put_byte(reader, 0x80 + code / 0x40 % 0x40);
        put_byte(reader, 0x80 + code % 0x40);
    }
}

/*
 * Whether the bytes so far can begin a valid character. Each byte left adds 6
 * bits, so the code point will be between `first` and `last`.
 */
static bool can_be_character(const struct reader *reader)
{
    uint32_t first = reader->code << (6 * reader->left);
    uint32_t last = first + (UINT32_C(1) << (6 * reader->left)) - 1;

    return last >= reader->lowest && first <= 0x10FFFF &&
           !(first >= 0xD800 && last <= 0xDFFF);
}

static bool begin_character(struct reader *reader, unsigned char byte)
{
    if (byte >= 0xF8 || byte < 0xC0)
        return false;
    reader->left = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
    reader->lowest = byte >= 0xF0 ? 0x10000 : byte >= 0xE0 ? 0x800 : 0x80;
    reader->code = byte & (0x3FU >> reader->left);
    put_byte(reader, byte);
    return can_be_character(reader) && strict_reader_go(reader, IN_CHARACTER);
}

static bool in_character(struct reader *reader, unsigned char byte)
{
    if (byte < 0x80 || byte > 0xBF)
        return false;
    reader->code = reader->code * 0x40 + (byte - 0x80U);
    reader->left--;
    put_byte(reader, byte);
    return can_be_character(reader) &&
           (reader->left > 0 || strict_reader_go(reader, IN_STRING));
}

static bool end_string(struct reader *reader)
{
    struct text text = {reader->json->decoded + reader->start,
                        reader->decoded - reader->start};

    strict_reader_emit(reader, reader->is_name ? STRICT_NAME : STRICT_STRING,
                       text);
    return strict_reader_go(reader,
                            reader->is_name ? BEFORE_COLON : AFTER_VALUE);
}

static bool in_string(struct reader *reader, unsigned char byte)
{
    if (byte < 0x20)
        return false;
    /* After a high surrogate only the escape of a low one is accepted. */
    if (reader->high != 0 && byte != '\\') {
        strict_reader_limit(reader);
        reader->high = 0;
    }
    if (byte == '"')
        return end_string(reader);
    if (byte == '\\')
        return strict_reader_go(reader, AFTER_BACKSLASH);
    if (byte >= 0x80)
        return begin_character(reader, byte);
    put_byte(reader, byte);
    return true;
}

static bool after_backslash(struct reader *reader, unsigned char byte)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *found = byte == '\0' ? NULL : strchr(letters, byte);

    if (byte == 'u') {
        reader->left = 4;
        reader->code = 0;
        return strict_reader_go(reader, IN_HEX);
    }
    if (found == NULL)
        return false;
    if (reader->high != 0)
        strict_reader_limit(reader);
    reader->high = 0;
    put_byte(reader, (unsigned char)meanings[found - letters]);
    return strict_reader_go(reader, IN_STRING);
}

/* The fourth digit of an escape was read. */
static void end_hex(struct reader *reader)
{
    uint32_t code = reader->code;

    if (reader->high == 0 && code >= 0xD800 && code <= 0xDBFF) {
        reader->high = code;
        return;
    }
    if (reader->high != 0)
        code = 0x10000 + (reader->high - 0xD800) * 0x400 + (code - 0xDC00);
    reader->high = 0;
    /* Past a limit the code may be no valid character. */
    if (reader->json->limit == STRICT_NOWHERE)
        put_character(reader, code);
}

static bool in_hex(struct reader *reader, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = byte == '\0' ? NULL : strchr(digits, byte);

    if (found == NULL)
        return false;
    reader->code = reader->code * 16 + (uint32_t)(found - digits) % 16;
    reader->left--;

    /* The range of the code after the digits left, 4 bits each. */
    uint32_t first = reader->code << (4 * reader->left);
    uint32_t last = first + (UINT32_C(1) << (4 * reader->left)) - 1;
    bool all_low = first >= 0xDC00 && last <= 0xDFFF;
    bool none_low = last < 0xDC00 || first > 0xDFFF;
    if (last == 0 || (reader->high != 0 ? none_low : all_low))
        strict_reader_limit(reader);
    if (reader->left > 0)
        return true;
    end_hex(reader);
    return strict_reader_go(reader, IN_STRING);
}

bool strict_string_take(struct reader *reader, unsigned char byte)
{
    switch (reader->state) {
    case IN_CHARACTER:
        return in_character(reader, byte);
    case AFTER_BACKSLASH:
        return after_backslash(reader, byte);
    case IN_HEX:
        return in_hex(reader, byte);
    default:
        return in_string(reader, byte);
    }
}
