/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What readers get who were away, and whose updates are not kept any more: a
 * worker looks for all rockets that have changed since. Those who come while
 * the job waits for a worker share one walk; each begins behind its position.
 *
 * Why nothing is lost: a reader has joined its class before the walk begins.
 * A change of which the class gets no update any more was collected, so it was
 * made, before that, and the walk sees it, or a later one of its rocket. What
 * the walk does not see has changed after it began, so it comes in an update.
 */
#ifndef LUNAR_LIVE_CATCH_UP_H
#define LUNAR_LIVE_CATCH_UP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/workers.h"
#include "live/changes.h"

struct hub;
struct hub_garbage;

enum { CATCH_UP_EVENT = 200 /* rockets of one of its events */ };

struct catch_up {
    struct worker_job job;
    struct hub *hub;
    /* Guarded by the hub's mutex. */
    unsigned refs; /* of readers, and of the job until it ends */
    bool done;
    uint64_t after; /* the lowest position of its readers */
    /* Set by the job, then read-only. */
    bool failed;
    struct changes changes; /* none if it has failed */
    struct catch_up *next_garbage;
};

/*
 * A reference to the catch-up that waits for a worker, or to a new one, which
 * is then `*created`, for catch_up_submit() once the mutex is free. It will
 * have all changes after `position`. NULL if memory is exhausted.
 */
struct catch_up *catch_up_join_locked(struct hub *hub, uint64_t position,
                                      struct catch_up **created);

void catch_up_submit(struct catch_up *catch_up);

/* Drop a reference; the last one makes it garbage. */
void catch_up_drop_locked(struct catch_up *catch_up,
                          struct hub_garbage *garbage);

void catch_up_free(struct catch_up *catch_up);

/* Whether it has all changes after `position`. It is done. */
bool catch_up_covers(const struct catch_up *catch_up, uint64_t position);

/* The index of the first change after `position`. */
size_t catch_up_begin(const struct catch_up *catch_up, uint64_t position);

/*
 * All changes up to here are in the catch-up before index `end`, or are later
 * than that of a rocket of which the reader has an older state: it comes again.
 */
uint64_t catch_up_position(const struct catch_up *catch_up, size_t end);

#endif
