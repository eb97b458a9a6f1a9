/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing and splitting text. All functions work on bytes: neither the
 * locale nor a NUL has a meaning here.
 */
#include "base/text.h"

#include <string.h>

struct text text_of(const char *string)
{
    if (string == NULL)
        return (struct text){NULL, 0};
    return (struct text){string, strlen(string)};
}

/* memcmp(3) needs valid pointers even for no bytes; absent text has none. */
static int compare_bytes(const char *a, const char *b, size_t length)
{
    return length == 0 ? 0 : memcmp(a, b, length);
}

bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && compare_bytes(a.data, b.data, a.length) == 0;
}

static int ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool text_equal_ignoring_case(struct text a, struct text b)
{
    if (a.length != b.length)
        return false;
    /* Fast path: the case is mostly the expected one. */
    if (compare_bytes(a.data, b.data, a.length) == 0)
        return true;
    for (size_t i = 0; i < a.length; i++) {
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    }
    return true;
}

int text_compare(struct text a, struct text b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    int order = compare_bytes(a.data, b.data, common);

    if (order != 0)
        return order;
    return (a.length > b.length) - (a.length < b.length);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct text text_trim(struct text text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1]))
        text.length--;
    return text;
}

struct text text_split(struct text *rest, char separator)
{
    struct text whole = *rest;
    const char *found = NULL;

    if (whole.length > 0)
        found = memchr(whole.data, separator, whole.length);
    if (found == NULL) {
        *rest = (struct text){NULL, 0};
        return whole;
    }

    size_t length = (size_t)(found - whole.data);
    *rest = (struct text){found + 1, whole.length - length - 1};
    return (struct text){whole.data, length};
}

bool text_read_unsigned(struct text text, uint64_t max, uint64_t *number)
{
    uint64_t value = 0;

    if (text.length == 0)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        if (digit > 9 || digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

bool text_take_prefix(struct text *rest, struct text prefix)
{
    if (rest->length < prefix.length ||
        !text_equal_ignoring_case((struct text){rest->data, prefix.length},
                                  prefix))
        return false;
    *rest = text_skip(*rest, prefix.length);
    return true;
}

int text_hex_value(int byte)
{
    if (text_is_digit(byte))
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}
