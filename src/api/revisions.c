/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the form that is written is read: 16 lower-case digits, a dash, decimal
 * digits.
 */
#include "revisions.h"

#include <string.h>

enum { START_DIGITS = 16 };

static const char digits[] = "0123456789abcdef";

void revisions_write_start(struct buffer *out, uint64_t start)
{
    if (!buffer_reserve(out, START_DIGITS))
        return;
    char *at = buffer_end(out);
    for (int shift = 4 * (START_DIGITS - 1); shift >= 0; shift -= 4)
        *at++ = digits[start >> shift & 15];
    buffer_set_end(out, at);
}

void revisions_write(struct buffer *out, const struct revision_name *name)
{
    revisions_write_start(out, name->start);
    buffer_append(out, TEXT("-"));
    buffer_append_unsigned(out, name->revision);
}

static bool take_end(struct text *text, struct text end)
{
    if (text->length < end.length ||
        !text_equal(text_skip(*text, text->length - end.length), end))
        return false;
    text->length -= end.length;
    return true;
}

/* The text between the quotes of an ETag, without the suffix of a proxy. */
static bool take_quotes(struct text *text)
{
    if (!text_take_prefix(text, TEXT("\"")) || !take_end(text, TEXT("\"")))
        return false;
    (void)(take_end(text, TEXT("-gzip")) || take_end(text, TEXT("-br")));
    return true;
}

static bool read_start(struct text text, uint64_t *start)
{
    uint64_t value = 0;

    if (text.length != START_DIGITS)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        const char *digit = memchr(digits, text.data[i], sizeof(digits) - 1);
        if (digit == NULL)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *start = value;
    return true;
}

bool revisions_read(struct text text, struct revision_name *name)
{
    struct revision_name read;
    bool weak = text.length >= 2 && text.data[0] == 'W' && text.data[1] == '/';

    if (weak)
        text = text_skip(text, 2);
    if (weak || (text.length > 0 && text.data[0] == '"')) {
        if (!take_quotes(&text))
            return false;
    }
    struct text start = text_split(&text, '-');
    if (text.data == NULL || !read_start(start, &read.start) ||
        !text_read_unsigned(text, UINT64_MAX, &read.revision))
        return false;
    *name = read;
    return true;
}
