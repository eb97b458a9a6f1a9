/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of the journal: a database of SQLite with one row for each commit,
 * and the write-ahead log beside it. Its name has the position of its first
 * record.
 *
 *     batch(last INTEGER PRIMARY KEY, count, messages BLOB, sum)
 *     meta(name TEXT PRIMARY KEY, value)
 *
 * One connection, which locks the database for itself: then there is no file
 * for shared memory, and no second connection that could reset the log.
 * SQLite does not checksum the pages of a database, so each row has a sum.
 *
 * Results are extended result codes of SQLite: SQLITE_OK, or see
 * sqlite_fault.h.
 *
 * Locking: none. One thread uses a segment at a time.
 */
#ifndef LUNAR_STORE_SEGMENT_H
#define LUNAR_STORE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "folder.h"
#include "store/journal.h"

enum {
    SEGMENT_PATH = 4096, /* bytes of a path, with its NUL */
    SEGMENT_PAGE = 4096, /* bytes of a page of the database */
    /* "lunJ": the application_id of a database (SQLite's file format, 1.3) */
    SEGMENT_APPLICATION = 0x6c756e4a,
    SEGMENT_VERSION = 1, /* its user_version; RECORD_VERSION is apart */
};

struct segment;
struct segment_rows;

/* One row: the records up to position `last`. */
struct segment_row {
    uint64_t last;
    uint64_t count;
    struct text records;
};

/*
 * Make the file of the segment that begins with position `first`, of the
 * history `id`: whole or not at all, and durable.
 */
int segment_make(const struct folder *folder, uint64_t first, uint64_t id);

/*
 * The same in steps, for a segment that begins with rows: new, add, finish. The
 * file is complete then, but has the name of one that is not, until
 * folder_publish(). It is removed by segment_writer_free() if it was not
 * finished.
 */
struct segment_writer;

int segment_writer_new(const struct folder *folder, uint64_t first, uint64_t id,
                       struct segment_writer **writer);
int segment_writer_add(struct segment_writer *writer,
                       const struct segment_row *row);
int segment_writer_finish(struct segment_writer *writer);

/* NULL does nothing. */
void segment_writer_free(struct segment_writer *writer);

/* Write the path of the segment, with `suffix` behind it. */
void segment_write_path(const struct folder *folder, uint64_t first,
                        const char *suffix, char path[SEGMENT_PATH]);

/*
 * Check the log of the segment that begins with `first`, then open it. NULL,
 * with a sentence in `error` that says what to do. Nothing is changed.
 */
struct segment *segment_open(const struct folder *folder, uint64_t first,
                             char error[JOURNAL_ERROR]);

/* Write what SQLite says of its last error, and the system's reason. */
void segment_describe(const struct segment *segment, int code,
                      char error[JOURNAL_ERROR]);

/*
 * Close it. What is in its log, but not yet in its database, stays in the log.
 * NULL does nothing.
 */
void segment_close(struct segment *segment);

const char *segment_path(const struct segment *segment);
uint64_t segment_first(const struct segment *segment);

/* The id of the history that it belongs to. */
uint64_t segment_id(const struct segment *segment);

/* Bytes of the database and its log on the disk. */
uint64_t segment_bytes(const struct segment *segment);

/* The same of a segment that is not open. */
uint64_t segment_file_bytes(const struct folder *folder, uint64_t first);

/* Whether there is a log beside it that is not empty. */
bool segment_has_log(const struct folder *folder, uint64_t first);

/* Bytes of the log alone of one that is open; a checkpoint leaves them, to be
 * written over. */
uint64_t segment_log_file_bytes(const struct segment *segment);

/* Bytes of the log that a checkpoint has not copied to the database. */
uint64_t segment_log_bytes(const struct segment *segment);

/* Append a row and sync it. On an error the segment is as before. */
int segment_add(struct segment *segment, const struct segment_row *row);

/* Write something without a meaning, and sync it, as segment_add() does. */
int segment_probe(struct segment *segment);

/*
 * Copy the log to the database and sync that. `truncate`: then empty the log.
 * Else the next row begins it again, in place: no sync has to write the length
 * of the file then.
 */
int segment_checkpoint(struct segment *segment, bool truncate);

/*
 * Write the bytes of the log again, to their own place, and sync them: what is
 * read of it is then on the disk, also if a sync by an earlier process has
 * failed.
 */
int segment_rewrite_log(const struct segment *segment);

/* Sync the log, as after a checkpoint that has emptied it. */
int segment_sync_log(struct segment *segment);

/* What segment_rows_next() has found. */
enum segment_read {
    SEGMENT_ROW,
    SEGMENT_END,
    SEGMENT_BAD, /* `error` says what is wrong */
};

/*
 * Its rows, for those who read them from other places too. Borrowed until
 * segment_close().
 */
struct segment_rows *segment_rows(struct segment *segment);

#endif
