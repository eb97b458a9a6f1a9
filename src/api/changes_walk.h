/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks that reads of changes share. One change may end a thousand waits at
 * once, and a walk over a million rockets takes some ten milliseconds: were
 * there one for each, all else that workers do would wait for seconds. So reads
 * that come while a walk is queued join it; then each has a job of its own, to
 * make its page of what was found.
 *
 * Locking: safe from any thread, those of one read by its owner; the mutex is a
 * leaf.
 */
#ifndef LUNAR_API_CHANGES_WALK_H
#define LUNAR_API_CHANGES_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/workers.h"
#include "live/changes.h"

struct changes_walk;
struct changes_walks;
struct table;

/* The most changes that a walk keeps for those who share it. */
enum { CHANGES_WALK_MOST = 10000 };

/* Embedded in a read. All zero: it shares no walk. */
struct changes_walker {
    uint64_t after; /* set at start: it wants the changes after this one */
    struct worker_job job; /* set at start: runs once the walk is done */
    /* Private. */
    struct changes_walker *next;
    struct changes_walk *walk; /* NULL: there was no memory for one */
};

/* NULL if memory is exhausted. Ownership: pointers are borrowed. */
struct changes_walks *changes_walks_new(struct table *table,
                                        struct workers *workers);

/* NULL does nothing. Locking: no read is left. */
void changes_walks_free(struct changes_walks *walks);

/*
 * Have a worker walk, and then another one run `walker->job`, which may be done
 * before this returns.
 */
void changes_walks_join(struct changes_walks *walks,
                        struct changes_walker *walker);

/*
 * Set `page` to what the shared walk has found behind `walker->after`: the
 * oldest `limit` of it. False if the walk has not kept so many.
 * Ownership: `page` is borrowed, until changes_walker_release().
 */
bool changes_walker_read(const struct changes_walker *walker, size_t limit,
                         struct changes *page);

/* Let go of the walk. A second call does nothing. */
void changes_walker_release(struct changes_walker *walker);

#endif
