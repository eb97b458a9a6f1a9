/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way through the blocks is that of the offline check.
 */
#include "snapshot_check.h"

#include <stdio.h>

#include "offline_parts.h"
#include "snapshot_load.h"

enum journal_replayed snapshot_check(const char *path, enum snapshot_kind kind,
                                     const struct journal_watch *watch,
                                     struct snapshot_info *info,
                                     char error[JOURNAL_ERROR])
{
    static const struct offline_block only_check = {NULL, NULL};
    struct offline_files files = {
        .snapshot = snapshot_reader_new(path, kind, error),
    };
    enum journal_replayed result = JOURNAL_FAILED;

    if (files.snapshot == NULL)
        return JOURNAL_FAILED;
    snprintf(files.snapshot_path, sizeof(files.snapshot_path), "%s", path);
    files.info = *snapshot_reader_info(files.snapshot);
    files.rows.remedy = SNAPSHOT_FETCH_AGAIN;
    struct row_replay replay = {
        .watch = watch,
        .progress.total = files.info.bytes,
    };
    if (snapshot_check_bound(&files.info, path, error))
        result = offline_read_blocks(&files, true, &replay, &only_check, error);
    if (result == JOURNAL_COMPLETE)
        *info = files.info;
    snapshot_reader_free(files.snapshot);
    return result;
}
