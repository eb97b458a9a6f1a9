/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data folder: made if it is missing, used by one process at a time, and
 * known to work before anything depends on it.
 *
 *     lock             flock(2) is held on it while the folder is open
 *     snapshot.db      the last snapshot
 *     journal-N.db     a segment of the journal; N is the position of its
 *                      first record, in 20 digits
 *     journal-N.db-wal SQLite's log of that segment
 *     NAME.new         not complete yet: removed at the next start
 *
 * Only files that end in ".db" hold state, in this version and in later ones.
 * So a folder with one that this version does not know is refused. All other
 * files are left alone.
 *
 * Locking: none is needed after folder_open(): a folder does not change. Two
 * threads must not use the same file of it.
 */
#ifndef LUNAR_STORE_FOLDER_H
#define LUNAR_STORE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/journal.h"

enum {
    FOLDER_NAME = 48,    /* bytes of the name of a file, with its NUL */
    FOLDER_FILE = 4096,  /* bytes of the path of a file, with its NUL */
    FOLDER_BLOCK = 4096, /* bytes of a write of folder_probe() */
};

struct folder;

/*
 * Open the folder `path`, which is made if it is missing; its parent is not.
 * Lock it, remove what an earlier process did not complete, and check that
 * files can be made, written, synced, renamed and removed in it. A folder that
 * other users can read or change, or that belongs to another user, is logged.
 * NULL, with a sentence in `error` that says what to do.
 * Ownership: the caller calls folder_close().
 */
struct folder *folder_open(const char *path, char error[JOURNAL_ERROR]);

/*
 * Open the folder `path` to read it, also beside a process that uses it.
 * Nothing is made, changed, checked or locked. `*in_use` becomes whether
 * another process has it open now; one may open it at any time. NULL, with a
 * sentence in `error` and errno.
 * Ownership: the caller calls folder_close().
 */
struct folder *folder_open_to_read(const char *path, bool *in_use,
                                   char error[JOURNAL_ERROR]);

/* Unlock and close it. NULL does nothing. */
void folder_close(struct folder *folder);

/*
 * Remove a folder that folder_open() has made, and in which nothing is kept.
 * One that has other files stays, without the lock file.
 */
void folder_discard(struct folder *folder);

/*
 * Check that a file of `size` bytes, a multiple of FOLDER_BLOCK, can be made,
 * written, synced, renamed and removed. False, with a sentence in `error`.
 */
bool folder_probe(const struct folder *folder, size_t size,
                  char error[JOURNAL_ERROR]);

/* The path as given, for texts. Ownership: borrowed until folder_close(). */
const char *folder_path(const struct folder *folder);

/* Its descriptor, for openat(2) and others. Borrowed until folder_close(). */
int folder_descriptor(const struct folder *folder);

/*
 * Sync the folder's entries: what was made, renamed or removed. False, with a
 * sentence in `error`; the errno is kept.
 */
bool folder_sync(const struct folder *folder, char error[JOURNAL_ERROR]);

/* The state that a folder holds. */
struct folder_segments {
    uint64_t *first; /* positions of the segments, lowest first */
    size_t count;
    bool snapshot; /* there is one */
};

/*
 * List the segments, and the snapshot. False, with a sentence in `error`, if
 * the folder cannot be read, or holds what this version does not know, or files
 * of SQLite whose segment is missing.
 * Ownership: the caller calls folder_segments_release(), also after a failure.
 */
bool folder_list(const struct folder *folder, struct folder_segments *segments,
                 char error[JOURNAL_ERROR]);

/* A second call does nothing. */
void folder_segments_release(struct folder_segments *segments);

/*
 * Write the name of the segment that begins at position `first`, with `suffix`
 * behind it: "" for the segment, ".new" while it is made, "-wal" for its log.
 */
void folder_segment_name(uint64_t first, const char *suffix,
                         char name[FOLDER_NAME]);

/*
 * Publish a segment: rename its complete and synced ".new" file, and sync the
 * folder. An existing segment is never replaced. False, with a sentence in
 * `error`; the errno is kept.
 */
bool folder_publish(const struct folder *folder, uint64_t first,
                    char error[JOURNAL_ERROR]);

/*
 * Remove a segment with SQLite's files of it, these first, and sync the folder.
 * Files that are missing are no error. False, with a sentence in `error`; the
 * errno is kept.
 */
bool folder_remove_segment(const struct folder *folder, uint64_t first,
                           char error[JOURNAL_ERROR]);

/*
 * Write the path of the snapshot, with `suffix` behind it: "" for the one that
 * is complete, ".new" for the next one.
 */
void folder_snapshot_path(const struct folder *folder, const char *suffix,
                          char path[FOLDER_FILE]);

/*
 * Publish a snapshot: rename its complete and synced ".new" file, which
 * replaces the one before, and sync the folder. False, with a sentence in
 * `error`; the errno is kept. If only the sync has failed, nobody knows which
 * of both a power cut leaves.
 */
bool folder_publish_snapshot(const struct folder *folder,
                             char error[JOURNAL_ERROR]);

/*
 * Make the empty ".new" file of the snapshot, mode 0600, for one that comes
 * from elsewhere; one that is there is removed. False, with a sentence in
 * `error` and errno.
 */
bool folder_make_snapshot(const struct folder *folder,
                          char error[JOURNAL_ERROR]);

/* Sync the ".new" file of the snapshot. The same results. */
bool folder_sync_snapshot(const struct folder *folder,
                          char error[JOURNAL_ERROR]);

/*
 * Open the snapshot, to read it. It stays the same until the descriptor is
 * closed, also if another one gets its name. -1 with errno.
 */
int folder_open_snapshot(const struct folder *folder);

/* Bytes that the file system has for this user; 0 if it cannot be asked. */
uint64_t folder_free_bytes(const struct folder *folder);

/*
 * Keep room on the disk for the next snapshot: its ".new" file is made anew,
 * empty, with blocks of `bytes` behind its end. False, with a sentence in
 * `error` and errno, such as EOPNOTSUPP if the file system cannot do so, or
 * ENOSPC: then there is no such file.
 */
bool folder_reserve_snapshot(const struct folder *folder, uint64_t bytes,
                             char error[JOURNAL_ERROR]);

/*
 * Remove the ".new" file of the snapshot: the room, or one that was not
 * completed. One that is missing is no error. False, with a sentence in
 * `error`; the errno is kept.
 */
bool folder_release_room(const struct folder *folder,
                         char error[JOURNAL_ERROR]);

#endif
