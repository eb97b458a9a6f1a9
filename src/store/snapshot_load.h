/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a snapshot into a table, with several threads: to make rockets takes
 * longer than to read them.
 */
#ifndef LUNAR_STORE_SNAPSHOT_LOAD_H
#define LUNAR_STORE_SNAPSHOT_LOAD_H

#include "snapshot_file.h"
#include "store/journal.h"

struct table;

enum {
    SNAPSHOT_LOADERS = 4,     /* threads at most; and one for each processor */
    SNAPSHOT_LOAD_BLOCKS = 8, /* that a thread takes at a time */
};

/*
 * Whether what is left of gaps was given up by the bound that this version has
 * (ROCKET_MAX_RUNS). With another one a replay would not do what was done in
 * life. False, with a sentence in `error`.
 */
bool snapshot_check_bound(const struct snapshot_info *info, const char *path,
                          char error[JOURNAL_ERROR]);

/*
 * Load the snapshot `path` into the empty `table`. The watch, which may be
 * NULL, is called on this thread; `done` and `total` are bytes. All that can be
 * checked is: the bound of runs, the sum of each block, the number of blocks
 * and rockets, each image, and that no revision is above `through`. If it is
 * not complete, the table has some of the rockets.
 */
enum journal_replayed snapshot_load(const char *path, enum snapshot_kind kind,
                                    struct table *table,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR]);

#endif
