/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer and the few notations that responses are written in.
 * Every response goes through here, so integers are written two digits at a
 * time and JSON strings eight bytes at a time, each at a cursor; appending
 * is that after making room. printf(3) is left for what is rare.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Enough for most responses, so that these cost one allocation. */
enum { FIRST_CAPACITY = 512 };

static const char hex_digits[] = "0123456789ABCDEF";

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = BUFFER_INIT;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
}

/* Doubling keeps the bytes copied in proportion to those appended. */
static size_t grown_capacity(size_t capacity, size_t needed)
{
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    return capacity;
}

bool buffer_grow(struct buffer *buffer, size_t more)
{
    size_t capacity;
    char *data = NULL;

    if (more <= SIZE_MAX - buffer->length) {
        capacity = grown_capacity(buffer->capacity, buffer->length + more);
        data = realloc(buffer->data, capacity);
    }
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

const char buffer_digit_pairs[] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

/* Calls itself once for every two digits, at most nine times. */
char *buffer_put_unsigned(char *at, uint64_t value)
{
    if (value >= 100) {
        at = buffer_put_unsigned(at, value / 100);
        return buffer_put_two_digits(at, (unsigned)(value % 100));
    }
    if (value >= 10)
        return buffer_put_two_digits(at, (unsigned)value);
    *at = (char)('0' + value);
    return at + 1;
}

char *buffer_put_signed(char *at, int64_t value)
{
    /* Unsigned, because INT64_MIN has no positive counterpart. */
    uint64_t magnitude = (uint64_t)value;

    if (value < 0) {
        *at++ = '-';
        magnitude = 0 - magnitude;
    }
    return buffer_put_unsigned(at, magnitude);
}

void buffer_append_unsigned(struct buffer *buffer, uint64_t value)
{
    if (buffer_reserve(buffer, BUFFER_INTEGER_ROOM))
        buffer_set_end(buffer, buffer_put_unsigned(buffer_end(buffer), value));
}

void buffer_append_signed(struct buffer *buffer, int64_t value)
{
    if (buffer_reserve(buffer, BUFFER_INTEGER_ROOM))
        buffer_set_end(buffer, buffer_put_signed(buffer_end(buffer), value));
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }

    /* vsnprintf() wants room for a NUL, which does not become content. */
    size_t size = (size_t)length + 1;
    if (!buffer_reserve(buffer, size))
        return;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, size, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

static bool must_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

static char *put_escape(char *at, char c)
{
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

/* Copy eight bytes, and tell whether none must be escaped. */
static bool copy_plain_word(char *at, const char *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof(word));
    memcpy(at, &word, sizeof(word));
    return text_mark_escaped(word) == 0;
}

/*
 * Copy a text of eight bytes or more by words, of which the last two may
 * overlap. False where something must be escaped; the copy is worthless then.
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

char *buffer_put_json(char *at, struct text text)
{
    *at++ = '"';
    if (text.length >= sizeof(uint64_t) && copy_plain(at, text))
        at += text.length;
    else
        at = put_bytes_escaped(at, text);
    *at++ = '"';
    return at;
}

char *buffer_put_json_or_null(char *at, struct text text)
{
    if (text.data == NULL)
        return buffer_put(at, TEXT("null"));
    return buffer_put_json(at, text);
}

void buffer_append_json(struct buffer *buffer, struct text text)
{
    if (buffer_reserve(buffer, buffer_json_room(text.length)))
        buffer_set_end(buffer, buffer_put_json(buffer_end(buffer), text));
}

void buffer_append_json_or_null(struct buffer *buffer, struct text text)
{
    if (text.data == NULL)
        buffer_append(buffer, TEXT("null"));
    else
        buffer_append_json(buffer, text);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

void buffer_append_percent(struct buffer *buffer, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        char encoded[] = {'%', hex_digits[(c >> 4) & 0xF], hex_digits[c & 0xF]};

        if (is_unreserved(c))
            buffer_append(buffer, (struct text){&c, 1});
        else
            buffer_append(buffer, (struct text){encoded, sizeof(encoded)});
    }
}
