/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait until the journal has come to a position, or for a time.
 * The journal's thread says how far it is, at least every JOURNAL_TICK_MS, and
 * with that ends the waits that are over; nothing else looks at their times.
 *
 *     take_place --> start --> (woken) --> give_place
 *     take_place ------------------------> give_place
 *
 * Locking: safe from any thread. The mutex is a leaf, and not held while
 * anybody is woken.
 */
#ifndef LUNAR_API_POSITION_WAITS_H
#define LUNAR_API_POSITION_WAITS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/deferred.h"

/* Embedded in a larger struct. */
struct position_wait {
    /* Set by the caller. */
    uint64_t position;          /* that it waits for */
    uint64_t deadline;          /* microseconds of any clock */
    struct http_waiter *waiter; /* set before position_waits_start() */
    /* Private. */
    struct position_wait *next, *previous;
    bool waits; /* guarded by the lock: it is in the list */
};

struct position_waits {
    _Atomic unsigned places;
    unsigned most; /* places; set at start, then read-only */
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct position_wait *first;
    uint64_t reached;  /* the position */
    uint64_t lowest;   /* no wait is for a lower position, */
    uint64_t earliest; /* and none has an earlier deadline */
    bool stopped;
};

/* At most `most` requests may have a place. There is nothing to release. */
void position_waits_init(struct position_waits *waits, unsigned most);

/* False if all places are taken. */
bool position_waits_take_place(struct position_waits *waits);
void position_waits_give_place(struct position_waits *waits);

/* How many have a place. Locking: none. */
unsigned position_waits_count(const struct position_waits *waits);

/*
 * Begin the wait. Its waiter is woken once, which may be before this returns.
 * Ownership: `wait` is borrowed until then.
 */
void position_waits_start(struct position_waits *waits,
                          struct position_wait *wait);

/* Wake it now, if it still waits. It has been started. */
void position_waits_cancel(struct position_waits *waits,
                           struct position_wait *wait);

/*
 * The position is `reached` now, and the time is `now`: take the waits that are
 * over. Returns their waiters, linked, with `others` behind them: for the
 * caller to wake together.
 */
struct http_waiter *position_waits_reach(struct position_waits *waits,
                                         uint64_t reached, uint64_t now,
                                         struct http_waiter *others);

/* Wake all who wait, and those who will as soon as they start. */
void position_waits_stop(struct position_waits *waits);

#endif
