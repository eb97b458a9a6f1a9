/* SPDX-License-Identifier: Apache-2.0 */
#include "segment.h"

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

#include "base/log.h"
#include "error.h"
#include "store/record.h"
#include "wal.h"

#define RESTORE                                                                \
    "Nothing was changed. Restore the folder from a backup, or move it away "  \
    "to start without its rockets."

struct segment {
    sqlite3 *db;
    sqlite3_stmt *insert, *probe, *select;
    uint64_t id;
    uint64_t first;
    uint64_t logged; /* frames of the log that are not in the database */
    char path[SEGMENT_PATH];
};

/*
 * The numbers of a row are hashed into the key for its bytes. So one sum covers
 * both, and the bytes need no copy.
 */
static uint64_t row_sum(uint64_t id, const struct segment_row *row)
{
    uint64_t numbers[2] = {row->last, row->count}, key[2] = {id, 0}, sum = 0;

    static_assert(sizeof(key) == crypto_shorthash_KEYBYTES, "");
    static_assert(sizeof(sum) == crypto_shorthash_BYTES, "");
    crypto_shorthash((unsigned char *)&key[1], (const unsigned char *)numbers,
                     sizeof(numbers), (const unsigned char *)key);
    crypto_shorthash((unsigned char *)&sum,
                     (const unsigned char *)row->records.data,
                     row->records.length, (const unsigned char *)key);
    return sum;
}

/* Run `statement`, which returns no rows, and make it ready to run again. */
static int run_statement(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);

    sqlite3_reset(statement);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

int segment_add(struct segment *segment, const struct segment_row *row)
{
    sqlite3_stmt *insert = segment->insert;

    sqlite3_bind_int64(insert, 1, (sqlite3_int64)row->last);
    sqlite3_bind_int64(insert, 2, (sqlite3_int64)row->count);
    sqlite3_bind_blob64(insert, 3, row->records.data, row->records.length,
                        SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, (sqlite3_int64)row_sum(segment->id, row));
    /* A statement on its own is a transaction: rolled back as a whole. */
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

    if (result == SQLITE_OK && frames != copied)
        result = SQLITE_BUSY; /* no other connection may hold it back */
    if (result == SQLITE_OK)
        segment->logged = 0;
    return result;
}

/* Called by SQLite after each commit. */
static int count_frames(void *context, sqlite3 *db, const char *name,
                        int frames)
{
    struct segment *segment = context;

    (void)db;
    (void)name;
    segment->logged = (uint64_t)frames;
    return SQLITE_OK;
}

const char *segment_path(const struct segment *segment)
{
    return segment->path;
}

uint64_t segment_first(const struct segment *segment)
{
    return segment->first;
}

uint64_t segment_id(const struct segment *segment)
{
    return segment->id;
}

static uint64_t file_bytes(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static uint64_t log_file_bytes(const char *database)
{
    char path[SEGMENT_PATH + 8];

    snprintf(path, sizeof(path), "%s-wal", database);
    return file_bytes(path);
}

uint64_t segment_bytes(const struct segment *segment)
{
    return file_bytes(segment->path) + log_file_bytes(segment->path);
}

uint64_t segment_file_bytes(const struct folder *folder, uint64_t first)
{
    char path[SEGMENT_PATH];

    segment_write_path(folder, first, "", path);
    return file_bytes(path) + log_file_bytes(path);
}

uint64_t segment_log_bytes(const struct segment *segment)
{
    /* A frame is a page with a header of 24 bytes (SQLite's format, 4.1). */
    return segment->logged * (SEGMENT_PAGE + 24);
}

/* The integer that `sql` returns; `other` if it fails or is none. */
static int64_t query_integer(sqlite3 *db, const char *sql, int64_t other)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
        other = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return other;
}

uint64_t segment_size(struct segment *segment)
{
    return (uint64_t)query_integer(segment->db, "PRAGMA page_count", 0) *
           SEGMENT_PAGE;
}

/* Run a pragma, and check that it has returned `expected`. */
static bool set_pragma(sqlite3 *db, const char *sql, const char *expected)
{
    sqlite3_stmt *statement = NULL;
    bool set =
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(statement, 0), expected) == 0;

    sqlite3_finalize(statement);
    return set;
}

