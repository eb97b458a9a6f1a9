/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder for -data, in one of its own, which folder_remove() removes.
 */
#ifndef LUNAR_TESTS_DATA_FOLDER_H
#define LUNAR_TESTS_DATA_FOLDER_H

#include <stdio.h>

#include "lib/temporary_folder.h"

struct data_folder {
    char root[FOLDER_ROOT];
    char path[96];  /* in `root`; not made */
    char flag[128]; /* -data=PATH */
};

static inline void data_folder_make(struct data_folder *folder)
{
    *folder = (struct data_folder){0};
    folder_make(folder->root);
    snprintf(folder->path, sizeof(folder->path), "%s/data", folder->root);
    snprintf(folder->flag, sizeof(folder->flag), "-data=%s", folder->path);
}

#endif
