/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON strings. Every response contains some, so they are copied eight bytes at
 * a time if none of their bytes must be escaped.
 */
#include "format/json_write.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "json_bytes.h"

static bool must_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

static char *put_escape(char *at, char c)
{
    static const char hex_digits[] = "0123456789ABCDEF";
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = memchr(named, c, sizeof(named) - 1);

    if (found != NULL) {
        char escape[] = {'\\', letters[found - named]};
        return buffer_put(at, (struct text){escape, sizeof(escape)});
    }
    char escape[] = {
        '\\', 'u', '0', '0', hex_digits[(c >> 4) & 0xF], hex_digits[c & 0xF]};
    return buffer_put(at, (struct text){escape, sizeof(escape)});
}

static char *put_bytes_escaped(char *at, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (must_escape(text.data[i]))
            at = put_escape(at, text.data[i]);
        else
            *at++ = text.data[i];
    }
    return at;
}

/* Copy eight bytes. True if none of them must be escaped. */
static bool copy_plain_word(char *at, const char *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof(word));
    memcpy(at, &word, sizeof(word));
    return json_mark_escaped(word) == 0;
}

/*
 * Copy a text of at least eight bytes by words. The last two words may overlap.
 * False if a byte must be escaped; the copy is then to be discarded.
 */
static bool copy_plain(char *at, struct text text)
{
    size_t last = text.length - sizeof(uint64_t);

    for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
        if (!copy_plain_word(at + i, text.data + i))
            return false;
    }
    return copy_plain_word(at + last, text.data + last);
}

char *json_put(char *at, struct text text)
{
    *at++ = '"';
    if (text.length >= sizeof(uint64_t) && copy_plain(at, text))
        at += text.length;
    else
        at = put_bytes_escaped(at, text);
    *at++ = '"';
    return at;
}

char *json_put_or_null(char *at, struct text text)
{
    if (text.data == NULL)
        return buffer_put(at, TEXT("null"));
    return json_put(at, text);
}

void json_append(struct buffer *buffer, struct text text)
{
    if (buffer_reserve(buffer, json_room(text.length)))
        buffer_set_end(buffer, json_put(buffer_end(buffer), text));
}

void json_append_name(struct buffer *buffer, struct text name)
{
    bool first = buffer->length == 0 || buffer_end(buffer)[-1] == '{';

    buffer_append(buffer, first ? TEXT("\"") : TEXT(",\""));
    buffer_append(buffer, name);
    buffer_append(buffer, TEXT("\":"));
}

void json_append_member(struct buffer *buffer, struct text name, uint64_t value)
{
    json_append_name(buffer, name);
    buffer_append_unsigned(buffer, value);
}
