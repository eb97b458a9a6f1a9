/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal calls report() while it is replayed. All that is shown is made
 * there, on the main thread; the log's own thread writes it, so that neither a
 * terminal that is stopped nor a pipe that nobody reads holds up the recovery,
 * and lines of other threads never mix with the bar.
 */
#include "watched_recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "readable.h"
#include "signals.h"
#include "table/table.h"

enum {
    SECOND = 1000000, /* microseconds */
    BAR = 20,         /* characters between its brackets */
    BAR_US = 100000,  /* between two of its states */
};

/* State of one recovery. */
struct watch {
    struct api *api;
    struct readable_path data;
    uint64_t began, shown; /* microseconds of the monotonic clock */
    bool bar;              /* instead of lines */
};

/* How far it is. */
struct position {
    unsigned percent;
    uint64_t left; /* seconds */
    struct readable_number messages;
};

/* The time left is as long for each byte as the time until now. */
static struct position find_position(const struct journal_progress *progress,
                                     uint64_t elapsed)
{
    double done = (double)progress->done, total = (double)progress->total;
    double left = done > 0 ? (double)elapsed * (total - done) / done : 0;

    return (struct position){
        .percent = total > 0 ? (unsigned)(100 * done / total) : 100,
        .left = (uint64_t)(left / SECOND) + 1,
        .messages = readable_number(progress->records),
    };
}

static void log_position(const struct watch *watch,
                         const struct position *position,
                         const struct journal_progress *progress)
{
    const struct log_field fields[] = {
        {"data", LOG_LEFT_OUT, LOG_STRING, .string = watch->data.text},
        {"percent", LOG_LEFT_OUT, LOG_NUMBER, .number = position->percent},
        {"messages", LOG_LEFT_OUT, LOG_NUMBER, .number = progress->records},
        {"secondsLeft", LOG_LEFT_OUT, LOG_NUMBER, .number = position->left},
    };

    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "recovering from %s: %u %%, %s messages, about %s left",
              watch->data.text, position->percent, position->messages.text,
              readable_time(position->left).text);
}

/* Draw it in one row, as a longer one could not be erased. */
static void draw_bar(const struct position *position)
{
    static const char full[BAR + 1] = "####################";
    struct winsize window = {.ws_col = 0};
    char row[LOG_MAX_FOOTER];
    int filled = (int)(position->percent * BAR / 100);

    snprintf(row, sizeof(row),
             "recovering [%-*.*s] %u %%, %s messages, about %s left", BAR,
             filled, full, position->percent, position->messages.text,
             readable_time(position->left).text);
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 &&
        window.ws_col <= strlen(row))
        row[window.ws_col - 1] = '\0';
    log_footer(row);
}

/* A journal_watch. */
static bool report(void *context, const struct journal_progress *progress)
{
    struct watch *watch = context;
    uint64_t now = clock_us(CLOCK_MONOTONIC);

    api_set_progress(watch->api, progress->done, progress->total);
    if (now - watch->shown >= (watch->bar ? BAR_US : SECOND)) {
        struct position position = find_position(progress, now - watch->began);
        watch->shown = now;
        if (watch->bar)
            draw_bar(&position);
        else
            log_position(watch, &position, progress);
    }
    return !signals_pending();
}

/* Whether stderr is for people, and can move the cursor. */
static bool has_terminal(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables. */
    const char *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && terminal != NULL &&
           strcmp(terminal, "dumb") != 0 && log_get_format() == LOG_TEXT &&
           log_wants(LOG_INFO);
}

static void log_result(const struct watched_recovery *recovery,
                       uint64_t elapsed)
{
    struct readable_path data = readable_path(recovery->data);
    struct journal_status status;
    uint64_t rockets = table_count(recovery->table);

    store_status(recovery->store, &status);
    const struct log_field fields[] = {
        {"data", LOG_LEFT_OUT, LOG_STRING, .string = data.text},
        {"rockets", LOG_LEFT_OUT, LOG_NUMBER, .number = rockets},
        {"messages", LOG_LEFT_OUT, LOG_NUMBER, .number = status.position},
        {"seconds", LOG_LEFT_OUT, LOG_THOUSANDTHS, .number = elapsed / 1000},
    };
    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "recovered %s rockets from %s: %s messages in %.*f %s",
              readable_number(rockets).text, data.text,
              readable_number(status.position).text, elapsed < SECOND ? 0 : 1,
              (double)elapsed / (elapsed < SECOND ? 1000 : SECOND),
              elapsed < SECOND ? "ms" : "s");
}

/*
 * Recovered rockets are kept even if they exceed the limit, which may be lower
 * than at the last start.
 */
static void warn_of_memory(struct table *table)
{
    size_t used = table_memory(table), limit = table_memory_limit(table);

    if (used > limit)
        log_line(LOG_WARN,
                 "the rockets take %s bytes, more than -max-memory=%zu: "
                 "messages that need more get 503; restart with a larger "
                 "-max-memory, which keeps all rockets",
                 readable_number(used).text, limit);
}

enum journal_replayed
watched_recovery_run(const struct watched_recovery *recovery,
                     char error[JOURNAL_ERROR])
{
    uint64_t now = clock_us(CLOCK_MONOTONIC);
    struct watch watch = {
        .api = recovery->api,
        .data = readable_path(recovery->data),
        .began = now,
        .shown = now,
        .bar = has_terminal(),
    };
    const struct journal_watch reports = {&watch, report};
    enum journal_replayed result =
        store_recover(recovery->store, &reports, error);

    log_footer("");
    if (result == JOURNAL_COMPLETE) {
        log_result(recovery, clock_us(CLOCK_MONOTONIC) - now);
        warn_of_memory(recovery->table);
    }
    return result;
}
