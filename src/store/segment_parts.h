/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of segment.h share.
 */
#ifndef LUNAR_STORE_SEGMENT_PARTS_H
#define LUNAR_STORE_SEGMENT_PARTS_H

#include <sqlite3.h>

#include "segment.h"

/* What to do about damage. */
#define SEGMENT_RESTORE                                                        \
    "restore the folder from a backup, or choose another one to begin "        \
    "without its rockets; nothing was changed"

struct segment {
    sqlite3 *db;
    sqlite3_stmt *insert, *probe, *select;
    uint64_t id;
    uint64_t first;
    uint64_t logged; /* frames of the log that are not in the database */
    char path[SEGMENT_PATH];
    char log_path[SEGMENT_PATH];
};

/* Write what SQLite says of an error while the file is opened or read. */
void segment_write_error(const struct segment *segment,
                         char error[JOURNAL_ERROR]);

/* The integer that `sql` returns; `other` if it fails or is none. */
int64_t segment_query(const struct segment *segment, const char *sql,
                      int64_t other);

#endif
