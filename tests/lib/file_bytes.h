/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as bytes in memory, for tests that damage them or put them back.
 */
#ifndef LUNAR_TESTS_FILE_BYTES_H
#define LUNAR_TESTS_FILE_BYTES_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct file_bytes {
    unsigned char *data; /* NULL: there is no such file */
    size_t length;
};

/* Ownership: the caller calls file_bytes_free(). */
static inline struct file_bytes file_bytes_read(const char *path)
{
    struct file_bytes bytes = {NULL, 0};
    char block[4096], *data = NULL;
    FILE *file = fopen(path, "rbe");

    if (file == NULL)
        return bytes;
    FILE *copy = open_memstream(&data, &bytes.length);
    if (copy == NULL)
        abort();
    for (size_t length; (length = fread(block, 1, sizeof(block), file)) > 0;)
        if (fwrite(block, 1, length, copy) != length)
            abort();
    if (ferror(file) || fclose(copy) != 0)
        abort();
    bytes.data = (unsigned char *)data;
    fclose(file);
    return bytes;
}

/* Write the file anew, with the first `length` bytes; or remove it. */
static inline void file_bytes_write(const char *path,
                                    const struct file_bytes *bytes,
                                    size_t length)
{
    if (bytes->data == NULL) {
        remove(path);
        return;
    }
    FILE *file = fopen(path, "wbe");
    if (file == NULL || fwrite(bytes->data, 1, length, file) != length ||
        fclose(file) != 0)
        abort();
}

static inline void file_bytes_free(struct file_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct file_bytes){NULL, 0};
}

#endif
