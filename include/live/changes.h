/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rockets have changed after a revision, found by a walk over the table:
 * some milliseconds for each hundred thousand rockets, less if little has
 * changed. For workers.
 */
#ifndef LUNAR_LIVE_CHANGES_H
#define LUNAR_LIVE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;
struct table_entry;

/* Which ones to keep, if they are too many. */
enum changes_end { CHANGES_OLDEST, CHANGES_NEWEST };

struct change {
    const struct table_entry *entry;
    uint64_t revision; /* when it was found */
};

/* All zero: none. */
struct changes {
    /*
     * All changes after the revision that was asked for, up to this one, are
     * counted in `total`; later ones may be.
     */
    uint64_t revision;
    uint64_t total; /* rockets that have changed */
    size_t count;   /* of those that were kept, in the order of revisions */
    struct change *rockets;
};

/*
 * Find the rockets that changed after revision `after`, and keep at most `max`,
 * 1 or more, of the oldest or the newest changes. False, with `changes`
 * untouched, if memory is exhausted; it takes 32 bytes for each of `max`, or of
 * those that are found.
 * Ownership: the caller calls changes_release().
 * Locking: read-locks one stripe at a time.
 */
bool changes_find(struct table *table, uint64_t after, enum changes_end end,
                  size_t max, struct changes *changes);

/* A second call does nothing. */
void changes_release(struct changes *changes);

#endif
