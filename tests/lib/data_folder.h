/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder for -data, in one of its own, which folder_remove() removes.
 */
#ifndef LUNAR_TESTS_DATA_FOLDER_H
#define LUNAR_TESTS_DATA_FOLDER_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/folder_remove.h"

struct data_folder {
    char root[64];
    char path[96];  /* in `root`; not made */
    char flag[128]; /* -data=PATH */
};

static inline void data_folder_make(struct data_folder *folder)
{
    *folder = (struct data_folder){.root = "/tmp/lunar-data-XXXXXX"};
    if (mkdtemp(folder->root) == NULL)
        abort();
    snprintf(folder->path, sizeof(folder->path), "%s/data", folder->root);
    snprintf(folder->flag, sizeof(folder->flag), "-data=%s", folder->path);
}

#endif
