/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The segments of a journal that are complete: all but the last one. Those that
 * the journal's thread has completed are still open, and may have rows in their
 * logs that are not in their databases. To copy these takes long, so it is left
 * to another thread. Rows are synced in the log, so nothing is lost until then.
 *
 * Locking: one thread adds, one thread tidies and removes, any thread asks for
 * the bytes. The lock is held for no call of the system.
 */
#ifndef LUNAR_STORE_OLD_SEGMENTS_H
#define LUNAR_STORE_OLD_SEGMENTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "folder.h"
#include "segment.h"

struct old_segment {
    uint64_t first, last; /* positions */
    uint64_t bytes;       /* of the database and its log on the disk */
    /* If it is open. Used by the thread that tidies. */
    struct segment *segment;
};

struct old_segments {
    const struct folder *folder; /* set at start, then read-only */
    pthread_mutex_t lock;
    /* Guarded by `lock`; the lowest first. */
    struct old_segment *items;
    size_t count, room;
    uint64_t bytes; /* of all */
};

void old_segments_init(struct old_segments *old, const struct folder *folder);

/* Those that are open are closed, with their logs as they are. */
void old_segments_release(struct old_segments *old);

/* Make room for one more. False if memory is exhausted. */
bool old_segments_reserve(struct old_segments *old);

/*
 * Add the next one; there is room for it.
 * Ownership: its `segment` is of the list from now on.
 */
void old_segments_add(struct old_segments *old,
                      const struct old_segment *segment);

uint64_t old_segments_bytes(struct old_segments *old);

/* Look how many bytes they have. Locking: before a thread adds. */
void old_segments_measure(struct old_segments *old);

/*
 * Copy the logs of those that are open to their databases, and close them.
 * False if one could not be copied, which is logged; it stays open.
 */
bool old_segments_tidy(struct old_segments *old);

/*
 * Remove those that have no record behind `position`, the oldest first: the
 * others join, wherever this ends. Takes its time until `*stop` is true; none
 * if that is NULL. False if one could not be removed, which is logged; it stays
 * in the list.
 */
bool old_segments_forget(struct old_segments *old, uint64_t position,
                         const _Atomic bool *stop);

#endif
