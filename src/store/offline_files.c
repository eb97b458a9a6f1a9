/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that runs may take a snapshot meanwhile: it publishes that, and
 * then removes segments, the oldest first, and of each the log first. So all
 * files are opened before any is read, and the folder is listed before and
 * after. If both lists have the same snapshot and the same segments, nothing
 * that is needed was removed between: a log may have gone, but only because the
 * database of its segment has all of it. What is opened can be read, even if it
 * is removed after that.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "offline_parts.h"
#include "store/record.h"

enum opened { OPENED, AGAIN, FAILED };

uint64_t offline_journal_sum(uint64_t id, uint64_t first, uint64_t last,
                             uint64_t record_version)
{
    const struct segment_row row = {
        .last = last,
        .count = first,
        .records = {(const char *)&record_version, sizeof(record_version)},
    };

    return segment_row_sum(id, &row);
}

static bool fail_memory(char error[JOURNAL_ERROR])
{
    error_write(error, "memory is exhausted");
    return false;
}

/*
 * Open the snapshot. False if it cannot be read, which ends it, unless that is
 * tolerated.
 */
static bool open_snapshot(struct offline_files *files, enum snapshot_kind kind,
                          bool tolerant, char error[JOURNAL_ERROR])
{
    files->snapshot = snapshot_reader_new(files->snapshot_path, kind, error);
    if (files->snapshot != NULL) {
        files->info = *snapshot_reader_info(files->snapshot);
        files->shared =
            snapshot_reader_kind(files->snapshot) == SNAPSHOT_OF_TOPIC;
        files->bytes += files->info.bytes;
        return true;
    }
    if (!tolerant || errno == ENOENT)
        return false;
    memcpy(files->damage, error, JOURNAL_ERROR);
    return true;
}

/* The first of the segments that reach behind the snapshot. */
static size_t find_begin(const struct offline_files *files,
                         const struct folder_segments *segments)
{
    size_t begin = 0;

    while (begin + 1 < segments->count &&
           segments->first[begin + 1] <= files->info.position + 1)
        begin++;
    return begin;
}

static bool open_images(struct offline_files *files,
                        const struct folder_segments *segments,
                        char error[JOURNAL_ERROR])
{
    size_t begin = find_begin(files, segments);

    files->images = calloc(segments->count + 1, sizeof(struct segment_image *));
    if (files->images == NULL) {
        errno = ENOMEM;
        return fail_memory(error);
    }
    for (size_t i = begin; i < segments->count; i++) {
        struct segment_image *image =
            segment_image_new(files->folder, segments->first[i], error);
        if (image == NULL)
            return false;
        files->images[files->parts++] = image;
        files->bytes += segment_image_bytes(image);
    }
    return true;
}

static void release_files(struct offline_files *files)
{
    for (size_t i = 0; files->images != NULL && i < files->parts; i++)
        segment_image_free(files->images[i]);
    free(files->images);
    files->images = NULL;
    files->parts = 0;
    snapshot_reader_free(files->snapshot);
    files->snapshot = NULL;
    files->info = (struct snapshot_info){0};
    files->damage[0] = '\0';
    files->shared = false;
    files->bytes = 0;
}

/* What is in the folder at one moment. */
struct listing {
    struct folder_segments segments;
    /* Of the snapshot; 0: none. Not used again while that is open. */
    ino_t inode;
};

static bool list_files(const struct offline_files *files,
                       struct listing *listing, char error[JOURNAL_ERROR])
{
    struct stat status;

    listing->inode =
        stat(files->snapshot_path, &status) == 0 ? status.st_ino : 0;
    return folder_list(files->folder, &listing->segments, error);
}

static bool is_same_list(const struct listing *before,
                         const struct listing *after)
{
    const struct folder_segments *a = &before->segments, *b = &after->segments;

    return before->inode == after->inode && a->snapshot == b->snapshot &&
           a->count == b->count &&
           (a->count == 0 ||
            memcmp(a->first, b->first, a->count * sizeof(*a->first)) == 0);
}

/*
 * A snapshot without segments is that of a shared journal, also if it is
 * damaged: else there always is one, which is made before an older one goes.
 */
static bool check_shared(struct offline_files *files,
                         const struct folder_segments *segments,
                         char error[JOURNAL_ERROR])
{
    if (files->damage[0] != '\0')
        files->shared = segments->count == 0;
    if (!files->shared || segments->count == 0)
        return true;
    error_write(error,
                "%.256s has the snapshot of a topic, and the journal of a "
                "service without -kafka: put back the files that belong "
                "together",
                folder_path(files->folder));
    errno = EINVAL;
    return false;
}

