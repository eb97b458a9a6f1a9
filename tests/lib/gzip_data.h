/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes gzip data for tests, with zlib.
 */
#ifndef LUNAR_TESTS_GZIP_DATA_H
#define LUNAR_TESTS_GZIP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

/*
 * `data` as one member, with every optional field in its header (RFC 1952
 * section 2.3) if `fields`. Ownership: the caller frees it.
 */
static inline char *gzip_data(const char *data, size_t length, bool fields,
                              size_t *size)
{
    z_stream stream = {.next_in = (const Bytef *)data,
                       .avail_in = (uInt)length};
    Bytef extra[] = "Lu\2\0xy", name[] = "a name", comment[] = "a comment";
    gz_header header = {.extra = extra,
                        .extra_len = sizeof(extra) - 1,
                        .name = name,
                        .comment = comment,
                        .hcrc = 1,
                        .text = 1,
                        .time = 1};

    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK ||
        (fields && deflateSetHeader(&stream, &header) != Z_OK))
        abort();
    size_t most = deflateBound(&stream, (uLong)length);
    char *out = malloc(most);
    if (out == NULL)
        abort();
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)most;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    *size = stream.total_out;
    deflateEnd(&stream);
    return out;
}

#endif
