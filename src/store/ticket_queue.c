/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A push wakes the thread only if the tickets that it waits for are there: a
 * wake is a system call, and a commit for each ticket would be a sync for each.
 */
#include "ticket_queue.h"

#include "base/sync.h"

void ticket_queue_init(struct ticket_queue *queue, size_t max_pending,
                       size_t max_taken)
{
    *queue = (struct ticket_queue){
        .max_pending = max_pending,
        .max_taken = max_taken,
    };
    sync_mutex_init(&queue->lock);
    sync_cond_init(&queue->wake);
    queue->end = &queue->first;
}

void ticket_queue_release(struct ticket_queue *queue)
{
    pthread_cond_destroy(&queue->wake);
    pthread_mutex_destroy(&queue->lock);
}

static bool is_ready_locked(const struct ticket_queue *queue)
{
    return queue->closed || queue->marks > 0 ||
           queue->tickets >= queue->wanted || queue->bytes >= queue->max_taken;
}

/* Whether the thread has to be woken, which costs a system call. */
static bool must_wake_locked(struct ticket_queue *queue)
{
    bool wake = queue->waiting && is_ready_locked(queue);

    if (wake)
        queue->waiting = false;
    return wake;
}

static void append_locked(struct ticket_queue *queue,
                          struct journal_ticket *ticket)
{
    ticket->next = NULL;
    *queue->end = ticket;
    queue->end = &ticket->next;
    queue->tickets++;
    queue->bytes += ticket->records.length;
    queue->pending += ticket->records.length;
}

bool ticket_queue_push(struct ticket_queue *queue,
                       struct journal_ticket *ticket)
{
    bool wake = false;

    sync_lock(&queue->lock);
    bool fits = ticket->records.length <= queue->max_pending - queue->pending;
    if (fits) {
        append_locked(queue, ticket);
        wake = must_wake_locked(queue);
    }
    sync_unlock(&queue->lock);
    if (wake)
        sync_signal(&queue->wake);
    return fits;
}

static void wake_now(struct ticket_queue *queue, struct journal_ticket *mark)
{
    sync_lock(&queue->lock);
    if (mark != NULL) {
        append_locked(queue, mark);
        queue->marks++;
    } else {
        queue->closed = true;
    }
    bool wake = must_wake_locked(queue);
    sync_unlock(&queue->lock);
    if (wake)
        sync_signal(&queue->wake);
}

void ticket_queue_push_mark(struct ticket_queue *queue,
                            struct journal_ticket *mark)
{
    wake_now(queue, mark);
}

void ticket_queue_close(struct ticket_queue *queue)
{
    wake_now(queue, NULL);
}

/* Wait for `wanted` tickets, or a reason not to, or `until`. */
static void wait_locked(struct ticket_queue *queue, size_t wanted,
                        const struct timespec *until)
{
    bool in_time = true;

    queue->wanted = wanted;
    while (in_time && !is_ready_locked(queue)) {
        queue->waiting = true;
        if (until == NULL)
            sync_wait(&queue->wake, &queue->lock);
        else
            in_time = sync_wait_until(&queue->wake, &queue->lock, until);
    }
    queue->waiting = false;
}

static void take_locked(struct ticket_queue *queue, struct ticket_group *group)
{
    struct journal_ticket **end = &queue->first;
    bool mark = queue->first->count == 0;
    size_t tickets = 0;

    /* At least one, whatever its size; a mark alone. */
    while (*end != NULL &&
           (tickets == 0 ||
            (!mark && (*end)->count > 0 &&
             group->bytes + (*end)->records.length <= queue->max_taken))) {
        group->bytes += (*end)->records.length;
        group->records += (*end)->count;
        tickets++;
        end = &(*end)->next;
    }
    group->first = queue->first;
    queue->first = *end;
    *end = NULL;
    if (queue->first == NULL)
        queue->end = &queue->first;
    queue->tickets -= tickets;
    queue->bytes -= group->bytes;
    if (mark) {
        queue->marks--;
        return;
    }
    queue->taken[1] = queue->taken[0];
    queue->taken[0] = tickets;
}

bool ticket_queue_take(struct ticket_queue *queue, uint64_t gather_us,
                       const struct timespec *until, struct ticket_group *group)
{
    const size_t *taken = queue->taken;
    size_t wanted = taken[0] > taken[1] ? taken[0] : taken[1];
    bool open = true;

    *group = (struct ticket_group){0};
    sync_lock(&queue->lock);
    wait_locked(queue, 1, until);
    if (queue->tickets > 0) {
        if (wanted >= TICKET_QUEUE_GATHER_FROM && wanted > queue->tickets) {
            struct timespec deadline = sync_deadline_us(gather_us);
            wait_locked(queue, wanted, &deadline);
        }
        take_locked(queue, group);
    } else {
        open = !queue->closed;
    }
    sync_unlock(&queue->lock);
    return open;
}

void ticket_queue_settled(struct ticket_queue *queue, size_t bytes)
{
    sync_lock(&queue->lock);
    queue->pending -= bytes;
    sync_unlock(&queue->lock);
}

size_t ticket_queue_pending(struct ticket_queue *queue)
{
    sync_lock(&queue->lock);
    size_t pending = queue->pending;
    sync_unlock(&queue->lock);
    return pending;
}
