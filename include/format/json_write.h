/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON strings (RFC 8259 section 7) with their quotes, and the names of
 * members. Quotes, backslashes and control characters are escaped. Texts must
 * be valid UTF-8.
 */
#ifndef LUNAR_FORMAT_JSON_WRITE_H
#define LUNAR_FORMAT_JSON_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

/* Append `text` as a JSON string. */
void json_append(struct buffer *buffer, struct text text);

/*
 * Append the name of a member and its colon: behind a comma, unless it is the
 * first member, as the buffer is empty or ends in the brace of its object.
 * `name` needs no escapes.
 */
void json_append_name(struct buffer *buffer, struct text name);

/* Append a member whose value is a number. */
void json_append_member(struct buffer *buffer, struct text name,
                        uint64_t value);

/*
 * Bytes to reserve for a string of `length` bytes, all of which may be escaped,
 * or for `null`.
 */
static inline size_t json_room(size_t length)
{
    return 6 * length + 4;
}

/*
 * json_append() at a cursor (see buffer.h): `at` has room for json_room()
 * bytes. Both return the place after what they wrote. json_put_or_null() writes
 * `null` if the text is absent.
 */
char *json_put(char *at, struct text text);
char *json_put_or_null(char *at, struct text text);

#endif
