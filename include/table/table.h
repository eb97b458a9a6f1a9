/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rockets, in memory, by id. A keyed hash of the id divides the table
 * into stripes. Each stripe has its own lock, hash table, rockets and
 * interned strings. Stripes grow independently, so that the growth of one
 * never blocks the others.
 *
 * Rockets are never removed and never move. So an entry and its id are valid
 * until table_free() and need no lock. All other data is copied out under the
 * stripe's lock.
 *
 * Locking: a function locks the stripes that it needs, one at a time, and
 * holds no lock when it returns. Locks are leaves. All functions are safe
 * from any thread, except table_free().
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
 * An empty table, whose allocations are limited to `max_memory` bytes, the
 * table's own struct included. NULL if memory is exhausted or libsodium
 * cannot be initialised.
 * Ownership: the caller frees the table with table_free().
 */
struct table *table_new(size_t max_memory);

/* NULL does nothing. Locking: no other thread may use the table any more. */
void table_free(struct table *table);

/*
 * Apply `message` to its rocket, which is created if it is new. Only
 * MESSAGE_APPLIED changes the state of the table. The first gap that a rocket
 * gives up is logged.
 * Ownership: `message` is borrowed. Locking: write-locks one stripe.
 */
enum message_outcome table_apply(struct table *table,
                                 const struct message *message);

/* One of the messages of table_apply_group(). */
struct table_item {
    const struct message *message;
    uint64_t position; /* its revision, if it is applied; 0: draw the next */
    enum message_outcome outcome; /* set by table_apply_group() */
};

enum { TABLE_GROUP = 64 /* items of one call */ };

/*
 * Apply up to TABLE_GROUP messages, in order, as table_apply() does. Faster
 * than one by one where there are many rockets: the memory of some is fetched
 * while others are applied.
 * Either all items have positions or none has. Positions rise from item to item
 * and from call to call. table_revision() is then the position of the last
 * message that changed the table, or a later one of a rocket that was loaded,
 * and is set at the end of the call.
 * Ownership: the messages are borrowed. Locking: locks one stripe at a time. If
 * items have positions, one thread at a time applies them, and no other thread
 * changes the table.
 */
void table_apply_group(struct table *table, struct table_item *items,
                       size_t count);

/*
 * From now on only table_admit() enforces a limit on memory, `percent` of the
 * table's: the table holds what a journal has, and has to take it, also if the
 * limit was higher when it was written, or others write to the journal.
 * MESSAGE_NO_MEMORY from table_apply() and table_apply_group() then means that
 * malloc(3) failed. Locking: before other threads use the table.
 */
void table_limit_admission(struct table *table, unsigned percent);

/*
 * Whether `message` may be given to a journal, to be applied once it is
 * durable. MESSAGE_APPLIED: it may; the memory that it is likely to need was
 * added to `*reserved` and is reserved until table_unreserve().
 * MESSAGE_NO_MEMORY: it would not fit. MESSAGE_DUPLICATE and MESSAGE_STALE: it
 * changes nothing. Nothing is reserved in these cases.
 *
 * The table is seen as it is: messages that wait to be applied do not count as
 * applied, nor their rockets and strings as known. So the needs of messages
 * that follow each other are rather overestimated. What extends a run, and has
 * no new string, needs nothing and is admitted to a full table.
 *
 * Of memory that is allocated ahead for several rockets or runs, an estimate
 * has a share. So the table may come to hold more than the limit: for each
 * message that waits at most 16 KiB, and typically nothing; and once, when the
 * hash indexes of all stripes grow together, 3 % of what it holds. No more than
 * that, since the memory that is really held counts for the next admission.
 * Locking: read-locks one stripe.
 */
enum message_outcome table_admit(struct table *table,
                                 const struct message *message,
                                 size_t *reserved);

/*
 * Fetch into the cache what table_admit() reads for up to TABLE_GROUP messages,
 * which are then admitted one by one: faster than without it where there are
 * many rockets. No item has a position, with which it would be read without a
 * lock. It changes nothing.
 * Ownership: the messages are borrowed. Locking: read-locks one stripe at a
 * time.
 */
void table_prefetch_group(struct table *table, struct table_item *items,
                          size_t count);

/* Give back `reserved` bytes. Locking: none. */
void table_unreserve(struct table *table, size_t reserved);

/* The number of rockets in the table. Locking: none. */
size_t table_count(const struct table *table);

/* The bytes counted against the limit. Locking: none. */
size_t table_memory(const struct table *table);

/* The limit that table_new() was given. Locking: none. */
size_t table_memory_limit(const struct table *table);

/*
 * Whether the table is full: it has refused a message with MESSAGE_NO_MEMORY,
 * and holds at least as much memory, or has it reserved, as after the latest
 * refusal. So it is full from a refusal until memory has been freed, for
 * example because gaps were filled, or because messages needed less than was
 * reserved. A full table still applies messages that need no memory, and those
 * that need less than the one refused. Locking: none.
 */
bool table_is_full(const struct table *table);

/*
 * The number of state changes so far; or, if messages are applied with
 * positions, that of the latest change. A change draws its revision under the
 * lock of its stripe, and a position is the revision only after the changes of
 * its whole group. So a thread that reads the revision first and the rockets
 * afterwards sees at least all changes up to that revision. It may see newer
 * ones.
 * Locking: none.
 */
uint64_t table_revision(const struct table *table);

/*
 * Count the rockets. The counts of each stripe are those of one moment; rockets
 * of other stripes may change meanwhile.
 * Locking: read-locks each stripe that is not empty, one at a time: some tens
 * of microseconds in all.
 */
struct table_summary table_summary(struct table *table);

/* A look at all locks. */
struct table_probe {
    uint64_t had[TABLE_STRIPES / 64]; /* a bit for each stripe */
    uint32_t messages[TABLE_STRIPES]; /* that each had got at the beginning */
};

void table_probe_begin(struct table *table, struct table_probe *probe);

/*
 * Whether each lock could be had for reading, in this or an earlier call, or
 * was had by other writers since the beginning: where messages queue, no reader
 * gets in between. Does not wait for any.
 * For a watchdog: nobody holds a lock for longer than some microseconds, unless
 * something has gone wrong, or the machine has no time for who holds it.
 */
bool table_probe(struct table *table, struct table_probe *probe);

/*
 * Copy the rocket with `id` to `view`. False, with `view` untouched, if there
 * is no such rocket.
 * Locking: read-locks one stripe.
 */
bool table_find(struct table *table, struct text id, struct rocket_view *view);

/*
 * Copy the rocket of `entry`, an entry of this table, to `view`.
 * Locking: read-locks one stripe.
 */
void table_read(struct table *table, const struct table_entry *entry,
                struct rocket_view *view);

/*
 * Run the next step of the scan: read some rockets, in no particular order,
 * and copy out rows for those that match the filter and lie in the window,
 * which may be none. False, with no results, if no rockets are left to read.
 * A scan reads each rocket that was in the table at its start exactly once,
 * and each rocket that is added later once or not at all.
 * Locking: read-locks one stripe for at most 1,024 of its rockets, or 256 if
 * it reads the rockets and not only columns: some microseconds.
 */
bool table_scan_next(struct table *table, struct table_scan *scan);

#endif
