/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways through a snapshot and a journal that are open.
 */
#include <string.h>

#include "error.h"
#include "offline_parts.h"
#include "table/table_image.h"

struct row_replay offline_replay(const struct offline_files *files,
                                 const struct journal_watch *watch)
{
    uint64_t position = files->info.position;
    uint64_t first = 0;

    if (files->folder == NULL)
        first = files->rows.first;
    else if (files->parts > 0)
        first = segment_image_first(files->images[0]);
    /* A part that begins before the end of the snapshot, or without one. */
    if (first > 0 && (first <= position || files->damage[0] != '\0'))
        position = first - 1;
    return (struct row_replay){
        .after = files->info.position,
        .id = files->info.id,
        .id_path = files->snapshot_path,
        .watch = watch,
        .position = position,
        .progress.total = files->bytes,
    };
}

/* Check the images of a block, and count them. */
static bool check_images(struct offline_files *files, struct text images,
                         uint64_t *count, char error[JOURNAL_ERROR])
{
    struct table_image image;

    *count = 0;
    while (images.length > 0) {
        if (!table_image_read(&images, &image)) {
            snapshot_reader_write_damage(files->snapshot,
                                         "a rocket cannot be read", error);
            return false;
        }
        if (image.revision > files->info.through) {
            snapshot_reader_write_damage(
                files->snapshot, "a rocket is of a later position", error);
            return false;
        }
        (*count)++;
    }
    return true;
}

static enum journal_replayed read_blocks(struct offline_files *files,
                                         struct row_replay *replay,
                                         const struct offline_block *block,
                                         char error[JOURNAL_ERROR])
{
    const struct snapshot_info *info = &files->info;
    struct text images;
    uint64_t count, number = 0;

    for (;;) {
        switch (snapshot_reader_next(files->snapshot, &images, error)) {
        case SNAPSHOT_END:
            return JOURNAL_COMPLETE;
        case SNAPSHOT_BAD:
            return JOURNAL_FAILED;
        case SNAPSHOT_BLOCK_READ:
            break;
        }
        if (!check_images(files, images, &count, error) ||
            (block->take != NULL &&
             !block->take(block->context, images, count, error)))
            return JOURNAL_FAILED;
        replay->progress.rockets += count;
        /* Of a backup the rows have their share, too. */
        if (files->folder != NULL)
            replay->progress.done =
                (uint64_t)((double)info->bytes * (double)++number /
                           (double)info->blocks);
        else
            replay->progress.done += images.length;
        if (!row_replay_report(replay))
            return JOURNAL_INTERRUPTED;
    }
}

