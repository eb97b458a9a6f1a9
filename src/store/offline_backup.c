/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup is made as FILE.new, and gets its name when it is complete and
 * synced: so a file with that name is always whole. FILE.new of a backup that
 * was killed is replaced by the next one, but not while that still runs, which
 * a lock tells.
 *
 * The file is a snapshot, whose blocks are those of the folder's, with two
 * tables: `batch`, the rows behind it as in a segment, and `journal`, which has
 * the first and the last position, so that rows that are missing are noticed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "offline_parts.h"
#include "store/record.h"

static const char new_suffix[] = ".new";

/* A backup while it is written. */
struct backup {
    const char *path;
    char new_path[FOLDER_FILE];
    int lock; /* a descriptor of the new file; -1: it is not ours */
    struct offline_files files;
    struct row_replay replay;
    struct snapshot_writer *writer;
    sqlite3_stmt *insert;
    uint64_t first; /* position of the first row; 0: none yet */
};

/* Always false. */
static bool fail_call(const char *what, const char *path,
                      char error[JOURNAL_ERROR])
{
    int number = errno;

    error_write(error, "cannot %s %s: %s%s", what, path,
                strerrordesc_np(number), error_advice(number));
    return false;
}

/* Always false. */
static bool fail_existing(const char *path, char error[JOURNAL_ERROR])
{
    error_write(error,
                "%s is there already, and a backup replaces no file: choose "
                "another name, or move that one away",
                path);
    return false;
}

