/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON strings (RFC 8259 section 7): with their quotes; the quote, the
 * backslash and control characters are escaped. Texts must be valid UTF-8.
 */
#ifndef LUNAR_FORMAT_JSON_WRITE_H
#define LUNAR_FORMAT_JSON_WRITE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/text.h"

void json_append(struct buffer *buffer, struct text text);

/* The same, or `null` where the text is absent. */
void json_append_or_null(struct buffer *buffer, struct text text);

/* Room for a string of so many bytes, every one of them escaped. */
static inline size_t json_room(size_t length)
{
    return 6 * length + 2;
}

/*
 * The same at a cursor, as buffer.h has it: `at` has room for json_room().
 * Return the place after what they wrote.
 */
char *json_put(char *at, struct text text);
char *json_put_or_null(char *at, struct text text);

#endif
