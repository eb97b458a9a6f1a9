/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal: the durable, totally ordered sequence of the records that the
 * service has accepted. Each record has a position, which rises from 1. The
 * state of the service is the fold of the journal in the order of positions.
 *
 * A journal is a table of methods, so that a file and a replicated log look the
 * same: records are appended in tickets, from any thread; one thread of the
 * journal hands every record that has become durable to the target, in order,
 * and then settles the ticket that it came in.
 *
 *     append --> (durable) --> apply each record --> applied --> settled
 *     append --> (not written) ------------------------------> settled
 *
 * Locking: each method says so.
 */
#ifndef LUNAR_STORE_JOURNAL_H
#define LUNAR_STORE_JOURNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "store/record.h"

enum {
    JOURNAL_ERROR = 512, /* bytes of a text about an error, with its NUL */
};

enum journal_outcome {
    JOURNAL_PENDING,
    JOURNAL_SETTLED, /* durable, and applied */
    JOURNAL_REFUSED, /* not written, as the journal cannot be written now */
};

/* Records that are appended together. Embedded in a struct of the caller. */
struct journal_ticket {
    /*
     * Set by the caller. The bytes are `count` records, at least one, and stay
     * until the ticket is settled.
     */
    struct text records;
    size_t count;
    /*
     * The ticket is settled: see `outcome`. Called on the journal's thread, in
     * the order of the appends. Must not block. The journal does not use the
     * ticket any more.
     */
    void (*settled)(struct journal_ticket *ticket);
    /* Set before that. */
    enum journal_outcome outcome;
    uint64_t last;               /* position of the last record; 0 if refused */
    struct journal_ticket *next; /* private to the journal until then */
};

/*
 * Takes what the journal has. All calls come in the order of positions, from
 * one thread at a time: that of the replay, and later the journal's.
 */
struct journal_target {
    void *context;
    /*
     * The record at `position` is durable. `ticket` is NULL if it was replayed
     * or is another instance's; else the record is its `index`th, from 0.
     * Ownership: `record` is valid during the call, and the bytes that it was
     * read from until `applied`: a copy by record_copy() is valid until then.
     */
    void (*apply)(void *context, uint64_t position, const struct record *record,
                  struct journal_ticket *ticket, size_t index);
    /* All records so far must be applied before this returns. */
    void (*applied)(void *context);
    /* All tickets that one commit settles are settled. May be NULL. */
    void (*committed)(void *context);
    /*
     * The status has changed in a way that a snapshot may depend on: the
     * journal has grown by some mebibytes, has begun a segment by itself, or
     * cannot be written, or can again. On the journal's thread. Must not block.
     * May be NULL.
     */
    void (*notice)(void *context);
};

/* What a recovery, or other long work, tells while it runs. */
struct journal_progress {
    uint64_t done, total; /* bytes */
    uint64_t rockets;     /* loaded from a snapshot */
    uint64_t records;     /* replayed */
};

struct journal_watch {
    void *context;
    /* Called at least every 100 ms. False ends the replay. */
    bool (*report)(void *context, const struct journal_progress *progress);
};

enum journal_replayed {
    JOURNAL_COMPLETE,
    JOURNAL_INTERRUPTED, /* by the watch */
    JOURNAL_FAILED,      /* `error` says why, and what to do */
};

struct journal_status {
    uint64_t position; /* of the last record that is durable and applied */
    uint64_t bytes;    /* of all segments on the disk */
    uint64_t queued;   /* bytes of tickets that are not settled */
    /*
     * Why it cannot be written now, and behind a colon what to do, as in "the
     * disk is full, so messages get 503: free space ..."; static. NULL: it can,
     * as far as is known.
     */
    const char *problem;
    /* The problem is that the disk is full: what is deleted helps. */
    bool full;
};

struct journal;

struct journal_methods {
    /*
     * Hand every record behind position `after` to `target`. Called once,
     * before `start`.
     */
    enum journal_replayed (*replay)(struct journal *journal, uint64_t after,
                                    const struct journal_target *target,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR]);
    /*
     * Take tickets from now on. `target` is borrowed until the end. False if
     * there is no thread for it.
     */
    bool (*start)(struct journal *journal, const struct journal_target *target);
    /*
     * Append the records of `ticket`. False, with nothing done, if too much is
     * waiting already. Never blocks. Locking: any thread.
     */
    bool (*append)(struct journal *journal, struct journal_ticket *ticket);
    /* Locking: any thread. */
    void (*status)(struct journal *journal, struct journal_status *status);
    /*
     * Begin a new segment behind all tickets so far, also while the journal
     * cannot be written. Returns the last position before it, once that is
     * applied; 0 if no segment could be begun: see the status. Quick: what can
     * wait is left to `tidy`. Locking: any thread, after `start`; blocks.
     */
    uint64_t (*roll)(struct journal *journal);
    /*
     * A snapshot holds the records up to `position`: they may be deleted, bit
     * by bit, so that commits hardly wait for that; at once as soon as `*stop`
     * is true, or if `stop` is NULL. False if something could not be, which is
     * logged. Locking: the thread of `tidy`; blocks.
     */
    bool (*forget)(struct journal *journal, uint64_t position,
                   const _Atomic bool *stop);
    /*
     * Do what the journal's thread has left to others as it takes long, such as
     * to copy the log of a segment that is complete. False if something failed,
     * which is logged and costs nothing; it may be tried again. Locking: one
     * thread, after `start`; blocks.
     */
    bool (*tidy)(struct journal *journal);
    /*
     * Settle what was appended, end the thread, and free the journal. No other
     * thread may use it any more.
     */
    void (*stop)(struct journal *journal);
};

/* The first member of each kind of journal. */
struct journal {
    const struct journal_methods *methods;
    /* Of this history: random, made with it. Set at start, then read-only. */
    uint64_t id;
};

#endif
