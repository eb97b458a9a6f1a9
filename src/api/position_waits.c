/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever takes a wait from the list, under the lock, wakes it. Most commits
 * end no wait: then two comparisons say so, and no list is walked.
 */
#include "api/position_waits.h"

#include <stddef.h>

#include "base/sync.h"

void position_waits_init(struct position_waits *waits, unsigned most)
{
    *waits = (struct position_waits){
        .most = most,
        .lowest = UINT64_MAX,
        .earliest = UINT64_MAX,
    };
    sync_mutex_init(&waits->lock);
}

bool position_waits_take_place(struct position_waits *waits)
{
    if (atomic_fetch_add(&waits->places, 1) < waits->most)
        return true;
    atomic_fetch_sub(&waits->places, 1);
    return false;
}

void position_waits_give_place(struct position_waits *waits)
{
    atomic_fetch_sub(&waits->places, 1);
}

unsigned position_waits_count(const struct position_waits *waits)
{
    return atomic_load(&waits->places);
}

static void note_bounds_locked(struct position_waits *waits,
                               const struct position_wait *wait)
{
    if (wait->position < waits->lowest)
        waits->lowest = wait->position;
    if (wait->deadline < waits->earliest)
        waits->earliest = wait->deadline;
}

static void add_locked(struct position_waits *waits, struct position_wait *wait)
{
    wait->previous = NULL;
    wait->next = waits->first;
    if (wait->next != NULL)
        wait->next->previous = wait;
    waits->first = wait;
    note_bounds_locked(waits, wait);
}

/* The bounds stay: they may be too low for what is left, never too high. */
static void remove_locked(struct position_waits *waits,
                          struct position_wait *wait)
{
    if (wait->previous != NULL)
        wait->previous->next = wait->next;
    else
        waits->first = wait->next;
    if (wait->next != NULL)
        wait->next->previous = wait->previous;
    wait->waits = false;
}

/*
 * `reached` may lag behind the journal, but then the journal's thread is about
 * to call position_waits_reach(), which finds the wait in the list.
 */
void position_waits_start(struct position_waits *waits,
                          struct position_wait *wait)
{
    sync_lock(&waits->lock);
    bool over = waits->stopped || waits->reached >= wait->position;
    wait->waits = !over;
    if (!over)
        add_locked(waits, wait);
    sync_unlock(&waits->lock);
    if (over)
        http_wake(wait->waiter);
}

void position_waits_cancel(struct position_waits *waits,
                           struct position_wait *wait)
{
    sync_lock(&waits->lock);
    bool waited = wait->waits;
    if (waited)
        remove_locked(waits, wait);
    sync_unlock(&waits->lock);
    if (waited)
        http_wake(wait->waiter);
}

/* Take those that are over, or all; their waiters are put before `others`. */
static struct http_waiter *take_over_locked(struct position_waits *waits,
                                            uint64_t now, bool all,
                                            struct http_waiter *others)
{
    struct position_wait *next;

    waits->lowest = UINT64_MAX;
    waits->earliest = UINT64_MAX;
    for (struct position_wait *wait = waits->first; wait != NULL; wait = next) {
        next = wait->next;
        if (!all && wait->position > waits->reached && wait->deadline > now) {
            note_bounds_locked(waits, wait);
            continue;
        }
        remove_locked(waits, wait);
        wait->waiter->next = others;
        others = wait->waiter;
    }
    return others;
}

struct http_waiter *position_waits_reach(struct position_waits *waits,
                                         uint64_t reached, uint64_t now,
                                         struct http_waiter *others)
{
    sync_lock(&waits->lock);
    if (reached > waits->reached)
        waits->reached = reached;
    if (waits->lowest <= waits->reached || waits->earliest <= now)
        others = take_over_locked(waits, now, false, others);
    sync_unlock(&waits->lock);
    return others;
}

void position_waits_stop(struct position_waits *waits)
{
    sync_lock(&waits->lock);
    waits->stopped = true;
    struct http_waiter *woken = take_over_locked(waits, 0, true, NULL);
    sync_unlock(&waits->lock);
    http_wake_all(woken);
}
