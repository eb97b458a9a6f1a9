/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 is decoded here and not by mbrtowc(3), so that what is not valid is
 * treated in the same way in all locales.
 */
#include "display.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define ELLIPSIS "\u2026"

enum { NO_CHARACTER = -1 };

/*
 * Decode one character (RFC 3629: no surrogates, no longer form than needed).
 * Returns its length, and 1 with NO_CHARACTER for a byte that begins none.
 */
static size_t decode(const char *text, int32_t *character)
{
    static const int32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = bytes[0] < 0x80   ? 1
                    : bytes[0] < 0xc2 ? 0
                    : bytes[0] < 0xe0 ? 2
                    : bytes[0] < 0xf0 ? 3
                    : bytes[0] < 0xf5 ? 4
                                      : 0;
    int32_t value = length > 1 ? bytes[0] & (0xff >> (length + 1)) : bytes[0];

    *character = NO_CHARACTER;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) /* also the NUL at the end */
            return 1;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (length == 0 || value < LEAST[length] || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff))
        return 1;
    *character = value;
    return length;
}

/*
 * Control characters, and those that change how others are shown: direction,
 * joining, invisible ones.
 */
static bool is_control(int32_t character)
{
    static const struct {
        int32_t first, last;
    } RANGES[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},
        {0x61c, 0x61c},     {0x180e, 0x180e}, {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f}, {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff},   {0xfff9, 0xfffb}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++)
        if (character >= RANGES[i].first && character <= RANGES[i].last)
            return true;
    return character == NO_CHARACTER;
}

/* A character as it is shown. */
struct glyph {
    const char *bytes;
    size_t length; /* of `bytes` */
    size_t taken;  /* bytes of the text that it stands for */
    size_t columns;
};

static struct glyph next_glyph(const char *text, bool utf8)
{
    struct glyph glyph = {.bytes = "?", .length = 1, .columns = 1};
    int32_t character;
    int columns;

    glyph.taken = decode(text, &character);
    if (is_control(character) || (character > '~' && !utf8))
        return glyph;
    columns = character <= '~' ? 1 : wcwidth((wchar_t)character);
    if (columns < 0)
        return glyph;
    glyph.bytes = text;
    glyph.length = glyph.taken;
    glyph.columns = (size_t)columns;
    return glyph;
}

/*
 * Append glyphs as long as they fit; `out` may be NULL. Marks beyond
 * DISPLAY_MARKS, and those without a character before them, are left out.
 * Returns the columns; `*rest` is what did not fit.
 */
static size_t put_glyphs(struct bytes *out, const char *text, size_t columns,
                         bool utf8, const char **rest)
{
    size_t used = 0;
    size_t marks = DISPLAY_MARKS;

    while (*text != '\0') {
        struct glyph glyph = next_glyph(text, utf8);

        if (glyph.columns > columns - used)
            break;
        text += glyph.taken;
        marks = glyph.columns > 0 ? 0 : marks + 1;
        if (marks > DISPLAY_MARKS)
            continue;
        used += glyph.columns;
        if (out != NULL)
            bytes_append(out, glyph.bytes, glyph.length);
    }
    *rest = text;
    return used;
}

size_t display_text(struct bytes *out, const char *text, size_t columns,
                    bool utf8)
{
    const size_t start = out->length;
    const char *rest;
    size_t used = put_glyphs(out, text, columns, utf8, &rest);

    if (*rest == '\0' || columns == 0)
        return used;
    /* Again, with a column for the mark. */
    out->length = start;
    used = put_glyphs(out, text, columns - 1, utf8, &rest);
    bytes_append_text(out, utf8 ? ELLIPSIS : "~");
    return used + 1;
}

size_t display_width(const char *text, bool utf8)
{
    const char *rest;

    return put_glyphs(NULL, text, SIZE_MAX, utf8, &rest);
}

static void fill(struct bytes *out, size_t columns)
{
    for (; columns > 0; columns--)
        bytes_append(out, " ", 1);
}

void display_field(struct bytes *out, const char *text, size_t columns,
                   bool right, bool utf8)
{
    size_t width = right ? display_width(text, utf8) : columns;

    if (width < columns)
        fill(out, columns - width);
    else
        width = columns;
    fill(out, width - display_text(out, text, width, utf8));
}

void display_escaped(struct bytes *out, const char *text)
{
    while (*text != '\0') {
        char escape[16];
        int32_t character;
        size_t length = decode(text, &character);

        if (character == '\\')
            bytes_append_text(out, "\\\\");
        else if (!is_control(character))
            bytes_append(out, text, length);
        else {
            if (character == NO_CHARACTER)
                snprintf(escape, sizeof(escape), "\\x%02x",
                         (unsigned)(unsigned char)*text);
            else if (character <= 0xffff)
                snprintf(escape, sizeof(escape), "\\u%04x",
                         (unsigned)character);
            else
                snprintf(escape, sizeof(escape), "\\U%08x",
                         (unsigned)character);
            bytes_append_text(out, escape);
        }
        text += length;
    }
}
