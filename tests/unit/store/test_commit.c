/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of messages into the table through a journal in memory.
 */
#include "lib/memory_journal.h"
#include "lib/messages.h"
#include "lib/unit_check.h"

#include <semaphore.h>

#include "base/sync.h"
#include "store/commit.h"
#include "table/table.h"

enum { ROOM = 8 * RECORD_MAX };

struct fixture {
    struct journal *journal;
    struct table *table;
    struct commit *commit;
    size_t committed; /* calls */
};

struct sent {
    struct commit_ticket ticket;
    sem_t settled;
    char bytes[ROOM];
};

static void count_commit(void *context)
{
    ++((struct fixture *)context)->committed;
}

static void open_commit(struct fixture *fixture, size_t memory)
{
    fixture->table = table_new(memory);
    assert_non_null(fixture->table);
    table_limit_admission(fixture->table, 100);
    fixture->commit =
        commit_new(fixture->journal, fixture->table, count_commit, fixture);
    assert_non_null(fixture->commit);
    const struct journal_target *target = commit_target(fixture->commit);
    char error[JOURNAL_ERROR];
    assert_int_equal(fixture->journal->methods->replay(fixture->journal, 0,
                                                       target, NULL, error),
                     JOURNAL_COMPLETE);
    assert_true(fixture->journal->methods->start(fixture->journal, target));
}

static int set_up(void **context)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        abort();
    fixture->journal = memory_journal_new(1);
    open_commit(fixture, SIZE_MAX);
    *context = fixture;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *fixture = *context;

    fixture->journal->methods->stop(fixture->journal);
    commit_free(fixture->commit);
    table_free(fixture->table);
    free(fixture);
    return 0;
}

static void settled(struct commit_ticket *ticket)
{
    sync_semaphore_post(&container_of(ticket, struct sent, ticket)->settled);
}

static void begin(struct sent *sent, struct fixture *fixture)
{
    sync_semaphore_init(&sent->settled);
    commit_ticket_init(&sent->ticket, fixture->commit, sent->bytes, ROOM);
    sent->ticket.settled = settled;
}

static enum message_outcome admit(struct sent *sent, struct message message)
{
    return commit_admit(&sent->ticket, &message);
}

static void await(struct sent *sent)
{
    sync_semaphore_wait(&sent->settled);
    sem_destroy(&sent->settled);
}

/* Commit one message. */
static enum commit_result commit_one(struct fixture *fixture,
                                     struct message message)
{
    struct sent sent;

    begin(&sent, fixture);
    assert_int_equal(admit(&sent, message), MESSAGE_APPLIED);
    assert_true(commit_append(&sent.ticket));
    await(&sent);
    return sent.ticket.result;
}

static void message_is_in_the_table_once_it_is_settled(void **context)
{
    struct fixture *fixture = *context;
    struct rocket_view view;

    commit_one(fixture, message_speed("a", 1, 10));
    assert_int_equal(commit_one(fixture, message_speed("a", 2, 10)),
                     COMMIT_APPLIED);
    assert_true(table_find(fixture->table, TEXT("a"), &view));
    assert_int_equal(view.speed, 20);
    /* The revision is the position in the journal. */
    assert_int_equal(view.revision, 2);
    assert_int_equal(table_revision(fixture->table), 2);
}

static void outcomes_are_counted(void **context)
{
    struct fixture *fixture = *context;
    struct sent sent;

    begin(&sent, fixture);
    /* The second is not known to be a duplicate: the first is pending. */
    admit(&sent, message_launched("a", 1, "Falcon-9", "ARTEMIS", 1));
    admit(&sent, message_launched("a", 1, "Falcon-9", "ARTEMIS", 1));
    admit(&sent, message_exploded("a", 2, "FROZEN_O_RINGS"));
    admit(&sent, message_launched("b", 1, "Falcon-9", "ARTEMIS", 1));
    assert_true(commit_append(&sent.ticket));
    await(&sent);
    assert_int_equal(sent.ticket.outcomes[MESSAGE_APPLIED], 3);
    assert_int_equal(sent.ticket.outcomes[MESSAGE_DUPLICATE], 1);
    assert_int_equal(sent.ticket.launches, 2);
    assert_int_equal(sent.ticket.explosions, 1);
    /* The duplicate has a position, but changes nothing. */
    assert_int_equal(table_revision(fixture->table), 4);
}

static void duplicate_of_what_is_durable_is_not_appended(void **context)
{
    struct fixture *fixture = *context;
    struct sent sent;

    commit_one(fixture, message_speed("a", 1, 10));
    begin(&sent, fixture);
    assert_int_equal(admit(&sent, message_speed("a", 1, 10)),
                     MESSAGE_DUPLICATE);
    assert_int_equal(sent.ticket.journal.count, 0);
    assert_int_equal(sent.ticket.journal.records.length, 0);
    commit_abandon(&sent.ticket);
}

