/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row is copied into a block before its records are handed over, so that the
 * target can apply records of many rows together.
 */
#include "row_replay.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "error.h"
#include "store/record.h"

enum {
    REPORT_US = 50000, /* between two calls of the watch */
    /* Bytes of a row in a page besides its records, roughly. */
    ROW_BYTES = 20,
    /* Bytes of rows that are applied together. */
    BLOCK = 256 * 1024,
};

bool row_replay_init(struct row_replay *replay, char error[JOURNAL_ERROR])
{
    replay->reported = 0;
    replay->used = 0;
    replay->block = malloc(BLOCK);
    if (replay->block == NULL)
        error_write(error, "memory is exhausted");
    return replay->block != NULL;
}

void row_replay_release(struct row_replay *replay)
{
    free(replay->block);
    replay->block = NULL;
}

bool row_replay_report(struct row_replay *replay)
{
    const struct journal_watch *watch = replay->watch;
    uint64_t now = clock_us(CLOCK_MONOTONIC_COARSE);

    if (watch == NULL || now - replay->reported < REPORT_US)
        return true;
    replay->reported = now;
    return watch->report(watch->context, &replay->progress);
}

static void apply_block(struct row_replay *replay)
{
    if (replay->target != NULL)
        replay->target->applied(replay->target->context);
    replay->used = 0;
}

/*
 * Keep the bytes of a row until the block is applied: SQLite's are valid until
 * the next row, and the target applies messages faster if it has many of them.
 */
static struct text keep_records(struct row_replay *replay, struct text records)
{
    if (replay->target == NULL)
        return records;
    if (records.length > BLOCK - replay->used)
        apply_block(replay);
    if (records.length > BLOCK)
        return records;
    char *copy = replay->block + replay->used;
    memcpy(copy, records.data, records.length);
    replay->used += records.length;
    return (struct text){copy, records.length};
}

/* Hand the records of a row to the target. False if they are not right. */
static bool replay_records(struct row_replay *replay,
                           const struct segment_rows *rows,
                           const struct segment_row *row,
                           char error[JOURNAL_ERROR])
{
    const struct journal_target *target = replay->target;
    struct text records = keep_records(replay, row->records);
    struct record record;

    for (uint64_t i = 0; i < row->count; i++) {
        uint64_t position = replay->position + 1;
        enum record_result result = record_read(&records, &record);
        if (result == RECORD_UNKNOWN) {
            error_write(
                error,
                "%s has a record at position %ju that this lunar.service "
                "does not know: use the version that wrote it, or a later one",
                rows->path, (uintmax_t)position);
            return false;
        }
        if (result != RECORD_OK)
            break;
        if (position > replay->after && target != NULL)
            target->apply(target->context, position, &record, NULL, 0);
        replay->position = position;
    }
    if (replay->position == row->last && records.length == 0) {
        /* A row that is longer than a block is not kept. */
        if (row->records.length > BLOCK)
            apply_block(replay);
        replay->progress.records += row->count;
        return true;
    }
    segment_rows_write_damage(rows, replay->position + 1,
                              "a record is not complete", error);
    return false;
}

/* The first position of a row is the one behind the row before it. */
static bool row_joins(const struct row_replay *replay,
                      const struct segment_rows *rows,
                      const struct segment_row *row, char error[JOURNAL_ERROR])
{
    if (row->count > 0 && row->count <= row->last &&
        row->last - row->count == replay->position)
        return true;
    segment_rows_write_damage(rows, replay->position + 1,
                              "the next row is missing", error);
    return false;
}

static bool replay_row(struct row_replay *replay,
                       const struct segment_rows *rows,
                       const struct segment_row *row, char error[JOURNAL_ERROR])
{
    return row_joins(replay, rows, row, error) &&
           replay_records(replay, rows, row, error) &&
           (replay->row == NULL || row->last <= replay->after ||
            replay->row(replay->context, row, error));
}

static enum journal_replayed replay_rows(struct row_replay *replay,
                                         struct segment_rows *rows,
                                         char error[JOURNAL_ERROR])
{
    uint64_t end = replay->progress.done + rows->bytes;
    struct segment_row row;

    for (;;) {
        switch (segment_rows_next(rows, &row, error)) {
        case SEGMENT_END:
            replay->progress.done = end;
            return JOURNAL_COMPLETE;
        case SEGMENT_BAD:
            return JOURNAL_FAILED;
        case SEGMENT_ROW:
            break;
        }
        if (!replay_row(replay, rows, &row, error))
            return JOURNAL_FAILED;
        replay->progress.done += row.records.length + ROW_BYTES;
        if (replay->progress.done > end)
            replay->progress.done = end;
        if (!row_replay_report(replay))
            return JOURNAL_INTERRUPTED;
    }
}

/* Whether the rows begin where those before them have ended. */
static bool check_start(const struct row_replay *replay,
                        const struct segment_rows *rows,
                        char error[JOURNAL_ERROR])
{
    if (rows->id != replay->id) {
        error_write(error,
                    "%s and %s are of different histories: put back the files "
                    "that belong together; nothing was changed",
                    rows->path, replay->id_path);
        return false;
    }
    if (rows->first == replay->position + 1)
        return true;
    if (rows->first > replay->position)
        error_write(
            error,
            "the records from position %ju up to %s are missing: restore "
            "the missing files from a backup; nothing was changed",
            (uintmax_t)replay->position + 1, rows->path);
    else
        error_write(
            error,
            "%s begins at position %ju, but the segment before it ends at "
            "%ju: restore the folder from a backup; nothing was changed",
            rows->path, (uintmax_t)rows->first, (uintmax_t)replay->position);
    return false;
}

enum journal_replayed row_replay_run(struct row_replay *replay,
                                     struct segment_rows *rows,
                                     char error[JOURNAL_ERROR])
{
    if (!check_start(replay, rows, error))
        return JOURNAL_FAILED;
    enum journal_replayed result = replay_rows(replay, rows, error);
    /* After a failure too: a row that was not kept ends with the statement. */
    apply_block(replay);
    segment_rows_end(rows);
    return result;
}

bool row_replay_check_end(const struct row_replay *replay, uint64_t through,
                          const char *path, char error[JOURNAL_ERROR])
{
    if (replay->position >= through)
        return true;
    error_write(error,
                "%s ends at position %ju, but the snapshot has records up to "
                "%ju: the end of the journal is missing: " SEGMENT_RESTORE,
                path, (uintmax_t)replay->position, (uintmax_t)through);
    return false;
}
