/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads that wait for a change. Whoever takes a wait from the list, under the
 * mutex, wakes it.
 */
#include "base/sync.h"
#include "hub_parts.h"
#include "table/table.h"

static void remove_locked(struct hub *hub, struct hub_wait *wait)
{
    if (wait->previous != NULL)
        wait->previous->next = wait->next;
    else
        hub->first_wait = wait->next;
    if (wait->next != NULL)
        wait->next->previous = wait->previous;
    wait->waits = false;
}

enum hub_added hub_add_wait(struct hub *hub)
{
    enum hub_added added = HUB_ADDED;

    sync_lock(&hub->lock);
    if (hub->stopping)
        added = HUB_STOPPING;
    else if (hub_readers(hub) >= hub->options.max_readers)
        added = HUB_TOO_MANY;
    else
        atomic_fetch_add(&hub->waits, 1);
    sync_unlock(&hub->lock);
    return added;
}

void hub_wait_free(struct hub *hub)
{
    atomic_fetch_sub(&hub->waits, 1);
}

/*
 * A change after the look at the revision is seen at the next tick, as the wait
 * is in the list by then.
 */
void hub_wait_start(struct hub *hub, struct hub_wait *wait)
{
    wait->deadline = 0;
    wait->previous = NULL;
    sync_lock(&hub->lock);
    bool waits =
        !hub->stopping && table_revision(hub->options.table) <= wait->after;
    wait->waits = waits;
    if (waits) {
        wait->next = hub->first_wait;
        if (wait->next != NULL)
            wait->next->previous = wait;
        hub->first_wait = wait;
        sync_signal(&hub->wake);
    }
    sync_unlock(&hub->lock);
    if (!waits)
        wait->wake(wait);
}

void hub_wait_cancel(struct hub *hub, struct hub_wait *wait)
{
    sync_lock(&hub->lock);
    bool waits = wait->waits;
    if (waits)
        remove_locked(hub, wait);
    sync_unlock(&hub->lock);
    if (waits)
        wait->wake(wait);
}

/*
 * The first tick that sees it is up to HUB_TICK_MS after its begin, and sets
 * the deadline.
 */
static bool has_ended(struct hub_wait *wait, uint64_t revision, uint64_t now_ms)
{
    if (wait->deadline == 0) {
        wait->deadline = now_ms;
        if (wait->ms > HUB_TICK_MS)
            wait->deadline += wait->ms - HUB_TICK_MS;
    }
    return revision > wait->after || now_ms >= wait->deadline;
}

void hub_wake_waits(struct hub *hub, uint64_t now_ms, bool all)
{
    struct hub_wait *ended = NULL, *next;
    uint64_t revision = table_revision(hub->options.table);

    sync_lock(&hub->lock);
    for (struct hub_wait *wait = hub->first_wait; wait != NULL; wait = next) {
        next = wait->next;
        if (!all && !has_ended(wait, revision, now_ms))
            continue;
        remove_locked(hub, wait);
        wait->next = ended;
        ended = wait;
    }
    sync_unlock(&hub->lock);
    for (; ended != NULL; ended = next) {
        next = ended->next;
        ended->wake(ended);
    }
}
