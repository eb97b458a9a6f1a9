/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All files are made under the names of those that are not complete, while the
 * backup is read and checked; so nothing is there if the backup is damaged.
 * Then they are published: the segments from the last to the first, and the
 * snapshot behind them. A folder in which some are missing is refused by a
 * service, which finds that records are missing from the begin.
 *
 * The folder gets a history of its own: the positions behind the backup will be
 * used again, for other messages, so clients must not take what they know of
 * the old ones for the new ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "error.h"
#include "folder_parts.h"
#include "offline_parts.h"
#include "sqlite_journal.h"

/* A restore while it runs. */
struct restore {
    struct offline_files files; /* the backup */
    struct row_replay replay;
    struct folder *folder;
    bool makes_folder; /* it was missing */
    uint64_t id;       /* of the new history */
    struct snapshot_writer *snapshot;
    struct segment_writer *segment;
    uint64_t segment_bytes; /* of its records */
    /* The segments, those that are being written included. */
    uint64_t *firsts;
    size_t count;
};

/* Whether `code` is SQLITE_OK; if not, with a sentence in `error`. */
static bool check_code(const struct restore *restore, int code,
                       char error[JOURNAL_ERROR])
{
    char reason[JOURNAL_ERROR];

    if (code == SQLITE_OK)
        return true;
    segment_rows_describe(NULL, code, reason);
    error_write(error,
                "cannot write a segment of the journal in %.256s: %.100s: %s",
                folder_path(restore->folder), reason,
                (code & 0xff) == SQLITE_FULL
                    ? "free some space"
                    : "check the disk, and the log of the kernel");
    return false;
}

static bool add_first(struct restore *restore, uint64_t first,
                      char error[JOURNAL_ERROR])
{
    uint64_t *grown = realloc(restore->firsts,
                              (restore->count + 1) * sizeof(*restore->firsts));

    if (grown == NULL) {
        error_write(error, "memory is exhausted");
        return false;
    }
    restore->firsts = grown;
    restore->firsts[restore->count++] = first;
    return true;
}

static bool finish_segment(struct restore *restore, char error[JOURNAL_ERROR])
{
    int code = restore->segment == NULL
                   ? SQLITE_OK
                   : segment_writer_finish(restore->segment);

    segment_writer_free(restore->segment);
    restore->segment = NULL;
    return check_code(restore, code, error);
}

static bool begin_segment(struct restore *restore, uint64_t first,
                          char error[JOURNAL_ERROR])
{
    restore->segment_bytes = 0;
    return finish_segment(restore, error) && add_first(restore, first, error) &&
           check_code(restore,
                      segment_writer_new(restore->folder, first, restore->id,
                                         &restore->segment),
                      error);
}

/* For a struct row_replay. */
static bool add_row(void *context, const struct segment_row *row,
                    char error[JOURNAL_ERROR])
{
    struct restore *restore = context;

    if ((restore->segment == NULL ||
         restore->segment_bytes >= JOURNAL_SEGMENT) &&
        !begin_segment(restore, row->last - row->count + 1, error))
        return false;
    restore->segment_bytes += row->records.length;
    return check_code(restore, segment_writer_add(restore->segment, row),
                      error);
}

/* For a struct offline_block. */
static bool add_block(void *context, struct text images, uint64_t rockets,
                      char error[JOURNAL_ERROR])
{
    struct restore *restore = context;

    return snapshot_writer_add(restore->snapshot, images, rockets, error);
}

static bool begin_snapshot(struct restore *restore, char error[JOURNAL_ERROR])
{
    char path[FOLDER_FILE];

    if (restore->files.info.position == 0)
        return true;
    folder_snapshot_path(restore->folder, ".new", path);
    restore->snapshot =
        snapshot_writer_new(path, SNAPSHOT_OF_FOLDER, restore->id, error);
    return restore->snapshot != NULL;
}

/* Complete all files, still under the names of those that are not. */
static bool finish_files(struct restore *restore, char error[JOURNAL_ERROR])
{
    struct snapshot_info info = restore->files.info;

    /* There is always a segment, for what comes next. */
    if (restore->count == 0 &&
        !begin_segment(restore, restore->replay.position + 1, error))
        return false;
    return finish_segment(restore, error) &&
           (restore->snapshot == NULL ||
            snapshot_writer_finish(restore->snapshot, &info, error));
}

