/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file in a temporary folder of its own, for tests of how a file is read:
 * which bytes it may have, and which owner and permissions.
 */
#ifndef LUNAR_TESTS_SECRET_FILE_H
#define LUNAR_TESTS_SECRET_FILE_H

#include "lib/temporary_folder.h"
#include "lib/unit_check.h"

#include <sys/stat.h>

struct secret_file {
    char folder[FOLDER_ROOT];
    char path[FOLDER_ROOT + 16];
};

/*
 * The set-up of a test: write to `context` a new fixture of `size` bytes, which
 * are 0. It begins with a struct secret_file, whose folder is made. There is no
 * file yet. Its path has no word that tests look for in errors.
 */
static inline int secret_file_set_up(void **context, size_t size)
{
    struct secret_file *secret = calloc(1, size);

    if (secret == NULL)
        abort();
    folder_make(secret->folder);
    snprintf(secret->path, sizeof(secret->path), "%s/file", secret->folder);
    *context = secret;
    return 0;
}

/* Remove the folder, and free the fixture. */
static inline int secret_file_tear_down(void **context)
{
    struct secret_file *secret = *context;
    int result = folder_remove(secret->folder);

    free(secret);
    return result;
}

/* Make the file these bytes, with these permissions. */
static inline void secret_file_write(const struct secret_file *secret,
                                     const char *bytes, size_t length,
                                     mode_t mode)
{
    FILE *file = fopen(secret->path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(secret->path, mode), 0);
}

#endif
