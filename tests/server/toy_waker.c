/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wake takes the waiter under the lock, so that it is used once, and uses it
 * without the lock, as the server may do anything then.
 */
#include "toy_waker.h"

#include <sched.h>
#include <stdlib.h>

#include "base/sync.h"
#include "toy_item.h"

int toy_waker_wake(struct toy_item *item)
{
    struct toy_items *items = item->all;

    sync_lock(&items->lock);
    struct http_waiter *waiter = item->waiter;
    item->waiter = NULL;
    if (waiter != NULL) {
        item->counts[TOY_WOKEN]++;
        items->counts[TOY_WOKEN]++;
        sync_broadcast(&items->changed);
    }
    sync_unlock(&items->lock);
    if (waiter != NULL)
        http_wake(waiter);
    return waiter != NULL;
}

void toy_waker_add_locked(struct toy_items *items, struct toy_item *item)
{
    if (items->queued == TOY_QUEUE)
        abort();
    items->queue[items->queued++] = item;
    sync_broadcast(&items->changed);
}

/* The next one that is held and waits, behind `after`. */
static struct toy_item *next_held(struct toy_items *items,
                                  struct toy_item *after)
{
    sync_lock(&items->lock);
    struct toy_item *item = after == NULL ? items->first : after->next;
    while (item != NULL && (item->wake != TOY_HELD || item->waiter == NULL))
        item = item->next;
    sync_unlock(&items->lock);
    return item;
}

size_t toy_waker_wake_held(struct toy_items *items)
{
    size_t count = 0;

    for (struct toy_item *item = next_held(items, NULL); item != NULL;
         item = next_held(items, item))
        count += (size_t)toy_waker_wake(item);
    return count;
}

/* Any of those that are to be woken. */
static struct toy_item *take_locked(struct toy_items *items, unsigned *seed)
{
    size_t index = (size_t)rand_r(seed) % items->queued;
    struct toy_item *item = items->queue[index];

    items->queue[index] = items->queue[--items->queued];
    return item;
}

static void pause_a_little(unsigned *seed)
{
    for (int left = rand_r(seed) % 8; left > 0; left--)
        sched_yield();
}

void *toy_waker_run(void *context)
{
    struct toy_items *items = context;
    unsigned seed = 1;

    sync_lock(&items->lock);
    while (!items->stopped) {
        if (items->queued == 0 && !items->wake_all) {
            sync_wait(&items->changed, &items->lock);
            continue;
        }
        struct toy_item *item =
            items->queued > 0 ? take_locked(items, &seed) : NULL;
        items->wake_all = item != NULL && items->wake_all;
        sync_unlock(&items->lock);
        pause_a_little(&seed);
        if (item != NULL)
            toy_waker_wake(item);
        else
            toy_waker_wake_held(items);
        sync_lock(&items->lock);
    }
    sync_unlock(&items->lock);
    return NULL;
}
