/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shown is made on the thread that works, and handed to the log, so
 * lines of other threads never mix with the bar.
 */
#include "console/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/estimate.h"
#include "base/log.h"
#include "base/readable.h"

enum {
    BAR = 20,          /* characters between its brackets */
    BAR_US = 100000,   /* between two of its states */
    LINE_US = 1000000, /* between two lines */
    COUNTS = 160,      /* bytes of describe(), with its NUL */
};

/* Whether stderr is for people, and can move the cursor. */
static bool has_terminal(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables. */
    const char *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && terminal != NULL &&
           strcmp(terminal, "dumb") != 0 && log_get_format() == LOG_TEXT &&
           log_wants(LOG_INFO);
}

__attribute__((format(printf, 2, 3))) static void
append(char text[COUNTS], const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + length, COUNTS - length, format, arguments);
    va_end(arguments);
}

/* "43 %, 1,000,000 rockets, 120,000 messages, about 2 s left" */
static void describe(const struct estimate *estimate,
                     const struct journal_progress *now, char text[COUNTS])
{
    text[0] = '\0';
    append(text, "%u %%", estimate->percent);
    if (now->rockets > 0)
        append(text, ", %s rockets", readable_number(now->rockets).text);
    if (now->records > 0)
        append(text, ", %s messages", readable_number(now->records).text);
    if (estimate->seconds_left > 0)
        append(text, ", about %s left",
               readable_time(estimate->seconds_left).text);
}

static void log_progress(const struct progress *progress,
                         const struct estimate *estimate,
                         const struct journal_progress *now, const char *text)
{
    struct readable_path path = readable_path(progress->path);
    const struct log_field fields[] = {
        {progress->field, LOG_LEFT_OUT, LOG_STRING, .string = path.text},
        {"percent", LOG_LEFT_OUT, LOG_NUMBER, .number = estimate->percent},
        {"rockets", LOG_LEFT_OUT, LOG_NUMBER, .number = now->rockets},
        {"messages", LOG_LEFT_OUT, LOG_NUMBER, .number = now->records},
        {"secondsLeft", LOG_LEFT_OUT, LOG_NUMBER,
         .number = estimate->seconds_left},
    };

    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]), "%s %s: %s",
              progress->doing, path.text, text);
}

/* Draw it in one row, as a longer one could not be erased. */
static void draw_bar(const struct progress *progress, unsigned percent,
                     const char *text)
{
    static const char full[BAR + 1] = "####################";
    struct winsize window = {.ws_col = 0};
    char row[LOG_MAX_FOOTER];

    snprintf(row, sizeof(row), "%s [%-*.*s] %s", progress->doing, BAR,
             (int)(percent * BAR / 100), full, text);
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 &&
        window.ws_col <= strlen(row))
        row[window.ws_col - 1] = '\0';
    log_footer(row);
}

void progress_begin(struct progress *progress)
{
    progress->bar = has_terminal();
    progress->began = clock_us(CLOCK_MONOTONIC);
    progress->shown = progress->began;
}

void progress_show(struct progress *progress,
                   const struct journal_progress *now)
{
    uint64_t time = clock_us(CLOCK_MONOTONIC);
    char text[COUNTS];

    /* Without a total it waits, and whoever waits says what for. */
    if (now->total == 0 || (!progress->bar && !progress->lines) ||
        time - progress->shown < (progress->bar ? BAR_US : LINE_US))
        return;
    progress->shown = time;
    struct estimate estimate =
        estimate_of(now->done, now->total, time - progress->began);
    describe(&estimate, now, text);
    if (progress->bar)
        draw_bar(progress, estimate.percent, text);
    else
        log_progress(progress, &estimate, now, text);
}

void progress_clear(struct progress *progress)
{
    if (!progress->bar)
        return;
    log_footer("");
    log_flush(LOG_STOP_MS);
}

uint64_t progress_end(struct progress *progress)
{
    progress_clear(progress);
    return clock_us(CLOCK_MONOTONIC) - progress->began;
}
