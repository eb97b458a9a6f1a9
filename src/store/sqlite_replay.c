/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments must join: each begins where the one before it ends, and so do the
 * rows in them, and all have one history. A row is copied into a block before
 * its records are handed over, so that the target can apply records of many
 * rows together.
 */
#include "sqlite_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "error.h"
#include "segment_parts.h"
#include "store/record.h"

enum {
    REPORT_US = 50000, /* between two calls of the watch */
    /* Bytes of a row in a page besides its records, roughly. */
    ROW_BYTES = 20,
    /* Bytes of rows that are applied together. */
    BLOCK = 256 * 1024,
};

/* A replay while it runs. */
struct run {
    struct sqlite_replay *replay;
    struct journal_progress progress;
    uint64_t reported; /* the time, in microseconds */
    uint64_t position;
    char *error;
    /*
     * Copies of rows, as SQLite's are valid until the next one: the target
     * applies messages faster if it has many of them.
     */
    char *block;
    size_t used;
};

static void apply_block(struct run *run)
{
    const struct journal_target *target = run->replay->target;

    target->applied(target->context);
    run->used = 0;
}

/* Keep the bytes of a row until the block is applied. */
static struct text keep_records(struct run *run, struct text records)
{
    if (records.length > BLOCK - run->used)
        apply_block(run);
    if (records.length > BLOCK)
        return records;
    char *copy = run->block + run->used;
    memcpy(copy, records.data, records.length);
    run->used += records.length;
    return (struct text){copy, records.length};
}

/* Tell the watch, if it is time. False ends the replay. */
static bool report_progress(struct run *run)
{
    const struct journal_watch *watch = run->replay->watch;
    uint64_t now = clock_us(CLOCK_MONOTONIC_COARSE);

    if (watch == NULL || now - run->reported < REPORT_US)
        return true;
    run->reported = now;
    return watch->report(watch->context, &run->progress);
}

/* Hand the records of a row to the target. False if they are not right. */
static bool replay_row(struct run *run, const struct segment *segment,
                       const struct segment_row *row)
{
    const struct journal_target *target = run->replay->target;
    struct text records = keep_records(run, row->records);
    struct record record;

    for (uint64_t i = 0; i < row->count; i++) {
        uint64_t position = run->position + 1;
        enum record_result result = record_read(&records, &record);
        if (result == RECORD_UNKNOWN) {
            error_write(
                run->error,
                "%s has a record at position %ju that this lunar.service "
                "does not know: use the version that wrote it, or a later one",
                segment_path(segment), (uintmax_t)position);
            return false;
        }
        if (result != RECORD_OK)
            break;
        if (position > run->replay->after)
            target->apply(target->context, position, &record, NULL, 0);
        run->position = position;
    }
    if (run->position == row->last && records.length == 0) {
        /* A row that is longer than a block is not kept. */
        if (row->records.length > BLOCK)
            apply_block(run);
        run->progress.records += row->count;
        return true;
    }
    segment_write_damage(segment, run->position + 1, "a record is not complete",
                         run->error);
    return false;
}

/* The first position of a row is the one behind the row before it. */
static bool joins(struct run *run, const struct segment *segment,
                  const struct segment_row *row)
{
    if (row->count > 0 && row->count <= row->last &&
        row->last - row->count == run->position)
        return true;
    segment_write_damage(segment, run->position + 1, "the next row is missing",
                         run->error);
    return false;
}

static enum journal_replayed replay_rows(struct run *run,
                                         struct segment *segment)
{
    uint64_t start = run->progress.done, size = segment_size(segment);
    struct segment_row row;

    for (;;) {
        switch (segment_next(segment, &row, run->error)) {
        case SEGMENT_END:
            run->progress.done = start + size;
            return JOURNAL_COMPLETE;
        case SEGMENT_BAD:
            return JOURNAL_FAILED;
        case SEGMENT_ROW:
            break;
        }
        if (!joins(run, segment, &row) || !replay_row(run, segment, &row))
            return JOURNAL_FAILED;
        run->progress.done += row.records.length + ROW_BYTES;
        if (run->progress.done > start + size)
            run->progress.done = start + size;
        if (!report_progress(run))
            return JOURNAL_INTERRUPTED;
    }
}

