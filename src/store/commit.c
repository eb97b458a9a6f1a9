/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of the journal collects messages until a group is full, or the
 * journal says that all must be applied, and applies them to the table
 * together. Replayed messages come the same way, without a ticket. Memory that
 * is reserved at the admission is given back when the ticket is settled or
 * abandoned.
 *
 * From a shared journal a message may come before it is known to be of a
 * ticket. So what became of messages without one is kept in a ring, for as many
 * positions as can be on their way.
 */
#include "store/commit.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sync.h"
#include "store/record.h"
#include "table/table.h"

enum {
    /* Positions; a power of two. More than messages that wait for one. */
    RING = 256 * 1024,
    /* In an entry of the ring, below the position. */
    RING_OUTCOME = 3, /* mask of the outcome */
    RING_LAUNCHED = 4,
    RING_EXPLODED = 8,
    RING_BITS = 4,
};

static_assert(MESSAGE_NO_MEMORY <= RING_OUTCOME + 1,
              "each outcome of a message that was applied");

struct commit {
    /* Set at start, then read-only. */
    struct journal *journal;
    struct table *table;
    void (*committed)(void *context);
    void *context;
    void (*notice)(void *context);
    void *notice_context;
    struct journal_target target;
    /* Of the thread that applies: messages that are not applied yet. */
    size_t count;
    struct table_item items[TABLE_GROUP];
    struct record records[TABLE_GROUP];
    struct commit_ticket *tickets[TABLE_GROUP]; /* NULL: replayed */
    /*
     * Of the thread that applies, if the journal is shared; else NULL. At each
     * position, modulo RING, the last one without a ticket, with its outcome. 0
     * is none, as no message has position 0.
     */
    uint64_t *ring;
};

/*
 * The message is durable, but the table cannot take it: to go on would be to
 * answer from a state that is not that of the journal.
 */
static void end_without_memory(void)
{
    log_line(
        LOG_ERROR,
        "memory is exhausted while messages of the journal are applied, so "
        "this process ends: give it more memory; nothing is lost");
    log_flush(LOG_STOP_MS);
    _exit(EXIT_FAILURE);
}

static void count_outcome(struct commit_ticket *ticket,
                          const struct table_item *item)
{
    ticket->outcomes[item->outcome]++;
    if (item->outcome != MESSAGE_APPLIED)
        return;
    ticket->launches += item->message->type == MESSAGE_LAUNCHED;
    ticket->explosions += item->message->type == MESSAGE_EXPLODED;
}

/* Keep the outcome of a message without a ticket: one may claim it. */
static void keep_outcome(struct commit *commit, const struct table_item *item)
{
    uint64_t entry = item->position << RING_BITS | (uint64_t)item->outcome;

    if (item->message->type == MESSAGE_LAUNCHED)
        entry |= RING_LAUNCHED;
    if (item->message->type == MESSAGE_EXPLODED)
        entry |= RING_EXPLODED;
    commit->ring[item->position % RING] = entry;
}

static void apply_items(void *context)
{
    struct commit *commit = context;

    table_apply_group(commit->table, commit->items, commit->count);
    for (size_t i = 0; i < commit->count; i++) {
        if (commit->items[i].outcome == MESSAGE_NO_MEMORY)
            end_without_memory();
        if (commit->tickets[i] != NULL)
            count_outcome(commit->tickets[i], &commit->items[i]);
        else if (commit->ring != NULL)
            keep_outcome(commit, &commit->items[i]);
    }
    commit->count = 0;
}

static void apply_record(void *context, uint64_t position,
                         const struct record *record,
                         struct journal_ticket *ticket, size_t index)
{
    struct commit *commit = context;
    size_t at = commit->count++;

    (void)index;
    record_copy(record, &commit->records[at]);
    commit->items[at] = (struct table_item){
        .message = &commit->records[at].message,
        .position = position,
    };
    commit->tickets[at] =
        ticket == NULL ? NULL
                       : container_of(ticket, struct commit_ticket, journal);
    if (commit->count == TABLE_GROUP)
        apply_items(commit);
}

/*
 * A position that is not in the ring any more has an outcome that nobody knows.
 * It is counted as a duplicate: the message is in the journal, and whatever it
 * has changed was changed before.
 */
