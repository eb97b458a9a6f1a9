/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on SQLite, and its thread, which alone writes: it takes tickets
 * from the queue, commits them as one row, applies and settles them, copies the
 * log to the database, begins segments, and handles faults.
 */
#ifndef LUNAR_STORE_WRITER_H
#define LUNAR_STORE_WRITER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "folder.h"
#include "old_segments.h"
#include "segment.h"
#include "sqlite_journal.h"
#include "ticket_queue.h"

struct sqlite_journal {
    struct journal journal;
    /* Set at start, then read-only. */
    struct sqlite_journal_options options;
    const struct journal_target *target;
    pthread_t thread;
    bool started;
    struct ticket_queue queue;
    struct old_segments old; /* all segments but the last one */
    /* Written by the journal's thread, read by any. */
    _Atomic uint64_t position; /* of the last record that is applied */
    _Atomic uint64_t bytes;    /* of the last segment */
    _Atomic(const char *) problem;
    /* Of the journal's thread; before it, of the one that opens and replays. */
    struct folder_segments found; /* at the open, for the replay */
    struct segment *segment;      /* the last one */
    uint64_t base_bytes;    /* of its database after the last checkpoint */
    uint64_t log_bytes;     /* of its log on the disk */
    uint64_t noticed_bytes; /* of it at the target's last notice */
    /* A refused commit may be whole in its log: see writer_begin_segment(). */
    bool unsettled;
    struct buffer row;  /* records of more than one ticket */
    uint64_t commit_us; /* of the last commit */
    uint64_t slow_us;   /* when a slow commit was logged, or 0 */
    uint64_t probe_us;  /* while there is a problem: the next probe */
};

/* The thread. Ends when the queue is closed and empty. */
void *writer_run(void *journal);

/*
 * Begin a new segment, unless the last one is empty; also while the journal
 * cannot be written. False if it could not be made. Locking: the thread only.
 */
bool writer_begin_segment(struct sqlite_journal *journal);

/* Look how many bytes the last segment has. Locking: as above, or before it. */
void writer_measure_bytes(struct sqlite_journal *journal);

#endif
