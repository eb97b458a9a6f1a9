/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a segment: all is checked that can be before a row is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "error.h"
#include "segment_parts.h"
#include "store/record.h"
#include "wal.h"

void segment_describe(const struct segment *segment, int code,
                      char error[JOURNAL_ERROR])
{
    int primary = code & 0xff;
    int number = segment != NULL && segment->db != NULL &&
                         (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
                     ? sqlite3_system_errno(segment->db)
                     : 0;

    error_write(error, "SQLite's code %d, %s%s%s", code, sqlite3_errstr(code),
                number == 0 ? "" : ": ",
                number == 0 ? "" : strerrordesc_np(number));
}

void segment_write_error(const struct segment *segment,
                         char error[JOURNAL_ERROR])
{
    int code = sqlite3_extended_errcode(segment->db);
    char reason[JOURNAL_ERROR];

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        error_write(error, "%s is in use by another program: stop that first",
                    segment->path);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table is missing */
        error_write(error, "%s is damaged: %s: " SEGMENT_RESTORE, segment->path,
                    sqlite3_errmsg(segment->db));
        break;
    default:
        segment_describe(segment, code, reason);
        error_write(error, "cannot read %s: %s", segment->path, reason);
        break;
    }
}

void segment_write_damage(const struct segment *segment, uint64_t position,
                          const char *what, char error[JOURNAL_ERROR])
{
    error_write(error, "%s is damaged at position %ju: %s: " SEGMENT_RESTORE,
                segment->path, (uintmax_t)position, what);
}

int64_t segment_query(const struct segment *segment, const char *sql,
                      int64_t other)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(segment->db, sql, -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
        other = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return other;
}

/*
 * SQLite ends a log in silence at the first frame that is not right, so the log
 * is looked at before.
 */
static bool check_log(const struct segment *segment, char error[JOURNAL_ERROR])
{
    struct wal_report report = {0};
    int fd = open(segment->log_path, O_RDONLY | O_CLOEXEC);

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
                 "%s ends within a commit, as after a power cut: it is left "
                 "out; %ju whole commits are before it",
                 segment->log_path, (uintmax_t)report.commits);
        return true;
    case WAL_DAMAGED:
        error_write(error,
                    "%s is damaged at byte %ju (frame %ju), and commits lie "
                    "behind that: " SEGMENT_RESTORE,
                    segment->log_path, (uintmax_t)report.bad_offset,
                    (uintmax_t)report.bad_frame);
        return false;
    case WAL_UNREADABLE:
        break;
    }
    error_write(error, "cannot read %s: %s", segment->log_path,
                strerrordesc_np(number));
    return false;
}

