/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the outbox keeps of a ticket, in one allocation, from its append until
 * all is known of all its messages. It may be longer than the ticket lives.
 *
 * A parcel belongs to the thread that appends until it is handed over; only its
 * counts are the journal's thread's from the begin, as reports may come before.
 */
#ifndef LUNAR_REPLICA_PARCEL_H
#define LUNAR_REPLICA_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outbox.h"

struct parcel {
    /* Set at start, then read-only. */
    size_t count;     /* messages */
    size_t bytes;     /* of the ticket's records */
    uint64_t sent_us; /* of the monotonic clock */
    /* Set by whoever produces it: before it is handed over, or afterwards. */
    bool produced;
    uint64_t least; /* offset: what was consumed then is below */
    size_t left;    /* messages that librdkafka did not take */
    /* Set before it is handed over. */
    struct parcel *next, *before; /* in the stack, and later in a list */
    /* Owned by the journal's thread. */
    struct journal_ticket *ticket; /* NULL: it is settled */
    bool handed;
    size_t unsent;   /* `left`, once both are done; 0 before */
    size_t reported; /* messages; these are all of the following three, but
                        for those that are acknowledged and not consumed */
    size_t applied;  /* consumed */
    size_t refused;  /* known not to be written */
    size_t lost;     /* perhaps written */
    uint64_t last;   /* offset, the highest */
    struct mark marks[];
};

/* Bytes of the parcel of so many messages. */
size_t parcel_size(size_t count);

/* NULL if memory is exhausted. */
struct parcel *parcel_new(struct journal_ticket *ticket, uint64_t now_us);

struct parcel *parcel_of(struct mark *mark);

/* Whether it is produced in flights. */
bool parcel_is_small(const struct parcel *parcel);

/* Whether all is known of all its messages that librdkafka took. */
bool parcel_is_complete(const struct parcel *parcel);

/* Settle its ticket by what is known. It has one. */
void parcel_settle(struct parcel *parcel);

/* Settle it as perhaps applied. */
void parcel_give_up(struct parcel *parcel);

/* At the end, or before those that are younger: the list is by age. */
void parcel_list_add(struct parcel_list *list, struct parcel *parcel);
void parcel_list_remove(struct parcel_list *list, struct parcel *parcel);

/* Free all of them. */
void parcel_list_release(struct parcel_list *list);

#endif
