/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a segment comes to be: under another name, whole and synced; then it is
 * renamed, and the folder is synced. So a file with the name of a segment is
 * always one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "segment.h"
#include "segment_rows.h"
#include "sqlite_fault.h"
#include "store/record.h"

struct segment_writer {
    sqlite3 *db;
    sqlite3_stmt *insert; /* NULL until there is a row */
    uint64_t id;
    bool finished;
    char path[SEGMENT_PATH];
};

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
static int write_schema(struct segment_writer *writer)
{
    char *sql = sqlite3_mprintf(
        /* Or there would be a file for shared memory for a moment. */
        "PRAGMA locking_mode = EXCLUSIVE;"
        "PRAGMA page_size = %d;"
        "PRAGMA journal_mode = OFF;"
        "PRAGMA synchronous = OFF;"
        "PRAGMA application_id = %d;"
        "PRAGMA user_version = %d;" SEGMENT_BATCH_TABLE ";"
        "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
        " WITHOUT ROWID;"
        "INSERT INTO meta VALUES ('journal_id', %lld), ('record_version', %d), "
        "('probes', 0);",
        SEGMENT_PAGE, SEGMENT_APPLICATION, SEGMENT_VERSION,
        (sqlite3_int64)writer->id, RECORD_VERSION);

    if (sql == NULL)
        return SQLITE_NOMEM;
    int result =
        sqlite3_open_v2(writer->path, &writer->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) {
        sqlite3_extended_result_codes(writer->db, 1);
        result = sqlite3_exec(writer->db, sql, NULL, NULL, NULL);
    }
    sqlite3_free(sql);
    return result;
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

/* Whatever it is, an error of an unused file has cost nothing. */
static int as_harmless(int result)
{
    return result == SQLITE_OK || sqlite_fault(result)->rolled_back
               ? result
               : SQLITE_IOERR_WRITE;
}

int segment_writer_new(const struct folder *folder, uint64_t first, uint64_t id,
                       struct segment_writer **writer)
{
    struct segment_writer *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return SQLITE_NOMEM;
    made->id = id;
    segment_write_path(folder, first, ".new", made->path);
    int result = create_file(made->path);
    if (result == SQLITE_OK)
        result = write_schema(made);
    if (result == SQLITE_OK)
        *writer = made;
    else
        segment_writer_free(made);
    return as_harmless(result);
}

/* The first row begins a transaction for all of them. */
static int begin_rows(struct segment_writer *writer)
{
    int result = sqlite3_exec(writer->db, "BEGIN", NULL, NULL, NULL);

    return result != SQLITE_OK
               ? result
               : sqlite3_prepare_v3(writer->db, SEGMENT_BATCH_INSERT, -1,
                                    SQLITE_PREPARE_PERSISTENT, &writer->insert,
                                    NULL);
}

int segment_writer_add(struct segment_writer *writer,
                       const struct segment_row *row)
{
    int result = writer->insert == NULL ? begin_rows(writer) : SQLITE_OK;
    sqlite3_stmt *insert = writer->insert;

    if (result != SQLITE_OK)
        return as_harmless(result);
    segment_row_bind(insert, writer->id, row);
    sqlite3_step(insert);
    return as_harmless(sqlite3_reset(insert));
}

int segment_writer_finish(struct segment_writer *writer)
{
    int result = SQLITE_OK;

    sqlite3_finalize(writer->insert);
    if (writer->insert != NULL)
        result = sqlite3_exec(writer->db, "COMMIT", NULL, NULL, NULL);
    writer->insert = NULL;
    /* Kept in the file: from now on it has a log. */
    if (result == SQLITE_OK)
        result = sqlite3_exec(writer->db, "PRAGMA journal_mode = WAL", NULL,
                              NULL, NULL);
    int closed = sqlite3_close(writer->db);
    writer->db = NULL;
    if (result == SQLITE_OK)
        result = closed;
    if (result == SQLITE_OK)
        result = sync_file(writer->path);
    writer->finished = result == SQLITE_OK;
    return as_harmless(result);
}

void segment_writer_free(struct segment_writer *writer)
{
    if (writer == NULL)
        return;
    sqlite3_finalize(writer->insert);
    sqlite3_close(writer->db);
    if (!writer->finished)
        unlink(writer->path);
    free(writer);
}

int segment_make(const struct folder *folder, uint64_t first, uint64_t id)
{
    struct segment_writer *writer = NULL;
    char path[SEGMENT_PATH];

    int result = segment_writer_new(folder, first, id, &writer);
    if (result == SQLITE_OK)
        result = segment_writer_finish(writer);
    segment_writer_free(writer);
    if (result == SQLITE_OK) {
        result = publish(folder, first);
        segment_write_path(folder, first, ".new", path);
        if (result != SQLITE_OK)
            unlink(path);
    }
    return result;
}
