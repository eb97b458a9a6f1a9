/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of bytes. When memory is exhausted it keeps what it has and
 * `failed` is set, so that a caller may append many times and check once.
 */
#ifndef ROCKETS_BYTES_H
#define ROCKETS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* All zero: empty. */
struct bytes {
    char *data; /* NULL: nothing was appended so far */
    size_t length, capacity;
    bool failed;
};

enum { BYTES_LEAST = 256 /* capacity of the first allocation */ };

/* The capacity doubles, so that appending is linear in all. */
static inline bool bytes_append(struct bytes *bytes, const char *data,
                                size_t length)
{
    if (length == 0)
        return true;
    if (bytes->data == NULL || length > bytes->capacity - bytes->length) {
        size_t capacity = bytes->capacity > 0 ? bytes->capacity : BYTES_LEAST;
        char *grown;

        while (capacity - bytes->length < length && capacity <= SIZE_MAX / 2)
            capacity *= 2;
        grown = capacity - bytes->length >= length
                    ? realloc(bytes->data, capacity)
                    : NULL;
        if (grown == NULL) {
            bytes->failed = true;
            return false;
        }
        bytes->data = grown;
        bytes->capacity = capacity;
    }
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    return true;
}

static inline bool bytes_append_text(struct bytes *bytes, const char *text)
{
    return bytes_append(bytes, text, strlen(text));
}

/* Keeps the memory. */
static inline void bytes_clear(struct bytes *bytes)
{
    bytes->length = 0;
    bytes->failed = false;
}

/* A second call does nothing. */
static inline void bytes_release(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

#endif