/* Whether `segment` begins where the one before it has ended. */
static bool check_start(struct run *run, const struct segment *segment)
{
    uint64_t first = segment_first(segment);

    if (segment_id(segment) != segment_id(run->replay->last)) {
        error_write(run->error,
                    "%s and %s are of different histories: put back the files "
                    "that belong together; nothing was changed",
                    segment_path(segment), segment_path(run->replay->last));
        return false;
    }
    if (first == run->position + 1)
        return true;
    if (first > run->position)
        error_write(
            run->error,
            "the records from position %ju up to %s are missing: restore "
            "the missing files from a backup; nothing was changed",
            (uintmax_t)run->position + 1, segment_path(segment));
    else
        error_write(
            run->error,
            "%s begins at position %ju, but the segment before it ends at "
            "%ju: restore the folder from a backup; nothing was changed",
            segment_path(segment), (uintmax_t)first, (uintmax_t)run->position);
    return false;
}

/* A snapshot with records that the journal does not have. */
static bool check_end(struct run *run)
{
    uint64_t through = run->replay->through;

    if (run->position >= through)
        return true;
    error_write(run->error,
                "%s ends at position %ju, but the snapshot has records up to "
                "%ju: the end of the journal is missing: " SEGMENT_RESTORE,
                segment_path(run->replay->last), (uintmax_t)run->position,
                (uintmax_t)through);
    return false;
}

static enum journal_replayed replay_segment(struct run *run, uint64_t first)
{
    struct segment *last = run->replay->last;
    bool is_last = first == segment_first(last);
    struct segment *segment =
        is_last ? last : segment_open(run->replay->folder, first, run->error);
    enum journal_replayed result = JOURNAL_FAILED;

    if (segment == NULL)
        return JOURNAL_FAILED;
    if (check_start(run, segment))
        result = replay_rows(run, segment);
    /* After a failure too: a row that was not kept ends with the statement. */
    apply_block(run);
    segment_end(segment);
    if (!is_last)
        segment_close(segment);
    return result;
}

/*
 * The log may be in the page cache only, if a sync of it has failed before the
 * last end. In the database it is written anew. That the log is empty must be
 * durable, too: after a power cut SQLite would read what is left of it, older
 * pages, in the place of those of the database.
 */
static bool copy_log(struct run *run, struct segment *segment)
{
    int code = segment_checkpoint(segment, true);

    if (code == SQLITE_OK)
        code = segment_sync_log(segment);
    if (code == SQLITE_OK)
        return true;
    char reason[JOURNAL_ERROR];
    segment_describe(segment, code, reason);
    error_write(run->error,
                "a checkpoint of the journal failed: %.300s. Check that the "
                "disk is neither full nor faulty; nothing is lost.",
                reason);
    return false;
}

/*
 * Only once all was read: before that nothing is changed. A segment that was
 * complete has a log if the process ended before that was copied.
 */
static bool copy_logs(struct run *run, size_t begin)
{
    const struct sqlite_replay *replay = run->replay;
    bool copied = true;

    for (size_t i = begin; copied && i + 1 < replay->count; i++) {
        if (!segment_has_log(replay->folder, replay->firsts[i]))
            continue;
        struct segment *segment =
            segment_open(replay->folder, replay->firsts[i], run->error);
        copied = segment != NULL && copy_log(run, segment);
        segment_close(segment);
    }
    return copied && copy_log(run, replay->last);
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

static enum journal_replayed replay_segments(struct run *run, size_t begin)
{
    const struct sqlite_replay *replay = run->replay;
    enum journal_replayed result = JOURNAL_COMPLETE;

    for (size_t i = begin; i + 1 < replay->count; i++)
        run->progress.total +=
            segment_file_bytes(replay->folder, replay->firsts[i]);
    run->progress.total += segment_size(replay->last);
    for (size_t i = begin; result == JOURNAL_COMPLETE && i < replay->count; i++)
        result = replay_segment(run, replay->firsts[i]);
    if (result == JOURNAL_COMPLETE &&
        (!check_end(run) || !copy_logs(run, begin)))
        result = JOURNAL_FAILED;
    return result;
}

enum journal_replayed sqlite_replay(struct sqlite_replay *replay,
                                    char error[JOURNAL_ERROR])
{
    struct run run = {.replay = replay, .error = error};
    size_t begin = find_begin(replay);

    run.block = malloc(BLOCK);
    if (run.block == NULL) {
        error_write(error, "memory is exhausted");
        return JOURNAL_FAILED;
    }
    /* If it begins too late, records from `after` on are missing. */
    run.position = replay->firsts[begin] <= replay->after
                       ? replay->firsts[begin] - 1
                       : replay->after;
    enum journal_replayed result = replay_segments(&run, begin);
    free(run.block);
    replay->position = run.position;
    return result;
}
