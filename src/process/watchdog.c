/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stuck is found by two looks, so a call that began right after one is
 * noticed at the second one after it: between half and the whole of the time
 * after it began, and the manager acts after the whole time more.
 *
 * What was seen is noted with a datagram only: all looks after it compare with
 * that. Otherwise the looks that come soon after a bad one would find many
 * threads each in a call that is short for them, but not for a busy machine.
 */
#include "process/watchdog.h"

#include <time.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"
#include "base/workers.h"
#include "process/notify.h"
#include "server/server.h"
#include "table/table.h"

enum {
    STATUS_US = 1000000, /* between looks at what is wrong */
    SOON = 16,           /* parts of half the time, to a look after a bad one */
    LAST = 3,            /* bad looks in a row that are logged */
    LOCK_TRIES = 100,    /* in a look, for the locks that are left, each a ms */
};

/*
 * Whether the lock of each stripe could be had since the last datagram. All
 * that are left are tried again, not one after the other: with hundreds of
 * threads many are held by one that waits for a processor.
 *
 * It pauses, and does not wait for the locks (pthread_rwlock_clockrdlock(3)):
 * they prefer writers, so while messages queue, a reader may not be let in. It
 * would not see that others have had the lock, which is as good, and writers
 * would have to wake it.
 */
static bool had_all_locks(struct watchdog *watchdog)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    bool all = table_probe(watchdog->parts.table, &watchdog->locks);

    for (unsigned i = 0; !all && i < LOCK_TRIES; i++) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
        all = table_probe(watchdog->parts.table, &watchdog->locks);
    }
    return all;
}

/* Begin to look at what happens from now on. */
static void note(struct watchdog *watchdog)
{
    server_note(watchdog->parts.server);
    workers_note(watchdog->parts.workers);
    table_probe_begin(watchdog->parts.table, &watchdog->locks);
}

/* Whether all have got on since the last datagram. */
static bool look(struct watchdog *watchdog)
{
    const struct watchdog_parts *parts = &watchdog->parts;
    unsigned calls = server_stuck(parts->server);
    bool workers = workers_are_stuck(parts->workers);
    bool locks = had_all_locks(watchdog);

    if (calls == 0 && !workers && locks) {
        if (watchdog->bad_looks >= LAST)
            log_line(LOG_INFO, "the service makes progress again");
        watchdog->bad_looks = 0;
        return true;
    }
    if (++watchdog->bad_looks == LAST)
        log_line(LOG_ERROR,
                 "the service makes no progress, so the service manager gets "
                 "no WATCHDOG=1, and may start it again:%s%s%s",
                 calls > 0 ? " a request is stuck in an event loop or a thread;"
                           : "",
                 workers ? " a worker is stuck;" : "",
                 locks ? "" : " a lock of the table is held;");
    return false;
}

/*
 * Look, tell, and return the microseconds until the next look. One datagram
 * that is not taken may be the whole time: the next but one would be late.
 */
static uint64_t look_and_tell(struct watchdog *watchdog)
{
    if (!look(watchdog) || !notify_alive(watchdog->parts.notify))
        return watchdog->half_us / SOON + 1;
    note(watchdog);
    return watchdog->half_us;
}

static void tell_problem(const struct watchdog_parts *parts)
{
    char room[API_PROBLEM];

    notify_problem(parts->notify, api_problem(parts->api, room));
    notify_retry(parts->notify);
}

/* Wait at most so long. True if the end has come. */
static bool wait_for_end(struct watchdog *watchdog, uint64_t us)
{
    struct timespec deadline = sync_deadline_us(us);
    bool in_time = true;

    sync_lock(&watchdog->lock);
    while (!watchdog->ending && in_time)
        in_time =
            sync_wait_until(&watchdog->changed, &watchdog->lock, &deadline);
    bool ending = watchdog->ending;
    sync_unlock(&watchdog->lock);
    return ending;
}

static void *run_watchdog(void *context)
{
    struct watchdog *watchdog = context;
    uint64_t now = clock_us(CLOCK_MONOTONIC), next = now, next_status = now;
    uint64_t next_look = watchdog->half_us > 0 ? now : UINT64_MAX;

    pthread_setname_np(pthread_self(), "lunar-watchdog");
    while (!wait_for_end(watchdog, next > now ? next - now : 0)) {
        now = clock_us(CLOCK_MONOTONIC);
        if (now >= next_status) {
            tell_problem(&watchdog->parts);
            next_status = now + STATUS_US;
        }
        if (now >= next_look)
            next_look = now + look_and_tell(watchdog);
        next = next_look < next_status ? next_look : next_status;
        now = clock_us(CLOCK_MONOTONIC);
    }
    return NULL;
}

bool watchdog_start(struct watchdog *watchdog,
                    const struct watchdog_parts *parts)
{
    *watchdog = (struct watchdog){.parts = *parts,
                                  .half_us = parts->notify->watchdog_us / 2};
    if (!notify_is_used(parts->notify))
        return true;
    table_probe_begin(parts->table, &watchdog->locks);
    sync_mutex_init(&watchdog->lock);
    sync_cond_init(&watchdog->changed);
    watchdog->runs =
        pthread_create(&watchdog->thread, NULL, run_watchdog, watchdog) == 0;
    if (!watchdog->runs) {
        pthread_cond_destroy(&watchdog->changed);
        pthread_mutex_destroy(&watchdog->lock);
    }
    return watchdog->runs;
}

void watchdog_end(struct watchdog *watchdog)
{
    if (!watchdog->runs)
        return;
    sync_lock(&watchdog->lock);
    watchdog->ending = true;
    sync_signal(&watchdog->changed);
    sync_unlock(&watchdog->lock);
    sync_join(watchdog->thread);
    pthread_cond_destroy(&watchdog->changed);
    pthread_mutex_destroy(&watchdog->lock);
}
