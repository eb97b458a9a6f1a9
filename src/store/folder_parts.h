/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of folder.h share.
 */
#ifndef LUNAR_STORE_FOLDER_PARTS_H
#define LUNAR_STORE_FOLDER_PARTS_H

#include <stdbool.h>

#include "folder.h"

/* Of the snapshot. */
#define FOLDER_SNAPSHOT "snapshot.db"
#define FOLDER_SNAPSHOT_NEW FOLDER_SNAPSHOT ".new"

enum {
    FOLDER_PATH = FOLDER_FILE - FOLDER_NAME, /* bytes, with the NUL */
    FOLDER_SHOWN = 256,                      /* bytes of a path in a sentence */
};

struct folder {
    int descriptor; /* of the folder */
    int lock;       /* of its lock file; -1: not locked */
    char path[FOLDER_PATH];
};

/*
 * Say that `what`, such as "write", failed with errno, which is kept. `name` is
 * a file of the folder, or NULL for the folder itself. Always false.
 */
bool folder_fail(const struct folder *folder, const char *what,
                 const char *name, char error[JOURNAL_ERROR]);

/*
 * Remove what an earlier process was making. False, with a sentence in `error`
 * and errno.
 */
bool folder_remove_leftovers(const struct folder *folder,
                             char error[JOURNAL_ERROR]);

#endif
