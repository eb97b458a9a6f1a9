/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompresses what the service has compressed. Link with zlib.
 */
#ifndef LUNAR_TESTS_INFLATED_H
#define LUNAR_TESTS_INFLATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <zlib.h>

/*
 * Return the text of `data`, with a NUL behind it, and set `*length`. `*whole`:
 * whether `data` is exactly one gzip member (RFC 1952); if not, the text is as
 * much as can be read. Ownership: the caller frees the text.
 */
static inline char *inflated(const char *data, size_t size, size_t *length,
                             bool *whole)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
    size_t room = 4 * size + 1024;
    char *text = malloc(room);
    int result = inflateInit2(&stream, MAX_WBITS + 16);

    if (text == NULL)
        abort();
    while (result == Z_OK) {
        if (room - stream.total_out <= 1) {
            room *= 2;
            char *grown = realloc(text, room);
            if (grown == NULL)
                abort();
            text = grown;
        }
        stream.next_out = (Bytef *)text + stream.total_out;
        stream.avail_out = (uInt)(room - stream.total_out - 1);
        result = inflate(&stream, Z_NO_FLUSH);
    }
    inflateEnd(&stream);
    *whole = result == Z_STREAM_END && stream.avail_in == 0;
    *length = stream.total_out;
    text[*length] = '\0';
    return text;
}

#endif
