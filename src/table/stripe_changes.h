/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of a stripe's rockets that have changed since they were collected
 * last, each once. Only a watched table has lists: see table_changes.h.
 *
 * Locking: none; the caller holds the stripe's lock for writing.
 */
#ifndef LUNAR_TABLE_STRIPE_CHANGES_H
#define LUNAR_TABLE_STRIPE_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "table/table_changes.h"

enum {
    /*
     * Rockets of one list. As ids are spread evenly, a stripe with more belongs
     * to a table in which several times TABLE_CHANGES_MOST have changed. All
     * lists of a table together take at most 4 MiB, which do not count towards
     * its limit: who watches must not make it full, nor make it seem to have
     * room again by leaving.
     */
    STRIPE_CHANGES_MOST = TABLE_CHANGES_MOST / 64,
};

/*
 * All zero: an empty list. Small, as there are 1,024 of them, mostly unused: a
 * stripe with its lock takes four cache lines.
 */
struct stripe_changes {
    /*
     * The stripe's `latest` when the list was empty last. So exactly the
     * rockets with later revisions have changed since. Not the revision of the
     * table: with positions it is behind those of rockets, and a rocket between
     * the two would seem to be listed when it changes next.
     */
    uint64_t collected;
    const struct table_entry **entries; /* `count` of them */
    uint16_t count, capacity;
    bool incomplete; /* there was no room for a rocket: the list is empty, and
                        its rockets have to be found by their revisions */
};

/*
 * List the rocket of `entry`, which changes, and had `revision` before; 0: it
 * is new. Returns whether nothing has been listed before.
 */
bool stripe_changes_add(struct stripe_changes *changes,
                        const struct table_entry *entry, uint64_t revision);

/* Begin again with an empty list. `latest` is that of the stripe. */
void stripe_changes_clear(struct stripe_changes *changes, uint64_t latest);

/* Free the memory. A second call does nothing. */
void stripe_changes_release(struct stripe_changes *changes);

#endif
