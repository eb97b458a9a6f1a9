/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary folders of unit tests and of integration tests, which share no code
 * with the service. What goes wrong aborts.
 */
#ifndef LUNAR_TESTS_TEMPORARY_FOLDER_H
#define LUNAR_TESTS_TEMPORARY_FOLDER_H

#include <dirent.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_ROOT = 64 };

/* Make a new folder, and write its path to `root`. */
static inline void folder_make(char root[FOLDER_ROOT])
{
    snprintf(root, FOLDER_ROOT, "/tmp/lunar-test-XXXXXX");
    if (mkdtemp(root) == NULL)
        abort();
}

/* In memory, if the system has a file system there: many syncs take long. */
static inline void folder_make_fast(char root[FOLDER_ROOT])
{
    snprintf(root, FOLDER_ROOT, "/dev/shm/lunar-test-XXXXXX");
    if (mkdtemp(root) == NULL)
        folder_make(root);
}

/* A hash of the files by names, sizes and times of the last change. */
static inline uint64_t folder_hash(const char *path)
{
    struct dirent **entries = NULL;
    uint64_t hash = 0;
    int count = scandir(path, &entries, NULL, alphasort);

    if (count < 0)
        abort();
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char file[512];
        struct stat status;
        snprintf(file, sizeof(file), "%s/%s", path, name);
        if (stat(file, &status) != 0)
            abort();
        if (strcmp(name, "..") != 0)
            hash = 31 * hash + (uint64_t)status.st_mtim.tv_nsec +
                   (uint64_t)status.st_size;
        for (const char *at = name; *at != '\0'; at++)
            hash = 31 * hash + (unsigned char)*at;
        free(entries[i]);
    }
    free(entries);
    return hash;
}

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
