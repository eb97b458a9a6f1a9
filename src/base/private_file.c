/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All is checked by the descriptor, not by the path, so that the file that is
 * read is the one that was checked.
 */
#include "base/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool private_file_is_copy(const char *path)
{
    static const char folder[] = "/run/credentials/";

    return strncmp(path, folder, sizeof(folder) - 1) == 0;
}

const char *private_file_absent(const char *path)
{
    return private_file_is_copy(path)
               ? "systemd copies it from the folder of LoadCredential= in the "
                 "unit, /etc/lunar/secrets for the package: put it there, and "
                 "restart"
               : "check the path";
}

static bool refuse_unreadable(const char *path,
                              const struct private_file_rules *rules,
                              int reason, char error[PRIVATE_FILE_ERROR])
{
    const char *remedy = private_file_absent(path);

    if ((reason == EACCES || reason == EPERM) && rules->no_secrets)
        remedy = "let the user of the service read it, and enter its folders";
    else if (reason == EACCES || reason == EPERM)
        remedy = "chown it to the user of the service, or to its group with "
                 "chmod 640";
    snprintf(error, PRIVATE_FILE_ERROR, "cannot read the file %s of %s: %s: %s",
             path, rules->flag, strerrordesc_np(reason), remedy);
    return false;
}

static bool check_kind(const char *path, const struct private_file_rules *rules,
                       const struct stat *found, char error[PRIVATE_FILE_ERROR])
{
    if (!S_ISREG(found->st_mode))
        snprintf(error, PRIVATE_FILE_ERROR,
                 "%s of %s is not a regular file: name a file", path,
                 rules->flag);
    else if ((size_t)found->st_size > rules->max_bytes)
        snprintf(error, PRIVATE_FILE_ERROR,
                 "%s of %s is not a file of at most %zu bytes, so it cannot "
                 "be the right one: check the path",
                 path, rules->flag, rules->max_bytes);
    else
        return true;
    return false;
}

static bool check_access(const char *path,
                         const struct private_file_rules *rules,
                         const struct stat *found,
                         char error[PRIVATE_FILE_ERROR])
{
    const mode_t others = S_IRWXO | S_IWGRP | S_IXGRP;

    if (found->st_uid != 0 && found->st_uid != geteuid())
        snprintf(error, PRIVATE_FILE_ERROR,
                 "%s of %s belongs to user %u, who can change it: chown %u %s",
                 path, rules->flag, (unsigned)found->st_uid,
                 (unsigned)geteuid(), path);
    else if ((found->st_mode & others) != 0)
        snprintf(error, PRIVATE_FILE_ERROR,
                 "others may read or write %s of %s, which holds secrets (its "
                 "permissions are %03o): chmod 640 %s",
                 path, rules->flag, (unsigned)found->st_mode & 0777U, path);
    else
        return true;
    return false;
}

/* Fill in `file`, whose length is that of the file. errno on failure. */
static int read_all(int fd, struct private_file *file)
{
    size_t length = 0;
    ssize_t part = 1;

    /* One byte more, so that a file that grows is noticed. */
    while (length <= file->length && part != 0) {
        part = read(fd, file->data + length, file->length + 1 - length);
        if (part < 0 && errno != EINTR)
            return errno;
        if (part > 0)
            length += (size_t)part;
    }
    if (length != file->length)
        return EBUSY;
    file->data[length] = '\0';
    return 0;
}

/* The descriptor, of a file that keeps the rules. -1 with an error. */
static int open_checked(const char *path,
                        const struct private_file_rules *rules, size_t *length,
                        char error[PRIVATE_FILE_ERROR])
{
    struct stat found;
    /* Opening a pipe must not wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &found) != 0) {
        refuse_unreadable(path, rules, errno, error);
    } else if (check_kind(path, rules, &found, error) &&
               (rules->no_secrets ||
                check_access(path, rules, &found, error))) {
        *length = (size_t)found.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

bool private_file_read(struct private_file *file, const char *path,
                       const struct private_file_rules *rules,
                       char error[PRIVATE_FILE_ERROR])
{
    struct private_file found = {NULL, 0};
    int fd = open_checked(path, rules, &found.length, error);
    int reason = 0;

    if (fd < 0)
        return false;
    found.data = malloc(found.length + 1);
    if (found.data == NULL)
        reason = ENOMEM;
    else
        reason = read_all(fd, &found);
    close(fd);
    if (reason == 0) {
        *file = found;
        return true;
    }
    private_file_release(&found);
    if (reason != EBUSY)
        return refuse_unreadable(path, rules, reason, error);
    snprintf(error, PRIVATE_FILE_ERROR,
             "%s of %s changed while it was read: write a new file, and rename "
             "it to this name",
             path, rules->flag);
    return false;
}

void private_file_release(struct private_file *file)
{
    if (file->data != NULL)
        explicit_bzero(file->data, file->length);
    free(file->data);
    *file = (struct private_file){NULL, 0};
}
