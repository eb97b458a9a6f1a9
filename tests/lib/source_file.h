/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests that check what source files list: files that neither the compiler
 * nor another test compares with the service.
 */
#ifndef LUNAR_TESTS_SOURCE_FILE_H
#define LUNAR_TESTS_SOURCE_FILE_H

#include <stdio.h>
#include <stdlib.h>

/*
 * The whole file `name`, relative to the root of the source, as a string.
 * Ownership: the caller frees it with free(3).
 */
static inline char *source_file_read(const char *name)
{
    enum { MAX_SIZE = 1 << 20 };
    char path[4096];
    char *bytes = malloc(MAX_SIZE);

    if (bytes == NULL)
        abort();
    snprintf(path, sizeof(path), LUNAR_SOURCE_DIR "/%s", name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("cannot read %s", path);
    size_t size = fread(bytes, 1, MAX_SIZE - 1, file);
    bytes[size] = '\0';
    fclose(file);
    return bytes;
}

#endif
