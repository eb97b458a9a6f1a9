/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a snapshot is exact, although messages are applied while it is written.
 * Let P be the last position before the new segment. The replay goes on from
 * P + 1, so a rocket whose image was made later gets some messages again:
 *
 *   - Each image is that of one moment, as it is made under the lock of the
 *     rocket's stripe.
 *   - roll() returns once all up to P is applied, and only then the walk
 *     begins. So each image has all messages up to P, and of those behind P the
 *     ones up to some position of its own, in the order of positions.
 *   - To apply a message again that an image has changes nothing: its number is
 *     in a run, so it is a duplicate; or it was given up, and its number is
 *     at or below the highest one given up, which is in the image, so it is
 *     stale. This holds for all that the image has, from P + 1 on, and what
 *     follows is applied in the order of positions, as in life.
 *
 * So after the replay each rocket is as it was, with the same revision. What
 * would break it: P noted after the walk; records that are appended, but not
 * yet applied, at its begin; images without the highest number given up;
 * segments removed before the snapshot has its name on the disk.
 *
 * The journal's thread never waits for this one, nor for what it writes: it
 * only makes the new segment, and signals. The segments up to P are removed
 * when the folder was synced, so at each moment one whole state is in it: the
 * old snapshot with all segments, or the new one with those from P + 1.
 *
 * All of this holds for a shared journal, too, whoever has written its records,
 * and for a snapshot of another instance: each applies the same records in the
 * order of positions, so an image that any of them makes is what all of them
 * have at some position. The differences: P is the last position that is
 * applied when roll() is called, and nothing has to begin there; and a start
 * first reads the record at P again, and compares its sum, as the journal is
 * not in the folder and may be another one by then.
 */
#include "snapshots.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/readable.h"
#include "base/sync.h"
#include "error.h"
#include "folder.h"
#include "removed_file.h"
#include "snapshot_room.h"
#include "snapshot_take.h"

#define AGAIN "; it is tried again by itself"
#define CANNOT_FIT                                                             \
    "the disk has no space for a snapshot: free space on the file system of "  \
    "-data" AGAIN
#define CANNOT_WRITE                                                           \
    "no snapshot can be written, so the journal grows: check the disk, the "   \
    "permissions of -data and the kernel's log" AGAIN
#define CANNOT_WRITE_SHARED                                                    \
    "no snapshot can be written, so a start takes longer: check the disk, "    \
    "the permissions of -data and the kernel's log" AGAIN
#define CANNOT_ALLOCATE                                                        \
    "a snapshot finds no memory: give the service more" AGAIN
#define CANNOT_ROLL                                                            \
    "the journal cannot begin a segment for a snapshot: free space on the "    \
    "file system of -data, and check the disk" AGAIN

/* Files of the journal that the snapshot holds stay. */
static const char cannot_forget[] =
    "files of the journal cannot be removed, so it grows: check the "
    "permissions of -data and the disk" AGAIN;

/* When something that has failed may be tried again. All zero: at once. */
struct backoff {
    uint64_t until; /* microseconds of the monotonic clock; 0: none */
    uint64_t ms;    /* that it took the last time */
};

struct snapshots {
    /* Set at start, then read-only. */
    struct snapshots_options options;
    pthread_t thread;
    bool started;
    _Atomic bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Guarded by `lock`. */
    bool noticed;
    bool wanted; /* a snapshot that has all up to the position `want` */
    uint64_t want;
    struct store_snapshot_status status; /* changed by the thread only */
    /* Of the thread. */
    struct backoff tidying, taking;
    struct snapshot_room room;
    uint64_t told_us; /* when a snapshot was logged at info; 0: never */
};

static bool is_backing_off(const struct backoff *backoff)
{
    return backoff->until > clock_us(CLOCK_MONOTONIC);
}

