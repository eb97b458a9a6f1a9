/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives the blocks of a large file back to the disk bit by bit once it was
 * removed. unlink(2) and rename(2) free all of it in one go, and nothing else
 * is synced meanwhile.
 *
 *     removed_file_open() --> it is removed --> removed_file_close()
 *
 * Locking: none.
 */
#ifndef LUNAR_STORE_REMOVED_FILE_H
#define LUNAR_STORE_REMOVED_FILE_H

#include <stdatomic.h>
#include <stdbool.h>

enum {
    /*
     * Bytes that are freed at once. With `discard` among the options of the
     * file system the disk takes about a third of a millisecond for them.
     */
    REMOVED_FILE_PIECE = 512 * 1024,
};

/*
 * Open the file, which this process must not have locked by fcntl(2), as SQLite
 * does: the close would unlock it. -1, which removed_file_close() accepts, if
 * it cannot be opened.
 */
int removed_file_open(const char *path);

/*
 * Close the file. If it was removed, free its blocks piece by piece, with rests
 * (throttle.h); all that are left at once as soon as `*stop` is true, or if
 * `stop` is NULL. A file that still has a name, or that somebody else has open,
 * is not changed.
 */
void removed_file_close(int file, const _Atomic bool *stop);

#endif
