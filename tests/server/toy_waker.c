/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wake takes the waiter under the lock, so that it is used once, and uses it
 * without the lock, as the server may do anything then.
 */
#include "toy_item.h"

#include <sched.h>
#include <stdlib.h>

#include "base/sync.h"

bool toy_item_wake(struct toy_item *item)
{
    struct toy *toy = item->toy;

    sync_lock(&toy->lock);
    struct http_waiter *waiter = item->waiter;
    item->waiter = NULL;
    if (waiter != NULL) {
        item->counts[TOY_WOKEN]++;
        toy->counts[TOY_WOKEN]++;
        sync_broadcast(&toy->changed);
    }
    sync_unlock(&toy->lock);
    if (waiter != NULL)
        http_wake(waiter);
    return waiter != NULL;
}

/* What is added meanwhile comes before `first`. */
size_t toy_wake_held(struct toy *toy)
{
    size_t count = 0;

    sync_lock(&toy->lock);
    struct toy_item *first = toy->first;
    sync_unlock(&toy->lock);
    for (struct toy_item *item = first; item != NULL; item = item->next)
        if (item->wake == TOY_HELD && toy_item_wake(item))
            count++;
    return count;
}

void toy_hold(struct toy *toy, bool hold)
{
    sync_lock(&toy->lock);
    toy->holds_nothing = !hold;
    sync_unlock(&toy->lock);
    if (!hold)
        toy_wake_held(toy);
}

static struct toy_item *take_any_locked(struct toy *toy, unsigned *seed)
{
    size_t index = (size_t)rand_r(seed) % toy->queued;
    struct toy_item *item = toy->queue[index];

    toy->queue[index] = toy->queue[--toy->queued];
    return item;
}

void *toy_waker_run(void *context)
{
    struct toy *toy = context;
    unsigned seed = 1;

    sync_lock(&toy->lock);
    while (!toy->stopped) {
        if (toy->queued == 0) {
            sync_wait(&toy->changed, &toy->lock);
            continue;
        }
        struct toy_item *item = take_any_locked(toy, &seed);
        sync_unlock(&toy->lock);
        for (int left = rand_r(&seed) % 8; left > 0; left--)
            sched_yield();
        toy_item_wake(item);
        sync_lock(&toy->lock);
    }
    sync_unlock(&toy->lock);
    return NULL;
}
