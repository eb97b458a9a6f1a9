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
    JOURNAL_TICK_MS = 100,
    /* Behind a shared journal by more than this, an instance is not ready. */
    JOURNAL_MAX_LAG_MS = 5000,
};

enum journal_outcome {
    JOURNAL_PENDING,
    JOURNAL_SETTLED, /* durable, and applied */
    JOURNAL_REFUSED, /* not written, as the journal cannot be written now */
    JOURNAL_UNKNOWN, /* nobody said in time whether it is written, or only some
                        of the records are: the others may be applied later */
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
     * the order of the appends, or in any order if the journal is shared. Must
     * not block. The journal does not use the ticket any more.
     */
    void (*settled)(struct journal_ticket *ticket);
    /* Set before that. */
    enum journal_outcome outcome;
    uint64_t last;               /* position of the last record, unless it was
                                    refused or that is unknown: then 0 */
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
    /*
     * The record at `position`, which was handed over without a ticket and is
     * applied, is one of `ticket`. Only from a journal that is `shared`: it may
     * learn the position of a record after it has read it.
     */
    void (*claim)(void *context, uint64_t position,
                  struct journal_ticket *ticket);
    /*
     * Whether there is no memory for more records. A journal that is `shared`
     * asks before it hands over some, and if so takes no more of them.
     */
    bool (*full)(void *context);
    /*
     * All tickets that one commit settles are settled. From a journal that is
     * `shared` also when records of other instances were applied, and each
     * JOURNAL_TICK_MS at least. May be NULL.
     */
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

/* Why a record of a shared journal is no message, and was skipped. */
enum journal_skip {
    JOURNAL_SKIP_INVALID,   /* not a message, by the rules for messages */
    JOURNAL_SKIP_KEY,       /* its key is not the channel of the message */
    JOURNAL_SKIP_TOMBSTONE, /* it has a key and no value */
    JOURNAL_SKIP_REASONS,
};

/* The word for a reason, in metrics and health, such as "invalid". Static. */
const char *journal_skip_name(enum journal_skip reason);

/* More of the status of a journal that is shared. */
struct journal_shared_status {
    const char *topic; /* its name; borrowed until `stop` */
    uint64_t end;      /* position of the last record there is, as far as known;
                          may be below that which is applied */
    /*
     * How long ago it was known that all records there were are applied:
     * milliseconds; 0 before `caught_up`.
     */
    uint64_t lag_ms;
    bool caught_up; /* all that was there at the start is applied */
    /*
     * Why this instance applies no more records, and behind a colon what to do;
     * borrowed until `stop`. NULL: it does.
     */
    const char *halted;
    uint64_t skipped[JOURNAL_SKIP_REASONS]; /* records since the start */
    /* The last of these, if there was one. */
    uint64_t last_skipped; /* its position */
    enum journal_skip last_reason;
};

/* A place in a journal that is shared, as a snapshot notes it. */
struct journal_place {
    uint64_t id;       /* of the history */
    uint64_t position; /* the snapshot holds all records up to here */
    uint64_t through;  /* and some of those up to here */
    uint64_t check;    /* sum of the record at `position` */
    uint64_t rules; /* version of the rules by which messages were accepted */
};

struct journal;

struct journal_methods {
    /*
     * NULL, unless the journal is shared: what comes before all others. Reach
     * it, and compare it with the last snapshot, NULL if there is none. Sets
     * `id` of the journal, and whether it needs a snapshot that is newer, as it
     * does not have all records behind that one, or would be slower. Waits for
     * as long as nobody can be reached. Called again with a snapshot that was
     * fetched, before that gets its name. Locking: the thread of `replay`.
     */
    enum journal_replayed (*prepare)(struct journal *journal,
                                     const struct journal_place *snapshot,
                                     bool *needs_snapshot,
                                     const struct journal_watch *watch,
                                     char error[JOURNAL_ERROR]);
    /*
     * NULL, or: get a snapshot from another instance, and write it to the file
     * `path`, which is made if it is missing, or else emptied. It is not
     * checked and not synced. Locking: the thread of `replay`.
     */
    enum journal_replayed (*fetch)(struct journal *journal, const char *path,
                                   const struct journal_watch *watch,
                                   char error[JOURNAL_ERROR]);
    /*
     * Hand every record behind position `after` to `target`; fails if some
     * of them are not there. Called once, before `start`.
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
    /* NULL, unless the journal is shared. Locking: any thread. */
    void (*shared_status)(struct journal *journal,
                          struct journal_shared_status *status);
    /*
     * Begin a new segment behind all tickets so far, also while the journal
     * cannot be written. Returns the last position before it, once that is
     * applied; 0 if no segment could be begun: see the status. Quick: what can
     * wait is left to `tidy`. Locking: any thread, after `start`; blocks.
     */
    uint64_t (*roll)(struct journal *journal);
    /*
     * NULL, unless the journal is shared: sets `check` and `rules` of the place
     * that the last `roll` has returned. Locking: the thread of `roll`.
     */
    void (*describe_roll)(struct journal *journal, struct journal_place *place);
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
    /*
     * Of this history: random, made with it. Set at start, or by `prepare`;
     * then read-only.
     */
    uint64_t id;
    /*
     * Other instances append to it as well, and each applies all records. Set
     * at start, then read-only. Its positions rise, but may begin at 0, and
     * some are of no message.
     */
    bool shared;
};

#endif
