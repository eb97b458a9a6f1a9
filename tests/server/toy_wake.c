/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who ends the waits, one by one or several together.
 */
#include "toy_item.h"

#include "lib/harness.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "base/sync.h"

enum {
    CANCEL_MS = 50, /* that the first cancel takes if cancels are ignored */
    COMMIT_MS = 4,  /* at most */
};

static void pause_ms(unsigned ms)
{
    struct timespec moment = {.tv_nsec = ms * 1000000L};

    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

/*
 * Put the waiter of `item` in front of `list` if it waits. The waiter is taken
 * under the lock, so that it is used once, and used without it, as the server
 * may do anything then.
 */
static bool take_waiter_locked(struct toy_item *item, struct http_waiter **list)
{
    struct http_waiter *waiter = item->waiter;

    if (waiter == NULL)
        return false;
    item->waiter = NULL;
    waiter->next = *list;
    *list = waiter;
    toy_count_locked(item, TOY_WOKEN, 1);
    return true;
}

/* Returns whether it waited. */
static bool wake_item(struct toy_item *item)
{
    struct http_waiter *waiter = NULL;

    sync_lock(&item->toy->lock);
    bool waits = take_waiter_locked(item, &waiter);
    sync_unlock(&item->toy->lock);
    if (waits)
        http_wake(waiter);
    return waits;
}

static void push_locked(struct toy_item *queue[TOY_QUEUE], size_t *count,
                        struct toy_item *item)
{
    if (*count == TOY_QUEUE)
        abort();
    queue[(*count)++] = item;
}

void toy_item_begin_wait(struct toy_item *item, struct http_waiter *waiter)
{
    struct toy *toy = item->toy;

    sync_lock(&toy->lock);
    item->inside = false;
    item->waiter = waiter;
    item->wait_cancelled = false;
    if (item->wake == TOY_SOON)
        push_locked(toy->queue, &toy->queued, item);
    if (item->wake == TOY_COMMIT)
        push_locked(toy->pending, &toy->pending_count, item);
    bool now =
        item->wake == TOY_NOW || (item->wake == TOY_HELD && toy->holds_nothing);
    toy_count_locked(item, TOY_WAITED, 1);
    sync_unlock(&toy->lock);
    if (now)
        wake_item(item);
}

void toy_item_cancel(struct toy_item *item)
{
    struct toy *toy = item->toy;
    bool commits = item->wake == TOY_COMMIT;

    sync_lock(&toy->lock);
    toy_check_locked(toy, item->counts[TOY_ENDED] == 0,
                     "a cancel came after the end");
    toy_check_locked(toy, item->counts[TOY_WAITED] > 0 && !item->inside,
                     "a cancel came before the wait");
    toy_check_locked(toy, !item->wait_cancelled, "a wait was cancelled twice");
    item->wait_cancelled = true;
    item->cancelled = !commits;
    bool wakes = !toy->ignores_cancel && !commits;
    bool first = toy->counts[TOY_CANCELLED] == 0;
    toy_count_locked(item, TOY_CANCELLED, 1);
    sync_unlock(&toy->lock);
    if (wakes)
        wake_item(item);
    else if (first) /* the others may be woken, and are still to be cancelled */
        pause_ms(CANCEL_MS);
}

void toy_ignore_cancel(struct toy *toy)
{
    sync_lock(&toy->lock);
    toy->ignores_cancel = true;
    sync_unlock(&toy->lock);
}

/* What is added meanwhile comes before `first`. */
size_t toy_wake_held(struct toy *toy)
{
    size_t count = 0;

    sync_lock(&toy->lock);
    struct toy_item *first = toy->first;
    sync_unlock(&toy->lock);
    for (struct toy_item *item = first; item != NULL; item = item->next)
        if (item->wake == TOY_HELD && wake_item(item))
            count++;
    return count;
}

/* The latest item is the first one, and the last one that is put in front. */
size_t toy_wake_together(struct toy *toy)
{
    struct http_waiter *list = NULL;
    size_t count = 0;

    sync_lock(&toy->lock);
    for (struct toy_item *item = toy->first; item != NULL; item = item->next)
        if (item->wake == TOY_HELD && take_waiter_locked(item, &list))
            count++;
    sync_unlock(&toy->lock);
    http_wake_all(list);
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

void toy_hold_commits(struct toy *toy, bool hold)
{
    sync_lock(&toy->lock);
    toy->holds_commits = hold;
    sync_broadcast(&toy->changed);
    sync_unlock(&toy->lock);
}

/* Up to TOY_GROUP waiters of those to be woken soon, by chance. */
static struct http_waiter *take_some_locked(struct toy *toy, unsigned *seed)
{
    int most = 1 + rand_r(seed) % TOY_GROUP;
    struct http_waiter *list = NULL;

    for (int i = 0; i < most && toy->queued > 0; i++) {
        size_t index = (size_t)rand_r(seed) % toy->queued;
        take_waiter_locked(toy->queue[index], &list);
        toy->queue[index] = toy->queue[--toy->queued];
    }
    return list;
}

static void *run_waker(void *context)
{
    struct toy *toy = context;
    unsigned seed = 1;

    sync_lock(&toy->lock);
    while (!toy->stopped) {
        if (toy->queued == 0) {
            sync_wait(&toy->changed, &toy->lock);
            continue;
        }
        struct http_waiter *list = take_some_locked(toy, &seed);
        sync_unlock(&toy->lock);
        for (int left = rand_r(&seed) % 8; left > 0; left--)
            sched_yield();
        http_wake_all(list);
        sync_lock(&toy->lock);
    }
    sync_unlock(&toy->lock);
    return NULL;
}

/* What comes while a commit takes its time is committed with it. */
static void *run_committer(void *context)
{
    struct toy *toy = context;
    unsigned seed = 1;

    sync_lock(&toy->lock);
    while (!toy->stopped) {
        if (toy->pending_count == 0 || toy->holds_commits) {
            sync_wait(&toy->changed, &toy->lock);
            continue;
        }
        sync_unlock(&toy->lock);
        pause_ms((unsigned)rand_r(&seed) % (COMMIT_MS + 1));
        struct http_waiter *list = NULL;
        sync_lock(&toy->lock);
        while (toy->pending_count > 0)
            take_waiter_locked(toy->pending[--toy->pending_count], &list);
        sync_unlock(&toy->lock);
        http_wake_all(list);
        sync_lock(&toy->lock);
    }
    sync_unlock(&toy->lock);
    return NULL;
}

void toy_start_wakers(struct toy *toy)
{
    assert_int_equal(pthread_create(&toy->waker, NULL, run_waker, toy), 0);
    assert_int_equal(pthread_create(&toy->committer, NULL, run_committer, toy),
                     0);
}

void toy_stop_wakers(struct toy *toy)
{
    sync_lock(&toy->lock);
    toy->stopped = true;
    sync_broadcast(&toy->changed);
    sync_unlock(&toy->lock);
    sync_join(toy->waker);
    sync_join(toy->committer);
}
