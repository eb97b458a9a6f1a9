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
#include "wal.h"

void segment_describe(const struct segment *segment, int code,
                      char error[JOURNAL_ERROR])
{
    segment_rows_describe(segment != NULL ? segment->db : NULL, code, error);
}

void segment_write_log_damage(const char *path, const struct wal_report *report,
                              char error[JOURNAL_ERROR])
{
    if (report->bad_frame == 0)
        error_write(error,
                    "%s is damaged at its begin: it is not a log of "
                    "SQLite: " SEGMENT_RESTORE,
                    path);
    else
        error_write(error,
                    "%s is damaged at byte %ju (frame %ju), and commits lie "
                    "behind that: " SEGMENT_RESTORE,
                    path, (uintmax_t)report->bad_offset,
                    (uintmax_t)report->bad_frame);
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
        segment_write_log_damage(segment->log_path, &report, error);
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
            segment_rows_write_error(&segment->rows, error);
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
    segment_rows_write_error(&segment->rows, error);
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
    int result =
        sqlite3_open_v2(segment->path, &segment->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    segment->rows.db = segment->db;
    if (result != SQLITE_OK) {
        segment_rows_write_error(&segment->rows, error);
        return false;
    }
    sqlite3_extended_result_codes(segment->db, 1);
    /* First: what follows opens the file, else with shared memory. */
    sqlite3_exec(segment->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL,
                 NULL);
    return segment_rows_check(&segment->rows, error) &&
           set_pragmas(segment, error) &&
           prepare(segment, SEGMENT_BATCH_INSERT, &segment->insert, error) &&
           prepare(segment,
                   "UPDATE meta SET value = value + 1 WHERE name = 'probes'",
                   &segment->probe, error) &&
           segment_rows_prepare(&segment->rows, error);
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
    segment->rows.first = first;
    segment->rows.path = segment->path;
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
    segment_rows_release(&segment->rows);
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
