/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rocket, by id, in memory. The table is cut into stripes by a keyed
 * hash of the id. Each stripe has its own lock, hash table, rockets and
 * interned strings. It grows by itself, so growth never blocks the others.
 *
 * Rockets are never removed and never move. So a rocket's entry and its id
 * stay valid as long as the table lives and can be used without a lock;
 * everything else is copied out under one.
 *
 * Locking: all functions lock for themselves, one stripe at a time, and
 * hold no lock when they return. Locks are leaves.
 */
#ifndef LUNAR_TABLE_TABLE_H
#define LUNAR_TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "table/table_scan.h"
#include "table/table_types.h"

struct table;

enum { TABLE_STRIPES = 1024 };

/*
 * An empty table that holds at most `max_memory` bytes.
 * NULL where memory ends.
 */
struct table *table_new(size_t max_memory);

/* Nobody may be using it any more. */
void table_free(struct table *table);

/*
 * Apply `message` to its rocket, which is made if it is new.
 * Returns what became of it; MESSAGE_NO_MEMORY leaves the table as it was.
 * Ownership: `message` is borrowed. Locking: write-locks one stripe.
 */
enum message_outcome table_apply(struct table *table,
                                 const struct message *message);

/* Rockets in the table. */
size_t table_count(const struct table *table);

/* Bytes held, as counted against the limit. */
size_t table_memory(const struct table *table);

/*
 * The number of state changes so far. A change draws its revision under its
 * stripe's lock; so who reads the revision first and the rockets after it
 * has seen at least all changes up to that revision.
 */
uint64_t table_revision(const struct table *table);

/* False, with `view` untouched, if there is no such rocket. */
bool table_find(struct table *table, struct text id, struct rocket_view *view);

/* The rocket of an entry of this table. */
void table_read(struct table *table, const struct table_entry *entry,
                struct rocket_view *view);

/*
 * Make the next step of the scan: read some rockets, in no particular order,
 * and copy out those that match the filter and lie in the window, which may
 * be none. False, with no results, if there are no more rockets to read.
 * A scan reads each rocket that was in the table at its start exactly once,
 * and each that is added later once or not at all.
 * Locking: read-locks one stripe for at most 1,024 of its rockets, or 256 if
 * it has to read them and not only columns: some microseconds.
 */
bool table_scan_next(struct table *table, struct table_scan *scan);

#endif