/* What was published must not stay if the rest cannot be. */
static bool publish_files(struct restore *restore, char error[JOURNAL_ERROR])
{
    char ignored[JOURNAL_ERROR];
    size_t published = restore->count;
    bool done = true;

    while (done && published > 0)
        done = folder_publish(restore->folder, restore->firsts[--published],
                              error);
    if (done && restore->snapshot != NULL)
        done = folder_publish_snapshot(restore->folder, error);
    if (done)
        return true;
    /* It has its name, if only the sync behind that has failed. */
    unlinkat(folder_descriptor(restore->folder), FOLDER_SNAPSHOT, 0);
    for (size_t i = published; i < restore->count; i++)
        folder_remove_segment(restore->folder, restore->firsts[i], ignored);
    return false;
}

static enum journal_replayed write_files(struct restore *restore,
                                         char error[JOURNAL_ERROR])
{
    const struct offline_block block = {
        restore->files.info.position == 0 ? NULL : add_block, restore};

    if (!begin_snapshot(restore, error))
        return JOURNAL_FAILED;
    restore->replay.row = add_row;
    restore->replay.context = restore;
    enum journal_replayed result = offline_replay_all(
        &restore->files, true, &restore->replay, &block, error);
    if (result != JOURNAL_COMPLETE)
        return result;
    if (!finish_files(restore, error))
        return JOURNAL_FAILED;
    if (offline_is_interrupted(&restore->replay))
        return JOURNAL_INTERRUPTED;
    return publish_files(restore, error) ? JOURNAL_COMPLETE : JOURNAL_FAILED;
}

/* Whether a folder has none of our files. False, with `error`, if it has. */
static bool has_no_state(const struct folder *folder, const char *path,
                         char error[JOURNAL_ERROR])
{
    struct folder_segments segments;
    bool listed = folder_list(folder, &segments, error);
    bool has_state = segments.count > 0 || segments.snapshot;

    folder_segments_release(&segments);
    if (listed && has_state)
        error_write(error,
                    "%.256s holds state already, and a restore replaces none: "
                    "choose a new folder, or move the files of that one away",
                    path);
    return listed && !has_state;
}

/* Look before anything is changed. A folder that is missing has no state. */
static bool look_at_folder(struct restore *restore, const char *path,
                           char error[JOURNAL_ERROR])
{
    bool in_use = false;
    struct folder *folder = folder_open_to_read(path, &in_use, error);

    restore->makes_folder = folder == NULL && errno == ENOENT;
    if (folder == NULL)
        return restore->makes_folder;
    bool fits = in_use || has_no_state(folder, path, error);
    folder_close(folder);
    return fits;
}

/* The folder is there, used by nobody else, and holds no state. */
static bool open_folder(struct restore *restore, const char *path,
                        char error[JOURNAL_ERROR])
{
    if (!look_at_folder(restore, path, error))
        return false;
    restore->folder = folder_open(path, error);
    return restore->folder != NULL &&
           has_no_state(restore->folder, path, error);
}

static void release_restore(struct restore *restore, bool complete)
{
    char ignored[JOURNAL_ERROR];

    segment_writer_free(restore->segment);
    snapshot_writer_free(restore->snapshot);
    if (restore->folder != NULL && !complete) {
        folder_remove_leftovers(restore->folder, ignored);
        if (restore->makes_folder)
            folder_discard(restore->folder);
    }
    folder_close(restore->folder);
    free(restore->firsts);
    row_replay_release(&restore->replay);
    offline_files_release(&restore->files);
}

enum journal_replayed offline_restore(const char *path, const char *folder,
                                      const struct journal_watch *watch,
                                      struct offline_state *state,
                                      char error[JOURNAL_ERROR])
{
    const struct offline_source source = {.backup = path};
    struct restore restore = {.count = 0};
    enum journal_replayed result = JOURNAL_FAILED;

    randombytes_buf(&restore.id, sizeof(restore.id));
    if (offline_files_open(&restore.files, &source, false, error)) {
        restore.replay = offline_replay(&restore.files, watch);
        if (row_replay_init(&restore.replay, error) &&
            open_folder(&restore, folder, error))
            result = write_files(&restore, error);
    }
    if (result == JOURNAL_COMPLETE) {
        *state = offline_state_of(&restore.files, &restore.replay);
        state->id = restore.id;
    }
    release_restore(&restore, result == JOURNAL_COMPLETE);
    return result;
}
