/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a snapshot: a database of SQLite that is written once, and never
 * changed after it got its name.
 *
 *     meta(name TEXT PRIMARY KEY, value)
 *     block(number INTEGER PRIMARY KEY, rockets BLOB, sum)
 *
 * A block has whole images of rockets (table/table_image.h), about
 * SNAPSHOT_BLOCK bytes. Its sum also covers the number and the history, so
 * blocks cannot be exchanged; the sum of `meta` covers its values.
 *
 * A backup is such a file with the journal behind the snapshot, as rows of
 * segment.h, and another application_id.
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

enum {
    SNAPSHOT_BLOCK = 64 * 1024,      /* bytes: a block ends with the rocket that
                                        reaches this */
    SNAPSHOT_SYNC = 8 * 1024 * 1024, /* bytes that are written before they are
                                        synced: a long sync would hold up those
                                        of the journal */
    SNAPSHOT_APPLICATION = 0x6c756e53, /* "lunS": its application_id */
    SNAPSHOT_VERSION = 1,              /* its user_version */
};

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
};

struct snapshot_writer;

/*
 * Write a snapshot to the file `path`, which is made with mode 0600 if it is
 * missing, and must be empty; blocks of the disk that were reserved for it are
 * used. NULL, with a sentence in `error` and errno.
 */
struct snapshot_writer *snapshot_writer_new(const char *path, uint64_t id,
                                            char error[JOURNAL_ERROR]);

/*
 * Add a block, the next in number, with `rockets` whole images. Blocks for at
 * most some milliseconds, but for a slow disk. False, with a sentence in
 * `error` and errno: then only snapshot_writer_free() may follow.
 */
bool snapshot_writer_add(struct snapshot_writer *writer, struct text images,
                         uint64_t rockets, char error[JOURNAL_ERROR]);

/*
 * Write what the snapshot says of itself, `position`, `through`, `max_runs` and
 * `time` of `info`, and sync the file. The others are set. The same results.
 */
bool snapshot_writer_finish(struct snapshot_writer *writer,
                            struct snapshot_info *info,
                            char error[JOURNAL_ERROR]);

/* Close the file; it is not removed. NULL does nothing. */
void snapshot_writer_free(struct snapshot_writer *writer);

struct snapshot_reader;

/*
 * Open the snapshot `path`, and check what it says of itself. It is only read,
 * without locks, as it never changes. NULL, with a sentence in `error` that
 * says what to do; errno is ENOENT if there is none.
 */
struct snapshot_reader *snapshot_reader_new(const char *path,
                                            char error[JOURNAL_ERROR]);

const struct snapshot_info *
snapshot_reader_info(const struct snapshot_reader *reader);

enum snapshot_read {
    SNAPSHOT_BLOCK_READ,
    SNAPSHOT_END, /* all blocks were read */
    SNAPSHOT_BAD, /* `error` says what is wrong, and what to do */
};

/* Read from block `number` on, of 1 to `blocks`, up to the one before `end`. */
void snapshot_reader_range(struct snapshot_reader *reader, uint64_t number,
                           uint64_t end);

/*
 * Read the next block of the range, whose sum is right. `images` is valid until
 * the next call.
 */
enum snapshot_read snapshot_reader_next(struct snapshot_reader *reader,
                                        struct text *images,
                                        char error[JOURNAL_ERROR]);

void snapshot_reader_free(struct snapshot_reader *reader);

#endif
