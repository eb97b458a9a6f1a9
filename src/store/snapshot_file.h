/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a snapshot: a database of SQLite that is written once, and never
 * changed after it got its name.
 *
 *     meta(name TEXT PRIMARY KEY, value)
 *     block(number INTEGER PRIMARY KEY, rockets BLOB, sum)
 *
 * A block has whole images of rockets (table/table_image.h), about
 * SNAPSHOT_BLOCK bytes. Its sum also covers the number and the history, and a
 * random salt of the snapshot, so blocks cannot be exchanged, also with those
 * of an older snapshot in the same place of the disk. The sum of `meta` covers
 * its values.
 *
 * A backup is such a file with the journal behind the snapshot, as rows of
 * segment.h in a table of their own, and another application_id.
 *
 * Locking: none; a writer or a reader belongs to one thread.
 */
#ifndef LUNAR_STORE_SNAPSHOT_FILE_H
#define LUNAR_STORE_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "store/journal.h"

struct sqlite3;

enum {
    SNAPSHOT_BLOCK = 64 * 1024, /* bytes: a block ends with the rocket that
                                   reaches this */
    SNAPSHOT_PAGE = 32 * 1024,  /* bytes of a page of the database: larger
                                   ones are written faster, and waste more
                                   at the end of a block */
    SNAPSHOT_SYNC = 256 * 1024, /* bytes that are written before they are
                                   synced: a long sync would hold up those
                                   of the journal */
    SNAPSHOT_VERSION = 1,       /* its user_version */
};

/* By application_id (SQLite's file format, 1.3). */
enum snapshot_kind {
    SNAPSHOT_OF_FOLDER = 0x6c756e53, /* "lunS": the folder has the journal */
    SNAPSHOT_OF_BACKUP = 0x6c756e42, /* "lunB" */
    SNAPSHOT_OF_TOPIC = 0x6c756e52,  /* "lunR": the journal is shared */
    SNAPSHOT_OF_ANY_FOLDER = 0,      /* for a reader: the first or the last */
};

/* What to do about damage of a snapshot whose journal is shared. */
#define SNAPSHOT_FETCH_AGAIN                                                   \
    "remove the file, and start with -peer=URL of another instance, which "    \
    "gives its own; nothing was changed"

/* What a snapshot says of itself. */
struct snapshot_info {
    uint64_t id;       /* of the history */
    uint64_t position; /* it holds all records up to this one */
    uint64_t through;  /* and some of those up to this one, so the journal must
                          reach it */
    uint64_t rockets;
    uint64_t blocks;
    uint64_t max_runs; /* of a rocket: the bound by which gaps were given up */
    int64_t time;      /* when it was complete: seconds of the Unix epoch */
    uint64_t bytes;    /* of the file; set by the reader */
    /* Of SNAPSHOT_OF_TOPIC, else 0: see struct journal_place. */
    uint64_t check, rules;
};

struct snapshot_writer;

/*
 * Write a snapshot to the file `path`, which is made with mode 0600 if it is
 * missing, and must be empty; blocks of the disk that were reserved for it are
 * used. NULL, with a sentence in `error` and errno.
 */
struct snapshot_writer *snapshot_writer_new(const char *path,
                                            enum snapshot_kind kind,
                                            uint64_t id,
                                            char error[JOURNAL_ERROR]);

/*
 * Add a block, the next in number, with `rockets` whole images. Blocks for at
 * most some milliseconds, but for a slow disk. False, with a sentence in
 * `error` and errno: then only snapshot_writer_free() may follow.
 */
bool snapshot_writer_add(struct snapshot_writer *writer, struct text images,
                         uint64_t rockets, char error[JOURNAL_ERROR]);

/*
 * The database, for tables beside those of the snapshot. A transaction is open,
 * which snapshot_writer_wrote() and the functions below may end and begin
 * again. Ownership: borrowed until snapshot_writer_finish().
 */
struct sqlite3 *snapshot_writer_database(struct snapshot_writer *writer);

/*
 * About `bytes` were written to the database, by an error of SQLite with its
 * `code`, else SQLITE_OK. They are synced, if it is time. The same results.
 */
bool snapshot_writer_wrote(struct snapshot_writer *writer, int code,
                           size_t bytes, char error[JOURNAL_ERROR]);

/*
 * Write what the snapshot says of itself, `position`, `through`, `max_runs`,
 * `time`, `check` and `rules` of `info`, give back what was reserved behind the
 * end of the file, and sync it. The others of `info` are set. The same results.
 */
bool snapshot_writer_finish(struct snapshot_writer *writer,
                            struct snapshot_info *info,
                            char error[JOURNAL_ERROR]);

/* Close the file; it is not removed. NULL does nothing. */
void snapshot_writer_free(struct snapshot_writer *writer);

struct snapshot_reader;

/*
 * Open the snapshot `path`, and check what it says of itself. It is only read,
 * without locks, as it never changes; it may be renamed or replaced meanwhile.
 * Another kind is an error. NULL, with a sentence in `error` that says what to
 * do; errno is ENOENT if there is none, and only then.
 */
struct snapshot_reader *snapshot_reader_new(const char *path,
                                            enum snapshot_kind kind,
                                            char error[JOURNAL_ERROR]);

const struct snapshot_info *
snapshot_reader_info(const struct snapshot_reader *reader);

/* Of the file: never SNAPSHOT_OF_ANY_FOLDER. */
enum snapshot_kind snapshot_reader_kind(const struct snapshot_reader *reader);

/* For tables beside those of the snapshot. Borrowed from the reader. */
struct sqlite3 *snapshot_reader_database(struct snapshot_reader *reader);

enum snapshot_read {
    SNAPSHOT_BLOCK_READ,
    SNAPSHOT_END, /* all blocks were read */
    SNAPSHOT_BAD, /* `error` says what is wrong, and what to do */
};

/*
 * Read from block `number` on, of 1 to `blocks`, up to the one before `end`. A
 * new reader reads all.
 */
void snapshot_reader_range(struct snapshot_reader *reader, uint64_t number,
                           uint64_t end);

/*
 * Read the next block of the range, whose sum is right. `images` is valid until
 * the next call of a function of the reader.
 */
enum snapshot_read snapshot_reader_next(struct snapshot_reader *reader,
                                        struct text *images,
                                        char error[JOURNAL_ERROR]);

/* Write that `what` is wrong in the last block that was read. */
void snapshot_reader_write_damage(const struct snapshot_reader *reader,
                                  const char *what, char error[JOURNAL_ERROR]);

/* The same of the whole snapshot. */
void snapshot_reader_write_whole_damage(const struct snapshot_reader *reader,
                                        const char *what,
                                        char error[JOURNAL_ERROR]);

/* NULL does nothing. */
void snapshot_reader_free(struct snapshot_reader *reader);

#endif