/* The text that `sql` returns is `expected`. */
static bool returns(const struct segment *segment, const char *sql,
                    const char *expected)
{
    sqlite3_stmt *statement = NULL;
    const char *text = NULL;

    if (sqlite3_prepare_v2(segment->db, sql, -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(statement, 0);
    bool equal = text != NULL && strcmp(text, expected) == 0;
    sqlite3_finalize(statement);
    return equal;
}

/*
 * What durability depends on is read back: SQLite ignores a pragma that it does
 * not know or cannot follow.
 */
static bool set_pragmas(const struct segment *segment,
                        char error[JOURNAL_ERROR])
{
    static const struct {
        const char *set; /* NULL: it returns what it has set */
        const char *read, *expected;
    } pragmas[] = {
        {NULL, "PRAGMA locking_mode", "exclusive"},
        {NULL, "PRAGMA journal_mode", "wal"}, /* as the file says */
        {NULL, "PRAGMA wal_autocheckpoint = 0", "0"},
        /* In mapped memory an I/O error would be a signal. */
        {NULL, "PRAGMA mmap_size = 0", "0"},
        {"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"},
        {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1"},
    };

    for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
        if (pragmas[i].set != NULL)
            sqlite3_exec(segment->db, pragmas[i].set, NULL, NULL, NULL);
        if (returns(segment, pragmas[i].read, pragmas[i].expected))
            continue;
        if (sqlite3_errcode(segment->db) == SQLITE_OK ||
            sqlite3_errcode(segment->db) == SQLITE_ROW ||
            sqlite3_errcode(segment->db) == SQLITE_DONE)
            error_write(error,
                        "%s: SQLite " SQLITE_VERSION
                        " does not follow \"%s\" here",
                        segment->path, pragmas[i].read);
        else
            segment_write_error(segment, error);
        return false;
    }
    return true;
}

/* Whether it is a journal, of a version that this service reads. */
static bool check_version(struct segment *segment, char error[JOURNAL_ERROR])
{
    int64_t application = segment_query(segment, "PRAGMA application_id", -1);
    int64_t version = segment_query(segment, "PRAGMA user_version", -1);

    if (application == -1) {
        segment_write_error(segment, error);
        return false;
    }
    if (application != SEGMENT_APPLICATION) {
        error_write(error,
                    "%s is a database of another program: choose another "
                    "folder",
                    segment->path);
        return false;
    }
    int64_t records = segment_query(
        segment, "SELECT value FROM meta WHERE name = 'record_version'", -1);
    if (version > SEGMENT_VERSION || records > RECORD_VERSION) {
        error_write(error,
                    "%s has version %jd.%jd, but lunar.service " LUNAR_VERSION
                    " reads at most %d.%d: use the version that wrote it, or a "
                    "later one",
                    segment->path, (intmax_t)version, (intmax_t)records,
                    SEGMENT_VERSION, RECORD_VERSION);
        return false;
    }
    segment->id = (uint64_t)segment_query(
        segment, "SELECT value FROM meta WHERE name = 'journal_id'", 0);
    if (version < 1 || records < 1 || segment->id == 0) {
        error_write(error,
                    "%s is damaged: its version or history is not in "
                    "it: " SEGMENT_RESTORE,
                    segment->path);
        return false;
    }
    return true;
}

static bool prepare(struct segment *segment, const char *sql,
                    sqlite3_stmt **statement, char error[JOURNAL_ERROR])
{
    if (sqlite3_prepare_v3(segment->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                           statement, NULL) == SQLITE_OK)
        return true;
    segment_write_error(segment, error);
    return false;
}

static bool connect_database(struct segment *segment, char error[JOURNAL_ERROR])
{
    struct stat status;

    /* SQLite would take it for a new database. */
    if (stat(segment->path, &status) == 0 && status.st_size == 0) {
        error_write(error, "%s is damaged: it is empty: " SEGMENT_RESTORE,
                    segment->path);
        return false;
    }
    if (sqlite3_open_v2(segment->path, &segment->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        segment_write_error(segment, error);
        return false;
    }
    sqlite3_extended_result_codes(segment->db, 1);
    /* The file may be damaged, or made by others: nothing in it runs. */
    sqlite3_db_config(segment->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(segment->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* First: what follows opens the file, else with shared memory. */
    sqlite3_exec(segment->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL,
                 NULL);
    return check_version(segment, error) && set_pragmas(segment, error) &&
           prepare(segment, "INSERT INTO batch VALUES (?, ?, ?, ?)",
                   &segment->insert, error) &&
           prepare(segment,
                   "UPDATE meta SET value = value + 1 WHERE name = 'probes'",
                   &segment->probe, error) &&
           prepare(segment,
                   "SELECT last, count, messages, sum FROM batch ORDER BY last",
                   &segment->select, error);
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
    segment_write_path(folder, first, "-wal", segment->log_path);
    if (!check_log(segment, error) || !connect_database(segment, error)) {
        segment_close(segment);
        return NULL;
    }
    sqlite3_wal_hook(segment->db, count_frames, segment);
    return segment;
}

void segment_close(struct segment *segment)
{
    struct stat status;

    if (segment == NULL)
        return;
    sqlite3_finalize(segment->insert);
    sqlite3_finalize(segment->probe);
    sqlite3_finalize(segment->select);
    /*
     * SQLite would copy a log at the close, and nobody would see its errors. An
     * empty log is removed.
     */
    if (segment->db != NULL && stat(segment->log_path, &status) == 0 &&
        status.st_size > 0)
        sqlite3_db_config(segment->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                          NULL);
    sqlite3_close(segment->db);
    free(segment);
}
