/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event on stderr.
 *
 *     2026-11-23T20:50:16.123Z warn  3 connections did not end in time
 *
 * Each line is one write(2), so lines of different threads do not mix.
 * Callers escape text from clients with log_escape(), so that a client cannot
 * forge a line.
 */
#ifndef LUNAR_BASE_LOG_H
#define LUNAR_BASE_LOG_H

#include <stdbool.h>

#include "base/text.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum { LOG_MAX_LINE = 1024 /* bytes; longer lines are truncated */ };

/*
 * Do not write lines above `level`.
 * Locking: call it before other threads start.
 */
void log_set_level(enum log_level level);

/*
 * Find the level called `name` ("error", "warn", "info", "debug"). False,
 * with `level` untouched, if there is none.
 */
bool log_level_of(struct text name, enum log_level *level);

/* Whether lines of `level` are written. If not, a caller can skip work. */
bool log_wants(enum log_level level);

/* Write a line, as printf(3) formats it. Locking: safe from any thread. */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level,
                                                    const char *format, ...);

/*
 * Write `text` to `out` with control characters, non-ASCII bytes and
 * backslashes as \xHH, truncated to fit. Returns `out`.
 */
const char *log_escape(struct text text, char *out, size_t size);

#endif
