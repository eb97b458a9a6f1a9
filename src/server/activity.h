/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the thread of a connection gets on: it counts when it enters a
 * callback of ours, which libmicrohttpd has called, and when it leaves it. The
 * sleep of a thread that waits for the application is outside. So an odd number
 * that stays is a callback that does not end.
 *
 * Locking: the connection's thread counts, and one other looks, by an atomic in
 * relaxed order: the number stands for nothing but itself.
 */
#ifndef LUNAR_SERVER_ACTIVITY_H
#define LUNAR_SERVER_ACTIVITY_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

struct activity {
    _Atomic unsigned moves; /* odd in a callback */
    unsigned seen;          /* owned by who looks: `moves` when it noted them */
};

static inline void activity_init(struct activity *activity)
{
    atomic_init(&activity->moves, 0);
    activity->seen = 0;
}

static inline bool activity_is_inside(const struct activity *activity)
{
    return atomic_load_explicit(&activity->moves, memory_order_relaxed) % 2 ==
           1;
}

static inline void activity_move(struct activity *activity)
{
    unsigned moves =
        atomic_load_explicit(&activity->moves, memory_order_relaxed);

    atomic_store_explicit(&activity->moves, moves + 1, memory_order_relaxed);
}

/* The callbacks of one connection do not call each other. */
static inline void activity_enter(struct activity *activity)
{
    assert(!activity_is_inside(activity));
    activity_move(activity);
}

static inline void activity_leave(struct activity *activity)
{
    assert(activity_is_inside(activity));
    activity_move(activity);
}

/* Whether the thread has been in one callback since activity_note(). */
static inline bool activity_is_stuck(const struct activity *activity)
{
    return activity->seen % 2 == 1 &&
           activity->seen ==
               atomic_load_explicit(&activity->moves, memory_order_relaxed);
}

static inline void activity_note(struct activity *activity)
{
    activity->seen =
        atomic_load_explicit(&activity->moves, memory_order_relaxed);
}

#endif
