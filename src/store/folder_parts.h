/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of folder.h share.
 */
#ifndef LUNAR_STORE_FOLDER_PARTS_H
#define LUNAR_STORE_FOLDER_PARTS_H

#include <limits.h>
#include <stdbool.h>

#include "folder.h"

enum {
    FOLDER_PATH = PATH_MAX - FOLDER_NAME, /* bytes, with the NUL */
    FOLDER_SHOWN = 256,                   /* bytes of a path in a sentence */
};

struct folder {
    int descriptor; /* of the folder */
    int lock;       /* of its lock file; -1 until it is locked */
    char path[FOLDER_PATH];
};

/*
 * Say that `what`, such as "write", failed with errno, which is kept. `name` is
 * a file of the folder, or NULL for the folder itself. Always false.
 */
bool folder_fail(const struct folder *folder, const char *what,
                 const char *name, char error[JOURNAL_ERROR]);

/* Sync the folder's entries. False, with a sentence in `error` and errno. */
bool folder_sync(const struct folder *folder, char error[JOURNAL_ERROR]);

/* Remove what an earlier process was making. The same results. */
bool folder_remove_leftovers(const struct folder *folder,
                             char error[JOURNAL_ERROR]);

#endif
