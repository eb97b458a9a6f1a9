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
#include <errno.h>
#include <stdio.h>

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
#include "snapshots_parts.h"

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

struct journal_status snapshots_read_journal(const struct snapshots *snapshots)
{
    struct journal *journal = snapshots->options.journal;
    struct journal_status status;

    journal->methods->status(journal, &status);
    return status;
}

void snapshots_set_problem(struct snapshots *snapshots, const char *problem)
{
    sync_lock(&snapshots->lock);
    snapshots->status.problem = problem;
    sync_unlock(&snapshots->lock);
}

/* Only the first one of several failures is logged. */
static void report_failure(struct snapshots *snapshots, const char *problem,
                           const char *reason)
{
    if (snapshots->status.problem == NULL)
        log_line(LOG_ERROR, "%s (%s)", problem, reason);
    snapshots_set_problem(snapshots, problem);
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
    if (place->position == 0 && snapshots_read_journal(snapshots).full &&
        snapshot_room_shrink(&snapshots->room, SNAPSHOTS_SEGMENT))
        place->position = journal->methods->roll(journal);
    return place->position != 0;
}

void snapshots_note(struct snapshots *snapshots,
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

bool snapshots_forget(struct snapshots *snapshots)
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
        snapshots_set_problem(snapshots, NULL);
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
    uint64_t before = snapshots_read_journal(snapshots).bytes;

    metric_add(snapshots->options.results, SNAPSHOTS_WRITTEN, 1);
    snapshots_note(snapshots, info, took_us);
    bool forgotten = snapshots_forget(snapshots);
    uint64_t after = snapshots_read_journal(snapshots).bytes;
    log_snapshot(snapshots, info, took_us, before > after ? before - after : 0);
    if (forgotten && snapshots->status.problem != NULL) {
        log_line(LOG_INFO, "a snapshot could be written again");
        snapshots_set_problem(snapshots, NULL);
    }
    return forgotten;
}

/* Why it could not begin a segment. */
static void describe_journal(const struct snapshots *snapshots,
                             char error[JOURNAL_ERROR])
{
    const char *problem = snapshots_read_journal(snapshots).problem;

    error_write(error, "%s", problem != NULL ? problem : "see the log");
}

bool snapshots_take(struct snapshots *snapshots)
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
