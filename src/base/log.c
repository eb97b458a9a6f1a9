/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: lines with time and level on stderr. Lines are formatted on the
 * stack, without an allocation, so that out of memory can still be reported.
 * Who writes them is in log_writer.c.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log_entry.h"
#include "log_writer.h"

static enum log_level highest_level = LOG_INFO;
static enum log_format line_format = LOG_TEXT;
static bool journal_reads; /* stderr; set at the start */

/* Since the start. */
static _Atomic uint64_t lines_logged[LOG_LEVEL_COUNT];

void log_set_level(enum log_level level)
{
    highest_level = level;
}

void log_set_format(enum log_format format)
{
    line_format = format;
}

enum log_format log_get_format(void)
{
    return line_format;
}

void log_find_journal(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat found;
    char own[64];

    if (stream == NULL || fstat(STDERR_FILENO, &found) != 0)
        return;
    snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)found.st_dev,
             (uintmax_t)found.st_ino);
    journal_reads = strcmp(stream, own) == 0;
}

const char *log_priority(enum log_level level)
{
    static const char *const priorities[LOG_LEVEL_COUNT] = {"<3>", "<4>", "<6>",
                                                            "<7>"};

    return journal_reads ? priorities[level] : "";
}

bool log_wants(enum log_level level)
{
    return level <= highest_level;
}

/* An event to be formatted. */
struct event {
    enum log_level level;
    const struct log_field *fields;
    size_t count;
};

/* Format a line, with its newline. Returns its length. */
__attribute__((format(printf, 3, 0))) static size_t
format_line(const struct event *event, char line[LOG_MAX_LINE],
            const char *format, va_list arguments)
{
    char message[LOG_MAX_LINE];
    const struct log_entry entry = {line_format, event->level, message,
                                    event->fields, event->count};

    message[0] = '\0';
    vsnprintf(message, sizeof(message), format, arguments);
    return log_entry_write(&entry, line);
}

/* Format a line, and hand it to the writer. */
__attribute__((format(printf, 2, 0))) static void
log_formatted(const struct event *event, const char *format, va_list arguments)
{
    char line[LOG_MAX_LINE];
    size_t length = format_line(event, line, format, arguments);

    lines_logged[event->level]++;
    log_writer_add(line, length);
}

uint64_t log_lines(enum log_level level)
{
    return lines_logged[level];
}

void log_line(enum log_level level, const char *format, ...)
{
    const struct event event = {level, NULL, 0};
    va_list arguments;

    if (!log_wants(level))
        return;
    va_start(arguments, format);
    log_formatted(&event, format, arguments);
    va_end(arguments);
}

void log_event(enum log_level level, const struct log_field *fields,
               size_t count, const char *format, ...)
{
    const struct event event = {level, fields, count};
    va_list arguments;

    if (!log_wants(level))
        return;
    va_start(arguments, format);
    log_formatted(&event, format, arguments);
    va_end(arguments);
}
