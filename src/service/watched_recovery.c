/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store calls report() on this thread, the main one, while it recovers.
 */
#include "watched_recovery.h"

#include <stdio.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/readable.h"
#include "config/config.h"
#include "console/progress.h"
#include "process/notify.h"
#include "process/signals.h"
#include "table/table.h"

enum {
    SECOND = 1000000, /* microseconds */
    PERCENT = 100,
};

/* State of one recovery. */
struct watch {
    struct api *api;
    struct notify *notify;
    uint64_t told; /* microseconds of the monotonic clock */
    struct progress progress;
};

/*
 * The service manager gives the start more time as long as it hears of it. This
 * is only called at the begin, and while the recovery gets on or waits for
 * brokers: with a disk that hangs the start fails in the end.
 */
static void tell_manager(struct watch *watch)
{
    uint64_t now = clock_us(CLOCK_MONOTONIC);
    char room[API_PROBLEM];

    if (watch->told != 0 && now - watch->told < SECOND)
        return;
    watch->told = now;
    const char *text = api_problem(watch->api, room);
    notify_starting(watch->notify, text == NULL ? "starting" : text);
}

/* A journal_watch. */
static bool report(void *context, const struct journal_progress *now)
{
    struct watch *watch = context;

    api_set_progress(watch->api, now->done, now->total);
    progress_show(&watch->progress, now);
    tell_manager(watch);
    return !signals_pending();
}

/* What the state was made of. */
static void log_result(const struct watched_recovery *recovery,
                       uint64_t elapsed)
{
    const struct config *config = recovery->config;
    struct readable_path data = readable_path(config->data);
    struct journal_status journal;
    struct store_snapshot_status snapshot;
    uint64_t rockets = table_count(recovery->table);
    bool short_time = elapsed < SECOND;
    bool shared = config->topic != NULL; /* not all its records are messages */

    store_status(recovery->store, &journal);
    store_snapshot_status(recovery->store, &snapshot);
    uint64_t messages = journal.position - snapshot.position;
    const struct log_field fields[] = {
        {"data", LOG_LEFT_OUT, LOG_STRING, .string = data.text},
        {"topic", LOG_LEFT_OUT, shared ? LOG_STRING : LOG_NULL,
         .string = config->topic},
        {"rockets", LOG_LEFT_OUT, LOG_NUMBER, .number = rockets},
        {"snapshot", LOG_LEFT_OUT, LOG_BOOLEAN, .number = snapshot.exists},
        {"messages", LOG_LEFT_OUT, LOG_NUMBER, .number = messages},
        {"seconds", LOG_LEFT_OUT, LOG_THOUSANDTHS, .number = elapsed / 1000},
    };
    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "recovered %s rockets from %s%s: %s%s %s%s in %.*f %s",
              readable_number(rockets).text, shared ? "topic " : "",
              shared ? config->topic : data.text,
              snapshot.exists ? "a snapshot and " : "",
              readable_number(messages).text, shared ? "records" : "messages",
              snapshot.exists ? " after it" : "", short_time ? 0 : 1,
              (double)elapsed / (short_time ? 1000 : SECOND),
              short_time ? "ms" : "s");
}

/*
 * Recovered rockets are kept even if they exceed the limit, which may be lower
 * than at the last start.
 */
static void warn_of_memory(struct table *table, bool shared)
{
    size_t used = table_memory(table), limit = table_memory_limit(table);

    if (shared && used / STORE_SHARED_ADMISSION > limit / PERCENT)
        log_line(LOG_WARN,
                 "the rockets take %s bytes, more than %d %% of "
                 "-max-memory=%zu: messages that need more get 503 here, and "
                 "at the limit this instance stops reading the topic, which "
                 "other instances still write to; restart all of them with a "
                 "larger -max-memory",
                 readable_number(used).text, STORE_SHARED_ADMISSION, limit);
    else if (!shared && used > limit)
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
    const struct config *config = recovery->config;
    bool shared = config->topic != NULL;
    struct watch watch = {
        .api = recovery->api,
        .notify = recovery->notify,
        .progress = {.doing = shared ? "recovering topic" : "recovering",
                     .path = shared ? config->topic : config->data,
                     .field = shared ? "topic" : "data",
                     .lines = true},
    };
    const struct journal_watch reports = {&watch, report};

    tell_manager(&watch);
    progress_begin(&watch.progress);
    enum journal_replayed result =
        store_recover(recovery->store, &reports, error);
    uint64_t elapsed = progress_end(&watch.progress);
    if (result == JOURNAL_COMPLETE) {
        log_result(recovery, elapsed);
        warn_of_memory(recovery->table, shared);
    }
    return result;
}
