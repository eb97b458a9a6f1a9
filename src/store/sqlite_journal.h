/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on SQLite: segments in a folder, the last of which is written by
 * one thread. It gathers tickets, writes them as one row, syncs it, hands the
 * records to the target, and settles the tickets.
 *
 * Whatever is written is known to be written, or known not to be, or the
 * process ends: see sqlite_fault.h. While the disk is full or cannot be
 * written, tickets are refused, and the thread tries each second whether it can
 * write again.
 */
#ifndef LUNAR_STORE_SQLITE_JOURNAL_H
#define LUNAR_STORE_SQLITE_JOURNAL_H

#include "store/journal.h"

struct folder;
struct metric;
struct snapshot_info;

enum {
    JOURNAL_MAX_PENDING = 64 * 1024 * 1024, /* bytes that are not settled */
    JOURNAL_MAX_COMMIT = 1024 * 1024,       /* bytes of a commit */
    JOURNAL_CHECKPOINT = 16 * 1024 * 1024,  /* bytes of the log */
    JOURNAL_SEGMENT = 256 * 1024 * 1024,    /* bytes of a database */
    /* A commit waits for others at most this, and so many last commits. */
    JOURNAL_GATHER_US = 500,
    JOURNAL_GATHER_COMMITS = 4,
    /* The target gets a notice each time the journal grew by this. */
    JOURNAL_NOTICE = 16 * 1024 * 1024,
    JOURNAL_PROBE_MS = 1000, /* while it cannot be written */
    JOURNAL_SLOW_MS = 1000,  /* a commit that is logged */
    JOURNAL_SLOW_EVERY = 10, /* seconds from one such line to the next */
};

/* What the journal counts. All may be NULL. */
struct journal_counts {
    struct metric *commits;
    struct metric *seconds;  /* histogram of microseconds */
    struct metric *messages; /* histogram */
    struct metric *refused;  /* messages */
};

struct sqlite_journal_options {
    struct folder *folder; /* borrowed until stop() */
    struct journal_counts counts;
    /*
     * The snapshot that the journal goes on from; borrowed until the replay has
     * ended. NULL: there is none.
     */
    const struct snapshot_info *snapshot;
    /* 0: the constant of that name. All but `notice` are for tests. */
    uint64_t notice;
    size_t max_pending, max_commit;
    uint64_t checkpoint, segment;
    unsigned probe_ms;
};

/*
 * The journal in a folder that only this process uses. An empty folder without
 * a snapshot gets a new history; beside a snapshot the journal must have its
 * history, and begin behind it. NULL, with a sentence in `error` that says what
 * to do.
 */
struct journal *
sqlite_journal_open(const struct sqlite_journal_options *options,
                    char error[JOURNAL_ERROR]);

#endif
