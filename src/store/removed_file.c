/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that has the file open reads it to the end (offline_files.c), so it
 * is shortened only if nobody has. A lease for writing proves that: the kernel
 * grants it if there is no other open descriptor (fcntl(2), F_SETLEASE). It
 * knows all of them if the file system is a local one. Elsewhere, and if
 * anything fails, the last close of the file frees it in one go.
 *
 * The file has no name any more, so nobody finds it after that. An open(2) that
 * has found it just before may return later. Who reads the folder lists it
 * again when all files are open, misses this one, and opens all anew.
 */
#include "removed_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "throttle.h"

#define XFS_MAGIC 0x58465342 /* not in linux/magic.h */

int removed_file_open(const char *path)
{
    return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Whether all that have the file open are on this machine. */
static bool is_local(int file)
{
    struct statfs status;

    if (fstatfs(file, &status) != 0)
        return false;
    switch (status.f_type) {
    case EXT4_SUPER_MAGIC: /* also that of ext2 and ext3 */
    case XFS_MAGIC:
    case BTRFS_SUPER_MAGIC:
        return true;
    default:
        return false;
    }
}

/*
 * Whether this descriptor is all that is left of the file. The kernel tells the
 * owner of a lease by a signal that somebody opens the file. By default that is
 * SIGIO, which would end the process; SIGURG is ignored.
 */
static bool is_ours_alone(int file, off_t *size)
{
    struct stat status;

    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_nlink > 0 || !is_local(file) ||
        fcntl(file, F_SETSIG, SIGURG) != 0 ||
        fcntl(file, F_SETLEASE, F_WRLCK) != 0)
        return false;
    *size = status.st_size;
    return fcntl(file, F_SETLEASE, F_UNLCK) == 0;
}

static void shorten_file(int file, off_t size, const _Atomic bool *stop)
{
    struct throttle throttle;

    throttle_begin(&throttle, stop);
    while (size > REMOVED_FILE_PIECE && !atomic_load(stop)) {
        size -= REMOVED_FILE_PIECE;
        if (ftruncate(file, size) != 0)
            return;
        throttle_rest(&throttle);
    }
}

void removed_file_close(int file, const _Atomic bool *stop)
{
    off_t size = 0;

    if (file < 0)
        return;
    if (stop != NULL && is_ours_alone(file, &size))
        shorten_file(file, size, stop);
    close(file);
}
