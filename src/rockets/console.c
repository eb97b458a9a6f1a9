/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on stderr. On a terminal, each line first erases the current line,
 * which may show the progress. The next progress update restores it.
 */
#include "console.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Go to the start of the line and erase it (ECMA-48). */
#define ERASE_LINE "\r\033[K"

enum { MAX_LINE = 1024 };

/* Set by console_init(), then read-only. */
static enum console_level max_level = CONSOLE_INFO;
static bool on_terminal;

void console_init(enum console_level level)
{
    max_level = level;
    on_terminal = isatty(STDERR_FILENO) == 1;
}

bool console_level_of(const char *name, enum console_level *level)
{
    static const char *const NAMES[] = {
        [CONSOLE_ERROR] = "error",
        [CONSOLE_WARN] = "warn",
        [CONSOLE_INFO] = "info",
        [CONSOLE_DEBUG] = "debug",
    };

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            *level = (enum console_level)i;
            return true;
        }
    }
    return false;
}

void console_line(enum console_level level, const char *format, ...)
{
    char line[MAX_LINE];
    va_list arguments;

    if (level > max_level)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, "%srockets: %s\n", on_terminal ? ERASE_LINE : "", line);
}

void console_progress(const char *format, ...)
{
    char line[MAX_LINE];
    va_list arguments;

    if (!on_terminal)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, ERASE_LINE "%s", line);
}

void console_progress_end(void)
{
    if (on_terminal)
        fputs(ERASE_LINE, stderr);
}
