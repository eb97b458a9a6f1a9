/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which segments are read, one after the other, and how far they must reach.
 */
#include "sqlite_replay.h"

#include "error.h"
#include "row_replay.h"

/* A snapshot with records that the journal does not have. */
static bool check_end(const struct sqlite_replay *replay, uint64_t position,
                      char error[JOURNAL_ERROR])
{
    if (position >= replay->after)
        return true;
    error_write(error,
                "%s ends at position %ju, but the snapshot at %ju: restore the "
                "folder from a backup; nothing was changed",
                segment_path(replay->last), (uintmax_t)position,
                (uintmax_t)replay->after);
    return false;
}

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

enum journal_replayed sqlite_replay(struct sqlite_replay *replay,
                                    char error[JOURNAL_ERROR])
{
    struct row_replay rows = {
        .after = replay->after,
        .id = segment_id(replay->last),
        .id_path = segment_path(replay->last),
        .target = replay->target,
        .watch = replay->watch,
    };
    enum journal_replayed result = JOURNAL_COMPLETE;
    size_t begin = 0;

    if (!row_replay_init(&rows, error))
        return JOURNAL_FAILED;
    /* Segments that are wholly at or below `after` need not be there. */
    while (begin + 1 < replay->count &&
           replay->firsts[begin + 1] <= replay->after + 1)
        begin++;
    if (replay->firsts[begin] <= replay->after + 1)
        rows.position = replay->firsts[begin] - 1;
    for (size_t i = begin; i + 1 < replay->count; i++)
        rows.progress.total +=
            segment_file_bytes(replay->folder, replay->firsts[i]);
    rows.progress.total += segment_rows(replay->last)->bytes;
    for (size_t i = begin; result == JOURNAL_COMPLETE && i < replay->count; i++)
        result = replay_segment(replay, &rows, replay->firsts[i], error);
    if (result == JOURNAL_COMPLETE && !check_end(replay, rows.position, error))
        result = JOURNAL_FAILED;
    row_replay_release(&rows);
    replay->position = rows.position;
    return result;
}
