/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk for the next snapshot, in the file that it is written to: a
 * full disk gets space back by a snapshot, which needs some itself.
 *
 * Locking: none; it belongs to one thread.
 */
#ifndef LUNAR_STORE_SNAPSHOT_ROOM_H
#define LUNAR_STORE_SNAPSHOT_ROOM_H

#include <stdbool.h>
#include <stdint.h>

struct folder;

/* All zero but `folder`: there is none. */
struct snapshot_room {
    const struct folder *folder;
    uint64_t bytes; /* that are kept; 0: none */
    bool told;      /* that there is none */
};

enum { SNAPSHOT_ROOM_LEAST = 2 * 1024 * 1024 }; /* bytes worth keeping */

/*
 * Keep `bytes`, but at most half of what is free, so that as much is left for
 * messages. Nothing if some are kept, if that is less than SNAPSHOT_ROOM_LEAST,
 * or if the file system cannot.
 */
void snapshot_room_keep(struct snapshot_room *room, uint64_t bytes);

/* Give `bytes` back to the disk. False if no more than these are kept. */
bool snapshot_room_shrink(struct snapshot_room *room, uint64_t bytes);

/* A snapshot is written there: none is kept any more. */
void snapshot_room_use(struct snapshot_room *room);

/* Give all back, and what was written there. */
void snapshot_room_release(struct snapshot_room *room);

#endif
