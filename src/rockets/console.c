/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on stderr. On a terminal, each line first erases the current line,
 * which may show the progress. The next progress update restores it.
 */
#include "console.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Go to the start of the line and erase it (ECMA-48). */
#define ERASE_LINE "\r\033[K"

enum { MAX_LINE = 4096 };

/* Set by console_init(), then read-only. */
static enum console_level max_level = CONSOLE_INFO;
static bool on_terminal;

/* Called before other threads start. */
static bool has_control_sequences(void)
{
    const char *kind = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe) */

    return kind != NULL && strcmp(kind, "") != 0 && strcmp(kind, "dumb") != 0;
}

void console_init(enum console_level level)
{
    max_level = level;
    on_terminal = isatty(STDERR_FILENO) == 1 && has_control_sequences();
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

void console_make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

/* The width is asked for each time, so a terminal may be resized. */
static size_t terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return CONSOLE_DEFAULT_WIDTH;
    return size.ws_col;
}

/* The line would be mixed with what the user does in the foreground. */
static bool in_background(void)
{
    pid_t foreground = tcgetpgrp(STDERR_FILENO);

    return foreground >= 0 && foreground != getpgrp();
}

void console_progress(const char *format, ...)
{
    char line[MAX_LINE];
    va_list arguments;

    if (!on_terminal || in_background())
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    /* The last column stays empty: some terminals wrap when it is filled. */
    fprintf(stderr, ERASE_LINE "%.*s", (int)terminal_width() - 1, line);
}

void console_progress_end(void)
{
    if (on_terminal && !in_background())
        fputs(ERASE_LINE, stderr);
}
