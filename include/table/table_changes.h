/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes in the table, for those who follow it.
 *
 * Two ways lead to the rockets that have changed. A watched table lists them as
 * they change, so a collection costs as much as has changed, however many
 * rockets there are. While nobody watches, a change costs one read of a flag.
 * And a walk over all rockets finds those that changed after any revision: for
 * a reader who was away.
 *
 * Locking: each function says so; none holds a lock when it returns.
 */
#ifndef LUNAR_TABLE_TABLE_CHANGES_H
#define LUNAR_TABLE_TABLE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/table_types.h"

struct table;

enum {
    TABLE_FEED = 50,        /* rockets of one kind that a collection names */
    TABLE_SINCE_ROWS = 256, /* rockets of one step of a walk */
};

/*
 * Rockets to which something has happened since the last collection, in the
 * order of arrival, each once: the first TABLE_FEED of them, and how many times
 * it has happened to others.
 */
struct table_feed {
    const struct table_entry *entries[TABLE_FEED];
    size_t count;
    uint64_t more;
};

/* Note that it has happened to the rocket of `entry`. Locking: none. */
void table_feed_add(struct table_feed *feed, const struct table_entry *entry);

/* A collection. */
struct table_changes {
    /*
     * All changes up to this revision are in this collection or in an earlier
     * one. It may have later ones, which may come in the next one as well.
     */
    uint64_t revision;
    /*
     * The latest change when its stripe was collected, which may be above
     * `revision`; 0 if there is none. Later changes, if there are any in this
     * collection, come in the next one as well.
     */
    uint64_t latest;
    /* Rockets that have changed, each once, in no particular order. */
    const struct table_entry **entries;
    size_t count, capacity;
    /*
     * They were more than TABLE_CHANGES_MOST, or there was no memory for them:
     * none is in `entries`. They do not come in a later collection.
     */
    bool lost;
    /*
     * Rockets that show another launch than before, by its time, and active
     * ones that became exploded. They are noted right after the change, so they
     * may come in the collection behind the one that has the change.
     */
    struct table_feed launched, exploded;
};

/*
 * More rockets than this are not collected: nobody could take them as quickly
 * as they change, and whoever follows reads the list instead.
 */
enum { TABLE_CHANGES_MOST = 32768 };

/*
 * Watch the table from now on. Returns the revision at which it begins: each
 * later change will be collected. Not if it is watched already.
 * Locking: write-locks each stripe, one at a time. One thread at a time calls
 * this, table_unwatch() and table_collect().
 */
uint64_t table_watch(struct table *table);

/* Watch it no longer, and free the lists. Locking: as table_watch(). */
void table_unwatch(struct table *table);

/*
 * Collect what has changed since the last collection of a watched table, into
 * `changes`, of which only the memory of `entries` is kept from before. Rockets
 * that are loaded have changed, too. While a journal is replayed onto loaded
 * rockets, a rocket may be collected twice.
 * Locking: as table_watch(), but only those stripes that have changed.
 * Ownership: the caller calls table_changes_release().
 */
void table_collect(struct table *table, struct table_changes *changes);

/* All zero is an empty collection. A second call does nothing. */
void table_changes_release(struct table_changes *changes);

/* A walk over the rockets that changed after a revision. */
struct table_since {
    uint64_t after; /* set at start, the rest all zero */
    /* Results of the latest step. */
    size_t count;
    struct table_since_row {
        const struct table_entry *entry;
        uint64_t revision;
    } rows[TABLE_SINCE_ROWS];
    /* Private: where the next step begins. */
    uint32_t stripe, index;
};

/*
 * Run the next step: find some rockets whose revision is above `after`, in no
 * particular order, perhaps none. False, with no results, at the end. A walk
 * finds each rocket once that had changed after `after` when the walk began, up
 * to table_revision() by then at least, with that or a later revision. Of other
 * rockets that change meanwhile it may find some.
 * Locking: read-locks one stripe, for at most TABLE_SINCE_ROWS of its rockets.
 */
bool table_since_next(struct table *table, struct table_since *since);

/*
 * The revision of the entry's rocket. Locking: read-locks one stripe.
 */
uint64_t table_read_revision(struct table *table,
                             const struct table_entry *entry);

/*
 * The entry of the rocket with `id`, NULL if there is none.
 * Locking: read-locks one stripe.
 */
const struct table_entry *table_find_entry(struct table *table, struct text id);

#endif
