/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a segment, read from a database that is open: the file itself, an
 * image of it in memory, or a backup that holds rows of many segments.
 *
 * Locking: none. One thread uses the connection at a time.
 */
#ifndef LUNAR_STORE_SEGMENT_ROWS_H
#define LUNAR_STORE_SEGMENT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "segment.h"

/* What to do about damage. */
#define SEGMENT_RESTORE                                                        \
    "restore the folder from a backup, or choose another one to begin "        \
    "without its rockets; nothing was changed"

#define SEGMENT_BATCH_TABLE                                                    \
    "CREATE TABLE batch(last INTEGER PRIMARY KEY, count INTEGER NOT NULL, "    \
    "messages BLOB NOT NULL, sum INTEGER NOT NULL)"
#define SEGMENT_BATCH_INSERT "INSERT INTO batch VALUES (?, ?, ?, ?)"

struct segment_rows {
    /* Set by the caller. */
    sqlite3 *db;        /* borrowed */
    const char *path;   /* of the file, for texts; borrowed */
    const char *remedy; /* what to do about damage; NULL: SEGMENT_RESTORE */
    uint64_t first;     /* position of the first record */
    uint64_t bytes;     /* about those of all rows, for the progress */
    /* Set by segment_rows_check(). */
    uint64_t id; /* of the history */
    /* Private. */
    sqlite3_stmt *select;
};

/*
 * Check that the database is a segment, of a version that is read here, and
 * find the history that it belongs to. Nothing in it is trusted from then on.
 * False, with a sentence in `error` that says what to do.
 */
bool segment_rows_check(struct segment_rows *rows, char error[JOURNAL_ERROR]);

/* Prepare to read. The same results. */
bool segment_rows_prepare(struct segment_rows *rows, char error[JOURNAL_ERROR]);

/*
 * Read the next row, from the first to the end. `row` is valid until the next
 * call, and its sum is right.
 */
enum segment_read segment_rows_next(struct segment_rows *rows,
                                    struct segment_row *row,
                                    char error[JOURNAL_ERROR]);

/* No row is read any more; a next one is the first again. */
void segment_rows_end(struct segment_rows *rows);

/* Give back what segment_rows_prepare() has made. */
void segment_rows_release(struct segment_rows *rows);

/* The sum of a row of the history `id`. */
uint64_t segment_row_sum(uint64_t id, const struct segment_row *row);

/*
 * Bind a row of the history `id`, with its sum, to SEGMENT_BATCH_INSERT. The
 * records are borrowed until that has run.
 */
void segment_row_bind(sqlite3_stmt *insert, uint64_t id,
                      const struct segment_row *row);

/* Write what SQLite says of an error while the database is read. */
void segment_rows_write_error(const struct segment_rows *rows,
                              char error[JOURNAL_ERROR]);

/* Write that `what` is wrong at a position, and what to do. */
void segment_rows_write_damage(const struct segment_rows *rows,
                               uint64_t position, const char *what,
                               char error[JOURNAL_ERROR]);

/* Write what an error of SQLite is, and the system's reason. `db`: or NULL. */
void segment_rows_describe(sqlite3 *db, int code, char error[JOURNAL_ERROR]);

/* The integer that `sql` returns; `other` if it fails or is none. */
int64_t segment_rows_query(sqlite3 *db, const char *sql, int64_t other);

#endif
