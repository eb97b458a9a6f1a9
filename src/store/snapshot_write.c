/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody knows the file while it is written, and nobody uses it if it was not
 * completed. So there is no rollback journal, and a sync is needed at the end
 * only; those before it keep the last one short. Each piece that is synced is a
 * transaction, as SQLite writes a piece when it commits.
 */
#include "snapshot_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "error.h"
#include "folder.h"
#include "snapshot_parts.h"
#include "table/table_image.h"

struct snapshot_writer {
    sqlite3 *db;
    sqlite3_stmt *insert;
    enum snapshot_kind kind;
    uint64_t id, salt;
    uint64_t rockets, blocks;
    size_t unsynced; /* bytes */
    char path[FOLDER_FILE];
};

/* The errno that stands for a code of SQLite; 0 if there is none. */
static int errno_of(sqlite3 *db, int code)
{
    int number = db == NULL ? 0 : sqlite3_system_errno(db);

    switch (code & 0xff) {
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_NOMEM:
        return ENOMEM;
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM)
            return ENOMEM;
        return number == 0 ? EIO : number;
    case SQLITE_CANTOPEN:
        return number;
    default:
        return 0;
    }
}

/* Always false. */
static bool fail_call(const char *path, int number, char error[JOURNAL_ERROR])
{
    error_write(error, "cannot write %s: %s%s", path, strerrordesc_np(number),
                error_advice(number));
    errno = number;
    return false;
}

/* Whether `code` is SQLITE_OK; if not, with a sentence in `error` and errno. */
static bool check_code(struct snapshot_writer *writer, int code,
                       char error[JOURNAL_ERROR])
{
    if (code == SQLITE_OK)
        return true;
    int number = errno_of(writer->db, code);
    if (number != 0)
        return fail_call(writer->path, number, error);
    error_write(error, "cannot write %s: SQLite's code %d, %s", writer->path,
                code, sqlite3_errstr(code));
    errno = EIO;
    return false;
}

static bool execute(struct snapshot_writer *writer, const char *sql,
                    char error[JOURNAL_ERROR])
{
    return check_code(writer, sqlite3_exec(writer->db, sql, NULL, NULL, NULL),
                      error);
}

/* An empty file that only this user may read: SQLite would ask the umask. */
static bool create_file(const char *path, char error[JOURNAL_ERROR])
{
    struct stat status;
    int file = open(
        path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (file < 0)
        return fail_call(path, errno, error);
    int number = fstat(file, &status) != 0 ? errno
                 : status.st_size != 0     ? EEXIST
                                           : 0;
    close(file);
    return number == 0 || fail_call(path, number, error);
}

static bool write_schema(struct snapshot_writer *writer,
                         enum snapshot_kind kind, char error[JOURNAL_ERROR])
{
    char *sql = sqlite3_mprintf(
        /* Or there would be a file for shared memory for a moment. */
        "PRAGMA locking_mode = EXCLUSIVE;"
        "PRAGMA page_size = %d;"
        "PRAGMA journal_mode = OFF;"
        "PRAGMA synchronous = OFF;"
        "PRAGMA cache_size = %d;"
        "PRAGMA application_id = %d;"
        "PRAGMA user_version = %d;" SNAPSHOT_BLOCK_TABLE ";" SNAPSHOT_META_TABLE
        ";"
        "BEGIN;",
        SNAPSHOT_PAGE,
        /* A piece, and what is beside it in pages. */
        2 * SNAPSHOT_SYNC / SNAPSHOT_PAGE, (int)kind, SNAPSHOT_VERSION);

    if (sql == NULL)
        return check_code(writer, SQLITE_NOMEM, error);
    bool written = execute(writer, sql, error);
    sqlite3_free(sql);
    return written;
}

static bool open_database(struct snapshot_writer *writer,
                          enum snapshot_kind kind, char error[JOURNAL_ERROR])
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(writer->path, &writer->db, flags, NULL);

    if (!check_code(writer, code, error))
        return false;
    sqlite3_extended_result_codes(writer->db, 1);
    if (!write_schema(writer, kind, error))
        return false;
    code = sqlite3_prepare_v3(
        writer->db, "INSERT INTO block(number, rockets, sum) VALUES (?, ?, ?)",
        -1, SQLITE_PREPARE_PERSISTENT, &writer->insert, NULL);
    return check_code(writer, code, error);
}

struct snapshot_writer *snapshot_writer_new(const char *path,
                                            enum snapshot_kind kind,
                                            uint64_t id,
                                            char error[JOURNAL_ERROR])
{
    struct snapshot_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL || strlen(path) >= sizeof(writer->path)) {
        fail_call(path, writer == NULL ? ENOMEM : ENAMETOOLONG, error);
        free(writer);
        return NULL;
    }
    snprintf(writer->path, sizeof(writer->path), "%s", path);
    writer->kind = kind;
    writer->id = id;
    randombytes_buf(&writer->salt, sizeof(writer->salt));
    if (create_file(path, error) && open_database(writer, kind, error))
        return writer;
    int number = errno;
    snapshot_writer_free(writer);
    errno = number;
    return NULL;
}

