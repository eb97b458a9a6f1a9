/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of messages into the table through a journal that other instances
 * share: theirs are applied too, and it may be known late whose a message is.
 */
#include "lib/memory_topic.h"
#include "lib/messages.h"
#include "lib/unit_check.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sync.h"
#include "store/commit.h"
#include "store/store.h"
#include "table/table.h"

enum { ROOM = 8 * RECORD_MAX };

/* An instance. */
struct instance {
    struct memory_topic *topic;
    struct journal *journal;
    struct table *table;
    struct commit *commit;
};

struct sent {
    struct commit_ticket ticket;
    sem_t settled;
    char bytes[ROOM];
};

static void start(struct instance *instance, struct memory_topic *topic,
                  size_t memory)
{
    char error[JOURNAL_ERROR] = "";

    instance->topic = topic;
    instance->journal = memory_topic_join(topic);
    instance->table = table_new(memory);
    assert_non_null(instance->table);
    table_limit_admission(instance->table, STORE_SHARED_ADMISSION);
    instance->commit =
        commit_new(instance->journal, instance->table, NULL, NULL);
    assert_non_null(instance->commit);
    const struct journal_target *target = commit_target(instance->commit);
    const struct journal_methods *methods = instance->journal->methods;
    assert_int_equal(methods->replay(instance->journal, 0, target, NULL, error),
                     JOURNAL_COMPLETE);
    assert_true(methods->start(instance->journal, target));
}

static void stop(struct instance *instance)
{
    instance->journal->methods->stop(instance->journal);
    commit_free(instance->commit);
    table_free(instance->table);
}

static int set_up(void **context)
{
    struct instance *instance = calloc(1, sizeof(*instance));

    if (instance == NULL)
        abort();
    start(instance, memory_topic_new(1), SIZE_MAX);
    *context = instance;
    return 0;
}

static int tear_down(void **context)
{
    struct instance *instance = *context;

    stop(instance);
    memory_topic_free(instance->topic);
    free(instance);
    return 0;
}

static void settled(struct commit_ticket *ticket)
{
    sync_semaphore_post(&container_of(ticket, struct sent, ticket)->settled);
}

static void begin(struct sent *sent, struct instance *instance)
{
    sync_semaphore_init(&sent->settled);
    commit_ticket_init(&sent->ticket, instance->commit, sent->bytes, ROOM);
    sent->ticket.settled = settled;
}

static void add(struct sent *sent, struct message message)
{
    assert_int_equal(commit_admit(&sent->ticket, &message), MESSAGE_APPLIED);
}

static void commit(struct sent *sent)
{
    assert_true(commit_append(&sent->ticket));
    sync_semaphore_wait(&sent->settled);
    sem_destroy(&sent->settled);
    assert_int_equal(sent->ticket.result, COMMIT_APPLIED);
}

static uint64_t append(struct instance *instance, struct message message)
{
    return memory_topic_append(instance->topic, &message);
}

static void records_of_others_are_applied(void **context)
{
    struct instance *instance = *context;
    struct rocket_view view;

    append(instance, message_speed("a", 1, 10));
    memory_topic_skip(instance->topic);
    uint64_t position = append(instance, message_speed("a", 2, 10));
    memory_topic_await(instance->journal);
    assert_true(table_find(instance->table, TEXT("a"), &view));
    assert_int_equal(view.speed, 20);
    /* Positions have gaps, and are the revisions all the same. */
    assert_int_equal(view.revision, position);
    assert_int_equal(table_revision(instance->table), position);
}

static void ticket_has_the_position_of_its_last_message(void **context)
{
    struct instance *instance = *context;
    struct sent sent;

    memory_topic_skip(instance->topic);
    append(instance, message_speed("a", 1, 10));
    begin(&sent, instance);
    add(&sent, message_speed("b", 1, 1));
    add(&sent, message_speed("b", 2, 1));
    commit(&sent);
    assert_int_equal(sent.ticket.position, 4);
}

/* The same counts, whether it is known before or after the application. */
static void outcomes_do_not_depend_on_when_the_ticket_is_known(void **context)
{
    struct instance *instance = *context;

    for (int late = 0; late < 2; late++) {
        struct sent sent;
        char a[16], b[16];
        snprintf(a, sizeof(a), "a %d", late);
        snprintf(b, sizeof(b), "b %d", late);
        memory_topic_be_late(instance->journal, late == 1);
        begin(&sent, instance);
        add(&sent, message_launched(a, 1, "Falcon-9", "ARTEMIS", 1));
        add(&sent, message_launched(a, 1, "Falcon-9", "ARTEMIS", 1));
        add(&sent, message_exploded(a, 2, "FROZEN_O_RINGS"));
        add(&sent, message_exploded(a, 2, "FROZEN_O_RINGS"));
        add(&sent, message_launched(b, 1, "Falcon-9", "ARTEMIS", 1));
        commit(&sent);
        assert_int_equal(sent.ticket.outcomes[MESSAGE_APPLIED], 3);
        assert_int_equal(sent.ticket.outcomes[MESSAGE_DUPLICATE], 2);
        assert_int_equal(sent.ticket.launches, 2);
        assert_int_equal(sent.ticket.explosions, 1);
        assert_int_equal(sent.ticket.position,
                         memory_topic_end(instance->topic));
    }
}

