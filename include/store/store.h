/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of -data=DIR: a folder that only this process uses, with a journal
 * in it. The state of the service is made from it at the start, and every
 * message is in it before it is acknowledged.
 *
 *     store_open() --> store_attach() --> store_recover() --> store_start()
 *         --> store_close()
 *
 * Locking: one thread calls these; store_status() and what commit.h has may be
 * called from any thread.
 */
#ifndef LUNAR_STORE_STORE_H
#define LUNAR_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/commit.h"
#include "store/journal.h"

struct metrics;
struct store;
struct table;

struct store_options {
    const char *folder;
    /*
     * Take a snapshot when the journal since the last one has so many bytes,
     * or as many as the snapshot, if it is larger. 0: never.
     */
    uint64_t snapshot_bytes;
    struct metrics *metrics; /* borrowed until store_close() */
    /*
     * A journal that is shared: the folder has snapshots of it, and nothing
     * else. NULL: the folder has the journal.
     * Ownership: store_open() takes it, also if it fails.
     */
    struct journal *journal;
};

enum {
    /*
     * Of the limit on memory, in percent: with more in use no message is
     * admitted to a shared journal. The rest is for those that other instances
     * have admitted meanwhile, as no instance can leave out a record.
     */
    STORE_SHARED_ADMISSION = 95,
};

/*
 * Make the folder if it is missing, lock it, check that this process can use
 * it, and look at what it holds. Does not read the records, so it takes
 * milliseconds. NULL, with a sentence in `error` that says what to do.
 */
struct store *store_open(const struct store_options *options,
                         char error[JOURNAL_ERROR]);

/*
 * Of the history in the folder: the same after each restart. With a shared
 * journal it is known when the recovery is complete.
 */
uint64_t store_id(const struct store *store);

/* Whether other instances share the journal. */
bool store_is_shared(const struct store *store);

/*
 * `table` gets its state from the store: from now on only the admission of
 * messages enforces its limit. For `committed` see commit_new(). False if
 * memory is exhausted.
 * Ownership: `table` is borrowed until store_close().
 */
bool store_attach(struct store *store, struct table *table,
                  void (*committed)(void *context), void *context);

/*
 * Load the snapshot into the table, and replay the journal behind it. For the
 * results see journal.h.
 */
enum journal_replayed store_recover(struct store *store,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR]);

/*
 * Take messages from now on, and snapshots. False if there is no thread for it.
 */
bool store_start(struct store *store);

/* The way of messages into the store. */
struct commit *store_commit(struct store *store);

/* For health; before store_start() only the position and bytes are set. */
void store_status(struct store *store, struct journal_status *status);

/* The last snapshot, and those to come. */
struct store_snapshot_status {
    bool enabled; /* snapshots are taken */
    bool running; /* one is being written */
    /*
     * Why the last try failed, and behind a colon what to do; static. NULL: it
     * did not fail.
     */
    const char *problem;
    /* The last one that is complete. */
    bool exists;  /* if not, the rest is 0 */
    int64_t time; /* when it was complete: seconds of the Unix epoch */
    uint64_t position, rockets, bytes;
    uint64_t took_us; /* 0: by an earlier process */
};

/* For health and metrics. Locking: any thread. */
void store_snapshot_status(struct store *store,
                           struct store_snapshot_status *status);

/* Only if the journal is shared. Locking: any thread. */
void store_shared_status(struct store *store,
                         struct journal_shared_status *status);

/*
 * Take a snapshot soon that holds all up to `position`, which is applied,
 * unless the last one does, whether snapshots are enabled or not: see
 * store_snapshot_status(). Never blocks. Locking: any thread.
 */
void store_want_snapshot(struct store *store, uint64_t position);

/*
 * Open the file of the last snapshot, to read it: it stays the same if a newer
 * one replaces it. Sets `*bytes` to its size. The file descriptor, which the
 * caller closes; -1, with errno, if there is none. Locking: any thread; blocks
 * for a moment.
 */
int store_open_snapshot(struct store *store, uint64_t *bytes);

/* Settle what was appended, and unlock the folder. NULL does nothing. */
void store_close(struct store *store);

#endif
