/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which segments are read, one after the other, how far they must reach, and
 * what becomes of their logs. Rows are read by row_replay.h.
 */
#include "sqlite_replay.h"

#include "error.h"
#include "row_replay.h"

static enum journal_replayed replay_segment(const struct sqlite_replay *replay,
                                            struct row_replay *rows,
                                            uint64_t first,
                                            char error[JOURNAL_ERROR])
{
    bool is_last = first == segment_first(replay->last);
    struct segment *segment =
        is_last ? replay->last : segment_open(replay->folder, first, error);

    if (segment == NULL)
        return JOURNAL_FAILED;
    enum journal_replayed result =
        row_replay_run(rows, segment_rows(segment), error);
    if (!is_last)
        segment_close(segment);
    return result;
}

/*
 * The log may be in the page cache only, if a sync of it has failed before the
 * last end: the kernel takes its pages for written. So it is written again, and
 * really synced, before anything depends on it. Else a power cut could leave
 * pages of later commits in the database, and the log without these commits,
 * whose older pages SQLite would put over them. That the log is empty must be
 * durable as well, for the same reason.
 */
static bool copy_log(struct segment *segment, char error[JOURNAL_ERROR])
{
    int code = segment_rewrite_log(segment);

    if (code == SQLITE_OK)
        code = segment_checkpoint(segment, true);
    if (code == SQLITE_OK)
        code = segment_sync_log(segment);
    if (code == SQLITE_OK)
        return true;
    char reason[JOURNAL_ERROR];
    segment_describe(segment, code, reason);
    error_write(error,
                "a checkpoint of the journal failed: %.300s. Check that the "
                "disk is neither full nor faulty; nothing is lost.",
                reason);
    return false;
}

/*
 * Only once all was read: before that nothing is changed. A segment that was
 * complete has a log if the process ended before that was copied.
 */
static bool copy_logs(const struct sqlite_replay *replay, size_t begin,
                      char error[JOURNAL_ERROR])
{
    bool copied = true;

    for (size_t i = begin; copied && i + 1 < replay->count; i++) {
        if (!segment_has_log(replay->folder, replay->firsts[i]))
            continue;
        struct segment *segment =
            segment_open(replay->folder, replay->firsts[i], error);
        copied = segment != NULL && copy_log(segment, error);
        segment_close(segment);
    }
    return copied && copy_log(replay->last, error);
}

/* Segments that are wholly at or below `after` need not be there. */
static size_t find_begin(const struct sqlite_replay *replay)
{
    size_t begin = 0;

    while (begin + 1 < replay->count &&
           replay->firsts[begin + 1] <= replay->after + 1)
        begin++;
    return begin;
}

static enum journal_replayed replay_segments(const struct sqlite_replay *replay,
                                             struct row_replay *rows,
                                             size_t begin,
                                             char error[JOURNAL_ERROR])
{
    enum journal_replayed result = JOURNAL_COMPLETE;

    for (size_t i = begin; i + 1 < replay->count; i++)
        rows->progress.total +=
            segment_file_bytes(replay->folder, replay->firsts[i]);
    rows->progress.total += segment_rows(replay->last)->bytes;
    for (size_t i = begin; result == JOURNAL_COMPLETE && i < replay->count; i++)
        result = replay_segment(replay, rows, replay->firsts[i], error);
    if (result == JOURNAL_COMPLETE &&
        (!row_replay_check_end(rows, replay->through,
                               segment_path(replay->last), error) ||
         !copy_logs(replay, begin, error)))
        result = JOURNAL_FAILED;
    return result;
}

enum journal_replayed sqlite_replay(struct sqlite_replay *replay,
                                    char error[JOURNAL_ERROR])
{
    size_t begin = find_begin(replay);
    struct row_replay rows = {
        .after = replay->after,
        .id = segment_id(replay->last),
        .id_path = segment_path(replay->last),
        .target = replay->target,
        .watch = replay->watch,
        /* If it begins too late, records from `after` on are missing. */
        .position = replay->firsts[begin] <= replay->after
                        ? replay->firsts[begin] - 1
                        : replay->after,
    };

    if (!row_replay_init(&rows, error))
        return JOURNAL_FAILED;
    enum journal_replayed result = replay_segments(replay, &rows, begin, error);
    row_replay_release(&rows);
    replay->position = rows.position;
    return result;
}