static void refused_message_changes_nothing(void **context)
{
    struct fixture *fixture = *context;
    struct rocket_view view;

    memory_journal_refuse(fixture->journal, "The disk is full.");
    assert_int_equal(commit_one(fixture, message_speed("a", 1, 10)),
                     COMMIT_REFUSED);
    assert_false(table_find(fixture->table, TEXT("a"), &view));
    memory_journal_refuse(fixture->journal, NULL);
    assert_int_equal(commit_one(fixture, message_speed("a", 1, 10)),
                     COMMIT_APPLIED);
}

static void room_is_for_the_longest_message(void **context)
{
    struct fixture *fixture = *context;
    struct sent sent;
    char channel[MESSAGE_MAX_CHANNEL + 1], name[MESSAGE_MAX_NAME + 1];
    uint64_t number = MESSAGE_MAX_NUMBER;

    memset(channel, 'c', sizeof(channel) - 1);
    channel[sizeof(channel) - 1] = '\0';
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    begin(&sent, fixture);
    for (; commit_ticket_has_room(&sent.ticket); number--) {
        struct message message =
            message_launched(channel, number, name, name, MESSAGE_MAX_SPEED);
        message.time = messages_time(1); /* the number is no time */
        assert_int_equal(admit(&sent, message), MESSAGE_APPLIED);
    }
    assert_true(sent.ticket.journal.count >= ROOM / RECORD_MAX);
    assert_true(sent.ticket.journal.records.length <= ROOM);
    assert_true(commit_append(&sent.ticket));
    await(&sent);
    assert_int_equal(sent.ticket.outcomes[MESSAGE_APPLIED],
                     sent.ticket.journal.count);
}

/* Admit messages of new rockets, each in a ticket, until memory is reserved. */
static size_t admit_until_full(struct fixture *fixture, struct sent *sent,
                               size_t max)
{
    size_t count = 0;

    for (; count < max; count++) {
        char channel[32];
        snprintf(channel, sizeof(channel), "rocket %zu", count);
        begin(&sent[count], fixture);
        if (admit(&sent[count], message_speed(channel, 1, 1)) !=
            MESSAGE_APPLIED)
            break;
    }
    return count;
}

/*
 * What is pending counts against the limit, until it is settled, refused or
 * abandoned.
 */
static void reservations_are_given_back(void **context)
{
    enum { MAX = 2000 };
    struct fixture *fixture = *context;
    struct table *empty = table_new(SIZE_MAX);
    size_t memory = table_memory(empty) + 100000, count = 0;
    struct sent *sent = calloc(MAX, sizeof(*sent));

    table_free(empty);
    assert_non_null(sent);
    fixture->journal->methods->stop(fixture->journal);
    commit_free(fixture->commit);
    table_free(fixture->table);
    fixture->journal = memory_journal_new(1);
    open_commit(fixture, memory);

    count = admit_until_full(fixture, sent, MAX);
    assert_in_range(count, 2, MAX - 1);
    for (size_t i = 0; i < count; i++)
        commit_abandon(&sent[i].ticket);
    assert_int_equal(admit_until_full(fixture, sent, MAX), count);
    memory_journal_limit(fixture->journal, 0);
    for (size_t i = 0; i < count; i++)
        assert_false(commit_append(&sent[i].ticket));
    memory_journal_limit(fixture->journal, SIZE_MAX);
    assert_int_equal(admit_until_full(fixture, sent, MAX), count);
    memory_journal_refuse(fixture->journal, "The disk is full.");
    for (size_t i = 0; i < count; i++) {
        assert_true(commit_append(&sent[i].ticket));
        await(&sent[i]);
    }
    memory_journal_refuse(fixture->journal, NULL);
    assert_int_equal(admit_until_full(fixture, sent, MAX), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(commit_append(&sent[i].ticket));
        await(&sent[i]);
        assert_int_equal(sent[i].ticket.outcomes[MESSAGE_APPLIED], 1);
    }
    free(sent);
}

static void restart_gives_the_same_table(void **context)
{
    struct fixture *fixture = *context;
    struct rocket_view before, after;

    for (uint64_t number = 1; number <= 1000; number++)
        commit_one(fixture, message_of_type((enum message_type)(number % 5),
                                            "a", number));
    assert_true(table_find(fixture->table, TEXT("a"), &before));
    fixture->journal = memory_journal_reopen(fixture->journal);
    assert_int_equal(fixture->committed, 1000);
    commit_free(fixture->commit);
    table_free(fixture->table);
    open_commit(fixture, SIZE_MAX);
    assert_true(table_find(fixture->table, TEXT("a"), &after));
    assert_int_equal(after.revision, before.revision);
    assert_int_equal(after.speed, before.speed);
    assert_int_equal(after.last_number, before.last_number);
    assert_int_equal(table_revision(fixture->table), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(message_is_in_the_table_once_it_is_settled),
        FIXTURE_TEST(outcomes_are_counted),
        FIXTURE_TEST(duplicate_of_what_is_durable_is_not_appended),
        FIXTURE_TEST(refused_message_changes_nothing),
        FIXTURE_TEST(room_is_for_the_longest_message),
        FIXTURE_TEST(reservations_are_given_back),
        FIXTURE_TEST(restart_gives_the_same_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
