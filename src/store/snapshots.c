/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a snapshot is taken, on a thread of its own. What is done then, and why
 * a snapshot is exact, is in snapshots_steps.c.
 */
#include "snapshots.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"
#include "snapshots_parts.h"

static bool is_backing_off(const struct snapshots_backoff *backoff)
{
    return backoff->until > clock_us(CLOCK_MONOTONIC);
}

/* Note whether it succeeded. */
static void set_backoff(const struct snapshots *snapshots,
                        struct snapshots_backoff *backoff, bool succeeded)
{
    if (succeeded) {
        *backoff = (struct snapshots_backoff){0};
        return;
    }
    backoff->ms =
        backoff->ms == 0 ? snapshots->options.retry_ms : 2 * backoff->ms;
    if (backoff->ms > SNAPSHOTS_RETRY_MAX_MS)
        backoff->ms = SNAPSHOTS_RETRY_MAX_MS;
    backoff->until = clock_us(CLOCK_MONOTONIC) + backoff->ms * 1000;
}

/* Wait until there may be something to do. False: the stop. */
static bool await_work(struct snapshots *snapshots)
{
    const struct snapshots_backoff *tidying = &snapshots->tidying;
    uint64_t until = snapshots->taking.until;
    bool in_time = true;

    if (until == 0 || (tidying->until != 0 && tidying->until < until))
        until = tidying->until;
    struct timespec deadline = {(time_t)(until / 1000000),
                                (long)(until % 1000000) * 1000};
    sync_lock(&snapshots->lock);
    while (in_time && !snapshots->noticed && !atomic_load(&snapshots->stop)) {
        if (until == 0)
            sync_wait(&snapshots->wake, &snapshots->lock);
        else
            in_time =
                sync_wait_until(&snapshots->wake, &snapshots->lock, &deadline);
    }
    snapshots->noticed = false;
    sync_unlock(&snapshots->lock);
    return !atomic_load(&snapshots->stop);
}

/* Whether somebody wants a snapshot that can be taken, and is not there. */
static bool is_wanted(struct snapshots *snapshots, uint64_t position)
{
    const struct store_snapshot_status *last = &snapshots->status;

    sync_lock(&snapshots->lock);
    if (last->exists && last->position >= snapshots->want)
        snapshots->wanted = false;
    bool wanted = snapshots->wanted && position >= snapshots->want;
    sync_unlock(&snapshots->lock);
    return wanted;
}

/*
 * A snapshot is due when the journal has more bytes than the limit and than the
 * last snapshot: to write one costs no more than what the journal wrote.
 */
static bool is_due(struct snapshots *snapshots,
                   const struct journal_status *journal)
{
    const struct store_snapshot_status *last = &snapshots->status;
    uint64_t limit = snapshots->options.journal_bytes;

    if (is_wanted(snapshots, journal->position))
        return true;
    if (limit == 0 || journal->position <= last->position)
        return false;
    if (journal->full) {
        limit /= SNAPSHOTS_FULL_SHARE;
        if (limit > SNAPSHOTS_FULL_BYTES)
            limit = SNAPSHOTS_FULL_BYTES;
        return journal->bytes > limit &&
               journal->bytes > last->bytes / SNAPSHOTS_FULL_SHARE;
    }
    return journal->bytes > limit && journal->bytes > last->bytes;
}

static void set_running(struct snapshots *snapshots, bool running)
{
    sync_lock(&snapshots->lock);
    snapshots->status.running = running;
    sync_unlock(&snapshots->lock);
}

/*
 * Also while the disk is full, after a snapshot has made space: as soon as the
 * journal is written again it may take all of it, and then not even an empty
 * segment would find a place.
 */
static void keep_room(struct snapshots *snapshots)
{
    if (snapshots->options.journal_bytes != 0)
        snapshot_room_keep(&snapshots->room,
                           snapshots->status.bytes + SNAPSHOTS_ROOM);
}

/* Only a full disk made it due: it is not tried again before long. */
static void end_problem(struct snapshots *snapshots)
{
    if (snapshots->status.problem == NULL)
        return;
    log_line(LOG_INFO, "no snapshot is needed any more: the disk has space");
    snapshots_set_problem(snapshots, NULL);
}

