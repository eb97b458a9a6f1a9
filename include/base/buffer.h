/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow at the end: what responses are written into.
 *
 * Failure is sticky. When memory ends the buffer is marked as failed, keeps
 * what it had, and every later append does nothing; so a writer appends
 * without looking and its caller asks buffer_failed() once.
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
    char *data; /* from malloc(3), NULL while nothing was appended */
    size_t length;
    size_t capacity;
    bool failed;
};

#define BUFFER_INIT ((struct buffer){NULL, 0, 0, false})

/* Free the bytes; the buffer is empty, not failed and can be used again. */
void buffer_release(struct buffer *buffer);

/* Forget the content but keep the memory, and start unfailed. */
void buffer_clear(struct buffer *buffer);

/*
 * For buffer_reserve() alone, which leaves the rare case to it. Out of line,
 * or the rare case would be copied to wherever something is appended.
 */
__attribute__((cold, noinline)) bool buffer_grow(struct buffer *buffer,
                                                 size_t more);

/* Make room for `more` bytes after `length`. False, and failed, without. */
static inline bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (more <= buffer->capacity - buffer->length)
        return true;
    return buffer_grow(buffer, more);
}

/* Where the content ends, once there is memory. */
static inline char *buffer_end(struct buffer *buffer)
{
    assert(buffer->data != NULL);
    return buffer->data + buffer->length;
}

static inline void buffer_set_end(struct buffer *buffer, const char *end)
{
    buffer->length = (size_t)(end - buffer->data);
}

/* Copy `text`, which must not be absent, to `at`; returns where it ends. */
static inline char *buffer_put(char *at, struct text text)
{
    memcpy(at, text.data, text.length);
    return at + text.length;
}

/* Inline, so that a literal is copied by a few moves of constant size. */
static inline void buffer_append(struct buffer *buffer, struct text text)
{
    if (text.length != 0 && buffer_reserve(buffer, text.length))
        buffer_set_end(buffer, buffer_put(buffer_end(buffer), text));
}

void buffer_append_unsigned(struct buffer *buffer, uint64_t value);
void buffer_append_signed(struct buffer *buffer, int64_t value);

/* As printf(3). For what is rare: it is the slow way. */
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
 * The other way to write, for what is written a million times: reserve room
 * for the most that can come, then put one piece after another at a cursor,
 * which nothing checks, and hand the cursor back.
 *
 *     if (!buffer_reserve(buffer, BUFFER_INTEGER_ROOM + 1))
 *         return;
 *     char *at = buffer_end(buffer);
 *     at = buffer_put_unsigned(at, value);
 *     at = buffer_put(at, TEXT(","));
 *     buffer_set_end(buffer, at);
 *
 * All return the place after what they wrote, and write as the function of
 * the same name that appends.
 */
enum { BUFFER_INTEGER_ROOM = 20 }; /* of UINT64_MAX, and of INT64_MIN */

/* "00" to "99", one after another. */
extern const char buffer_digit_pairs[2 * 100 + 1];

/* Always two digits; `value` is at most 99. */
static inline char *buffer_put_two_digits(char *at, unsigned value)
{
    memcpy(at, buffer_digit_pairs + 2 * (size_t)value, 2);
    return at + 2;
}

char *buffer_put_unsigned(char *at, uint64_t value);
char *buffer_put_signed(char *at, int64_t value);

#endif
