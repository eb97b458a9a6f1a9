/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits and decodes request targets. A target in an unknown form is only split
 * at the "?", for the caller to refuse.
 */
#include "http/target.h"

#include <stdbool.h>
#include <string.h>

static size_t authority_length(struct text text)
{
    size_t length = 0;
    while (length < text.length && strchr("/?#", text.data[length]) == NULL)
        length++;
    return length;
}

/* Remove a scheme that we serve from the front. False if there is none. */
static bool take_http_scheme(struct text *text)
{
    return text_take_prefix(text, TEXT("http://")) ||
           text_take_prefix(text, TEXT("https://"));
}

struct text http_target_authority(struct text target)
{
    if (!take_http_scheme(&target))
        return (struct text){NULL, 0};
    return (struct text){target.data, authority_length(target)};
}

void http_target_split(struct text target, struct text *path,
                       struct text *query)
{
    struct text rest = target;
    bool absolute = take_http_scheme(&rest);

    if (absolute)
        rest = text_skip(rest, authority_length(rest));
    *path = text_split(&rest, '?');
    *query = rest;
    if (absolute && path->length == 0)
        *path = TEXT("/");
}

ptrdiff_t http_percent_decode(char *text, size_t length, bool plus_is_space)
{
    size_t out = 0;
    for (size_t in = 0; in < length; in++) {
        char byte = text[in];
        if (byte == '+' && plus_is_space) {
            byte = ' ';
        } else if (byte == '%') {
            if (length - in < 3)
                return -1;
            int high = text_hex_value(text[in + 1]);
            int low = text_hex_value(text[in + 2]);
            if (high < 0 || low < 0)
                return -1;
            byte = (char)(high * 16 + low);
            in += 2;
        }
        text[out++] = byte;
    }
    return (ptrdiff_t)out;
}

bool http_is_percent_encoded(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] == '%' &&
            (text.length - i < 3 || text_hex_value(text.data[i + 1]) < 0 ||
             text_hex_value(text.data[i + 2]) < 0))
            return false;
    return true;
}

static bool is_unreserved(char c)
{
    return text_is_letter(c) || text_is_digit(c) || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void http_percent_encode(struct buffer *out, struct text text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        char encoded[] = {'%', digits[(c >> 4) & 0xF], digits[c & 0xF]};

        if (is_unreserved(c))
            buffer_append(out, (struct text){&c, 1});
        else
            buffer_append(out, (struct text){encoded, sizeof(encoded)});
    }
}
