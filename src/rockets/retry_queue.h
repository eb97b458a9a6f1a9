/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries that failed and wait for their next try. All wait equally
 * long, so the first in is the first due: a ring buffer is all it takes.
 *
 * Locking: none; the sender guards it.
 */
#ifndef ROCKETS_RETRY_QUEUE_H
#define ROCKETS_RETRY_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct delivery {
    size_t index;         /* into the plan's order */
    int64_t first_failed; /* clock_now(), 0 if it never failed */
    int64_t due;          /* clock_now() of the next try, never decreasing */
};

struct retry_queue {
    struct delivery *items;
    size_t capacity;
    size_t head;
    size_t count;
};

/* Returns 0, or -1 where memory ends. */
int retry_queue_init(struct retry_queue *queue, size_t capacity);
void retry_queue_release(struct retry_queue *queue);

/* There must be room. */
void retry_queue_push(struct retry_queue *queue,
                      const struct delivery *delivery);

/* The one that is due first, NULL if none waits. */
const struct delivery *retry_queue_first(const struct retry_queue *queue);

/* Take the first one, which must be there. */
struct delivery retry_queue_pop(struct retry_queue *queue);

#endif
