/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of segment.h share.
 */
#ifndef LUNAR_STORE_SEGMENT_PARTS_H
#define LUNAR_STORE_SEGMENT_PARTS_H

#include <sqlite3.h>

#include "segment.h"
#include "segment_rows.h"
#include "wal.h"

struct segment {
    sqlite3 *db;
    sqlite3_stmt *insert, *probe;
    struct segment_rows rows;
    uint64_t logged; /* frames of the log that are not in the database */
    char path[SEGMENT_PATH];
    char log_path[SEGMENT_PATH];
};

/* Write that the log `path` is damaged, as wal_check() has found. */
void segment_write_log_damage(const char *path, const struct wal_report *report,
                              char error[JOURNAL_ERROR]);

#endif
