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

/*
 * Load the snapshot `path`, whose reader has checked it, into the empty
 * `table`. The watch is called on this thread; `done` and `total` are bytes.
 * All that can be checked is: the sum of each block, the number of blocks and
 * rockets, each image, and that no revision is above `through`.
 */
enum journal_replayed snapshot_load(const char *path, struct table *table,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR]);

#endif