/*
 * Everything that durability depends on is checked: SQLite ignores pragmas that
 * it does not know or cannot follow.
 */
static bool set_pragmas(sqlite3 *db)
{
    /* The file may be damaged or made by others: nothing in it runs. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return set_pragma(db, "PRAGMA locking_mode=EXCLUSIVE", "exclusive") &&
           set_pragma(db, "PRAGMA journal_mode=WAL", "wal") &&
           sqlite3_exec(db,
                        "PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON;",
                        NULL, NULL, NULL) == SQLITE_OK &&
           set_pragma(db, "PRAGMA synchronous", "2") &&
           set_pragma(db, "PRAGMA wal_autocheckpoint=0", "0") &&
           set_pragma(db, "PRAGMA mmap_size=0", "0");
}

/*
 * SQLite ends a log in silence at the first frame that is not right, so the log
 * is looked at before.
 */
static bool check_log(const struct segment *segment, char error[JOURNAL_ERROR])
{
    char path[SEGMENT_PATH + 8], reason[128];
    struct wal_report report = {0};

    snprintf(path, sizeof(path), "%s-wal", segment->path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return true;
    enum wal_state state = fd < 0 ? WAL_UNREADABLE : wal_check(fd, &report);
    int number = errno;
    if (fd >= 0)
        close(fd);
    switch (state) {
    case WAL_EMPTY:
    case WAL_WHOLE:
        return true;
    case WAL_TORN:
        log_line(LOG_INFO,
                 "%s ends within a commit, which was not acknowledged: it is "
                 "left out, after %ju whole commits",
                 path, (uintmax_t)report.commits);
        return true;
    case WAL_DAMAGED:
        error_write(error,
                    "%s is damaged at byte %ju (frame %ju), and commits lie "
                    "behind that. " RESTORE,
                    path, (uintmax_t)report.bad_offset,
                    (uintmax_t)report.bad_frame);
        return false;
    case WAL_UNREADABLE:
        break;
    }
    error_write(error, "cannot read %s: %s", path,
                strerror_r(number, reason, sizeof(reason)));
    return false;
}

void segment_describe(const struct segment *segment, int code,
                      char error[JOURNAL_ERROR])
{
    int number = segment == NULL ? 0 : sqlite3_system_errno(segment->db);
    char reason[128];

    if (number == 0)
        error_write(error, "%s (SQLite's code %d)", sqlite3_errstr(code), code);
    else
        error_write(error, "%s (SQLite's code %d): %s", sqlite3_errstr(code),
                    code, strerror_r(number, reason, sizeof(reason)));
}

/* An error of SQLite while the file is opened or read. */
static void write_sqlite_error(const struct segment *segment,
                               char error[JOURNAL_ERROR])
{
    int code = sqlite3_errcode(segment->db) & 0xff;
    int number = sqlite3_system_errno(segment->db);
    char reason[128];

    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        error_write(error, "%s is in use by another program. End that first.",
                    segment->path);
    else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        error_write(error, "%s is damaged: %s. " RESTORE, segment->path,
                    sqlite3_errmsg(segment->db));
    else
        error_write(error, "cannot read %s: %s: %s.", segment->path,
                    sqlite3_errmsg(segment->db),
                    number == 0 ? "see the log of the kernel"
                                : strerror_r(number, reason, sizeof(reason)));
}

/* Whether this is a journal of a version that we can read. */
static bool check_version(struct segment *segment, char error[JOURNAL_ERROR])
{
    sqlite3 *db = segment->db;
    int64_t application = query_integer(db, "PRAGMA application_id", -1);
    int64_t version = query_integer(db, "PRAGMA user_version", -1);
    int64_t records = query_integer(
        db, "SELECT value FROM meta WHERE name = 'record_version'", -1);

    if (application == -1) {
        write_sqlite_error(segment, error);
        return false;
    }
    if (application != SEGMENT_APPLICATION) {
        error_write(error,
                    "%s is not a journal of lunar.service, but a database of "
                    "another program. Use another folder for -data.",
                    segment->path);
        return false;
    }
    if (version > SEGMENT_VERSION || records > RECORD_VERSION) {
        error_write(
            error,
            "%s has version %jd.%jd, and this lunar.service reads up to "
            "%d.%d. Use the version that wrote it, or a later one.",
            segment->path, (intmax_t)version, (intmax_t)records,
            SEGMENT_VERSION, RECORD_VERSION);
        return false;
    }
    if (version < 1 || records < 1) {
        error_write(error,
                    "%s is damaged: it does not say its version. " RESTORE,
                    segment->path);
        return false;
    }
    return true;
}

static bool prepare(struct segment *segment, const char *sql,
                    sqlite3_stmt **statement)
{
    return sqlite3_prepare_v3(segment->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                              statement, NULL) == SQLITE_OK;
}

static bool prepare_statements(struct segment *segment,
                               char error[JOURNAL_ERROR])
{
    if (prepare(segment, "INSERT INTO batch VALUES (?, ?, ?, ?)",
                &segment->insert) &&
        prepare(segment,
                "UPDATE meta SET value = value + 1 "
                "WHERE name = 'probes'",
                &segment->probe) &&
        prepare(segment,
                "SELECT last, count, messages, sum FROM batch "
                "ORDER BY last",
                &segment->select))
        return true;
    write_sqlite_error(segment, error);
    return false;
}

struct segment *segment_open(const struct folder *folder, uint64_t first,
                             char error[JOURNAL_ERROR])
{
    struct segment *segment = calloc(1, sizeof(*segment));

    if (segment == NULL) {
        error_write(error, "memory is exhausted");
        return NULL;
    }
    segment->first = first;
    segment_write_path(folder, first, "", segment->path);
    if (!check_log(segment, error))
        goto fail;
    if (sqlite3_open_v2(segment->path, &segment->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        write_sqlite_error(segment, error);
        goto fail;
    }
    sqlite3_extended_result_codes(segment->db, 1);
    sqlite3_wal_hook(segment->db, count_frames, segment);
    if (!set_pragmas(segment->db)) {
        write_sqlite_error(segment, error);
        goto fail;
    }
    if (!check_version(segment, error) || !prepare_statements(segment, error))
        goto fail;
    segment->id = (uint64_t)query_integer(
        segment->db, "SELECT value FROM meta WHERE name = 'journal_id'", 0);
    return segment;

fail:
    segment_close(segment);
    return NULL;
}

void segment_close(struct segment *segment)
{
    if (segment == NULL)
        return;
    sqlite3_finalize(segment->insert);
    sqlite3_finalize(segment->probe);
    sqlite3_finalize(segment->select);
    /*
     * SQLite would copy a log at the close, and nobody would see its errors. An
     * empty log is removed.
     */
    if (segment->db != NULL && log_file_bytes(segment->path) > 0)
        sqlite3_db_config(segment->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                          NULL);
    sqlite3_close(segment->db);
    free(segment);
}

void segment_end(struct segment *segment)
{
    sqlite3_reset(segment->select);
}

void segment_write_damage(const struct segment *segment, uint64_t position,
                          const char *what, char error[JOURNAL_ERROR])
{
    error_write(error, "%s is damaged at position %ju: %s. " RESTORE,
                segment->path, (uintmax_t)position, what);
}

enum segment_read segment_next(struct segment *segment, struct segment_row *row,
                               char error[JOURNAL_ERROR])
{
    sqlite3_stmt *select = segment->select;
    int result = sqlite3_step(select);

    if (result == SQLITE_DONE)
        return SEGMENT_END;
    if (result != SQLITE_ROW) {
        write_sqlite_error(segment, error);
        return SEGMENT_BAD;
    }
    struct segment_row read = {
        .last = (uint64_t)sqlite3_column_int64(select, 0),
        .count = (uint64_t)sqlite3_column_int64(select, 1),
        .records = {sqlite3_column_blob(select, 2),
                    (size_t)sqlite3_column_bytes(select, 2)},
    };
    if ((uint64_t)sqlite3_column_int64(select, 3) !=
        row_sum(segment->id, &read)) {
        segment_write_damage(segment, read.last, "the checksum is wrong",
                             error);
        return SEGMENT_BAD;
    }
    *row = read;
    return SEGMENT_ROW;
}
