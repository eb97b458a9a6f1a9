/* SPDX-License-Identifier: Apache-2.0 */
/*
 * If-None-Match, parsed by its grammar: a tag may contain a comma, so the field
 * cannot be split at commas.
 */
#include "http/etag.h"

#include <stddef.h>

/* Skip spaces and tabs and, where `commas`, also empty list elements. */
static void skip_blanks(struct text *rest, bool commas)
{
    while (rest->length > 0 && (*rest->data == ' ' || *rest->data == '\t' ||
                                (commas && *rest->data == ','))) {
        rest->data++;
        rest->length--;
    }
}

static bool is_tag_byte(char byte)
{
    unsigned char value = (unsigned char)byte;
    return value > ' ' && value != '"' && value != 0x7f;
}

/*
 * Remove an entity tag from the front of `rest`. `opaque` gets the text between
 * its quotes, which is all that weak comparison compares.
 */
static bool take_tag(struct text *rest, struct text *opaque)
{
    /* Absent text has no pointer to calculate with. */
    if (rest->length == 0)
        return false;
    const char *next = rest->data;
    const char *end = rest->data + rest->length;
    if (end - next >= 2 && next[0] == 'W' && next[1] == '/')
        next += 2;
    if (next == end || *next++ != '"')
        return false;
    const char *start = next;
    while (next < end && is_tag_byte(*next))
        next++;
    if (next == end || *next != '"')
        return false;
    *opaque = (struct text){start, (size_t)(next - start)};
    next++;
    *rest = (struct text){next, (size_t)(end - next)};
    return true;
}

/* Whether the texts between the quotes are equal, but for a proxy's suffix. */
static bool is_same(struct text given, struct text wanted)
{
    if (given.length < wanted.length ||
        !text_equal((struct text){given.data, wanted.length}, wanted))
        return false;
    struct text suffix = text_skip(given, wanted.length);
    return suffix.length == 0 || text_equal(suffix, TEXT("-gzip")) ||
           text_equal(suffix, TEXT("-br"));
}

bool etag_matches(struct text if_none_match, struct text etag)
{
    struct text rest = text_trim(if_none_match);
    struct text wanted;
    struct text given;
    if (!take_tag(&etag, &wanted))
        return false;
    if (text_equal(rest, TEXT("*")))
        return true;
    for (;;) {
        skip_blanks(&rest, true);
        if (!take_tag(&rest, &given))
            return false;
        if (is_same(given, wanted))
            return true;
        skip_blanks(&rest, false);
        if (rest.length > 0 && *rest.data != ',')
            return false;
    }
}