static void claim_position(void *context, uint64_t position,
                           struct journal_ticket *journal)
{
    struct commit *commit = context;
    struct commit_ticket *ticket =
        container_of(journal, struct commit_ticket, journal);
    uint64_t entry = commit->ring[position % RING];

    if (entry >> RING_BITS != position) {
        ticket->outcomes[MESSAGE_DUPLICATE]++;
        return;
    }
    enum message_outcome outcome = entry & RING_OUTCOME;
    ticket->outcomes[outcome]++;
    if (outcome != MESSAGE_APPLIED)
        return;
    ticket->launches += (entry & RING_LAUNCHED) != 0;
    ticket->explosions += (entry & RING_EXPLODED) != 0;
}

static bool is_full(void *context)
{
    const struct commit *commit = context;

    return table_memory(commit->table) >= table_memory_limit(commit->table);
}

static void tickets_committed(void *context)
{
    struct commit *commit = context;

    commit->committed(commit->context);
}

static void pass_notice(void *context)
{
    struct commit *commit = context;

    commit->notice(commit->notice_context);
}

struct commit *commit_new(struct journal *journal, struct table *table,
                          void (*committed)(void *context), void *context)
{
    struct commit *commit = calloc(1, sizeof(*commit));

    if (commit == NULL)
        return NULL;
    if (journal != NULL && journal->shared) {
        commit->ring = calloc(RING, sizeof(*commit->ring));
        if (commit->ring == NULL) {
            free(commit);
            return NULL;
        }
    }
    commit->journal = journal;
    commit->table = table;
    commit->committed = committed;
    commit->context = context;
    commit->target = (struct journal_target){
        .context = commit,
        .apply = apply_record,
        .applied = apply_items,
        .claim = claim_position,
        .full = is_full,
        .committed = committed != NULL ? tickets_committed : NULL,
    };
    return commit;
}

void commit_pass_notices(struct commit *commit, void (*notice)(void *context),
                         void *context)
{
    commit->notice = notice;
    commit->notice_context = context;
    commit->target.notice = pass_notice;
}

void commit_free(struct commit *commit)
{
    if (commit == NULL)
        return;
    free(commit->ring);
    free(commit);
}

const struct journal_target *commit_target(struct commit *commit)
{
    return &commit->target;
}

static void give_back(struct commit_ticket *ticket)
{
    if (ticket->reserved > 0)
        table_unreserve(ticket->commit->table, ticket->reserved);
    ticket->reserved = 0;
}

/* By now the memory of what was applied is counted by the table itself. */
static void settle_ticket(struct journal_ticket *journal)
{
    static const enum commit_result results[] = {
        [JOURNAL_SETTLED] = COMMIT_APPLIED,
        [JOURNAL_REFUSED] = COMMIT_REFUSED,
        [JOURNAL_UNKNOWN] = COMMIT_UNKNOWN,
    };
    struct commit_ticket *ticket =
        container_of(journal, struct commit_ticket, journal);

    give_back(ticket);
    ticket->result = results[journal->outcome];
    ticket->position = journal->last;
    ticket->settled(ticket);
}

void commit_ticket_init(struct commit_ticket *ticket, struct commit *commit,
                        char *bytes, size_t room)
{
    *ticket = (struct commit_ticket){
        .journal = {.records = {bytes, 0}, .settled = settle_ticket},
        .commit = commit,
        .bytes = bytes,
        .room = room,
    };
}

bool commit_ticket_has_room(const struct commit_ticket *ticket)
{
    return ticket->room - ticket->journal.records.length >= RECORD_MAX;
}

enum message_outcome commit_admit(struct commit_ticket *ticket,
                                  const struct message *message)
{
    struct text *records = &ticket->journal.records;
    enum message_outcome outcome =
        table_admit(ticket->commit->table, message, &ticket->reserved);

    if (outcome != MESSAGE_APPLIED)
        return outcome;
    records->length += record_write(message, ticket->bytes + records->length);
    ticket->journal.count++;
    return MESSAGE_APPLIED;
}

bool commit_append(struct commit_ticket *ticket)
{
    struct journal *journal = ticket->commit->journal;

    if (journal->methods->append(journal, &ticket->journal))
        return true;
    give_back(ticket);
    return false;
}

void commit_abandon(struct commit_ticket *ticket)
{
    give_back(ticket);
}
