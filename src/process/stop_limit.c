/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of its own waits for the end of each phase, as the thread that stops
 * the service may hang in a call of the disk.
 */
#include "process/stop_limit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/readable.h"
#include "base/sync.h"
#include "process/signals.h"
#include "store/store.h"

enum { SIGNAL_MS = 100 /* between two looks for a signal */ };

/* What does not answer, and where acknowledged messages are. */
struct words {
    const char *what, *where;
};

static const struct words words_of_disk = {"the disk does", "on the disk"};
static const struct words words_of_topic = {"the brokers or the disk do",
                                            "in the topic"};

/* End the process in the phase that lasts too long. */
__attribute__((noreturn)) static void
end_process(const struct stop_limit *limit, enum stop_phase phase)
{
    const struct words *words =
        limit->shared ? &words_of_topic : &words_of_disk;
    struct journal_status status;

    if (phase == STOP_REQUESTS) {
        store_status(limit->store, &status);
        log_line(LOG_ERROR,
                 "%s not answer, so %s bytes of messages were not "
                 "acknowledged, and their senders have to send them again; "
                 "acknowledged messages are %s; ending the process",
                 words->what, readable_number(status.queued).text,
                 words->where);
    } else if (phase == STOP_RECOVERY) {
        log_line(LOG_ERROR,
                 "a signal has asked for a stop, but %s not answer "
                 "while the state is recovered; all of it is still there; "
                 "ending the process",
                 words->what);
    } else {
        log_line(LOG_ERROR,
                 "%s not answer, but no sender waits for it; "
                 "acknowledged messages are %s; ending the process",
                 words->what, words->where);
    }
    log_flush(LOG_STOP_MS);
    _exit(EXIT_FAILURE);
}

/* False if a signal is pending, and the recovery does not end in time. */
static bool await_recovery_locked(struct stop_limit *limit)
{
    bool in_time = true;

    while (limit->phase == STOP_RECOVERY && !signals_pending()) {
        struct timespec look = sync_deadline(SIGNAL_MS);
        sync_wait_until(&limit->changed, &limit->lock, &look);
    }
    struct timespec deadline = sync_deadline(limit->ms);
    while (limit->phase == STOP_RECOVERY && in_time)
        in_time = sync_wait_until(&limit->changed, &limit->lock, &deadline);
    return limit->phase != STOP_RECOVERY;
}

/* Wait for the stop, and until it is complete or its time is over. */
static void await_stop_locked(struct stop_limit *limit)
{
    bool in_time = true;

    while (limit->phase == STOP_NONE)
        sync_wait(&limit->changed, &limit->lock);
    struct timespec deadline = sync_deadline(limit->ms);
    while (limit->phase != STOP_COMPLETE && in_time)
        in_time = sync_wait_until(&limit->changed, &limit->lock, &deadline);
}

static void *run_limit(void *context)
{
    struct stop_limit *limit = context;

    pthread_setname_np(pthread_self(), "lunar-stop");
    sync_lock(&limit->lock);
    if (await_recovery_locked(limit))
        await_stop_locked(limit);
    /* From here on the other thread waits, so the store is not freed. */
    enum stop_phase phase = limit->phase;
    if (phase != STOP_COMPLETE)
        limit->phase = STOP_OVERDUE;
    sync_unlock(&limit->lock);
    if (phase != STOP_COMPLETE)
        end_process(limit, phase);
    return NULL;
}

static void enter_phase(struct stop_limit *limit, enum stop_phase phase)
{
    sync_lock(&limit->lock);
    while (limit->phase == STOP_OVERDUE)
        sync_wait(&limit->changed, &limit->lock);
    limit->phase = phase;
    sync_broadcast(&limit->changed);
    sync_unlock(&limit->lock);
}

bool stop_limit_start(struct stop_limit *limit, struct store *store,
                      unsigned ms)
{
    limit->store = store;
    limit->shared = store_is_shared(store);
    limit->ms = ms;
    limit->phase = STOP_RECOVERY;
    sync_mutex_init(&limit->lock);
    sync_cond_init(&limit->changed);
    return pthread_create(&limit->thread, NULL, run_limit, limit) == 0;
}

void stop_limit_recovered(struct stop_limit *limit)
{
    enter_phase(limit, STOP_NONE);
}

void stop_limit_begin(struct stop_limit *limit)
{
    enter_phase(limit, STOP_REQUESTS);
}

void stop_limit_answered(struct stop_limit *limit)
{
    enter_phase(limit, STOP_ANSWERED);
}

void stop_limit_end(struct stop_limit *limit)
{
    enter_phase(limit, STOP_COMPLETE);
    sync_join(limit->thread);
    pthread_cond_destroy(&limit->changed);
    pthread_mutex_destroy(&limit->lock);
}
