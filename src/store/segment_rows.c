/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite checks neither what is in a page nor what is in a row, so all of it is
 * checked here: whose rows they are, and the sum of each.
 */
#include "segment_rows.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "error.h"
#include "store/record.h"

void segment_rows_describe(sqlite3 *db, int code, char error[JOURNAL_ERROR])
{
    int primary = code & 0xff;
    int number =
        db != NULL && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
            ? sqlite3_system_errno(db)
            : 0;

    error_write(error, "SQLite's code %d, %s%s%s", code, sqlite3_errstr(code),
                number == 0 ? "" : ": ",
                number == 0 ? "" : strerrordesc_np(number));
}

static const char *remedy_of(const struct segment_rows *rows)
{
    return rows->remedy != NULL ? rows->remedy : SEGMENT_RESTORE;
}

void segment_rows_write_error(const struct segment_rows *rows,
                              char error[JOURNAL_ERROR])
{
    int code = sqlite3_extended_errcode(rows->db);
    char reason[JOURNAL_ERROR];

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        error_write(error, "%s is in use by another program: stop that first",
                    rows->path);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table is missing */
        error_write(error, "%s is damaged: %s: %s", rows->path,
                    sqlite3_errmsg(rows->db), remedy_of(rows));
        break;
    default:
        segment_rows_describe(rows->db, code, reason);
        error_write(error, "cannot read %s: %s", rows->path, reason);
        break;
    }
}

void segment_rows_write_damage(const struct segment_rows *rows,
                               uint64_t position, const char *what,
                               char error[JOURNAL_ERROR])
{
    error_write(error, "%s is damaged at position %ju: %s: %s", rows->path,
                (uintmax_t)position, what, remedy_of(rows));
}

int64_t segment_rows_query(sqlite3 *db, const char *sql, int64_t other)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
        other = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return other;
}

bool segment_rows_check(struct segment_rows *rows, char error[JOURNAL_ERROR])
{
    /* The file may be damaged, or made by others: nothing in it runs. */
    sqlite3_db_config(rows->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(rows->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    int64_t application =
        segment_rows_query(rows->db, "PRAGMA application_id", -1);
    int64_t version = segment_rows_query(rows->db, "PRAGMA user_version", -1);
    if (application == -1) {
        segment_rows_write_error(rows, error);
        return false;
    }
    if (application != SEGMENT_APPLICATION) {
        error_write(error,
                    "%s is a database of another program: choose another "
                    "folder",
                    rows->path);
        return false;
    }
    int64_t records = segment_rows_query(
        rows->db, "SELECT value FROM meta WHERE name = 'record_version'", -1);
    if (version > SEGMENT_VERSION || records > RECORD_VERSION) {
        error_write(error, ERROR_LATER_VERSION, rows->path, (intmax_t)version,
                    (intmax_t)records, SEGMENT_VERSION, RECORD_VERSION);
        return false;
    }
    rows->id = (uint64_t)segment_rows_query(
        rows->db, "SELECT value FROM meta WHERE name = 'journal_id'", 0);
    if (version < 1 || records < 1 || rows->id == 0) {
        error_write(error,
                    "%s is damaged: its version or history is not in "
                    "it: " SEGMENT_RESTORE,
                    rows->path);
        return false;
    }
    return true;
}

bool segment_rows_prepare(struct segment_rows *rows, char error[JOURNAL_ERROR])
{
    if (sqlite3_prepare_v3(
            rows->db,
            "SELECT last, count, messages, sum FROM batch ORDER BY last", -1,
            SQLITE_PREPARE_PERSISTENT, &rows->select, NULL) == SQLITE_OK)
        return true;
    segment_rows_write_error(rows, error);
    return false;
}

/*
 * The numbers of a row are hashed into the key for its bytes. So one sum covers
 * both, and the bytes need no copy.
 */
uint64_t segment_row_sum(uint64_t id, const struct segment_row *row)
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

void segment_row_bind(sqlite3_stmt *insert, uint64_t id,
                      const struct segment_row *row)
{
    sqlite3_bind_int64(insert, 1, (sqlite3_int64)row->last);
    sqlite3_bind_int64(insert, 2, (sqlite3_int64)row->count);
    sqlite3_bind_blob64(insert, 3, row->records.data, row->records.length,
                        SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, (sqlite3_int64)segment_row_sum(id, row));
}

enum segment_read segment_rows_next(struct segment_rows *rows,
                                    struct segment_row *row,
                                    char error[JOURNAL_ERROR])
{
    sqlite3_stmt *select = rows->select;
    int result = sqlite3_step(select);

    if (result == SQLITE_DONE)
        return SEGMENT_END;
    if (result != SQLITE_ROW) {
        segment_rows_write_error(rows, error);
        return SEGMENT_BAD;
    }
    struct segment_row read = {
        .last = (uint64_t)sqlite3_column_int64(select, 0),
        .count = (uint64_t)sqlite3_column_int64(select, 1),
        .records = {sqlite3_column_blob(select, 2),
                    (size_t)sqlite3_column_bytes(select, 2)},
    };
    /* SQLite has had no memory for it. */
    if (read.records.data == NULL && read.records.length > 0) {
        segment_rows_write_error(rows, error);
        return SEGMENT_BAD;
    }
    if ((uint64_t)sqlite3_column_int64(select, 3) !=
        segment_row_sum(rows->id, &read)) {
        segment_rows_write_damage(rows, read.last, "the checksum is wrong",
                                  error);
        return SEGMENT_BAD;
    }
    *row = read;
    return SEGMENT_ROW;
}

void segment_rows_end(struct segment_rows *rows)
{
    sqlite3_reset(rows->select);
}

void segment_rows_release(struct segment_rows *rows)
{
    sqlite3_finalize(rows->select);
    rows->select = NULL;
}
