/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder for -data, in one of its own.
 */
#ifndef LUNAR_TESTS_DATA_FOLDER_H
#define LUNAR_TESTS_DATA_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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

static inline int data_folder_remove_entry(const char *path,
                                           const struct stat *status, int type,
                                           struct FTW *position)
{
    (void)status;
    (void)type;
    (void)position;
    return remove(path);
}

/* Remove it with all that is in it. 0, or -1 as nftw(3). */
static inline int data_folder_remove(struct data_folder *folder)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads. */
    return nftw(folder->root, data_folder_remove_entry, 8,
                FTW_DEPTH | FTW_PHYS);
}

#endif
