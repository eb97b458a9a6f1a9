/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What uses a journal in tests: tickets with messages, and a target that notes
 * all that it is given.
 */
#ifndef LUNAR_TESTS_JOURNAL_USER_H
#define LUNAR_TESTS_JOURNAL_USER_H

#include "lib/messages.h"
#include "lib/unit_check.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "base/sync.h"
#include "store/journal.h"

enum { USER_MAX = 1 << 16 /* records of a test */ };

/* A target. What it notes belongs to the thread that calls it. */
struct user {
    struct journal_target target;
    uint64_t first;             /* position of the first record */
    uint64_t numbers[USER_MAX]; /* of the messages */
    size_t count;               /* records that were handed over */
    size_t applied;             /* of these when `applied` was called */
    struct record newest;       /* whose texts are read at `applied` */
    uint64_t hash;              /* of its channel */
    size_t settled;             /* tickets */
    size_t awaiting_committed;  /* tickets settled since `committed` */
    size_t commits;
    const struct journal_ticket *last; /* that was settled */
    sem_t settlements;                 /* posted for each ticket */
    _Atomic unsigned notices;
};

/* A ticket of up to a few hundred messages. */
struct user_ticket {
    struct journal_ticket journal;
    struct user *user;
    size_t applied; /* records */
    char *bytes;
};

static inline uint64_t user_hash(struct text text)
{
    uint64_t hash = text.length;

    for (size_t i = 0; i < text.length; i++)
        hash = 31 * hash + (unsigned char)text.data[i];
    return hash;
}

static inline void user_apply(void *context, uint64_t position,
                              const struct record *record,
                              struct journal_ticket *ticket, size_t index)
{
    struct user *user = context;

    if (user->count == 0)
        user->first = position;
    assert_int_equal(position, user->first + user->count);
    assert_true(user->count < USER_MAX);
    assert_int_equal(record->kind, RECORD_MESSAGE);
    user->numbers[user->count++] = record->message.number;
    record_copy(record, &user->newest);
    user->hash = user_hash(record->message.channel);
    if (ticket != NULL) {
        struct user_ticket *own =
            container_of(ticket, struct user_ticket, journal);
        assert_int_equal(index, own->applied++);
    }
}

static inline void user_applied(void *context)
{
    struct user *user = context;

    if (user->applied < user->count)
        assert_int_equal(user_hash(user->newest.message.channel), user->hash);
    user->applied = user->count;
}

static inline void user_committed(void *context)
{
    struct user *user = context;

    assert_true(user->awaiting_committed > 0);
    user->awaiting_committed = 0;
    user->commits++;
}

static inline void user_notice(void *context)
{
    struct user *user = context;

    atomic_fetch_add(&user->notices, 1);
}

static inline void user_init(struct user *user)
{
    *user = (struct user){
        .target = {.context = user,
                   .apply = user_apply,
                   .applied = user_applied,
                   .committed = user_committed,
                   .notice = user_notice},
    };
    sync_semaphore_init(&user->settlements);
}

static inline void user_settled(struct journal_ticket *journal)
{
    struct user_ticket *ticket =
        container_of(journal, struct user_ticket, journal);
    struct user *user = ticket->user;

    if (journal->outcome == JOURNAL_SETTLED) {
        assert_int_equal(ticket->applied, journal->count);
        assert_true(journal->last < user->first + user->applied);
    } else {
        assert_int_equal(journal->outcome, JOURNAL_REFUSED);
        assert_int_equal(ticket->applied, 0);
        assert_int_equal(journal->last, 0);
    }
    user->settled++;
    user->awaiting_committed++;
    user->last = journal;
    sync_semaphore_post(&user->settlements);
}

/* A ticket of `count` messages of one rocket, from `number` on. */
static inline void user_fill_ticket(struct user_ticket *ticket,
                                    struct user *user, uint64_t number,
                                    size_t count)
{
    char *bytes = malloc((count + 1) * RECORD_MAX);
    size_t length = 0;

    if (bytes == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        struct message message = message_of_type(
            (enum message_type)((number + i) % MESSAGE_TYPE_COUNT), "a rocket",
            number + i);
        length += record_write(&message, bytes + length);
    }
    *ticket = (struct user_ticket){
        .journal = {.records = {bytes, length},
                    .count = count,
                    .settled = user_settled},
        .user = user,
        .bytes = bytes,
    };
}

static inline void user_free_ticket(struct user_ticket *ticket)
{
    free(ticket->bytes);
    ticket->bytes = NULL;
}

static inline bool user_append(struct journal *journal,
                               struct user_ticket *ticket)
{
    return journal->methods->append(journal, &ticket->journal);
}

/* Wait until `count` more tickets are settled. */
static inline void user_wait(struct user *user, size_t count)
{
    for (; count > 0; count--)
        sync_semaphore_wait(&user->settlements);
}

/* Append messages, and wait for them. Returns what became of them. */
static inline enum journal_outcome user_commit(struct journal *journal,
                                               struct user *user,
                                               uint64_t number, size_t count)
{
    struct user_ticket ticket;

    user_fill_ticket(&ticket, user, number, count);
    assert_true(user_append(journal, &ticket));
    user_wait(user, 1);
    user_free_ticket(&ticket);
    return ticket.journal.outcome;
}

#endif
