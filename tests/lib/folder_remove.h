/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes folders of unit tests and of integration tests, which share no code
 * with the service.
 */
#ifndef LUNAR_TESTS_FOLDER_REMOVE_H
#define LUNAR_TESTS_FOLDER_REMOVE_H

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static inline int folder_remove_entry(const char *path,
                                      const struct stat *status, int type,
                                      struct FTW *position)
{
    (void)status;
    (void)type;
    (void)position;
    return remove(path);
}

/* Remove a folder with all that is in it. 0, or -1 as nftw(3). */
static inline int folder_remove(const char *root)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads. */
    return nftw(root, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
