/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: lines with time and level on stderr. Lines are formatted on the
 * stack, without an allocation, so that out of memory can still be reported.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

enum { LEVEL_COUNT = sizeof(level_names) / sizeof(level_names[0]) };

static enum log_level highest_level = LOG_INFO;

void log_set_level(enum log_level level)
{
    highest_level = level;
}

bool log_level_of(struct text name, enum log_level *level)
{
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (text_equal(name, text_of(level_names[i]))) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_wants(enum log_level level)
{
    return level <= highest_level;
}

/* Write the time and the level. Returns the number of bytes written. */
static size_t write_prefix(enum log_level level, char *line, size_t size)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t length = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    int more = snprintf(line + length, size - length, ".%03ldZ %-5s ",
                        now.tv_nsec / 1000000, level_names[level]);
    return length + (size_t)more;
}

/*
 * Replace control characters by spaces. Callers escape text from clients. If
 * one does not, or a library ends its message with a newline, this still keeps
 * an event on one line.
 */
static void flatten_line(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_wants(level))
        return;

    char line[LOG_MAX_LINE];
    size_t start = write_prefix(level, line, sizeof(line));

    va_list arguments;
    va_start(arguments, format);
    line[start] = '\0';
    vsnprintf(line + start, sizeof(line) - start, format, arguments);
    va_end(arguments);

    size_t length = start + strlen(line + start);
    flatten_line(line + start, length - start);
    line[length++] = '\n'; /* in place of the NUL, so it fits */

    /* An error of stderr cannot be reported anywhere else. */
    ssize_t ignored = write(STDERR_FILENO, line, length);
    (void)ignored;
}

const char *log_escape(struct text text, char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        bool plain = byte >= ' ' && byte < 0x7f && byte != '\\';
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
