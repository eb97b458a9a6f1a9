/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes snapshots in the background, so that a start stays quick and the folder
 * small however long the service runs. A thread of its own, at low priority,
 * waits until the journal has grown enough, and then
 *
 *     roll        begin a new segment; P is the last position before it
 *     walk        write the images of all rockets to snapshot.db.new
 *     publish     sync it, rename it, sync the folder
 *     forget      remove the segments up to P
 *
 * The walk does not stop the service, so it sees rockets at different moments
 * after P. That is exact all the same: see snapshots.c. If a step fails, the
 * snapshot before stays, and it is tried again later.
 *
 * The same thread does what the journal has left undone (journal_methods.tidy),
 * and keeps room for the next snapshot on the disk: a full disk gets space back
 * by a snapshot, which needs some itself.
 */
#ifndef LUNAR_STORE_SNAPSHOTS_H
#define LUNAR_STORE_SNAPSHOTS_H

#include "snapshot_file.h"
#include "store/journal.h"
#include "store/store.h"

struct folder;
struct metric;
struct snapshots;
struct table;

enum {
    SNAPSHOTS_JOURNAL = 64 * 1024 * 1024, /* bytes of the journal: the default
                                             of -snapshot */
    SNAPSHOTS_ROOM = 32 * 1024 * 1024,    /* bytes kept beside the size of the
                                             last snapshot */
    SNAPSHOTS_RETRY_MS = 1000,            /* after a failure; then doubled */
    SNAPSHOTS_RETRY_MAX_MS = 600 * 1000,
};

struct snapshots_options {
    struct folder *folder;            /* borrowed, as all of these */
    struct journal *journal;          /* started */
    struct table *table;              /* recovered */
    uint64_t journal_bytes;           /* 0: take none */
    const struct snapshot_info *last; /* NULL: there is none; copied */
    struct metric *written, *failed;  /* counters; may be NULL */
};

/* NULL if there is no thread or no memory. */
struct snapshots *snapshots_start(const struct snapshots_options *options);

/* The journal's notice: see journal_target. Locking: any thread. */
void snapshots_notice(struct snapshots *snapshots);

/* Locking: any thread. */
void snapshots_status(struct snapshots *snapshots,
                      struct store_snapshot_status *status);

/*
 * End the thread: a snapshot that is being written is abandoned. NULL does
 * nothing.
 */
void snapshots_stop(struct snapshots *snapshots);

#endif
