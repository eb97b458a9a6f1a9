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
 * after P. That is exact all the same: see snapshots_steps.c. If a step fails,
 * the snapshot before stays, and it is tried again later.
 *
 * The same thread does what the journal has left undone (journal_methods.tidy),
 * and keeps room for the next snapshot on the disk: a full disk gets space back
 * by a snapshot, which needs some itself.
 *
 * If the journal is shared, it has no segments: roll and forget only count, and
 * the start after a snapshot reads the journal from P + 1 on.
 */
#ifndef LUNAR_STORE_SNAPSHOTS_H
#define LUNAR_STORE_SNAPSHOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot_file.h"
#include "store/journal.h"
#include "store/store.h"

struct folder;
struct metric;
struct snapshots;
struct table;

enum {
    SNAPSHOTS_ROOM = 32 * 1024 * 1024, /* bytes kept beside the size of the
                                          last snapshot */
    SNAPSHOTS_SEGMENT = 256 * 1024,    /* bytes of these for a new segment,
                                          if the disk is full */
    SNAPSHOTS_RETRY_MS = 1000,         /* after a failure; then doubled */
    SNAPSHOTS_RETRY_MAX_MS = 600 * 1000,
    /*
     * On a full disk a snapshot is due at a quarter of the usual bytes of the
     * journal. At fewer it would free little, and soon be due again. With a
     * small snapshot SNAPSHOTS_FULL_BYTES are enough: the disk may be too small
     * for the journal to ever get more.
     */
    SNAPSHOTS_FULL_SHARE = 4,
    SNAPSHOTS_FULL_BYTES = 1024 * 1024,
    SNAPSHOTS_LINE_S = 60, /* between two lines at level info */
    SNAPSHOTS_NICE = 10,   /* of the thread: setpriority(2) */
};

/* The series of `results`. */
enum snapshots_result {
    SNAPSHOTS_WRITTEN,
    SNAPSHOTS_FAILED,
    SNAPSHOTS_RESULTS,
};

struct snapshots_options {
    struct folder *folder;            /* borrowed, as all of these */
    struct journal *journal;          /* replayed until snapshots_start() */
    struct table *table;              /* the same */
    uint64_t journal_bytes;           /* 0: take none */
    const struct snapshot_info *last; /* NULL: there is none; copied */
    struct metric *results;           /* counter; may be NULL */
    unsigned retry_ms;                /* for tests; 0: SNAPSHOTS_RETRY_MS */
};

/*
 *     snapshots_new() --> snapshots_start() --> snapshots_stop()
 *         --> snapshots_free()
 *
 * The journal is started between the first two, and stopped between the last
 * two, as it may send notices all the time. NULL if memory is exhausted.
 */
struct snapshots *snapshots_new(const struct snapshots_options *options);

/* Start the thread. False if there are no resources for it. */
bool snapshots_start(struct snapshots *snapshots);

/*
 * A snapshot that was not taken here is now the last one. Before
 * snapshots_start().
 */
void snapshots_set_last(struct snapshots *snapshots,
                        const struct snapshot_info *last);

/* See store_want_snapshot(). Locking: any thread. */
void snapshots_want(struct snapshots *snapshots, uint64_t position);

/* The journal's notice: see journal_target. Locking: any thread. */
void snapshots_notice(struct snapshots *snapshots);

/* Locking: any thread. */
void snapshots_status(struct snapshots *snapshots,
                      struct store_snapshot_status *status);

/*
 * End the thread, if it was started. A snapshot that is being written is
 * abandoned.
 */
void snapshots_stop(struct snapshots *snapshots);

/* NULL does nothing. */
void snapshots_free(struct snapshots *snapshots);

#endif
