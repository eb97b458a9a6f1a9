/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line an event on stderr:
 *
 *     2026-11-23T20:50:16.123Z warn  3 connections did not end in time
 *
 * Each line is one write(2), so lines of several threads do not mix. What
 * comes from clients is escaped (control characters, non-ASCII and the
 * backslash as \xHH), so that nobody writes lines into the log but us.
 */
#ifndef LUNAR_BASE_LOG_H
#define LUNAR_BASE_LOG_H

#include <stdbool.h>

#include "base/text.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum { LOG_MAX_LINE = 1024 /* bytes, longer ones are cut */ };

/* Set at start, before threads; lines above the level are not written. */
void log_set_level(enum log_level level);

/* The level called `name` ("error", "warn", "info", "debug"). */
bool log_level_of(struct text name, enum log_level *level);

/* To skip the making of what would not be written. */
bool log_wants(enum log_level level);

__attribute__((format(printf, 2, 3))) void log_line(enum log_level level,
                                                    const char *format, ...);

/*
 * Escape `text` into `out`, cut to fit, and return `out`: for client's text
 * in a line.
 */
const char *log_escape(struct text text, char *out, size_t size);

#endif