/* Open all files of a list. */
static enum opened open_listed(struct offline_files *files,
                               const struct listing *before, bool tolerant,
                               char error[JOURNAL_ERROR])
{
    struct listing after;

    if ((before->segments.snapshot &&
         !open_snapshot(files, SNAPSHOT_OF_ANY_FOLDER, tolerant, error)) ||
        !check_shared(files, &before->segments, error) ||
        !open_images(files, &before->segments, error))
        return errno == ENOENT ? AGAIN : FAILED;
    bool listed = list_files(files, &after, error);
    bool same = listed && is_same_list(before, &after);
    folder_segments_release(&after.segments);
    return same ? OPENED : AGAIN;
}

/*
 * Nothing that stands in a folder is missing at random: a log without its
 * database may be one that was just removed.
 */
static enum opened open_once(struct offline_files *files, bool tolerant,
                             char error[JOURNAL_ERROR])
{
    struct listing before;
    enum opened opened = AGAIN;

    if (list_files(files, &before, error)) {
        opened = open_listed(files, &before, tolerant, error);
        if (opened == OPENED && before.segments.count == 0 &&
            !before.segments.snapshot) {
            error_write(error,
                        "%.256s holds no state: give the folder of -data of a "
                        "lunar.service that has run",
                        folder_path(files->folder));
            opened = FAILED;
        }
    }
    folder_segments_release(&before.segments);
    return opened;
}

static bool open_folder(struct offline_files *files, const char *path,
                        bool tolerant, char error[JOURNAL_ERROR])
{
    enum opened opened = AGAIN;

    files->folder = folder_open_to_read(path, &files->in_use, error);
    if (files->folder == NULL)
        return false;
    folder_snapshot_path(files->folder, "", files->snapshot_path);
    for (int i = 0; opened == AGAIN && i < OFFLINE_ATTEMPTS; i++) {
        if (i > 0)
            poll(NULL, 0, OFFLINE_PAUSE_MS);
        release_files(files);
        opened = open_once(files, tolerant, error);
    }
    return opened == OPENED;
}

/* What a backup says of its rows. */
static bool read_journal(struct offline_files *files, sqlite3 *db,
                         char error[JOURNAL_ERROR])
{
    sqlite3_stmt *select = NULL;
    uint64_t values[4] = {0};
    int result =
        sqlite3_prepare_v2(db,
                           "SELECT first, last, record_version, sum FROM "
                           "journal",
                           -1, &select, NULL);

    if (result == SQLITE_OK && sqlite3_step(select) == SQLITE_ROW) {
        for (int i = 0; i < 4; i++)
            values[i] = (uint64_t)sqlite3_column_int64(select, i);
    }
    sqlite3_finalize(select);
    if (values[0] == 0 ||
        values[3] != offline_journal_sum(files->info.id, values[0], values[1],
                                         values[2])) {
        snapshot_reader_write_whole_damage(
            files->snapshot, "what it says of its journal is wrong", error);
        return false;
    }
    if (values[2] > RECORD_VERSION) {
        error_write(
            error,
            "%s has records of version %ju, but lunar.service " LUNAR_VERSION
            " reads at most %d: use the version that "
            "wrote it, or a later one",
            files->snapshot_path, (uintmax_t)values[2], RECORD_VERSION);
        return false;
    }
    files->rows.first = values[0];
    files->last = values[1];
    return true;
}

static bool open_backup(struct offline_files *files, const char *path,
                        char error[JOURNAL_ERROR])
{
    snprintf(files->snapshot_path, sizeof(files->snapshot_path), "%s", path);
    if (!open_snapshot(files, SNAPSHOT_OF_BACKUP, false, error))
        return false;
    sqlite3 *db = snapshot_reader_database(files->snapshot);
    if (!read_journal(files, db, error))
        return false;
    files->parts = 1;
    files->rows.db = db;
    files->rows.path = files->snapshot_path;
    files->rows.remedy = OFFLINE_OTHER_BACKUP;
    files->rows.id = files->info.id;
    return segment_rows_prepare(&files->rows, error);
}

bool offline_files_open(struct offline_files *files,
                        const struct offline_source *source, bool tolerant,
                        char error[JOURNAL_ERROR])
{
    memset(files, 0, sizeof(*files));
    return source->folder != NULL
               ? open_folder(files, source->folder, tolerant, error)
               : open_backup(files, source->backup, error);
}

void offline_files_release(struct offline_files *files)
{
    segment_rows_release(&files->rows);
    release_files(files);
    folder_close(files->folder);
    files->folder = NULL;
}
