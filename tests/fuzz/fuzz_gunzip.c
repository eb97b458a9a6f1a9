/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the decoder of gzip data, cut anywhere, against a second
 * implementation, which reads the whole data at once and all of RFC 1952 but
 * the compressed blocks by itself. Both must give the same bytes and the same
 * verdict.
 *
 * The first byte is the number of following bytes that are sizes of parts; with
 * its highest bit set, the rest is a text that is compressed first.
 */
#include "fuzz.h"

#include "base/buffer.h"
#include "http/gunzip.h"
#include "lib/gzip_data.h"

enum { MAX_SIZES = 16 };

enum verdict { COMPLETE, INCOMPLETE, CORRUPT };

/* The flags of a header (RFC 1952 section 2.3.1). */
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };

static unsigned byte_at(struct text text, size_t i)
{
    return (unsigned char)text.data[i];
}

static uint32_t read_number(struct text in, size_t at, size_t bytes)
{
    uint32_t number = 0;

    for (size_t i = bytes; i > 0; i--)
        number = number << 8 | byte_at(in, at + i - 1);
    return number;
}

/* Skip a text up to and with its NUL. */
static bool skip_string(struct text in, size_t *at)
{
    const char *end = memchr(in.data + *at, '\0', in.length - *at);

    if (end != NULL)
        *at = (size_t)(end - in.data) + 1;
    return end != NULL;
}

/* `*at` becomes the length of the header. */
static enum verdict read_header(struct text in, size_t *at)
{
    if (in.length >= 2 && (byte_at(in, 0) != 0x1f || byte_at(in, 1) != 0x8b))
        return CORRUPT;
    if (in.length < 4)
        return INCOMPLETE;
    unsigned flags = byte_at(in, 3);
    if (byte_at(in, 2) != 8 || (flags & RESERVED) != 0)
        return CORRUPT;
    *at = 10;
    if ((flags & FEXTRA) != 0) {
        if (in.length < 12)
            return INCOMPLETE;
        *at += 2 + read_number(in, 10, 2);
    }
    if (in.length < *at || ((flags & FNAME) != 0 && !skip_string(in, at)) ||
        ((flags & FCOMMENT) != 0 && !skip_string(in, at)))
        return INCOMPLETE;
    if ((flags & FHCRC) != 0) {
        if (in.length < *at + 2)
            return INCOMPLETE;
        uLong sum = crc32(0, (const Bytef *)in.data, (uInt)*at);
        if (read_number(in, *at, 2) != (sum & 0xffff))
            return CORRUPT;
        *at += 2;
    }
    return COMPLETE;
}

/* Decode the blocks at the start of `in`, of which `*in` becomes the rest. */
static enum verdict read_blocks(struct text *in, struct buffer *out)
{
    z_stream stream = {.next_in = (const Bytef *)in->data,
                       .avail_in = (uInt)in->length};
    int result = Z_OK;

    FUZZ_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK);
    while (result == Z_OK) {
        FUZZ_CHECK(buffer_reserve(out, 1000000));
        stream.next_out = (Bytef *)buffer_end(out);
        stream.avail_out = 1000000;
        result = inflate(&stream, Z_NO_FLUSH);
        out->length += 1000000 - stream.avail_out;
    }
    *in = text_skip(*in, in->length - stream.avail_in);
    inflateEnd(&stream);
    FUZZ_CHECK(result != Z_MEM_ERROR);
    return result == Z_STREAM_END  ? COMPLETE
           : result == Z_BUF_ERROR ? INCOMPLETE
                                   : CORRUPT;
}

static enum verdict read_member(struct text *in, struct buffer *out)
{
    size_t start = out->length, header = 0;
    enum verdict verdict = read_header(*in, &header);

