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
#include <stddef.h>
#include <stdint.h>

#include "store/commit.h"
#include "store/journal.h"

struct metrics;
struct store;
struct table;

/*
 * Make the folder if it is missing, lock it, check that this process can use
 * it, and look at what it holds. Does not read the records, so it takes
 * milliseconds. NULL, with a sentence in `error` that says what to do.
 */
struct store *store_open(const char *folder, struct metrics *metrics,
                         char error[JOURNAL_ERROR]);

/* Of the history in the folder: the same after each restart. */
uint64_t store_id(const struct store *store);

/*
 * `table` gets its state from the store: from now on only the admission of
 * messages enforces its limit. For `committed` see commit_new(). False if
 * memory is exhausted.
 * Ownership: `table` is borrowed until store_close().
 */
bool store_attach(struct store *store, struct table *table,
                  void (*committed)(void *context), void *context);

/* Replay the journal into the table. For the results see journal.h. */
enum journal_replayed store_recover(struct store *store,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR]);

/* Take messages from now on. False if there is no thread for it. */
bool store_start(struct store *store);

/* The way of messages into the store. */
struct commit *store_commit(struct store *store);

/* For health; before store_start() only the position and bytes are set. */
void store_status(struct store *store, struct journal_status *status);

/* Settle what was appended, and unlock the folder. NULL does nothing. */
void store_close(struct store *store);

#endif
