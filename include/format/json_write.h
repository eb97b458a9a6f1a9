/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON strings (RFC 8259 section 7) with their quotes. Quotes,
 * backslashes and control characters are escaped. Texts must be valid UTF-8.
 */
#ifndef LUNAR_FORMAT_JSON_WRITE_H
#define LUNAR_FORMAT_JSON_WRITE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"

/* Append `text` as a JSON string. */
void json_append(struct buffer *buffer, struct text text);

/* The same, or `null` if the text is absent. */
void json_append_or_null(struct buffer *buffer, struct text text);

/* Bytes to reserve for a string of `length` bytes: all may be escaped. */
static inline size_t json_room(size_t length)
{
    return 6 * length + 2;
}

/*
 * The same at a cursor (see buffer.h): `at` has room for json_room() bytes.
 * Both return the place after what they wrote.
 */
char *json_put(char *at, struct text text);
char *json_put_or_null(char *at, struct text text);

#endif
