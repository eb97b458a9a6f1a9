/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a segment, copied to memory as one database without a log, also
 * while another process writes to them. It has all rows that were acknowledged
 * before, and perhaps some of those that came meanwhile, in order.
 *
 * Locking: none; one thread uses a copy.
 */
#ifndef LUNAR_STORE_SEGMENT_COPY_H
#define LUNAR_STORE_SEGMENT_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "folder.h"
#include "row_replay.h"
#include "segment.h"
#include "store/journal.h"

enum {
    /* A segment that a service writes to is copied again so often. */
    SEGMENT_COPY_ATTEMPTS = 100,
};

struct segment_copy {
    const struct folder *folder;
    int database, log; /* descriptors; `log` is -1 while there is none */
    /* Of the copy: memory of SQLite; NULL: none. */
    unsigned char *bytes;
    size_t room, size; /* multiples of a page */
    char path[SEGMENT_PATH];
    char log_path[SEGMENT_PATH];
    char log_name[FOLDER_NAME];
};

/*
 * Open the files of the segment that begins with `first`. False, with a
 * sentence in `error` and nothing to close; errno is ENOENT if there is no such
 * segment.
 * Ownership: `folder` is borrowed until segment_copy_close().
 */
bool segment_copy_open(struct segment_copy *copy, const struct folder *folder,
                       uint64_t first, char error[JOURNAL_ERROR]);

/* Free the copy, and close the files. */
void segment_copy_close(struct segment_copy *copy);

/* Bytes of the files on the disk. */
uint64_t segment_copy_file_bytes(const struct segment_copy *copy);

/* Copy them. `replay` tells its watch how far it is. */
enum journal_replayed segment_copy_files(struct segment_copy *copy,
                                         struct row_replay *replay,
                                         char error[JOURNAL_ERROR]);

/* Ownership: the caller has the bytes then, for sqlite3_free(). */
unsigned char *segment_copy_take(struct segment_copy *copy);

/* Free the copy. */
void segment_copy_clear(struct segment_copy *copy);

#endif
