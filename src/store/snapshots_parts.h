/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of snapshots share: snapshots.c decides when one is taken,
 * and snapshots_steps.c takes it.
 *
 * Locking: these functions are for the thread of the snapshots; and for the
 * others before it is started.
 */
#ifndef LUNAR_STORE_SNAPSHOTS_PARTS_H
#define LUNAR_STORE_SNAPSHOTS_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "snapshot_room.h"
#include "snapshots.h"

/* When something that has failed may be tried again. All zero: at once. */
struct snapshots_backoff {
    uint64_t until; /* microseconds of the monotonic clock; 0: none */
    uint64_t ms;    /* that it took the last time */
};

struct snapshots {
    /* Set at start, then read-only. */
    struct snapshots_options options;
    pthread_t thread;
    bool started;
    _Atomic bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Guarded by `lock`. */
    bool noticed;
    bool wanted; /* a snapshot that has all up to the position `want` */
    uint64_t want;
    struct store_snapshot_status status; /* changed by the thread only */
    /* Of the thread. */
    struct snapshots_backoff tidying, taking;
    struct snapshot_room room;
    uint64_t told_us; /* when a snapshot was logged at info; 0: never */
};

struct journal_status snapshots_read_journal(const struct snapshots *snapshots);

/* `problem` is static; NULL: there is none any more. */
void snapshots_set_problem(struct snapshots *snapshots, const char *problem);

/* The snapshot of `info` is the last one. It took `took_us` microseconds. */
void snapshots_note(struct snapshots *snapshots,
                    const struct snapshot_info *info, uint64_t took_us);

/*
 * Remove what the last snapshot holds, also after a start: the process may have
 * ended before it did. False, which is logged, if something stays.
 */
bool snapshots_forget(struct snapshots *snapshots);

/*
 * Take a snapshot, and remove what it holds. False, which is logged, if either
 * failed. A stop is no failure.
 */
bool snapshots_take(struct snapshots *snapshots);

#endif