/* The file as SQLite has it: its sync goes the way of its writes. */
static sqlite3_file *file_of(struct snapshot_writer *writer)
{
    sqlite3_file *file = NULL;

    sqlite3_file_control(writer->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    return file;
}

static bool sync_file(struct snapshot_writer *writer, char error[JOURNAL_ERROR])
{
    sqlite3_file *file = file_of(writer);

    errno = 0;
    if (file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK) {
        writer->unsynced = 0;
        return true;
    }
    return fail_call(writer->path, errno == 0 ? EIO : errno, error);
}

/* To the length that it has, which frees blocks of the disk behind it. */
static bool trim_file(struct snapshot_writer *writer, uint64_t *bytes,
                      char error[JOURNAL_ERROR])
{
    sqlite3_file *file = file_of(writer);
    sqlite3_int64 size = 0;

    errno = 0;
    if (file->pMethods->xFileSize(file, &size) == SQLITE_OK &&
        file->pMethods->xTruncate(file, size) == SQLITE_OK) {
        *bytes = (uint64_t)size;
        return true;
    }
    return fail_call(writer->path, errno == 0 ? EIO : errno, error);
}

bool snapshot_writer_wrote(struct snapshot_writer *writer, int code,
                           size_t bytes, char error[JOURNAL_ERROR])
{
    if (!check_code(writer, code, error))
        return false;
    writer->unsynced += bytes;
    return writer->unsynced < SNAPSHOT_SYNC ||
           (execute(writer, "COMMIT", error) && sync_file(writer, error) &&
            execute(writer, "BEGIN", error));
}

/* The code of a statement that returns no rows. */
static int run_statement(sqlite3_stmt *statement)
{
    sqlite3_step(statement);
    return sqlite3_reset(statement);
}

bool snapshot_writer_add(struct snapshot_writer *writer, struct text images,
                         uint64_t rockets, char error[JOURNAL_ERROR])
{
    sqlite3_stmt *insert = writer->insert;
    uint64_t number = writer->blocks + 1;
    uint64_t sum = snapshot_block_sum(writer->id, writer->salt, number, images);

    assert(images.length > 0 && rockets > 0);
    sqlite3_bind_int64(insert, 1, (sqlite3_int64)number);
    sqlite3_bind_blob64(insert, 2, images.data, images.length, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 3, (sqlite3_int64)sum);
    int code = run_statement(insert);
    sqlite3_clear_bindings(insert);
    writer->blocks = number;
    writer->rockets += rockets;
    return snapshot_writer_wrote(writer, code, images.length, error);
}

static int write_value(sqlite3_stmt *insert, const char *name, uint64_t value)
{
    sqlite3_bind_text(insert, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 2, (sqlite3_int64)value);
    return run_statement(insert);
}

static bool write_meta(struct snapshot_writer *writer,
                       const struct snapshot_info *info,
                       char error[JOURNAL_ERROR])
{
    const uint64_t values[SNAPSHOT_VALUES] = {
        [SNAPSHOT_ID] = info->id,
        [SNAPSHOT_SALT] = writer->salt,
        [SNAPSHOT_IMAGE_VERSION] = TABLE_IMAGE_VERSION,
        [SNAPSHOT_POSITION] = info->position,
        [SNAPSHOT_THROUGH] = info->through,
        [SNAPSHOT_ROCKETS] = info->rockets,
        [SNAPSHOT_BLOCKS] = info->blocks,
        [SNAPSHOT_MAX_RUNS] = info->max_runs,
        [SNAPSHOT_TIME] = (uint64_t)info->time,
        [SNAPSHOT_CHECK] = info->check,
        [SNAPSHOT_RULES] = info->rules,
    };
    const size_t count = snapshot_value_count(writer->kind);
    sqlite3_stmt *insert = NULL;
    int code = sqlite3_prepare_v2(writer->db,
                                  "INSERT INTO meta(name, value) VALUES (?, ?)",
                                  -1, &insert, NULL);

    for (size_t i = 0; code == SQLITE_OK && i < count; i++)
        code = write_value(insert, snapshot_names[i], values[i]);
    if (code == SQLITE_OK)
        code =
            write_value(insert, "sum", snapshot_meta_sum(writer->kind, values));
    sqlite3_finalize(insert);
    return check_code(writer, code, error);
}

bool snapshot_writer_finish(struct snapshot_writer *writer,
                            struct snapshot_info *info,
                            char error[JOURNAL_ERROR])
{
    info->id = writer->id;
    info->rockets = writer->rockets;
    info->blocks = writer->blocks;
    return write_meta(writer, info, error) &&
           execute(writer, "COMMIT", error) &&
           trim_file(writer, &info->bytes, error) && sync_file(writer, error);
}

struct sqlite3 *snapshot_writer_database(struct snapshot_writer *writer)
{
    return writer->db;
}

void snapshot_writer_free(struct snapshot_writer *writer)
{
    if (writer == NULL)
        return;
    sqlite3_finalize(writer->insert);
    sqlite3_close(writer->db);
    free(writer);
}
