/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a segment comes to be: under another name, whole and synced; then it is
 * renamed, and the folder is synced. So a file with the name of a segment is
 * always one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sqlite3.h>

#include "segment.h"
#include "sqlite_fault.h"
#include "store/record.h"

/* The code of SQLite that stands for an error of a system call. */
static int code_of_errno(void)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
        return SQLITE_FULL;
    case EIO:
        return SQLITE_IOERR_WRITE;
    default:
        return SQLITE_CANTOPEN;
    }
}

/* An error is known to have cost nothing, as the file is not used yet. */
static int sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return code_of_errno();
    int result = fsync(fd) == 0 ? SQLITE_OK : code_of_errno();
    close(fd);
    return result;
}

/* An empty file that only this user may read: SQLite would ask the umask. */
static int create_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return code_of_errno();
    close(fd);
    return SQLITE_OK;
}

/* The tables of a segment, in a file that nobody else knows yet. */
static int write_schema(const char *path, uint64_t id)
{
    sqlite3 *db = NULL;
    char *sql = sqlite3_mprintf(
        /* Or there would be a file for shared memory for a moment. */
        "PRAGMA locking_mode = EXCLUSIVE;"
        "PRAGMA page_size = %d;"
        "PRAGMA journal_mode = OFF;"
        "PRAGMA synchronous = OFF;"
        "PRAGMA application_id = %d;"
        "PRAGMA user_version = %d;"
        "CREATE TABLE batch(last INTEGER PRIMARY KEY, count INTEGER NOT NULL, "
        "messages BLOB NOT NULL, sum INTEGER NOT NULL);"
        "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
        " WITHOUT ROWID;"
        "INSERT INTO meta VALUES ('journal_id', %lld), ('record_version', %d), "
        "('probes', 0);"
        /* Kept in the file: from now on it has a log. */
        "PRAGMA journal_mode = WAL;",
        SEGMENT_PAGE, SEGMENT_APPLICATION, SEGMENT_VERSION, (sqlite3_int64)id,
        RECORD_VERSION);

    if (sql == NULL)
        return SQLITE_NOMEM;
    int result = sqlite3_open_v2(
        path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) {
        sqlite3_extended_result_codes(db, 1);
        result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    sqlite3_free(sql);
    int closed = sqlite3_close(db);
    return result == SQLITE_OK ? closed : result;
}

void segment_write_path(const struct folder *folder, uint64_t first,
                        const char *suffix, char path[SEGMENT_PATH])
{
    char name[FOLDER_NAME];

    folder_segment_name(first, suffix, name);
    snprintf(path, SEGMENT_PATH, "%s/%s", folder_path(folder), name);
}

/*
 * If the file has its name, but nobody knows for how long, it must not be
 * there beside later rows of the segment before it.
 */
static int publish(const struct folder *folder, uint64_t first)
{
    char path[SEGMENT_PATH], error[JOURNAL_ERROR];

    if (folder_publish(folder, first, error))
        return SQLITE_OK;
    int code = code_of_errno();
    segment_write_path(folder, first, "", path);
    return access(path, F_OK) == 0 ? SQLITE_IOERR_DIR_FSYNC : code;
}

/* Make the whole file, under the name that says that it is not in use. */
static int make_file(const char *path, uint64_t id)
{
    int result = create_file(path);

    if (result == SQLITE_OK)
        result = write_schema(path, id);
    if (result == SQLITE_OK)
        result = sync_file(path);
    /* Whatever it is, an error of an unused file has cost nothing. */
    if (result != SQLITE_OK && !sqlite_fault(result)->rolled_back)
        result = SQLITE_IOERR_WRITE;
    return result;
}

int segment_make(const struct folder *folder, uint64_t first, uint64_t id)
{
    char path[SEGMENT_PATH];

    segment_write_path(folder, first, ".new", path);
    int result = make_file(path, id);
    if (result == SQLITE_OK)
        result = publish(folder, first);
    if (result != SQLITE_OK)
        unlink(path);
    return result;
}