/* Let SQLite check all pages of a database. False, with `error`. */
static bool check_pages(const struct segment_rows *rows,
                        char error[JOURNAL_ERROR])
{
    sqlite3_stmt *statement = NULL;
    const char *result = NULL;

    if (sqlite3_prepare_v2(rows->db, "PRAGMA integrity_check(1)", -1,
                           &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        result = (const char *)sqlite3_column_text(statement, 0);
    bool sound = result != NULL && strcmp(result, "ok") == 0;
    if (!sound)
        error_write(error, "%s is damaged: %.200s: %s", rows->path,
                    result != NULL ? result : sqlite3_errmsg(rows->db),
                    rows->remedy != NULL ? rows->remedy : SEGMENT_RESTORE);
    sqlite3_finalize(statement);
    return sound;
}

/* Whether all of the snapshot is right, now that its blocks are. */
static bool check_snapshot(const struct offline_files *files, bool pages,
                           const struct row_replay *replay,
                           char error[JOURNAL_ERROR])
{
    const struct segment_rows database = {
        .db = snapshot_reader_database(files->snapshot),
        .path = files->snapshot_path,
        .remedy = files->rows.remedy,
    };

    if (replay->progress.rockets == files->info.rockets)
        return !pages || check_pages(&database, error);
    snapshot_reader_write_whole_damage(files->snapshot,
                                       "its number of rockets is wrong", error);
    return false;
}

enum journal_replayed offline_read_blocks(struct offline_files *files,
                                          bool pages, struct row_replay *replay,
                                          const struct offline_block *block,
                                          char error[JOURNAL_ERROR])
{
    if (files->snapshot == NULL)
        return JOURNAL_COMPLETE;
    snapshot_reader_range(files->snapshot, 1, files->info.blocks + 1);
    enum journal_replayed result = read_blocks(files, replay, block, error);
    return result == JOURNAL_COMPLETE &&
                   !check_snapshot(files, pages, replay, error)
               ? JOURNAL_FAILED
               : result;
}

enum journal_replayed offline_find_history(struct offline_files *files,
                                           struct row_replay *replay,
                                           char error[JOURNAL_ERROR])
{
    enum journal_replayed result = JOURNAL_COMPLETE;

    if (replay->id != 0 || files->parts == 0)
        return result;
    result = segment_image_load(files->images[0], replay, error);
    if (result == JOURNAL_COMPLETE) {
        replay->id = segment_image_rows(files->images[0])->id;
        replay->id_path = segment_image_rows(files->images[0])->path;
    }
    return result;
}

static enum journal_replayed replay_image(struct segment_image *image,
                                          bool pages, struct row_replay *replay,
                                          char error[JOURNAL_ERROR])
{
    uint64_t end = replay->progress.done + segment_image_bytes(image);
    enum journal_replayed result = segment_image_load(image, replay, error);

    if (result == JOURNAL_COMPLETE) {
        struct segment_rows *rows = segment_image_rows(image);
        /* Without a snapshot, or a sound one, the first one decides. */
        if (replay->id == 0) {
            replay->id = rows->id;
            replay->id_path = rows->path;
        }
        result = row_replay_run(replay, rows, error);
        if (result == JOURNAL_COMPLETE && pages && !check_pages(rows, error))
            result = JOURNAL_FAILED;
    }
    segment_image_unload(image);
    replay->progress.done = end;
    return result;
}

enum journal_replayed offline_replay_part(struct offline_files *files,
                                          size_t part, bool pages,
                                          struct row_replay *replay,
                                          char error[JOURNAL_ERROR])
{
    if (files->folder != NULL)
        return replay_image(files->images[part], pages, replay, error);
    files->rows.bytes = replay->progress.total - replay->progress.done;
    return row_replay_run(replay, &files->rows, error);
}

/* The file that the journal ends in. */
static const char *last_path(const struct offline_files *files)
{
    return files->folder == NULL
               ? files->snapshot_path
               : segment_image_rows(files->images[files->parts - 1])->path;
}

bool offline_replay_end(const struct offline_files *files,
                        const struct row_replay *replay,
                        char error[JOURNAL_ERROR])
{
    if (files->shared)
        return true;
    if (files->parts == 0) {
        error_write(error, "the journal behind %s is missing: " SEGMENT_RESTORE,
                    files->snapshot_path);
        return false;
    }
    if (files->folder == NULL && replay->position != files->last) {
        error_write(error,
                    "%s is damaged: its records end at position %ju, not at "
                    "%ju: " OFFLINE_OTHER_BACKUP,
                    files->snapshot_path, (uintmax_t)replay->position,
                    (uintmax_t)files->last);
        return false;
    }
    return row_replay_check_end(replay, files->info.through, last_path(files),
                                error);
}

enum journal_replayed offline_replay_all(struct offline_files *files,
                                         bool pages, struct row_replay *replay,
                                         const struct offline_block *block,
                                         char error[JOURNAL_ERROR])
{
    enum journal_replayed result =
        offline_read_blocks(files, pages, replay, block, error);

    for (size_t i = 0; result == JOURNAL_COMPLETE && i < files->parts; i++)
        result = offline_replay_part(files, i, pages, replay, error);
    if (result == JOURNAL_COMPLETE && !offline_replay_end(files, replay, error))
        result = JOURNAL_FAILED;
    return result;
}

bool offline_is_interrupted(struct row_replay *replay)
{
    replay->reported = 0;
    return !row_replay_report(replay);
}

struct offline_state offline_state_of(const struct offline_files *files,
                                      const struct row_replay *replay)
{
    return (struct offline_state){
        .id = replay->id,
        .position = replay->position,
        .rockets = files->info.rockets,
        .messages = replay->position - files->info.position,
        .bytes = files->bytes,
        .in_use = files->in_use,
        .shared = files->shared,
        .through = files->info.through,
    };
}
