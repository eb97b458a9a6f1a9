/* SPDX-License-Identifier: Apache-2.0 */
#include "parcel.h"

#include <stdlib.h>

#include "base/sync.h"

size_t parcel_size(size_t count)
{
    return sizeof(struct parcel) + count * sizeof(struct mark);
}

struct parcel *parcel_new(struct journal_ticket *ticket, uint64_t now_us)
{
    size_t count = ticket->count;
    struct parcel *parcel = malloc(parcel_size(count));

    if (parcel == NULL)
        return NULL;
    *parcel = (struct parcel){
        .count = count,
        .bytes = ticket->records.length,
        .sent_us = now_us,
        .ticket = ticket,
    };
    for (size_t i = 0; i < count; i++)
        parcel->marks[i].index = i;
    return parcel;
}

struct parcel *parcel_of(struct mark *mark)
{
    return container_of(mark - mark->index, struct parcel, marks);
}

bool parcel_is_small(const struct parcel *parcel)
{
    return parcel->count < OUTBOX_SMALL;
}

bool parcel_is_complete(const struct parcel *parcel)
{
    return parcel->applied + parcel->refused + parcel->lost + parcel->unsent ==
           parcel->count;
}

void parcel_settle(struct parcel *parcel)
{
    struct journal_ticket *ticket = parcel->ticket;

    parcel->ticket = NULL;
    ticket->last = 0;
    if (parcel->applied == parcel->count) {
        ticket->outcome = JOURNAL_SETTLED;
        ticket->last = parcel->last;
    } else if (parcel->refused + parcel->unsent == parcel->count) {
        ticket->outcome = JOURNAL_REFUSED;
    } else {
        ticket->outcome = JOURNAL_UNKNOWN;
    }
    ticket->settled(ticket);
}

void parcel_give_up(struct parcel *parcel)
{
    struct journal_ticket *ticket = parcel->ticket;

    parcel->ticket = NULL;
    ticket->last = 0;
    ticket->outcome = JOURNAL_UNKNOWN;
    ticket->settled(ticket);
}

void parcel_list_add(struct parcel_list *list, struct parcel *parcel)
{
    struct parcel *before = list->last;

    while (before != NULL && before->sent_us > parcel->sent_us)
        before = before->before;
    parcel->before = before;
    parcel->next = before == NULL ? list->first : before->next;
    if (before == NULL)
        list->first = parcel;
    else
        before->next = parcel;
    if (parcel->next == NULL)
        list->last = parcel;
    else
        parcel->next->before = parcel;
}

void parcel_list_remove(struct parcel_list *list, struct parcel *parcel)
{
    if (parcel->before == NULL)
        list->first = parcel->next;
    else
        parcel->before->next = parcel->next;
    if (parcel->next == NULL)
        list->last = parcel->before;
    else
        parcel->next->before = parcel->before;
}

void parcel_list_release(struct parcel_list *list)
{
    while (list->first != NULL) {
        struct parcel *parcel = list->first;
        list->first = parcel->next;
        free(parcel);
    }
    list->last = NULL;
}
