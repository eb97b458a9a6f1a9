/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the log: the names of levels and formats, and text of others,
 * escaped so that it cannot forge a line.
 */
#include <string.h>

#include "base/log.h"

const char *const log_level_names[LOG_LEVEL_COUNT] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static const char *const format_names[] = {
    [LOG_TEXT] = "text",
    [LOG_JSON] = "json",
};

enum { FORMAT_COUNT = sizeof(format_names) / sizeof(format_names[0]) };

/* The index of `name` among `count` names; `count` if it is none of them. */
static int find_name(struct text name, const char *const names[], int count)
{
    int i = 0;

    while (i < count && !text_equal(name, text_of(names[i])))
        i++;
    return i;
}

bool log_level_of(struct text name, enum log_level *level)
{
    int found = find_name(name, log_level_names, LOG_LEVEL_COUNT);

    if (found < LOG_LEVEL_COUNT)
        *level = (enum log_level)found;
    return found < LOG_LEVEL_COUNT;
}

bool log_format_of(struct text name, enum log_format *format)
{
    int found = find_name(name, format_names, FORMAT_COUNT);

    if (found < FORMAT_COUNT)
        *format = (enum log_format)found;
    return found < FORMAT_COUNT;
}

/* As log_escape(), with `others`, which are printable, escaped as well. */
static const char *escape_bytes(struct text text, const char *others, char *out,
                                size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool plain = byte >= ' ' && byte < 0x7f && strchr(others, byte) == NULL;
        /* Never write part of an escape. */
        if (length + (plain ? 1 : 4) >= size)
            break;
        if (plain) {
            out[length++] = (char)byte;
        } else {
            out[length++] = '\\';
            out[length++] = 'x';
            out[length++] = digits[byte >> 4];
            out[length++] = digits[byte & 15];
        }
    }
    out[length] = '\0';
    return out;
}

const char *log_escape(struct text text, char *out, size_t size)
{
    return escape_bytes(text, "\\", out, size);
}

const char *log_escape_word(struct text text, char *out, size_t size)
{
    return escape_bytes(text, "\\ ", out, size);
}
