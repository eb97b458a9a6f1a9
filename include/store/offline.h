/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be done with a data folder without serving it: check it, back it up,
 * restore it, read its state. All but the restore only read, and work beside a
 * service that runs on the folder: then they see all that it had acknowledged
 * when they began.
 *
 * A backup is one file with the state at one position, made of the snapshot and
 * of the journal behind it, as they are in the folder. The folder of a journal
 * that is shared has a snapshot only, which is checked and read as it is, and
 * is a backup by itself.
 *
 * Locking: none; one thread calls these.
 */
#ifndef LUNAR_STORE_OFFLINE_H
#define LUNAR_STORE_OFFLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/journal.h"

struct table;

/* Where the bytes of a folder or a backup come from. */
struct offline_source {
    const char *folder; /* or NULL: */
    const char *backup;
};

/* One file, or one part of a backup, that was read. */
struct offline_file {
    const char *name;
    uint64_t bytes;
    uint64_t first, last; /* positions; 0: none */
    uint64_t rockets;     /* of a snapshot */
    uint64_t messages;    /* of a segment */
    const char *damage;   /* NULL: it is sound */
};

/* What a folder or a backup has in all. */
struct offline_state {
    uint64_t id;       /* of the history */
    uint64_t position; /* of the last record */
    uint64_t rockets;  /* of the snapshot */
    uint64_t messages; /* of the journal behind it */
    uint64_t bytes;
    bool in_use; /* by a service that runs */
    /*
     * The folder has the snapshot of a journal that is shared: all records up
     * to `position`, and some of those up to `through`. The others are only in
     * the journal.
     */
    bool shared;
    uint64_t through;
};

/*
 * Check everything: the sum of each block and row, that positions join, that
 * each image and record can be read, and the pages of each database. `report`
 * is called for each file, also for one that is damaged. The memory that is
 * needed is that of the largest segment, not that of the rockets.
 * JOURNAL_COMPLETE: a service can start with it, and `state` is set.
 * JOURNAL_FAILED: `error` says what is wrong first. If a file was reported,
 * `state` has the position up to which nothing is; if none was, nothing could
 * be read.
 */
enum journal_replayed
offline_check(const struct offline_source *source,
              void (*report)(void *context, const struct offline_file *file),
              void *context, const struct journal_watch *watch,
              struct offline_state *state, char error[JOURNAL_ERROR]);

/*
 * Write a backup of `folder` to the new file `path`, which is synced; all that
 * offline_check() looks at is checked on the way. If it fails, or is
 * interrupted, there is no file. If the process is killed, there may be one
 * with `.new` behind its name, which the next backup replaces.
 */
enum journal_replayed offline_backup(const char *folder, const char *path,
                                     const struct journal_watch *watch,
                                     struct offline_state *state,
                                     char error[JOURNAL_ERROR]);

/*
 * Make a data folder of the backup `path`. `folder` is made if it is missing;
 * one that holds state already is refused. Until it is complete a service does
 * not start with it. It gets a history of its own, as the positions behind the
 * backup will be used again: `state` has its id. If it fails, or is
 * interrupted, the folder holds no state, and one that was missing is removed.
 */
enum journal_replayed offline_restore(const char *path, const char *folder,
                                      const struct journal_watch *watch,
                                      struct offline_state *state,
                                      char error[JOURNAL_ERROR]);

/* Read the state into the empty `table`, as a start does. */
enum journal_replayed offline_read(const struct offline_source *source,
                                   struct table *table,
                                   const struct journal_watch *watch,
                                   struct offline_state *state,
                                   char error[JOURNAL_ERROR]);

#endif
