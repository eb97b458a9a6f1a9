/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer and the few notations that responses are written in.
 * Every response goes through here, so integers have their own digits and
 * JSON strings are copied in stretches; printf(3) is left for what is rare.
 */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool grow(struct buffer *buffer, size_t more)
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

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (more <= buffer->capacity - buffer->length)
        return true;
    return grow(buffer, more);
}

void buffer_append(struct buffer *buffer, struct text text)
{
    if (text.length == 0 || !buffer_reserve(buffer, text.length))
        return;
    memcpy(buffer->data + buffer->length, text.data, text.length);
    buffer->length += text.length;
}

void buffer_append_unsigned(struct buffer *buffer, uint64_t value)
{
    char digits[20]; /* of UINT64_MAX */
    size_t first = sizeof(digits);

    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_append(buffer,
                  (struct text){digits + first, sizeof(digits) - first});
}

void buffer_append_signed(struct buffer *buffer, int64_t value)
{
    /* Unsigned, because INT64_MIN has no positive counterpart. */
    uint64_t magnitude = (uint64_t)value;

    if (value < 0) {
        buffer_append(buffer, TEXT("-"));
        magnitude = 0 - magnitude;
    }
    buffer_append_unsigned(buffer, magnitude);
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

static void append_escape(struct buffer *buffer, char c)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = memchr(named, c, sizeof(named) - 1);

    if (found != NULL) {
        char escape[] = {'\\', letters[found - named]};
        buffer_append(buffer, (struct text){escape, sizeof(escape)});
    } else {
        char escape[] = {'\\',
                         'u',
                         '0',
                         '0',
                         hex_digits[(c >> 4) & 0xF],
                         hex_digits[c & 0xF]};
        buffer_append(buffer, (struct text){escape, sizeof(escape)});
    }
}

void buffer_append_json(struct buffer *buffer, struct text text)
{
    size_t copied = 0;

    buffer_append(buffer, TEXT("\""));
    for (size_t i = 0; i < text.length; i++) {
        if (!must_escape(text.data[i]))
            continue;
        buffer_append(buffer, (struct text){text.data + copied, i - copied});
        append_escape(buffer, text.data[i]);
        copied = i + 1;
    }
    if (copied < text.length)
        buffer_append(buffer,
                      (struct text){text.data + copied, text.length - copied});
    buffer_append(buffer, TEXT("\""));
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
