/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event on stderr, as text or as an object of JSON.
 *
 *     2026-11-23T20:50:16.123Z warn  3 connections did not end in time
 *     {"time":"2026-11-23T20:50:16.123Z","level":"warn","message":"3 connec...
 *
 * Both have the same message. Fields are what a machine wants of an event
 * without parsing the message: the further members of the object.
 *
 * Whoever reads stderr may stop reading. So between log_start() and log_stop()
 * a thread of the log's own writes, and log_line() never blocks: lines wait in
 * memory, up to a limit, and past it are dropped and counted. A line says how
 * many were dropped, in the place where they are missing. At other times, at
 * the start and in tests, log_line() itself writes.
 *
 * Lines are never split or mixed. Callers escape text from clients with
 * log_escape(), so that a client cannot forge a line.
 */
#ifndef LUNAR_BASE_LOG_H
#define LUNAR_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

enum {
    LOG_LEVEL_COUNT = LOG_DEBUG + 1,
    LOG_MAX_LINE = 2048,   /* bytes; longer messages are truncated */
    LOG_MAX_FIELDS = 1400, /* bytes of a line behind its message */
    /*
     * Bytes of lines that wait while the lines before them are being written.
     * Those may be as many again.
     */
    LOG_BUFFER = 128 * 1024,
    LOG_MAX_FOOTER = 256, /* bytes, with the NUL; longer ones are truncated */
    /* For the lines so far, at the end of the process and of its start. */
    LOG_STOP_MS = 400,
};

/* Where a line of text has a field. JSON has them all behind the message. */
enum log_place {
    LOG_IN_FRONT, /* its value, before the message */
    LOG_BEHIND,   /* as name=value, after the message */
    LOG_LEFT_OUT, /* nowhere: the message says it */
};

enum log_kind {
    LOG_STRING,
    LOG_NUMBER,
    LOG_THOUSANDTHS, /* `number` / 1000, with three decimals */
    LOG_BOOLEAN,     /* whether `number` is not 0 */
    LOG_NULL,        /* not known; in text, `string` says so */
};

struct log_field {
    const char *name; /* in camelCase, as the members of the API */
    enum log_place place;
    enum log_kind kind;
    uint64_t number;
    const char *string; /* escaped, if it comes from a client */
};

/*
 * Start the thread that writes. False if there are no resources for it.
 * Locking: call it before other threads start.
 */
bool log_start(void);

/*
 * Wait up to `ms` milliseconds until all lines so far are written. False if
 * they are not.
 */
bool log_flush(unsigned ms);

/*
 * Do the same, then end the thread. If stderr has not taken all lines in that
 * time, the rest and all later lines are dropped, and the thread is left to the
 * end of the process.
 * Locking: call it when no other thread logs any more.
 */
void log_stop(unsigned ms);

/*
 * Do not write lines above `level`.
 * Locking: call it before other threads start.
 */
void log_set_level(enum log_level level);

/*
 * Write lines in `format`, which is text at first.
 * Locking: as log_set_level().
 */
void log_set_format(enum log_format format);
enum log_format log_get_format(void);

/*
 * If stderr is the stream of the journal of systemd, which JOURNAL_STREAM names
 * (systemd.exec(5)), each line begins with its priority, as sd-daemon(3)
 * describes it, so that `journalctl -p warning` finds it. The journal removes
 * that. Locking: as log_set_level().
 */
void log_find_journal(void);

/* What a line of this level begins with: "<3>", or "" without a journal. */
const char *log_priority(enum log_level level);

/* "error", "warn", "info", "debug". */
extern const char *const log_level_names[LOG_LEVEL_COUNT];

/*
 * Find the level called `name`. False, with `level` untouched, if there is
 * none.
 */
bool log_level_of(struct text name, enum log_level *level);

/* The same for a format: "text", "json". */
bool log_format_of(struct text name, enum log_format *format);

/* Whether lines of `level` are written. If not, a caller can skip work. */
bool log_wants(enum log_level level);

/*
 * Write a line, as printf(3) formats it.
 * Locking: safe from any thread, but not under a lock.
 */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level,
                                                    const char *format, ...);

/*
 * The same, with `count` fields:
 *
 *     2026-11-23T20:50:16.123Z warn  IN FRONT: message behind=BEHIND
 */
__attribute__((format(printf, 4, 5))) void
log_event(enum log_level level, const struct log_field *fields, size_t count,
          const char *format, ...);

/*
 * Show `text` in a row of its own below the last line of the log, in place of
 * the text before; "" removes it. For progress, while stderr is a terminal with
 * longer rows, and the log has its thread; else it does nothing.
 * Locking: as log_line().
 */
void log_footer(const char *text);

/*
 * How many lines of `level` were logged since the start; and how many lines, of
 * any level, were dropped, or refused by stderr.
 * Locking: safe from any thread.
 */
uint64_t log_lines(enum log_level level);
uint64_t log_lines_dropped(void);

/*
 * Write `text` to `out` with control characters, non-ASCII bytes and
 * backslashes as \xHH, truncated to fit. Returns `out`.
 */
const char *log_escape(struct text text, char *out, size_t size);

/*
 * The same, with spaces as \x20 too: for a text that other words follow, so
 * that a client cannot forge these.
 */
const char *log_escape_word(struct text text, char *out, size_t size);

#endif