/* Another instance was first. */
static void
message_that_another_instance_has_sent_is_a_duplicate(void **context)
{
    struct instance *instance = *context;
    struct sent sent;

    for (int late = 0; late < 2; late++) {
        uint64_t number = (uint64_t)late + 1;
        memory_topic_be_late(instance->journal, late == 1);
        begin(&sent, instance);
        add(&sent, message_speed("a", number, 10));
        append(instance, message_speed("a", number, 10));
        commit(&sent);
        assert_int_equal(sent.ticket.outcomes[MESSAGE_APPLIED], 0);
        assert_int_equal(sent.ticket.outcomes[MESSAGE_DUPLICATE], 1);
    }
}

/* Apply a message without a ticket, as the journal's thread does. */
static void apply(const struct journal_target *target, uint64_t position,
                  uint64_t number)
{
    const struct record record = {
        .kind = RECORD_MESSAGE,
        .message = message_launched("a", number, "Falcon-9", "ARTEMIS", 1),
    };

    target->apply(target->context, position, &record, NULL, 0);
}

/* More than can be on their way came between. */
static void claim_that_comes_too_late_counts_a_duplicate(void **context)
{
    enum { FIRST = 10, LAST = FIRST + 256 * 1024 };
    struct instance *instance = *context;
    struct table *table = table_new(SIZE_MAX);
    struct commit *commit = commit_new(instance->journal, table, NULL, NULL);
    const struct journal_target *target = commit_target(commit);
    struct commit_ticket ticket;
    char bytes[RECORD_MAX];

    commit_ticket_init(&ticket, commit, bytes, sizeof(bytes));
    for (uint64_t position = FIRST; position < LAST; position++)
        apply(target, position, position - FIRST + 1);
    target->applied(target->context);
    target->claim(target->context, FIRST, &ticket.journal);
    assert_int_equal(ticket.outcomes[MESSAGE_APPLIED], 1);
    assert_int_equal(ticket.launches, 1);
    apply(target, LAST, LAST - FIRST + 1);
    target->applied(target->context);
    target->claim(target->context, FIRST, &ticket.journal);
    target->claim(target->context, LAST + 1, &ticket.journal);
    assert_int_equal(ticket.outcomes[MESSAGE_DUPLICATE], 2);
    target->claim(target->context, LAST, &ticket.journal);
    assert_int_equal(ticket.outcomes[MESSAGE_APPLIED], 2);
    assert_int_equal(ticket.launches, 2);
    commit_free(commit);
    table_free(table);
}

static struct message rocket_message(size_t rocket, char id[32])
{
    snprintf(id, 32, "rocket %zu", rocket);
    return message_launched(id, 1, id, "ARTEMIS", 1);
}

/*
 * At a part of the limit nothing is admitted any more, but what others have
 * admitted is applied up to the limit, without leaving out any: then the
 * journal takes no more, and goes on from there with more memory.
 */
static void no_record_is_left_out_between_admission_and_limit(void **context)
{
    struct instance *first = *context;
    struct instance small, large;
    struct table *empty = table_new(SIZE_MAX);
    size_t limit = table_memory(empty) + 2000000, admitted = 0;
    char id[32];

    table_free(empty);
    start(&small, first->topic, limit);
    for (;; admitted++) {
        struct sent sent;
        struct message message = rocket_message(admitted, id);
        begin(&sent, &small);
        if (commit_admit(&sent.ticket, &message) != MESSAGE_APPLIED)
            break;
        commit(&sent);
    }
    assert_in_range(table_memory(small.table), limit / 100 * 93,
                    limit / 100 * 96);
    assert_false(memory_topic_is_halted(small.journal));
    size_t sent = admitted;
    while (!memory_topic_is_halted(small.journal)) {
        append(first, rocket_message(sent++, id));
        memory_topic_await(small.journal);
        assert_true(sent < 2 * admitted);
        if (!memory_topic_is_halted(small.journal))
            assert_int_equal(table_count(small.table), sent);
    }
    assert_true(table_memory(small.table) >= limit);
    assert_true(sent > admitted + 10);
    assert_int_equal(table_count(small.table), sent - 1);
    assert_int_equal(table_revision(small.table), sent - 1);
    /* More of them come, and wait. */
    for (size_t i = 0; i < 100; i++)
        append(first, rocket_message(sent++, id));
    stop(&small);
    start(&large, first->topic, 2 * limit);
    memory_topic_await(large.journal);
    memory_topic_await(first->journal);
    assert_int_equal(table_count(large.table), sent);
    assert_int_equal(table_count(first->table), sent);
    stop(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(records_of_others_are_applied),
        FIXTURE_TEST(ticket_has_the_position_of_its_last_message),
        FIXTURE_TEST(outcomes_do_not_depend_on_when_the_ticket_is_known),
        FIXTURE_TEST(message_that_another_instance_has_sent_is_a_duplicate),
        FIXTURE_TEST(claim_that_comes_too_late_counts_a_duplicate),
        FIXTURE_TEST(no_record_is_left_out_between_admission_and_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
