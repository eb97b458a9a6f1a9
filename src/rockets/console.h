/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program says while it works: lines on stderr up to a level, and
 * on a terminal one line of progress that is rewritten in place.
 *
 * Locking: none needed; every line is one call to stdio, which locks.
 */
#ifndef ROCKETS_CONSOLE_H
#define ROCKETS_CONSOLE_H

#include <stdbool.h>

enum console_level {
    CONSOLE_ERROR,
    CONSOLE_WARN,
    CONSOLE_INFO,
    CONSOLE_DEBUG,
};

/* Called once, before there are threads. */
void console_init(enum console_level level);

/* The level called `name`; false if there is none. */
bool console_level_of(const char *name, enum console_level *level);

/* Write "rockets: ..." and a line end, unless `level` is not wanted. */
__attribute__((format(printf, 2, 3))) void
console_line(enum console_level level, const char *format, ...);

/* Replace the line of progress; does nothing where there is no terminal. */
__attribute__((format(printf, 1, 2))) void console_progress(const char *format,
                                                            ...);

/* Take the line of progress away. */
void console_progress_end(void);

#endif
