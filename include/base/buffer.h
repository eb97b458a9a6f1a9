/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer. Responses are written into it.
 *
 * Failure is sticky. If an allocation fails, the buffer is marked as failed
 * and keeps its content, and every later append does nothing. So a writer
 * appends without checks, and its caller checks buffer_failed() once.
 */
#ifndef LUNAR_BASE_BUFFER_H
#define LUNAR_BASE_BUFFER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

struct buffer {
    char *data; /* from malloc(3); NULL until the first append */
    size_t length;
    size_t capacity;
    bool failed;
};

#define BUFFER_INIT ((struct buffer){NULL, 0, 0, false})

/* Free the memory. The buffer is then as BUFFER_INIT and can be reused. */
void buffer_release(struct buffer *buffer);

/* Remove the content and the failure, but keep the memory. */
void buffer_clear(struct buffer *buffer);

/*
 * Only for buffer_reserve(): its rare case. Not inline, as the compiler would
 * copy the rare case to every append.
 */
__attribute__((cold, noinline)) bool buffer_grow(struct buffer *buffer,
                                                 size_t more);

/* Make room for `more` bytes after `length`. False if the buffer has failed. */
static inline bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (more <= buffer->capacity - buffer->length)
        return true;
    return buffer_grow(buffer, more);
}

/* The end of the content. The buffer must have memory. */
static inline char *buffer_end(struct buffer *buffer)
{
    assert(buffer->data != NULL);
    return buffer->data + buffer->length;
}

static inline void buffer_set_end(struct buffer *buffer, const char *end)
{
    buffer->length = (size_t)(end - buffer->data);
}

/* Copy `text`, which must not be absent, to `at`. Returns the copy's end. */
static inline char *buffer_put(char *at, struct text text)
{
    memcpy(at, text.data, text.length);
    return at + text.length;
}

/* Inline, so that a literal is copied with a few moves of constant size. */
static inline void buffer_append(struct buffer *buffer, struct text text)
{
    if (text.length != 0 && buffer_reserve(buffer, text.length))
        buffer_set_end(buffer, buffer_put(buffer_end(buffer), text));
}

void buffer_append_unsigned(struct buffer *buffer, uint64_t value);

/* Append as printf(3) writes. Slow: for rare cases. */
__attribute__((format(printf, 2, 3))) void
buffer_append_format(struct buffer *buffer, const char *format, ...);

static inline bool buffer_failed(const struct buffer *buffer)
{
    return buffer->failed;
}

static inline struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->data, buffer->length};
}

/*
 * The fast way to write: reserve room for the maximum, then write one piece
 * after another at a cursor, without checks, and set the end.
 *
 *     if (!buffer_reserve(buffer, BUFFER_INTEGER_ROOM + 1))
 *         return;
 *     char *at = buffer_end(buffer);
 *     at = buffer_put_unsigned(at, value);
 *     at = buffer_put(at, TEXT(","));
 *     buffer_set_end(buffer, at);
 *
 * Each function returns the place after what it wrote, and writes the same
 * text as the append function of that name.
 */
enum { BUFFER_INTEGER_ROOM = 20 }; /* characters of UINT64_MAX and INT64_MIN */

/* "00" to "99", concatenated. */
extern const char buffer_digit_pairs[2 * 100 + 1];

/* Write exactly two digits; `value` is at most 99. */
static inline char *buffer_put_two_digits(char *at, unsigned value)
{
    memcpy(at, buffer_digit_pairs + 2 * (size_t)value, 2);
    return at + 2;
}

char *buffer_put_unsigned(char *at, uint64_t value);
char *buffer_put_signed(char *at, int64_t value);

#endif
