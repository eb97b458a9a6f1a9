/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder with files that stand for those of the system.
 */
#ifndef LUNAR_TESTS_FOLDER_H
#define LUNAR_TESTS_FOLDER_H

#include "lib/temporary_folder.h"
#include "lib/unit_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MAX_PATH = 4096 };

/* Make the folders that `path` lies in. */
static inline void folder_make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            fail_msg("cannot make %s", path);
        *slash = '/';
    }
}

/*
 * Write the file `name`, with a slash in front, in the folder `root`, and make
 * the folders that it lies in. `text` NULL: make a folder of that name.
 */
static inline void folder_write(const char *root, const char *name,
                                const char *text)
{
    char path[FOLDER_MAX_PATH];

    snprintf(path, sizeof(path), "%s%s%s", root, name, text == NULL ? "/" : "");
    folder_make_parents(path);
    if (text == NULL)
        return;
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

#endif
