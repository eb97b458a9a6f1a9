/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tickets that wait for the thread of a journal: a bounded queue, which
 * gathers tickets so that one sync of the disk serves many of them.
 *
 * Locking: any thread pushes; one thread takes.
 */
#ifndef LUNAR_STORE_TICKET_QUEUE_H
#define LUNAR_STORE_TICKET_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "store/journal.h"

/*
 * With fewer tickets a commit waits for no others: it would gain little, and
 * each of them would wait longer.
 */
enum { TICKET_QUEUE_GATHER_FROM = 16 };

struct ticket_queue {
    /* Set at start, then read-only. */
    size_t max_pending; /* bytes of tickets that are not settled */
    size_t max_taken;   /* bytes that are taken at a time */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Guarded by `lock`. */
    struct journal_ticket *first, **end;
    size_t tickets, bytes; /* in the queue */
    size_t pending;        /* bytes in the queue, and taken but not settled */
    size_t marks;          /* of the tickets in the queue */
    bool closed;
    /* The thread waits: to be woken once `wanted` tickets are there. */
    bool waiting;
    size_t wanted;
    /* Of the thread that takes: tickets of its last two commits. */
    size_t taken[2];
};

/* Tickets that were taken together, linked by `next`. */
struct ticket_group {
    struct journal_ticket *first; /* NULL: none, as the time has come */
    size_t bytes, records;
};

void ticket_queue_init(struct ticket_queue *queue, size_t max_pending,
                       size_t max_taken);
void ticket_queue_release(struct ticket_queue *queue);

/* Append a ticket. False if too many bytes are pending. Never blocks. */
bool ticket_queue_push(struct ticket_queue *queue,
                       struct journal_ticket *ticket);

/* Append a mark: a ticket without records, which is taken alone. */
void ticket_queue_push_mark(struct ticket_queue *queue,
                            struct journal_ticket *mark);

/*
 * Wait for tickets, and take those that are to be committed together. If
 * the larger of the last two times was TICKET_QUEUE_GATHER_FROM or more, waits
 * until as many are there again, but at most `gather_us`: a commit costs about
 * the same for one as for many, and clients that were answered together ask
 * again together. `until` NULL: waits for the
 * first ticket as long as it takes.
 * False if the queue is closed and empty.
 */
bool ticket_queue_take(struct ticket_queue *queue, uint64_t gather_us,
                       const struct timespec *until,
                       struct ticket_group *group);

/* Tickets with `bytes` that were taken are settled. */
void ticket_queue_settled(struct ticket_queue *queue, size_t bytes);

/* Bytes of the tickets that are not settled. */
size_t ticket_queue_pending(struct ticket_queue *queue);

/* What is in the queue can still be taken; nothing may be pushed any more. */
void ticket_queue_close(struct ticket_queue *queue);

#endif
