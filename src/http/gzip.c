/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib's deflate, which allocates only in gzip_new().
 */
#include "http/gzip.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#define ZLIB_CONST /* its input is const */
#include <zlib.h>

enum {
    LEVEL = 1,
    WINDOW_OF_GZIP = MAX_WBITS + 16, /* 16: with the header of gzip */
    MEMORY_LEVEL = 8,                /* zlib's default */
    ROOM = 16 * 1024, /* bytes reserved for each piece of output */
};

struct gzip {
    z_stream stream;
};

struct gzip *gzip_new(void)
{
    struct gzip *gzip = calloc(1, sizeof(*gzip));

    if (gzip == NULL)
        return NULL;
    if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_OF_GZIP,
                     MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return gzip;
}

void gzip_free(struct gzip *gzip)
{
    if (gzip == NULL)
        return;
    deflateEnd(&gzip->stream);
    free(gzip);
}

/* All input is taken, and all output is written, when some room is left. */
static void compress_all(struct gzip *gzip, struct text text, int flush,
                         struct buffer *out)
{
    z_stream *stream = &gzip->stream;

    assert(text.length <= UINT_MAX);
    stream->next_in = (const unsigned char *)text.data;
    stream->avail_in = (unsigned)text.length;
    do {
        if (!buffer_reserve(out, ROOM))
            return;
        stream->next_out = (unsigned char *)buffer_end(out);
        stream->avail_out = ROOM;
        int result = deflate(stream, flush);
        assert(result != Z_STREAM_ERROR);
        (void)result; /* Z_BUF_ERROR: there was nothing to do */
        buffer_set_end(out, (char *)stream->next_out);
    } while (stream->avail_out == 0);
}

void gzip_add(struct gzip *gzip, struct text text, struct buffer *out)
{
    compress_all(gzip, text, Z_NO_FLUSH, out);
}

void gzip_end(struct gzip *gzip, struct buffer *out)
{
    compress_all(gzip, TEXT(""), Z_FINISH, out);
}
