/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with an open segment: rows are added and read, and its log is
 * copied to the database.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segment_parts.h"

/* Before each page in the log (SQLite's file format, 4.1). */
enum { FRAME_HEADER = 24 };

const char *segment_path(const struct segment *segment)
{
    return segment->path;
}

uint64_t segment_first(const struct segment *segment)
{
    return segment->rows.first;
}

uint64_t segment_id(const struct segment *segment)
{
    return segment->rows.id;
}

static uint64_t file_bytes(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

uint64_t segment_bytes(const struct segment *segment)
{
    return file_bytes(segment->path) + file_bytes(segment->log_path);
}

uint64_t segment_file_bytes(const struct folder *folder, uint64_t first)
{
    char path[SEGMENT_PATH], log_path[SEGMENT_PATH];

    segment_write_path(folder, first, "", path);
    segment_write_path(folder, first, "-wal", log_path);
    return file_bytes(path) + file_bytes(log_path);
}

bool segment_has_log(const struct folder *folder, uint64_t first)
{
    char log_path[SEGMENT_PATH];

    segment_write_path(folder, first, "-wal", log_path);
    return file_bytes(log_path) > 0;
}

uint64_t segment_log_file_bytes(const struct segment *segment)
{
    return file_bytes(segment->log_path);
}

uint64_t segment_log_bytes(const struct segment *segment)
{
    return segment->logged * (SEGMENT_PAGE + FRAME_HEADER);
}

struct segment_rows *segment_rows(struct segment *segment)
{
    segment->rows.bytes =
        (uint64_t)segment_rows_query(segment->db, "PRAGMA page_count", 0) *
        SEGMENT_PAGE;
    return &segment->rows;
}

/*
 * Run `statement`, which returns no rows, and make it ready to run again. It is
 * a transaction by itself, so SQLite rolls it back as a whole if it fails.
 */
static int run_statement(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);

    sqlite3_reset(statement);
    assert(sqlite3_get_autocommit(sqlite3_db_handle(statement)) != 0);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

int segment_add(struct segment *segment, const struct segment_row *row)
{
    sqlite3_stmt *insert = segment->insert;

    segment_row_bind(insert, segment->rows.id, row);
    int result = run_statement(insert);
    sqlite3_clear_bindings(insert);
    return result;
}

int segment_probe(struct segment *segment)
{
    return run_statement(segment->probe);
}

int segment_checkpoint(struct segment *segment, bool truncate)
{
    int frames = 0, copied = 0;
    int result = sqlite3_wal_checkpoint_v2(segment->db, "main",
                                           truncate ? SQLITE_CHECKPOINT_TRUNCATE
                                                    : SQLITE_CHECKPOINT_PASSIVE,
                                           &frames, &copied);

    if (result != SQLITE_OK)
        return result;
    /* No other connection can hold it back. */
    assert(frames == copied);
    segment->logged = 0;
    return SQLITE_OK;
}

/* Write `size` bytes again that are at `offset`. A code of SQLite. */
static int rewrite_bytes(int file, char *bytes, size_t size, off_t offset)
{
    ssize_t length = pread(file, bytes, size, offset);

    if (length != (ssize_t)size)
        return SQLITE_IOERR_READ;
    length = pwrite(file, bytes, size, offset);
    if (length < 0 && errno == ENOSPC)
        return SQLITE_FULL;
    return length == (ssize_t)size ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

static int rewrite_file(int file)
{
    enum { PIECE = 64 * 1024 };
    char *bytes = malloc(PIECE);
    struct stat status;
    int result = SQLITE_OK;

    if (bytes == NULL)
        return SQLITE_NOMEM;
    if (fstat(file, &status) != 0)
        result = SQLITE_IOERR_FSTAT;
    for (off_t at = 0; result == SQLITE_OK && at < status.st_size;
         at += PIECE) {
        off_t left = status.st_size - at;
        result =
            rewrite_bytes(file, bytes, left < PIECE ? (size_t)left : PIECE, at);
    }
    free(bytes);
    if (result == SQLITE_OK && fsync(file) != 0)
        result = SQLITE_IOERR_FSYNC;
    return result;
}

int segment_rewrite_log(const struct segment *segment)
{
    int file = open(segment->log_path, O_RDWR | O_CLOEXEC);

    if (file < 0)
        return errno == ENOENT ? SQLITE_OK : SQLITE_CANTOPEN;
    /* SQLite has no locks on this file, which the close would release. */
    int result = rewrite_file(file);
    close(file);
    return result;
}

int segment_sync_log(struct segment *segment)
{
    sqlite3_file *log = NULL;
    int result = sqlite3_file_control(segment->db, "main",
                                      SQLITE_FCNTL_JOURNAL_POINTER, &log);

    if (result != SQLITE_OK || log == NULL || log->pMethods == NULL)
        return result;
    return log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) == SQLITE_OK
               ? SQLITE_OK
               : SQLITE_IOERR_FSYNC;
}
