/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot of the data folder, and the room for the next one.
 *
 * The room is blocks that fallocate(2) allocates behind the end of an empty
 * file. The next snapshot is written to that file, so it gets these blocks,
 * also if the disk is full by then. A file of zeros in its place would have to
 * be written, and removed before anything else could take the space.
 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "error.h"
#include "folder_parts.h"

void folder_snapshot_path(const struct folder *folder, const char *suffix,
                          char path[FOLDER_FILE])
{
    snprintf(path, FOLDER_FILE, "%s/" FOLDER_SNAPSHOT "%s", folder->path,
             suffix);
}

bool folder_publish_snapshot(const struct folder *folder,
                             char error[JOURNAL_ERROR])
{
    if (renameat(folder->descriptor, FOLDER_SNAPSHOT_NEW, folder->descriptor,
                 FOLDER_SNAPSHOT) != 0)
        return folder_fail(folder, "rename", FOLDER_SNAPSHOT_NEW, error);
    return folder_sync(folder, error);
}

bool folder_release_room(const struct folder *folder, char error[JOURNAL_ERROR])
{
    return unlinkat(folder->descriptor, FOLDER_SNAPSHOT_NEW, 0) == 0 ||
           errno == ENOENT ||
           folder_fail(folder, "remove", FOLDER_SNAPSHOT_NEW, error);
}

bool folder_make_snapshot(const struct folder *folder,
                          char error[JOURNAL_ERROR])
{
    if (!folder_release_room(folder, error))
        return false;
    int file = openat(folder->descriptor, FOLDER_SNAPSHOT_NEW,
                      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return folder_fail(folder, "create", FOLDER_SNAPSHOT_NEW, error);
    close(file);
    return true;
}

bool folder_sync_snapshot(const struct folder *folder,
                          char error[JOURNAL_ERROR])
{
    int file = openat(folder->descriptor, FOLDER_SNAPSHOT_NEW,
                      O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return folder_fail(folder, "open", FOLDER_SNAPSHOT_NEW, error);
    bool synced = fsync(file) == 0 ||
                  folder_fail(folder, "sync", FOLDER_SNAPSHOT_NEW, error);
    int number = errno;
    close(file);
    errno = number;
    return synced;
}

/*
 * A file that has lost its name is shortened unless somebody has it open
 * (removed_file.c). One that still has its name after it was opened is not.
 */
int folder_open_snapshot(const struct folder *folder)
{
    struct stat opened, named;

    for (;;) {
        int file = openat(folder->descriptor, FOLDER_SNAPSHOT,
                          O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file < 0)
            return -1;
        bool compared = fstat(file, &opened) == 0 &&
                        fstatat(folder->descriptor, FOLDER_SNAPSHOT, &named,
                                AT_SYMLINK_NOFOLLOW) == 0;
        if (compared && opened.st_ino == named.st_ino)
            return file;
        int number = errno;
        close(file);
        errno = number;
        if (!compared)
            return -1;
    }
}

uint64_t folder_free_bytes(const struct folder *folder)
{
    struct statvfs fs;

    return fstatvfs(folder->descriptor, &fs) == 0
               ? (uint64_t)fs.f_bavail * fs.f_frsize
               : 0;
}

bool folder_reserve_snapshot(const struct folder *folder, uint64_t bytes,
                             char error[JOURNAL_ERROR])
{
    if (!folder_release_room(folder, error))
        return false;
    int file = openat(folder->descriptor, FOLDER_SNAPSHOT_NEW,
                      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return folder_fail(folder, "create", FOLDER_SNAPSHOT_NEW, error);
    bool reserved = fallocate(file, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0;
    int number = errno;
    close(file);
    if (reserved)
        return true;
    error_write(error,
                "cannot keep %ju bytes of the disk for the next snapshot in "
                "%.*s: %s",
                (uintmax_t)bytes, FOLDER_SHOWN, folder->path,
                strerrordesc_np(number));
    unlinkat(folder->descriptor, FOLDER_SNAPSHOT_NEW, 0);
    errno = number;
    return false;
}
