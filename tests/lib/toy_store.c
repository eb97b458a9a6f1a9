/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal with one method, append: the test's thread does what a journal's
 * thread would.
 */
#include "toy_store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sync.h"
#include "store/record.h"

static struct store *store_of(struct journal *journal)
{
    return container_of(journal, struct store, journal);
}

static bool append(struct journal *journal, struct journal_ticket *ticket)
{
    struct store *store = store_of(journal);

    if (store->busy)
        return false;
    if (ticket->count == 0 || ticket->records.length == 0)
        abort();
    ticket->outcome = JOURNAL_PENDING;
    ticket->next = NULL;
    sync_lock(&store->lock);
    *store->end = ticket;
    store->end = &ticket->next;
    store->tickets++;
    sync_unlock(&store->lock);
    return true;
}

static const struct journal_methods methods = {.append = append};

void toy_store_init(struct store *store)
{
    *store = (struct store){
        .journal = {.methods = &methods, .id = TOY_STORE_ID},
        .end = &store->first,
        .file = -1,
    };
    sync_mutex_init(&store->lock);
}

void toy_store_release(struct store *store)
{
    if (store->first != NULL)
        abort();
    commit_free(store->commit);
    pthread_mutex_destroy(&store->lock);
}

size_t toy_store_pending(struct store *store)
{
    sync_lock(&store->lock);
    size_t tickets = store->tickets;
    sync_unlock(&store->lock);
    return tickets;
}

/* The first ticket, which is not pending any more; NULL if there is none. */
static struct journal_ticket *take_ticket(struct store *store)
{
    sync_lock(&store->lock);
    struct journal_ticket *ticket = store->first;
    if (ticket != NULL) {
        store->first = ticket->next;
        store->tickets--;
    }
    if (store->first == NULL)
        store->end = &store->first;
    sync_unlock(&store->lock);
    return ticket;
}

static void apply_ticket(struct store *store, struct journal_ticket *ticket)
{
    const struct journal_target *target = commit_target(store->commit);
    struct text rest = ticket->records;
    struct record record;

    for (size_t i = 0; i < ticket->count; i++) {
        if (record_read(&rest, &record) != RECORD_OK)
            abort();
        target->apply(target->context, ++store->status.position, &record,
                      ticket, i);
    }
    if (rest.length > 0)
        abort();
    target->applied(target->context);
    ticket->last = store->status.position;
}

static void end_tickets(struct store *store, size_t tickets,
                        enum journal_outcome outcome)
{
    for (size_t i = 0; i < tickets; i++) {
        struct journal_ticket *ticket = take_ticket(store);
        if (ticket == NULL)
            break;
        if (outcome == JOURNAL_SETTLED)
            apply_ticket(store, ticket);
        ticket->outcome = outcome;
        ticket->settled(ticket);
    }
    toy_store_tick(store);
}

void toy_store_tick(struct store *store)
{
    const struct journal_target *target = commit_target(store->commit);

    if (target->committed != NULL)
        target->committed(target->context);
}

void toy_store_share(struct store *store)
{
    store->journal.shared = true;
    store->shared =
        (struct journal_shared_status){.topic = "toy", .caught_up = true};
}

void toy_store_apply(struct store *store, const struct message *message)
{
    const struct journal_target *target = commit_target(store->commit);
    struct record record;
    char bytes[RECORD_MAX];
    struct text text = {bytes, record_write(message, bytes)};

    if (record_read(&text, &record) != RECORD_OK)
        abort();
    target->apply(target->context, ++store->status.position, &record, NULL, 0);
    target->applied(target->context);
    toy_store_tick(store);
}

void toy_store_settle(struct store *store, size_t tickets)
{
    end_tickets(store, tickets, JOURNAL_SETTLED);
}

void toy_store_refuse(struct store *store, size_t tickets)
{
    end_tickets(store, tickets, JOURNAL_REFUSED);
}

void toy_store_lose(struct store *store, size_t tickets)
{
    end_tickets(store, tickets, JOURNAL_UNKNOWN);
}

uint64_t store_id(const struct store *store)
{
    return store->journal.id;
}

bool store_is_shared(const struct store *store)
{
    return store->journal.shared;
}

bool store_attach(struct store *store, struct table *table,
                  void (*committed)(void *context), void *context)
{
    store->commit = commit_new(&store->journal, table, committed, context);
    return store->commit != NULL;
}

struct commit *store_commit(struct store *store)
{
    return store->commit;
}

void store_status(struct store *store, struct journal_status *status)
{
    *status = store->status;
}

void store_snapshot_status(struct store *store,
                           struct store_snapshot_status *status)
{
    *status = store->snapshot;
}

void store_shared_status(struct store *store,
                         struct journal_shared_status *status)
{
    *status = store->shared;
}

void store_want_snapshot(struct store *store, uint64_t position)
{
    store->wanted = position;
    store->wants++;
}

int store_open_snapshot(struct store *store, uint64_t *bytes)
{
    int file = store->file < 0 ? -1 : dup(store->file);

    if (file < 0) {
        errno = ENOENT;
        return -1;
    }
    *bytes = store->snapshot.bytes;
    return file;
}
