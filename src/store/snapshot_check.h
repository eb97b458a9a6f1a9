/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a snapshot that comes from elsewhere, before anything of it is used.
 */
#ifndef LUNAR_STORE_SNAPSHOT_CHECK_H
#define LUNAR_STORE_SNAPSHOT_CHECK_H

#include "snapshot_file.h"
#include "store/journal.h"

/*
 * Check the whole snapshot `path`, as offline_check() does: what it says of
 * itself, the bound of runs, the sum of each block, that each image can be
 * read, and the pages of the database. `info` is set if it is sound. It takes
 * the memory of a block. `watch` may be NULL.
 */
enum journal_replayed snapshot_check(const char *path, enum snapshot_kind kind,
                                     const struct journal_watch *watch,
                                     struct snapshot_info *info,
                                     char error[JOURNAL_ERROR]);

#endif
