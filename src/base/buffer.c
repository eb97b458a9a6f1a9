/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer, and decimal integers, which are written two digits at
 * a time. printf(3) is only for rare cases.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes; enough for most responses, so that they need one allocation. */
enum { FIRST_CAPACITY = 512 };

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

/* Doubling keeps the bytes copied proportional to the bytes appended. */
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

/* Recurses once for every two digits, at most nine times. */
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

    /* vsnprintf() needs room for a NUL, which does not become content. */
    size_t size = (size_t)length + 1;
    if (!buffer_reserve(buffer, size))
        return;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, size, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}