static void take_if_due(struct snapshots *snapshots)
{
    if (is_backing_off(&snapshots->taking))
        return;
    bool succeeded = snapshots_forget(snapshots);
    struct journal_status journal = snapshots_read_journal(snapshots);
    if (succeeded && !is_due(snapshots, &journal)) {
        end_problem(snapshots);
    } else if (succeeded) {
        set_running(snapshots, true);
        succeeded = snapshots_take(snapshots);
        set_running(snapshots, false);
    }
    set_backoff(snapshots, &snapshots->taking, succeeded);
    keep_room(snapshots);
}

/*
 * The scheduler may favour the others. The lock of a stripe is held for some
 * microseconds only, so they hardly ever wait for a thread that it has stopped.
 */
static void lower_priority(void)
{
    setpriority(PRIO_PROCESS, (id_t)gettid(), SNAPSHOTS_NICE);
    /* By default the kernel extends each rest (throttle.h) by 50 us. */
    prctl(PR_SET_TIMERSLACK, 1000UL);
}

static void *run_snapshots(void *context)
{
    struct snapshots *snapshots = context;
    struct journal *journal = snapshots->options.journal;

    pthread_setname_np(pthread_self(), "lunar-snapshot");
    lower_priority();
    do {
        if (!is_backing_off(&snapshots->tidying))
            set_backoff(snapshots, &snapshots->tidying,
                        journal->methods->tidy(journal));
        take_if_due(snapshots);
    } while (await_work(snapshots));
    snapshot_room_release(&snapshots->room);
    return NULL;
}

struct snapshots *snapshots_new(const struct snapshots_options *options)
{
    struct snapshots *snapshots = calloc(1, sizeof(*snapshots));

    if (snapshots == NULL)
        return NULL;
    snapshots->options = *options;
    snapshots->room.folder = options->folder;
    if (options->retry_ms == 0)
        snapshots->options.retry_ms = SNAPSHOTS_RETRY_MS;
    sync_mutex_init(&snapshots->lock);
    sync_cond_init(&snapshots->wake);
    snapshots->status.enabled = options->journal_bytes != 0;
    if (options->last != NULL)
        snapshots_note(snapshots, options->last, 0);
    return snapshots;
}

bool snapshots_start(struct snapshots *snapshots)
{
    snapshots->started =
        pthread_create(&snapshots->thread, NULL, run_snapshots, snapshots) == 0;
    return snapshots->started;
}

void snapshots_set_last(struct snapshots *snapshots,
                        const struct snapshot_info *last)
{
    snapshots_note(snapshots, last, 0);
}

void snapshots_want(struct snapshots *snapshots, uint64_t position)
{
    sync_lock(&snapshots->lock);
    if (!snapshots->wanted || snapshots->want < position)
        snapshots->want = position;
    snapshots->wanted = true;
    snapshots->noticed = true;
    sync_unlock(&snapshots->lock);
    sync_signal(&snapshots->wake);
}

void snapshots_notice(struct snapshots *snapshots)
{
    sync_lock(&snapshots->lock);
    snapshots->noticed = true;
    sync_unlock(&snapshots->lock);
    sync_signal(&snapshots->wake);
}

void snapshots_status(struct snapshots *snapshots,
                      struct store_snapshot_status *status)
{
    sync_lock(&snapshots->lock);
    *status = snapshots->status;
    sync_unlock(&snapshots->lock);
}

void snapshots_stop(struct snapshots *snapshots)
{
    if (!snapshots->started)
        return;
    sync_lock(&snapshots->lock);
    atomic_store(&snapshots->stop, true);
    sync_unlock(&snapshots->lock);
    sync_signal(&snapshots->wake);
    sync_join(snapshots->thread);
    snapshots->started = false;
}

void snapshots_free(struct snapshots *snapshots)
{
    if (snapshots == NULL)
        return;
    pthread_cond_destroy(&snapshots->wake);
    pthread_mutex_destroy(&snapshots->lock);
    free(snapshots);
}
