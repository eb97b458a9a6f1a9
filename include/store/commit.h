/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a message through a journal into the table: admission, append, and
 * once it is durable its application.
 *
 *     commit_admit() --> commit_append() --> settled
 *
 * The table holds only what is durable. So a message that is a duplicate or
 * stale there needs no journal. A duplicate of a message that is still pending
 * is appended too, which is harmless.
 *
 * Only the admission enforces the limit on memory: it reserves what a message
 * may need before the message is appended, as what is durable has to be
 * applied, and a full table must restart.
 *
 * Locking: any thread may admit and append; a ticket belongs to its owner,
 * except between commit_append() and `settled`.
 */
#ifndef LUNAR_STORE_COMMIT_H
#define LUNAR_STORE_COMMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/message.h"
#include "store/journal.h"

struct commit;
struct table;

enum commit_result {
    COMMIT_APPLIED, /* durable, and applied: see the counts */
    COMMIT_REFUSED, /* not written: the journal cannot be written now */
    COMMIT_UNKNOWN, /* perhaps written: see JOURNAL_UNKNOWN */
};

/* Messages that are committed together. Embedded in a struct of the caller. */
struct commit_ticket {
    /*
     * Set by the caller after commit_ticket_init(). Called on the journal's
     * thread, in order. Must not block. The ticket is the caller's again.
     */
    void (*settled)(struct commit_ticket *ticket);
    /* Results, set before `settled`. */
    enum commit_result result;
    uint64_t position; /* of the last message, if they are applied; else 0 */
    uint64_t outcomes[MESSAGE_NO_MEMORY]; /* messages, by their outcome */
    uint64_t launches, explosions;        /* of those that were applied */
    /* Private. */
    struct journal_ticket journal;
    struct commit *commit;
    char *bytes;
    size_t room;
    size_t reserved; /* bytes of the table's memory */
};

/*
 * A commit on `journal`, which is to be replayed into commit_target() and then
 * started with it. `committed` is called with `context`, on the journal's
 * thread, after all tickets of one commit were settled: to wake those who wait
 * for them together. NULL if memory is exhausted.
 * Ownership: `journal` and `table` are borrowed.
 */
struct commit *commit_new(struct journal *journal, struct table *table,
                          void (*committed)(void *context), void *context);

/*
 * The journal's notices (journal_target) call `notice` with `context`. Called
 * before the journal is started, at most once.
 */
void commit_pass_notices(struct commit *commit, void (*notice)(void *context),
                         void *context);

/* No ticket may be pending. NULL does nothing. */
void commit_free(struct commit *commit);

const struct journal_target *commit_target(struct commit *commit);

/*
 * An empty ticket, whose messages are written to `bytes`.
 * Ownership: `bytes` has room for `room` bytes, and is borrowed until the
 * ticket is settled, or is not used any more.
 */
void commit_ticket_init(struct commit_ticket *ticket, struct commit *commit,
                        char *bytes, size_t room);

/* Whether another message fits, whatever its length. */
bool commit_ticket_has_room(const struct commit_ticket *ticket);

/*
 * Admit `message`. MESSAGE_APPLIED: it was added to the ticket, which has room,
 * and its memory is reserved; whether it will be applied is decided in its
 * turn. Any other outcome is final, and the ticket is as before.
 */
enum message_outcome commit_admit(struct commit_ticket *ticket,
                                  const struct message *message);

/*
 * Append the ticket, which has at least one message. False if too much is
 * waiting already: then it will not be settled, and its memory is not reserved
 * any more. Never blocks.
 */
bool commit_append(struct commit_ticket *ticket);

/* The ticket will not be appended. */
void commit_abandon(struct commit_ticket *ticket);

#endif
