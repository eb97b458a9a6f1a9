/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with secrets: tokens, private keys, passwords. A file that others may
 * read is no secret, and one that others may write lets them in; so it is
 * refused, with the command that mends it. A file without secrets can be read
 * in the same way.
 */
#ifndef LUNAR_BASE_PRIVATE_FILE_H
#define LUNAR_BASE_PRIVATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { PRIVATE_FILE_ERROR = 1024 /* bytes of an error, with its NUL */ };

/* What a file is for, and what it may be. */
struct private_file_rules {
    const char *flag; /* that names the file, such as "-tokens" */
    size_t max_bytes; /* of the file */
    /* It has no secrets: who may read or write it is not checked. */
    bool no_secrets;
};

/* The bytes of a file. */
struct private_file {
    char *data; /* from malloc(3), with a NUL behind the last byte */
    size_t length;
};

/*
 * Read the whole file. It must be a regular file of at most `max_bytes` bytes
 * that belongs to root or to the effective user of the process. Its group may
 * read it, as with 0640, where the service cannot change its own secrets;
 * nobody else may read or write it (but see `no_secrets`). A symbolic link is
 * followed. Folders are not checked: who may write the folder can replace the
 * file. False on failure, with `file` untouched and a line in `error`, without
 * a line feed, that names the file and the flag, and says what to do. No byte
 * of the file is in it. Ownership: end with private_file_release().
 */
bool private_file_read(struct private_file *file, const char *path,
                       const struct private_file_rules *rules,
                       char error[PRIVATE_FILE_ERROR]);

/*
 * Whether systemd makes the file at the start of a unit, by LoadCredential=
 * (systemd.exec(5)): a change of what it is a copy of needs a restart.
 */
bool private_file_is_copy(const char *path);

/* What to do if the file is not there. A static text. */
const char *private_file_absent(const char *path);

/* Overwrite the bytes, and free them. `file` is then empty. */
void private_file_release(struct private_file *file);

static inline struct text private_file_text(const struct private_file *file)
{
    return (struct text){file->data, file->length};
}

#endif
