/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue is a ring buffer.
 */
#include "retry_queue.h"

#include <assert.h>
#include <stdlib.h>

int retry_queue_init(struct retry_queue *queue, size_t capacity)
{
    struct delivery *items = calloc(capacity, sizeof(*items));

    if (items == NULL)
        return -1;
    *queue = (struct retry_queue){.items = items, .capacity = capacity};
    return 0;
}

void retry_queue_release(struct retry_queue *queue)
{
    free(queue->items);
    *queue = (struct retry_queue){0};
}

void retry_queue_push(struct retry_queue *queue,
                      const struct delivery *delivery)
{
    size_t tail = (queue->head + queue->count) % queue->capacity;

    assert(queue->count < queue->capacity);
    queue->items[tail] = *delivery;
    queue->count++;
}

const struct delivery *retry_queue_first(const struct retry_queue *queue)
{
    return queue->count > 0 ? &queue->items[queue->head] : NULL;
}

struct delivery retry_queue_pop(struct retry_queue *queue)
{
    struct delivery first = queue->items[queue->head];

    assert(queue->count > 0);
    queue->head = (queue->head + 1) % queue->capacity;
    queue->count--;
    return first;
}