    if (verdict != COMPLETE)
        return verdict;
    *in = text_skip(*in, header);
    verdict = read_blocks(in, out);
    if (verdict != COMPLETE)
        return verdict;
    struct text made = text_skip(buffer_text(out), start);
    uLong sum = crc32(0, (const Bytef *)made.data, (uInt)made.length);
    if (in->length >= 4 && read_number(*in, 0, 4) != sum)
        return CORRUPT;
    if (in->length < 8)
        return INCOMPLETE;
    if (read_number(*in, 4, 4) != made.length)
        return CORRUPT;
    *in = text_skip(*in, 8);
    return COMPLETE;
}

static enum verdict decode_whole(struct text in, struct buffer *out)
{
    enum verdict verdict;

    do {
        verdict = read_member(&in, out);
    } while (verdict == COMPLETE && in.length > 0);
    return verdict;
}

/* Decode a part as far as it goes; a step has its bounds. */
static enum gunzip_result decode_part(struct gunzip *gunzip, struct text part,
                                      struct buffer *out)
{
    struct text copy = exact_copy(part), rest = copy;
    enum gunzip_result result = GUNZIP_FULL;

    while (result == GUNZIP_FULL) {
        char step[GUNZIP_STEP];
        size_t length = 0;
        result = gunzip_step(gunzip, &rest, step, &length);
        FUZZ_CHECK(length <= GUNZIP_STEP);
        FUZZ_CHECK(result != GUNZIP_FULL || length == GUNZIP_STEP);
        FUZZ_CHECK(result != GUNZIP_MORE || rest.length == 0);
        buffer_append(out, (struct text){step, length});
    }
    exact_copy_free(copy);
    return result;
}

static enum verdict decode_parts(struct text in, struct text sizes,
                                 struct buffer *out)
{
    struct quota quota;
    enum gunzip_result result = GUNZIP_MORE;

    quota_init(&quota, SIZE_MAX, 0);
    struct gunzip *gunzip = gunzip_new(&quota);
    FUZZ_CHECK(gunzip != NULL);
    for (size_t i = 0; in.length > 0 && result == GUNZIP_MORE; i++) {
        size_t size = in.length;
        if (sizes.length > 0 && byte_at(sizes, i % sizes.length) + 1U < size)
            size = byte_at(sizes, i % sizes.length) + 1U;
        result = decode_part(gunzip, (struct text){in.data, size}, out);
        in = text_skip(in, size);
    }
    FUZZ_CHECK(result != GUNZIP_NO_MEMORY);
    enum verdict verdict = result == GUNZIP_CORRUPT ? CORRUPT : INCOMPLETE;
    if (gunzip_is_complete(gunzip))
        verdict = COMPLETE;
    gunzip_free(gunzip);
    FUZZ_CHECK(quota_used(&quota) == 0);
    return verdict;
}

static void check_data(struct text in, struct text sizes, struct buffer *out)
{
    struct buffer whole = BUFFER_INIT;
    enum verdict expected = decode_whole(in, &whole);

    FUZZ_CHECK(decode_parts(in, sizes, out) == expected);
    FUZZ_CHECK(!buffer_failed(out) && !buffer_failed(&whole));
    FUZZ_CHECK(out->length == whole.length);
    FUZZ_CHECK(whole.length == 0 ||
               memcmp(out->data, whole.data, whole.length) == 0);
    buffer_release(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out = BUFFER_INIT;
    struct text input = fuzz_text(data, size);

    if (size == 0 || size < 1U + data[0] % MAX_SIZES)
        return 0;
    struct text sizes = {input.data + 1, data[0] % MAX_SIZES};
    struct text rest = text_skip(input, 1 + sizes.length);
    if (data[0] < 128) {
        check_data(rest, sizes, &out);
    } else {
        size_t packed;
        char *gzip =
            gzip_data(rest.data, rest.length, (data[0] & 64) != 0, &packed);
        check_data((struct text){gzip, packed}, sizes, &out);
        FUZZ_CHECK(out.length == rest.length);
        FUZZ_CHECK(rest.length == 0 ||
                   memcmp(out.data, rest.data, rest.length) == 0);
        free(gzip);
    }
    buffer_release(&out);
    return 0;
}
