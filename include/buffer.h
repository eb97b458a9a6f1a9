/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow at the end: what JSON and header values are written into.
 *
 * Failure is sticky. When memory ends the buffer is marked as failed, keeps
 * what it had, and every later append does nothing; so a writer appends
 * without looking and its caller asks buffer_failed() once.
 */
#ifndef LUNAR_BUFFER_H
#define LUNAR_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

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

/* Make room for `more` bytes after `length`. False, and failed, without. */
bool buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, struct text text);
void buffer_append_unsigned(struct buffer *buffer, uint64_t value);
void buffer_append_signed(struct buffer *buffer, int64_t value);

/* As printf(3). For what is rare: it is the slow way. */
__attribute__((format(printf, 2, 3))) void
buffer_append_format(struct buffer *buffer, const char *format, ...);

/*
 * A JSON string with its quotes (RFC 8259 section 7): escapes the quote,
 * the backslash and control characters. `text` must be valid UTF-8.
 */
void buffer_append_json(struct buffer *buffer, struct text text);

/* The same, or `null` where the text is absent. */
void buffer_append_json_or_null(struct buffer *buffer, struct text text);

/*
 * Percent-encoded (RFC 3986 section 2.1): all but unreserved characters
 * become %XX, so the result can stand anywhere in a path or a query.
 */
void buffer_append_percent(struct buffer *buffer, struct text text);

static inline bool buffer_failed(const struct buffer *buffer)
{
    return buffer->failed;
}

static inline struct text buffer_text(const struct buffer *buffer)
{
    return (struct text){buffer->data, buffer->length};
}

#endif
