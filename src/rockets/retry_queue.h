/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed deliveries that wait for their next attempt. All wait for the same
 * time, so a FIFO queue has them in the order in which they are due.
 *
 * Locking: none; the sender's lock guards the queue.
 */
#ifndef ROCKETS_RETRY_QUEUE_H
#define ROCKETS_RETRY_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct delivery {
    size_t index;         /* into the plan's order */
    int64_t first_failed; /* by clock_now(); 0 if it has not failed */
    int64_t due;          /* of the next attempt, by clock_now() */
};

struct retry_queue {
    struct delivery *items;
    size_t capacity;
    size_t head;
    size_t count;
};

/* Returns 0, or -1 if out of memory. */
int retry_queue_init(struct retry_queue *queue, size_t capacity);
void retry_queue_release(struct retry_queue *queue);

/* The queue must not be full. `due` must not be before that of the last. */
void retry_queue_push(struct retry_queue *queue,
                      const struct delivery *delivery);

/* The delivery that is due first, NULL if the queue is empty. */
const struct delivery *retry_queue_first(const struct retry_queue *queue);

/* Remove and return the first delivery. The queue must not be empty. */
struct delivery retry_queue_pop(struct retry_queue *queue);

#endif