/* The folder of "FILE", "/FILE" or "FOLDER/FILE". */
static void folder_of(const char *path, char folder[FOLDER_FILE])
{
    const char *slash = strrchr(path, '/');

    snprintf(folder, FOLDER_FILE, "%.*s",
             slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
}

/*
 * A backup in the data folder could get the name of a snapshot or a segment,
 * or be written over the next snapshot of a service.
 */
static bool check_place(const struct backup *backup, char error[JOURNAL_ERROR])
{
    const struct folder *data = backup->files.folder;
    struct stat data_status, status;
    char place[FOLDER_FILE];

    folder_of(backup->path, place);
    /* One that is missing is noticed when the file is made. */
    if (stat(place, &status) != 0 ||
        fstat(folder_descriptor(data), &data_status) != 0 ||
        status.st_dev != data_status.st_dev ||
        status.st_ino != data_status.st_ino)
        return true;
    error_write(error,
                "%s is in the data folder, which is for the service alone: "
                "choose another folder for the backup",
                backup->path);
    return false;
}

/*
 * The new file is this backup's alone. Another one may have had it until now:
 * then it is complete and has got its name, or was removed.
 */
static bool lock_file(const struct backup *backup, int file,
                      char error[JOURNAL_ERROR])
{
    struct stat opened, named;

    /* Where there are no such locks, it is for the operator to run one. */
    bool locked = flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (fstat(file, &opened) != 0)
        return fail_call("look at", backup->new_path, error);
    if (!S_ISREG(opened.st_mode)) {
        error_write(error,
                    "%s is not a regular file: remove it, or choose another "
                    "name",
                    backup->new_path);
        return false;
    }
    if (locked && lstat(backup->new_path, &named) == 0 &&
        named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
        return true;
    error_write(error, "%s is being written by another backup: wait for it",
                backup->new_path);
    return false;
}

/* The new file is there, empty, and nobody else writes it. */
static bool create_file(struct backup *backup, char error[JOURNAL_ERROR])
{
    struct stat status;
    int file;

    if (lstat(backup->path, &status) == 0)
        return fail_existing(backup->path, error);
    if (errno != ENOENT)
        return fail_call("look at", backup->path, error);
    if (strlen(backup->path) + sizeof(new_suffix) > sizeof(backup->new_path)) {
        errno = ENAMETOOLONG;
        return fail_call("write", backup->path, error);
    }
    if (!check_place(backup, error))
        return false;
    snprintf(backup->new_path, sizeof(backup->new_path), "%s%s", backup->path,
             new_suffix);
    file = open(backup->new_path,
                O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file < 0)
        return fail_call("write", backup->new_path, error);
    if (!lock_file(backup, file, error)) {
        close(file);
        return false;
    }
    backup->lock = file;
    return ftruncate(file, 0) == 0 ||
           fail_call("write", backup->new_path, error);
}

static bool begin_backup(struct backup *backup, char error[JOURNAL_ERROR])
{
    backup->writer = snapshot_writer_new(backup->new_path, SNAPSHOT_OF_BACKUP,
                                         backup->replay.id, error);
    if (backup->writer == NULL)
        return false;
    sqlite3 *db = snapshot_writer_database(backup->writer);
    int code = sqlite3_exec(db, SEGMENT_BATCH_TABLE ";" OFFLINE_JOURNAL_TABLE,
                            NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v3(db, SEGMENT_BATCH_INSERT, -1,
                                  SQLITE_PREPARE_PERSISTENT, &backup->insert,
                                  NULL);
    return snapshot_writer_wrote(backup->writer, code, 0, error);
}

/* For a struct offline_block. */
static bool add_block(void *context, struct text images, uint64_t rockets,
                      char error[JOURNAL_ERROR])
{
    struct backup *backup = context;

    return snapshot_writer_add(backup->writer, images, rockets, error);
}

/* For a struct row_replay. */
static bool add_row(void *context, const struct segment_row *row,
                    char error[JOURNAL_ERROR])
{
    struct backup *backup = context;

    if (backup->first == 0)
        backup->first = row->last - row->count + 1;
    segment_row_bind(backup->insert, backup->replay.id, row);
    sqlite3_step(backup->insert);
    return snapshot_writer_wrote(backup->writer, sqlite3_reset(backup->insert),
                                 row->records.length, error);
}

/* Say which rows there are, and complete the file. */
static bool finish_backup(struct backup *backup, struct offline_state *state,
                          char error[JOURNAL_ERROR])
{
    const struct row_replay *replay = &backup->replay;
    struct snapshot_info info = backup->files.info;
    uint64_t first = backup->first != 0 ? backup->first : info.position + 1;
    uint64_t sum = offline_journal_sum(replay->id, first, replay->position,
                                       RECORD_VERSION);
    char *sql =
        sqlite3_mprintf("INSERT INTO journal VALUES (%lld, %lld, %d, %lld)",
                        (sqlite3_int64)first, (sqlite3_int64)replay->position,
                        RECORD_VERSION, (sqlite3_int64)sum);
    int code = sql == NULL
                   ? SQLITE_NOMEM
                   : sqlite3_exec(snapshot_writer_database(backup->writer), sql,
                                  NULL, NULL, NULL);

    sqlite3_free(sql);
    sqlite3_finalize(backup->insert);
    backup->insert = NULL;
    info.time = time(NULL);
    if (!snapshot_writer_wrote(backup->writer, code, 0, error) ||
        !snapshot_writer_finish(backup->writer, &info, error))
        return false;
    *state = offline_state_of(&backup->files, replay);
    state->bytes = info.bytes;
    return true;
}

static bool sync_folder_of(const char *path, char error[JOURNAL_ERROR])
{
    char name[FOLDER_FILE];

    folder_of(path, name);
    int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = folder >= 0 && fsync(folder) == 0;
    if (!synced)
        fail_call("sync the folder of", path, error);
    if (folder >= 0)
        close(folder);
    return synced;
}

/* Give it its name, unless another file has got it meanwhile. */
static bool publish_backup(struct backup *backup, char error[JOURNAL_ERROR])
{
    const char *from = backup->new_path, *to = backup->path;
    int result = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

    /* A file system without that flag. */
    if (result != 0 && errno == EINVAL) {
        result = link(from, to);
        if (result == 0)
            unlink(from);
    }
    if (result != 0 && errno == EEXIST)
        return fail_existing(to, error);
    if (result != 0)
        return fail_call("rename", from, error);
    if (sync_folder_of(to, error))
        return true;
    /* Nobody knows whether a power cut leaves it. */
    unlink(to);
    return false;
}

static enum journal_replayed write_backup(struct backup *backup,
                                          struct offline_state *state,
                                          char error[JOURNAL_ERROR])
{
    const struct offline_block block = {add_block, backup};
    enum journal_replayed result =
        offline_find_history(&backup->files, &backup->replay, error);

    if (result != JOURNAL_COMPLETE)
        return result;
    if (!create_file(backup, error) || !begin_backup(backup, error))
        return JOURNAL_FAILED;
    backup->replay.row = add_row;
    backup->replay.context = backup;
    result = offline_replay_all(&backup->files, true, &backup->replay, &block,
                                error);
    if (result != JOURNAL_COMPLETE)
        return result;
    if (!finish_backup(backup, state, error))
        return JOURNAL_FAILED;
    if (offline_is_interrupted(&backup->replay))
        return JOURNAL_INTERRUPTED;
    return publish_backup(backup, error) ? JOURNAL_COMPLETE : JOURNAL_FAILED;
}

static void release_backup(struct backup *backup, bool complete)
{
    sqlite3_finalize(backup->insert);
    snapshot_writer_free(backup->writer);
    if (backup->lock >= 0) {
        if (!complete)
            unlink(backup->new_path);
        close(backup->lock);
    }
    row_replay_release(&backup->replay);
    offline_files_release(&backup->files);
}

/* The snapshot of a shared journal can be copied as it is. */
static bool check_folder(const struct offline_files *files,
                         char error[JOURNAL_ERROR])
{
    if (!files->shared)
        return true;
    error_write(error,
                "%s is of a topic, and a backup by itself: copy that file, or "
                "get a newer one with GET /snapshot; a new instance starts "
                "with it as snapshot.db in its folder, or with -peer=URL",
                files->snapshot_path);
    return false;
}

enum journal_replayed offline_backup(const char *folder, const char *path,
                                     const struct journal_watch *watch,
                                     struct offline_state *state,
                                     char error[JOURNAL_ERROR])
{
    const struct offline_source source = {.folder = folder};
    struct backup backup = {.path = path, .lock = -1};
    enum journal_replayed result = JOURNAL_FAILED;

    if (offline_files_open(&backup.files, &source, false, error) &&
        check_folder(&backup.files, error)) {
        backup.replay = offline_replay(&backup.files, watch);
        if (row_replay_init(&backup.replay, error))
            result = write_backup(&backup, state, error);
    }
    release_backup(&backup, result == JOURNAL_COMPLETE);
    return result;
}
