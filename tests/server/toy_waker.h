/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The toy's thread that wakes, at random moments, what waits.
 */
#ifndef LUNAR_TEST_TOY_WAKER_H
#define LUNAR_TEST_TOY_WAKER_H

#include <stddef.h>

struct toy_item;
struct toy_items;

/* Wake `item` if it waits; from any thread. Returns whether it did. */
int toy_waker_wake(struct toy_item *item);

/* Have the thread wake it. */
void toy_waker_add_locked(struct toy_items *items, struct toy_item *item);

/* Wake all that are held, from the calling thread. Returns how many. */
size_t toy_waker_wake_held(struct toy_items *items);

/* The thread. Ends once the items are `stopped`. */
void *toy_waker_run(void *items);

#endif
