/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zlib stream whose memory is counted by a quota. zlib does not pass the size
 * of what it frees, so each block begins with it.
 */
#include "http/gunzip.h"

#include <assert.h>
#include <limits.h>
#include <stdalign.h>

#define ZLIB_CONST /* zlib's input is const */
#include <zlib.h>

struct gunzip {
    struct quota *quota;
    z_stream stream;
    bool complete; /* the last byte of input was the last one of a member */
};

struct block {
    size_t size; /* with this struct */
    alignas(max_align_t) char memory[];
};

static void *allocate_block(void *quota, uInt items, uInt size)
{
    /* zlib asks for at most 32 KiB: no overflow. */
    size_t all = sizeof(struct block) + (size_t)items * size;
    struct block *block = quota_resize(quota, NULL, 0, all);

    if (block == NULL)
        return Z_NULL;
    block->size = all;
    return block->memory;
}

static void free_block(void *quota, void *memory)
{
    struct block *block =
        (void *)((char *)memory - offsetof(struct block, memory));

    quota_resize(quota, block, block->size, 0);
}

struct gunzip *gunzip_new(struct quota *quota)
{
    struct gunzip *gunzip = quota_resize(quota, NULL, 0, sizeof(*gunzip));

    if (gunzip == NULL)
        return NULL;
    *gunzip = (struct gunzip){
        .quota = quota,
        .stream = {.zalloc = allocate_block,
                   .zfree = free_block,
                   .opaque = quota},
    };
    /* 16: gzip, and no other format. */
    if (inflateInit2(&gunzip->stream, 16 + MAX_WBITS) == Z_OK)
        return gunzip;
    quota_resize(quota, gunzip, sizeof(*gunzip), 0);
    return NULL;
}

void gunzip_free(struct gunzip *gunzip)
{
    if (gunzip == NULL)
        return;
    inflateEnd(&gunzip->stream);
    quota_resize(gunzip->quota, gunzip, sizeof(*gunzip), 0);
}

/*
 * One member after another, until the stream's input or output is used up. An
 * empty member takes 20 bytes, so input bounds the loop where output does not.
 */
static enum gunzip_result decode_members(struct gunzip *gunzip)
{
    z_stream *stream = &gunzip->stream;

    for (;;) {
        if (gunzip->complete && stream->avail_in == 0)
            return GUNZIP_MORE;
        if (gunzip->complete)
            inflateReset(stream);
        gunzip->complete = false;
        switch (inflate(stream, Z_NO_FLUSH)) {
        case Z_STREAM_END:
            gunzip->complete = true;
            break;
        case Z_OK:
        case Z_BUF_ERROR: /* it had nothing to do */
            return stream->avail_out == 0 ? GUNZIP_FULL : GUNZIP_MORE;
        case Z_MEM_ERROR:
            return GUNZIP_NO_MEMORY;
        default:
            return GUNZIP_CORRUPT;
        }
    }
}

enum gunzip_result gunzip_step(struct gunzip *gunzip, struct text *in,
                               char out[static GUNZIP_STEP], size_t *length)
{
    z_stream *stream = &gunzip->stream;

    assert(in->length <= UINT_MAX);
    stream->next_in = (const Bytef *)in->data;
    stream->avail_in = (uInt)in->length;
    stream->next_out = (Bytef *)out;
    stream->avail_out = GUNZIP_STEP;
    enum gunzip_result result = decode_members(gunzip);
    *in = text_skip(*in, in->length - stream->avail_in);
    *length = GUNZIP_STEP - stream->avail_out;
    return result;
}

bool gunzip_is_complete(const struct gunzip *gunzip)
{
    return gunzip->complete;
}

const char *gunzip_objection(const struct gunzip *gunzip)
{
    return gunzip->stream.msg == NULL ? "" : gunzip->stream.msg;
}
