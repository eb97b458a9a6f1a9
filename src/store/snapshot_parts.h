/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of snapshot_file.h share: the tables, the sums, the reader.
 */
#ifndef LUNAR_STORE_SNAPSHOT_PARTS_H
#define LUNAR_STORE_SNAPSHOT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "folder.h"
#include "snapshot_file.h"

/* As they stand in the database, word for word. */
#define SNAPSHOT_BLOCK_TABLE                                                   \
    "CREATE TABLE block(number INTEGER PRIMARY KEY, rockets BLOB NOT NULL, "   \
    "sum INTEGER NOT NULL)"
#define SNAPSHOT_META_TABLE                                                    \
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) "        \
    "WITHOUT ROWID"

/* What is in the table `meta`: a row for each value, and `sum`. */
enum snapshot_value {
    SNAPSHOT_ID,
    SNAPSHOT_SALT,
    SNAPSHOT_IMAGE_VERSION,
    SNAPSHOT_POSITION,
    SNAPSHOT_THROUGH,
    SNAPSHOT_ROCKETS,
    SNAPSHOT_BLOCKS,
    SNAPSHOT_MAX_RUNS,
    SNAPSHOT_TIME,
    SNAPSHOT_CHECK, /* from here on only of SNAPSHOT_OF_TOPIC */
    SNAPSHOT_RULES,
    SNAPSHOT_VALUES,
};

extern const char *const snapshot_names[SNAPSHOT_VALUES];

/* How many of them a snapshot has. */
size_t snapshot_value_count(enum snapshot_kind kind);

/* The sum of all values. */
uint64_t snapshot_meta_sum(enum snapshot_kind kind,
                           const uint64_t values[SNAPSHOT_VALUES]);

/* The sum of a block. */
uint64_t snapshot_block_sum(uint64_t id, uint64_t salt, uint64_t number,
                            struct text images);

struct snapshot_reader {
    sqlite3 *db;
    sqlite3_stmt *select;
    enum snapshot_kind kind;
    struct snapshot_info info;
    uint64_t salt;
    uint64_t next, end; /* blocks to read */
    char path[FOLDER_FILE];
};

/* Say what SQLite's last error is. Always false. */
bool snapshot_reader_fail(const struct snapshot_reader *reader,
                          char error[JOURNAL_ERROR]);

#endif
