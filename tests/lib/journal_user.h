/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What uses a journal in tests: tickets with messages, and a target that notes
 * all that it is given. Set `shared` for a journal that is.
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
    bool shared;
    _Atomic bool full;            /* there is no memory for more records */
    uint64_t first;               /* position of the first record */
    uint64_t positions[USER_MAX]; /* of the records; they rise */
    uint64_t numbers[USER_MAX];   /* of the messages */
    size_t others;                /* records without a ticket, not claimed */
    size_t claimed;               /* records */
    /* NULL, or what the messages are; `same`: so was the last one. */
    const struct message *expected;
    bool same;
    size_t count;              /* records that were handed over */
    size_t applied;            /* of these when `applied` was called */
    struct record newest;      /* whose texts are read at `applied` */
    uint64_t hash;             /* of its channel */
    size_t settled;            /* tickets */
    size_t awaiting_committed; /* tickets settled since `committed` */
    size_t commits;
    const struct journal_ticket *last; /* that was settled */
    sem_t settlements;                 /* posted for each ticket */
    _Atomic unsigned notices;
};

/* A ticket of up to a few hundred messages. */
struct user_ticket {
    struct journal_ticket journal;
    struct user *user;
    uint64_t number; /* of the first message; the others follow */
    size_t applied;  /* records */
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
    else if (user->shared)
        assert_true(position > user->positions[user->count - 1]);
    if (!user->shared)
        assert_int_equal(position, user->first + user->count);
    assert_true(user->count < USER_MAX);
    assert_int_equal(record->kind, RECORD_MESSAGE);
    user->positions[user->count] = position;
    user->numbers[user->count++] = record->message.number;
    if (user->expected != NULL)
        user->same = messages_same(&record->message, user->expected);
    record_copy(record, &user->newest);
    user->hash = user_hash(record->message.channel);
    if (ticket != NULL) {
        struct user_ticket *own =
            container_of(ticket, struct user_ticket, journal);
        assert_int_equal(record->message.number, own->number + index);
        if (!user->shared)
            assert_int_equal(index, own->applied);
        own->applied++;
    } else {
        user->others++;
    }
}

/* The record was applied before it was known whose it is. */
static inline void user_claim(void *context, uint64_t position,
                              struct journal_ticket *ticket)
{
    struct user *user = context;
    struct user_ticket *own = container_of(ticket, struct user_ticket, journal);
    size_t i = user->applied;

    assert_true(user->shared);
    while (i > 0 && user->positions[i - 1] > position)
        i--;
    assert_true(i > 0 && user->positions[i - 1] == position);
    assert_in_range(user->numbers[i - 1], own->number,
                    own->number + ticket->count - 1);
    own->applied++;
    user->others--;
    user->claimed++;
}

static inline bool user_full(void *context)
{
    const struct user *user = context;

    return user->full;
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

    if (!user->shared)
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
                   .claim = user_claim,
                   .full = user_full,
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
        assert_true(user->applied > 0);
        assert_true(journal->last <= user->positions[user->applied - 1]);
    } else if (user->shared && journal->outcome == JOURNAL_UNKNOWN) {
        assert_true(ticket->applied <= journal->count);
        assert_int_equal(journal->last, 0);
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

/*
 * malloc(3), but gcc's analyzer does not know that: it loses sight of the
 * elements of an array, and would see leaks.
 */
static void *(*volatile user_allocate)(size_t size) = malloc;

/* A ticket of `count` messages of one rocket, from `number` on. */
static inline void user_fill_ticket(struct user_ticket *ticket,
                                    struct user *user, uint64_t number,
                                    size_t count)
{
    char *bytes = user_allocate((count + 1) * RECORD_MAX);
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
        .number = number,
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
