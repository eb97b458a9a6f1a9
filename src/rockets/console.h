/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines on stderr, up to a level. On a terminal, also one progress line
 * that is rewritten in place. It is cut to the width of the terminal: a line
 * that wraps could not be rewritten.
 *
 * Without a terminal, or on one that has no control sequences (TERM is "dumb"
 * or not set), there is no progress line. NO_COLOR changes nothing, as there
 * are no colours.
 *
 * Locking: none needed. Each line is one call to stdio, which locks.
 */
#ifndef ROCKETS_CONSOLE_H
#define ROCKETS_CONSOLE_H

#include <stdbool.h>

enum { CONSOLE_DEFAULT_WIDTH = 80 /* columns, if the terminal has no width */ };

enum console_level {
    CONSOLE_ERROR,
    CONSOLE_WARN,
    CONSOLE_INFO,
    CONSOLE_DEBUG,
};

/* Call it once, before other threads start. */
void console_init(enum console_level level);

/* Set `*level` to the level called `name`. False if there is no such level. */
bool console_level_of(const char *name, enum console_level *level);

/* Write "rockets: ..." and a LF, unless `level` is disabled. */
__attribute__((format(printf, 2, 3))) void
console_line(enum console_level level, const char *format, ...);

/*
 * Replace the progress line by an ASCII text. Does nothing without a terminal,
 * and while the program runs in the background of one.
 */
__attribute__((format(printf, 1, 2))) void console_progress(const char *format,
                                                            ...);

/*
 * Replace the bytes that are not printable ASCII by "?". What a service sends
 * must not control the terminal.
 */
void console_make_printable(char *text);

/* Erase the progress line. */
void console_progress_end(void);

#endif