/* Note whether it succeeded. */
static void set_backoff(const struct snapshots *snapshots,
                        struct backoff *backoff, bool succeeded)
{
    if (succeeded) {
        *backoff = (struct backoff){0};
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
    const struct backoff *tidying = &snapshots->tidying;
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

static struct journal_status read_journal(const struct snapshots *snapshots)
{
    struct journal *journal = snapshots->options.journal;
    struct journal_status status;

    journal->methods->status(journal, &status);
    return status;
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

static void set_problem(struct snapshots *snapshots, const char *problem)
{
    sync_lock(&snapshots->lock);
    snapshots->status.problem = problem;
    sync_unlock(&snapshots->lock);
}

static void set_running(struct snapshots *snapshots, bool running)
{
    sync_lock(&snapshots->lock);
    snapshots->status.running = running;
    sync_unlock(&snapshots->lock);
}

/* Only the first one of several failures is logged. */
static void report_failure(struct snapshots *snapshots, const char *problem,
                           const char *reason)
{
    if (snapshots->status.problem == NULL)
        log_line(LOG_ERROR, "%s (%s)", problem, reason);
    set_problem(snapshots, problem);
}

static const char *problem_of_errno(const struct snapshots *snapshots,
                                    int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return CANNOT_FIT;
    case ENOMEM:
        return CANNOT_ALLOCATE;
    default:
        return snapshots->options.journal->shared ? CANNOT_WRITE_SHARED
                                                  : CANNOT_WRITE;
    }
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

/*
 * Begin a segment. `place` becomes the last position before it. If not even an
 * empty segment finds space, some is taken from the room; no more than it
 * needs, as the journal would write messages there. A shared journal has no
 * segments: it only says which position it is, which may be 0.
 */
static bool begin_segment(struct snapshots *snapshots,
                          struct journal_place *place)
{
    struct journal *journal = snapshots->options.journal;

    *place =
        (struct journal_place){.position = journal->methods->roll(journal)};
    if (journal->shared) {
        journal->methods->describe_roll(journal, place);
        return true;
    }
    if (place->position == 0 && read_journal(snapshots).full &&
        snapshot_room_shrink(&snapshots->room, SNAPSHOTS_SEGMENT))
        place->position = journal->methods->roll(journal);
    return place->position != 0;
}

static void note_snapshot(struct snapshots *snapshots,
                          const struct snapshot_info *info, uint64_t took_us)
{
    struct store_snapshot_status *status = &snapshots->status;

    sync_lock(&snapshots->lock);
    status->exists = true;
    status->time = info->time;
    status->position = info->position;
    status->rockets = info->rockets;
    status->bytes = info->bytes;
    status->took_us = took_us;
    sync_unlock(&snapshots->lock);
}

/*
 * Remove what the last snapshot holds, also after a start: the process may have
 * ended before it did. False if something stays.
 */
static bool forget(struct snapshots *snapshots)
{
    const struct store_snapshot_status *status = &snapshots->status;
    struct journal *journal = snapshots->options.journal;

    if (!status->exists)
        return true;
    if (!journal->methods->forget(journal, status->position,
                                  &snapshots->stop)) {
        metric_add(snapshots->options.results, SNAPSHOTS_FAILED, 1);
        report_failure(snapshots, cannot_forget, "see the line before");
        return false;
    }
    if (status->problem == cannot_forget) {
        log_line(LOG_INFO, "files of the journal could be removed again");
        set_problem(snapshots, NULL);
    }
    return true;
}

/* With a small limit there may be several a second: then some are for debug. */
static enum log_level line_level(struct snapshots *snapshots)
{
    uint64_t now = clock_us(CLOCK_MONOTONIC);

    if (snapshots->told_us != 0 &&
        now - snapshots->told_us < SNAPSHOTS_LINE_S * UINT64_C(1000000))
        return LOG_DEBUG;
    snapshots->told_us = now;
    return LOG_INFO;
}

static void log_snapshot(struct snapshots *snapshots,
                         const struct snapshot_info *info, uint64_t took_us,
                         uint64_t removed)
{
    bool short_time = took_us < 1000000;
    const struct log_field fields[] = {
        {"rockets", LOG_LEFT_OUT, LOG_NUMBER, .number = info->rockets},
        {"position", LOG_LEFT_OUT, LOG_NUMBER, .number = info->position},
        {"bytes", LOG_LEFT_OUT, LOG_NUMBER, .number = info->bytes},
        {"seconds", LOG_LEFT_OUT, LOG_THOUSANDTHS, .number = took_us / 1000},
        {"removedBytes", LOG_LEFT_OUT, LOG_NUMBER, .number = removed},
    };
    size_t count = sizeof(fields) / sizeof(fields[0]);
    char text[64] = "";

    if (snapshots->options.journal->shared)
        count--;
    else
        snprintf(text, sizeof(text), "; %.1f MB of the journal removed",
                 (double)removed / 1e6);
    log_event(
        line_level(snapshots), fields, count,
        "snapshot of %s rocket%s at position %s: %.1f MB in %.*f %s%s",
        readable_number(info->rockets).text, info->rockets == 1 ? "" : "s",
        readable_number(info->position).text, (double)info->bytes / 1e6,
        short_time ? 0 : 1, (double)took_us / (short_time ? 1000 : 1000000),
        short_time ? "ms" : "s", text);
}

/* The snapshot is on the disk. False if what it holds could not be removed. */
static bool complete_snapshot(struct snapshots *snapshots,
                              const struct snapshot_info *info, uint64_t start)
{
    uint64_t took_us = clock_us(CLOCK_MONOTONIC) - start;
    uint64_t before = read_journal(snapshots).bytes;

    metric_add(snapshots->options.results, SNAPSHOTS_WRITTEN, 1);
    note_snapshot(snapshots, info, took_us);
    bool forgotten = forget(snapshots);
    uint64_t after = read_journal(snapshots).bytes;
    log_snapshot(snapshots, info, took_us, before > after ? before - after : 0);
    if (forgotten && snapshots->status.problem != NULL) {
        log_line(LOG_INFO, "a snapshot could be written again");
        set_problem(snapshots, NULL);
    }
    return forgotten;
}

/* Why it could not begin a segment. */
static void describe_journal(const struct snapshots *snapshots,
                             char error[JOURNAL_ERROR])
{
    const char *problem = read_journal(snapshots).problem;

    error_write(error, "%s", problem != NULL ? problem : "see the log");
}

/* False if it failed. */
static bool take_snapshot(struct snapshots *snapshots)
{
    const struct snapshots_options *options = &snapshots->options;
    const struct snapshot_source source = {
        .folder = options->folder,
        .table = options->table,
        .id = options->journal->id,
        .kind =
            options->journal->shared ? SNAPSHOT_OF_TOPIC : SNAPSHOT_OF_FOLDER,
        .stop = &snapshots->stop,
    };
    uint64_t start = clock_us(CLOCK_MONOTONIC);
    struct snapshot_info info = {0};
    struct journal_place place;
    const char *problem = CANNOT_ROLL;
    enum snapshot_taken taken = SNAPSHOT_FAILED;
    int last = -1; /* the file of the snapshot before */
    char path[FOLDER_FILE], error[JOURNAL_ERROR];

    bool begun = begin_segment(snapshots, &place);
    if (!begun) {
        describe_journal(snapshots, error);
    } else {
        folder_snapshot_path(options->folder, "", path);
        last = removed_file_open(path);
        taken = snapshot_take(&source, &place, &info, error);
        problem = problem_of_errno(snapshots, errno);
        snapshot_room_use(&snapshots->room);
    }
    bool forgotten =
        taken == SNAPSHOT_TAKEN && complete_snapshot(snapshots, &info, start);
    removed_file_close(last, &snapshots->stop);
    if (taken == SNAPSHOT_TAKEN)
        return forgotten;
    if (taken == SNAPSHOT_STOPPED)
        return true;
    metric_add(options->results, SNAPSHOTS_FAILED, 1);
    report_failure(snapshots, problem, error);
    if (begun)
        snapshot_room_release(&snapshots->room);
    return false;
}

/* Only a full disk made it due: it is not tried again before long. */
static void end_problem(struct snapshots *snapshots)
{
    if (snapshots->status.problem == NULL)
        return;
    log_line(LOG_INFO, "no snapshot is needed any more: the disk has space");
    set_problem(snapshots, NULL);
}

static void take_if_due(struct snapshots *snapshots)
{
    if (is_backing_off(&snapshots->taking))
        return;
    bool succeeded = forget(snapshots);
    struct journal_status journal = read_journal(snapshots);
    if (succeeded && !is_due(snapshots, &journal)) {
        end_problem(snapshots);
    } else if (succeeded) {
        set_running(snapshots, true);
        succeeded = take_snapshot(snapshots);
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
        note_snapshot(snapshots, options->last, 0);
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
    note_snapshot(snapshots, last, 0);
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
