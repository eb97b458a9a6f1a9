/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on a topic, with brokers that refuse, are slow, or are gone: no
 * ticket is told what is not so, each is told something in time, and what can
 * be done again is.
 */
#include "lib/replica_scene.h"

#include "base/clock.h"

enum {
    ANSWER_MS = 300, /* instead of five seconds */
    SOON_US = 3000000,
    PROBE = 5000, /* number of a message that only looks whether it works */
};

struct fixture {
    struct mock_topic topic;
    struct replica_scene ours;
};

static int set_up(void **context)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        abort();
    mock_topic_make(&fixture->topic, 1, 1);
    replica_scene_make(&fixture->ours, &fixture->topic);
    *context = fixture;
    return 0;
}

static int set_up_three(void **context)
{
    set_up(context);
    struct fixture *fixture = *context;

    replica_scene_remove(&fixture->ours);
    mock_topic_remove(&fixture->topic);
    mock_topic_make(&fixture->topic, 3, 1);
    replica_scene_make(&fixture->ours, &fixture->topic);
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_remove(&fixture->ours);
    mock_topic_remove(&fixture->topic);
    free(fixture);
    return 0;
}

static enum journal_outcome commit_one(struct fixture *fixture, uint64_t number)
{
    return user_commit(fixture->ours.journal, fixture->ours.user, number, 1);
}

/* What comes from brokers that are not well, and passes. */
static void produce_errors_that_pass_are_tried_again(void **context)
{
    static const rd_kafka_resp_err_t errors[] = {
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR__TRANSPORT, /* the connection is closed */
    };
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    for (size_t i = 0; i < COUNT(errors); i++) {
        mock_topic_fail(&fixture->topic, MOCK_PRODUCE, errors[i], 2);
        enum journal_outcome outcome = commit_one(fixture, i + 1);
        if (outcome != JOURNAL_SETTLED)
            fail_msg("%s: outcome %d", rd_kafka_err2name(errors[i]),
                     (int)outcome);
    }
    assert_int_equal(fixture->ours.user->count, COUNT(errors));
    for (size_t i = 0; i < COUNT(errors); i++)
        assert_int_equal(fixture->ours.user->numbers[i], i + 1);
}

/*
 * librdkafka itself refuses messages of a topic that is not allowed, until it
 * has asked about the topic again.
 */
static bool can_commit(void *context)
{
    struct fixture *fixture = context;

    return replica_scene_has_none(&fixture->ours) &&
           commit_one(fixture, PROBE) == JOURNAL_SETTLED;
}

/* Append tickets with the messages from 1 on, one in each. */
static void append_each(struct replica_scene *scene,
                        struct user_ticket *tickets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        user_fill_ticket(&tickets[i], scene->user, i + 1, 1);
        assert_true(user_append(scene->journal, &tickets[i]));
    }
}

/* The first ticket has this outcome, and all others are refused. Frees them. */
static void expect_others_refused(struct user_ticket *tickets, size_t count,
                                  enum journal_outcome first)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tickets[i].journal.outcome,
                         i == 0 ? first : JOURNAL_REFUSED);
        user_free_ticket(&tickets[i]);
    }
}

/* What brokers refuse for good is known not to be written. */
static void produce_errors_for_good_are_refusals(void **context)
{
    static const rd_kafka_resp_err_t errors[] = {
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_INVALID_MSG,
        RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS,
        RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
        RD_KAFKA_RESP_ERR_INVALID_RECORD,
    };
    struct fixture *fixture = *context;
    struct user_ticket ticket;

    fixture->ours.options.limits.probe_ms = 100;
    replica_scene_start(&fixture->ours);
    for (size_t i = 0; i < COUNT(errors); i++) {
        mock_topic_await(can_commit, fixture, "a message that is written");
        mock_topic_fail(&fixture->topic, MOCK_PRODUCE, errors[i], 1);
        enum journal_outcome outcome = commit_one(fixture, i + 1);
        if (outcome != JOURNAL_REFUSED)
            fail_msg("%s: outcome %d", rd_kafka_err2name(errors[i]),
                     (int)outcome);
        /* And nothing of it stays behind. */
        mock_topic_heal(&fixture->topic, MOCK_PRODUCE);
        assert_int_equal(replica_scene_status(&fixture->ours).queued, 0);
    }
    for (size_t i = 0; i < fixture->ours.user->count; i++)
        assert_int_equal(fixture->ours.user->numbers[i], PROBE);
    /* It works again, also for several in a ticket. */
    mock_topic_await(can_commit, fixture, "a message that is written");
    user_fill_ticket(&ticket, fixture->ours.user, 1, 20);
    assert_true(user_append(fixture->ours.journal, &ticket));
    user_wait(fixture->ours.user, 1);
    assert_int_equal(ticket.journal.outcome, JOURNAL_SETTLED);
    user_free_ticket(&ticket);
}

/* The rest of a ticket of which a part is refused may be there. */
static void ticket_that_is_refused_in_part_is_unknown(void **context)
{
    struct fixture *fixture = *context;
    struct user *user = fixture->ours.user;
    static struct user_ticket tickets[40];
    size_t refused = 0, unknown = 0;

    /* One message in a request, so that each request can fail by itself. */
    mock_topic_set(&fixture->topic, "fetch.wait.max.ms=5\n"
                                    "batch.num.messages=1\n");
    replica_scene_start(&fixture->ours);
    for (size_t i = 0; i < 5; i++) {
        mock_topic_fail(&fixture->topic, MOCK_PRODUCE,
                        RD_KAFKA_RESP_ERR_NO_ERROR, 4);
        mock_topic_fail(&fixture->topic, MOCK_PRODUCE,
                        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 2);
        mock_topic_fail(&fixture->topic, MOCK_PRODUCE,
                        RD_KAFKA_RESP_ERR_NO_ERROR, 4);
    }
    for (size_t i = 0; i < COUNT(tickets); i++) {
        user_fill_ticket(&tickets[i], user, 100 * i + 1, i % 2 == 0 ? 1 : 3);
        assert_true(user_append(fixture->ours.journal, &tickets[i]));
    }
    user_wait(user, COUNT(tickets));
    replica_scene_stop(&fixture->ours);
    for (size_t i = 0; i < COUNT(tickets); i++) {
        const struct user_ticket *ticket = &tickets[i];
        size_t there = 0;
        for (size_t k = 0; k < user->count; k++)
            there += user->numbers[k] >= ticket->number &&
                     user->numbers[k] < ticket->number + ticket->journal.count;
        if (ticket->journal.outcome == JOURNAL_SETTLED)
            assert_int_equal(there, ticket->journal.count);
        else if (ticket->journal.outcome == JOURNAL_REFUSED)
            assert_int_equal(there, 0);
        else
            assert_in_range(there, 1, ticket->journal.count - 1);
        refused += ticket->journal.outcome == JOURNAL_REFUSED;
        unknown += ticket->journal.outcome == JOURNAL_UNKNOWN;
        user_free_ticket(&tickets[i]);
    }
    assert_true(refused + unknown > 0);
}

/* The brokers are gone for less than the time to answer. */
static void short_outage_only_delays(void **context)
{
    struct fixture *fixture = *context;
    struct user_ticket ticket;

    replica_scene_start(&fixture->ours);
    assert_int_equal(commit_one(fixture, 1), JOURNAL_SETTLED);
    mock_topic_down(&fixture->topic);
    user_fill_ticket(&ticket, fixture->ours.user, 2, 3);
    assert_true(user_append(fixture->ours.journal, &ticket));
    mock_topic_up(&fixture->topic);
    user_wait(fixture->ours.user, 1);
    assert_int_equal(ticket.journal.outcome, JOURNAL_SETTLED);
    user_free_ticket(&ticket);
    assert_int_equal(fixture->ours.user->numbers[3], 4);
}

/* The leader goes to another broker, and back. */
static void another_leader_takes_over(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    for (int32_t leader = 1; leader <= 3; leader++) {
        rd_kafka_mock_partition_set_leader(fixture->topic.cluster,
                                           fixture->topic.name, 0, leader);
        for (uint64_t number = 1; number <= 5; number++)
            assert_int_equal(
                commit_one(fixture, (uint64_t)leader * 100 + number),
                JOURNAL_SETTLED);
    }
    assert_int_equal(fixture->ours.user->count, 15);
}

/* With all brokers gone, after the time to answer and not much later. */
static void lasting_outage_is_answered_in_time(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    ours->options.limits.answer_ms = ANSWER_MS;
    replica_scene_start(ours);
    assert_int_equal(commit_one(fixture, 1), JOURNAL_SETTLED);
    mock_topic_down(&fixture->topic);
    uint64_t begin = clock_us(CLOCK_MONOTONIC);
    assert_int_equal(commit_one(fixture, 2), JOURNAL_UNKNOWN);
    assert_true(clock_us(CLOCK_MONOTONIC) - begin >=
                ANSWER_MS * UINT64_C(1000));
    assert_true(clock_us(CLOCK_MONOTONIC) - begin < SOON_US);
}

/*
 * Each message that waits is another one for the same brokers, so the breaker
 * opens; a probe closes it, with nobody sending.
 */
static void breaker_opens_and_a_probe_closes_it(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    struct user_ticket ticket;

    ours->options.limits.answer_ms = 1200;
    ours->options.limits.message_timeout_ms = 1500;
    replica_scene_start(ours);
    assert_null(replica_scene_status(ours).problem);
    mock_topic_down(&fixture->topic);
    assert_int_equal(commit_one(fixture, 2), JOURNAL_UNKNOWN);
    mock_topic_await(replica_scene_has_problem, ours, "a problem");
    assert_non_null(strstr(replica_scene_status(ours).problem, ": "));
    uint64_t begin = clock_us(CLOCK_MONOTONIC);
    user_fill_ticket(&ticket, ours->user, 3, 1);
    assert_false(user_append(ours->journal, &ticket));
    assert_true(clock_us(CLOCK_MONOTONIC) - begin < SOON_US);
    mock_topic_up(&fixture->topic);
    mock_topic_await(replica_scene_has_none, ours, "no problem");
    assert_true(user_append(ours->journal, &ticket));
    user_wait(ours->user, 1);
    assert_int_equal(ticket.journal.outcome, JOURNAL_SETTLED);
    user_free_ticket(&ticket);
    assert_null(replica_scene_shared(ours).halted);
}

/*
 * Who may read the topic but not write to it, or has a wrong clock, is refused
 * at once and again and again: it must not count as one that takes messages.
 */
static void refusal_of_all_messages_opens_the_breaker(void **context)
{
    static const rd_kafka_resp_err_t errors[] = {
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
    };
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    ours->options.limits.probe_ms = 100;
    replica_scene_start(ours);
    for (size_t i = 0; i < COUNT(errors); i++) {
        mock_topic_fail(&fixture->topic, MOCK_PRODUCE, errors[i], 3);
        assert_int_equal(commit_one(fixture, i + 1), JOURNAL_REFUSED);
        mock_topic_await(replica_scene_has_problem, ours, "a problem");
        mock_topic_await(replica_scene_has_none, ours, "no problem");
        assert_int_equal(commit_one(fixture, 10 + i), JOURNAL_SETTLED);
    }
    assert_int_equal(ours->user->count, COUNT(errors));
}

static bool nothing_waits(void *context)
{
    struct replica_scene *scene = context;
    struct journal_status status;

    scene->journal->methods->status(scene->journal, &status);
    return status.queued == 0;
}

/* It was written after all: its record is applied as if another's. */
static void report_after_the_answer_changes_nothing(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    ours->options.limits.answer_ms = ANSWER_MS;
    replica_scene_start(ours);
    for (uint64_t number = 1; number <= 3; number++) {
        mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 3 * ANSWER_MS, 1);
        assert_int_equal(commit_one(fixture, number), JOURNAL_UNKNOWN);
        replica_scene_await(ours, number);
        mock_topic_await(replica_scene_has_none, ours, "no problem");
        /* Until its report has come, the next one would not be produced. */
        mock_topic_await(nothing_waits, ours, "the report");
    }
    ours->options.limits.answer_ms = 0;
    replica_scene_stop(ours);
    assert_int_equal(ours->user->others, 3);
    assert_int_equal(ours->user->claimed, 0);
    replica_scene_forget(ours);
    replica_scene_start(ours);
    assert_int_equal(ours->user->count, 3);
    assert_int_equal(commit_one(fixture, 4), JOURNAL_SETTLED);
}

/*
 * Messages that come while others are under way are not produced until these
 * have their reports. If that takes too long, they are known not to be written.
 */
static void what_waits_for_others_is_refused_in_the_end(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    static struct user_ticket tickets[3];

    ours->options.limits.answer_ms = ANSWER_MS;
    replica_scene_start(ours);
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 5 * ANSWER_MS, 1);
    append_each(ours, tickets, COUNT(tickets));
    user_wait(ours->user, COUNT(tickets));
    expect_others_refused(tickets, COUNT(tickets), JOURNAL_UNKNOWN);
    mock_topic_await(replica_scene_has_none, ours, "no problem");
    mock_topic_await(nothing_waits, ours, "the report");
    assert_int_equal(commit_one(fixture, 2), JOURNAL_SETTLED);
    replica_scene_stop(ours);
    /* The first one, and that which came last. */
    assert_int_equal(ours->user->count, 2);
}

/* While one is under way, the others are gathered for one request. */
static void messages_that_wait_share_a_request(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    static struct user_ticket tickets[50];

    replica_scene_start(ours);
    /*
     * The first one is slow, and the next requests are refused: some more than
     * one, as librdkafka may take the first of several at once.
     */
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, ANSWER_MS, 1);
    mock_topic_fail_next(&fixture->topic, MOCK_PRODUCE,
                         RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 4);
    append_each(ours, tickets, COUNT(tickets));
    user_wait(ours->user, COUNT(tickets));
    expect_others_refused(tickets, COUNT(tickets), JOURNAL_SETTLED);
}

/*
 * It was written, but the connection ends before the broker has said so: it is
 * written again, and its ticket is settled once.
 */
static void lost_acknowledgement_makes_a_duplicate(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    struct user_ticket ticket;

    replica_scene_start(ours);
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 30000, 1);
    user_fill_ticket(&ticket, ours->user, 1, 1);
    assert_true(user_append(ours->journal, &ticket));
    replica_scene_await(ours, 1);
    mock_topic_down(&fixture->topic);
    mock_topic_up(&fixture->topic);
    user_wait(ours->user, 1);
    assert_int_equal(ticket.journal.outcome, JOURNAL_SETTLED);
    assert_int_equal(ticket.journal.last, 2);
    user_free_ticket(&ticket);
    replica_scene_stop(ours);
    assert_int_equal(ours->user->count, 2);
    assert_int_equal(ours->user->numbers[0], 1);
    assert_int_equal(ours->user->numbers[1], 1);
    assert_int_equal(ours->user->others, 1);
}

static void slow_brokers_only_delay(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    mock_topic_slow(&fixture->topic, 100);
    for (uint64_t number = 1; number <= 5; number++)
        assert_int_equal(commit_one(fixture, number), JOURNAL_SETTLED);
    mock_topic_slow(&fixture->topic, 0);
    assert_int_equal(commit_one(fixture, 6), JOURNAL_SETTLED);
}

static void too_much_that_waits_is_refused(void **context)
{
    enum { LIMIT = 50, TICKETS = 30, COUNT_EACH = 5 };
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    static struct user_ticket tickets[TICKETS];
    size_t taken = 0;

    ours->options.limits.max_pending = LIMIT;
    replica_scene_start(ours);
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 500, 1);
    for (size_t i = 0; i < TICKETS; i++)
        user_fill_ticket(&tickets[i], ours->user, i * COUNT_EACH + 1,
                         COUNT_EACH);
    while (taken < TICKETS && user_append(ours->journal, &tickets[taken]))
        taken++;
    assert_int_equal(taken, LIMIT / COUNT_EACH);
    assert_true(replica_scene_status(ours).queued > 0);
    user_wait(ours->user, taken);
    for (size_t i = 0; i < taken; i++)
        assert_int_equal(tickets[i].journal.outcome, JOURNAL_SETTLED);
    /* Now there is room again. */
    assert_true(user_append(ours->journal, &tickets[taken]));
    user_wait(ours->user, 1);
    assert_int_equal(tickets[taken].journal.outcome, JOURNAL_SETTLED);
    assert_int_equal(replica_scene_status(ours).queued, 0);
    for (size_t i = 0; i < TICKETS; i++)
        user_free_ticket(&tickets[i]);
}

static void too_many_bytes_that_wait_are_refused(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    struct user_ticket first, second;

    user_fill_ticket(&first, ours->user, 1, 10);
    user_fill_ticket(&second, ours->user, 11, 10);
    ours->options.limits.max_pending_bytes =
        first.journal.records.length + second.journal.records.length - 1;
    replica_scene_start(ours);
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 300, 1);
    assert_true(user_append(ours->journal, &first));
    assert_false(user_append(ours->journal, &second));
    user_wait(ours->user, 1);
    assert_int_equal(first.journal.outcome, JOURNAL_SETTLED);
    assert_true(user_append(ours->journal, &second));
    user_wait(ours->user, 1);
    assert_int_equal(second.journal.outcome, JOURNAL_SETTLED);
    user_free_ticket(&first);
    user_free_ticket(&second);
}

static bool takes_again(void *context)
{
    struct fixture *fixture = context;
    struct replica_scene *ours = &fixture->ours;
    struct user_ticket ticket;

    user_fill_ticket(&ticket, ours->user, PROBE, 1);
    bool taken = user_append(ours->journal, &ticket);
    if (taken)
        user_wait(ours->user, 1);
    user_free_ticket(&ticket);
    return taken;
}

/*
 * Who may write to the topic but not read it any more, or falls far behind:
 * brokers acknowledge all messages, so neither the limit on those that wait for
 * them nor the breaker holds up any.
 */
static void memory_for_what_is_written_and_not_read_is_bounded(void **context)
{
    enum { TICKETS = 40, COUNT_EACH = 50, ROOM = 8192 };
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    static struct user_ticket tickets[TICKETS];
    uint64_t number = 1;
    size_t taken = 0;

    ours->options.limits.answer_ms = ANSWER_MS;
    ours->options.limits.max_kept = ROOM;
    replica_scene_start(ours);
    mock_topic_fail(&fixture->topic, MOCK_FETCH,
                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1000);
    /* A fetch may be under way. */
    while (commit_one(fixture, number++) == JOURNAL_SETTLED)
        continue;
    for (size_t i = 0; i < TICKETS; i++)
        user_fill_ticket(&tickets[i], ours->user, number + i * COUNT_EACH,
                         COUNT_EACH);
    while (taken < TICKETS && user_append(ours->journal, &tickets[taken]))
        taken++;
    assert_in_range(taken, 1, ROOM / COUNT_EACH / sizeof(void *));
    user_wait(ours->user, taken);
    for (size_t i = 0; i < taken; i++)
        assert_int_equal(tickets[i].journal.outcome, JOURNAL_UNKNOWN);
    /* They may be applied yet, so what is known of them is kept. */
    assert_false(user_append(ours->journal, &tickets[taken]));
    assert_null(replica_scene_status(ours).problem);
    mock_topic_heal(&fixture->topic, MOCK_FETCH);
    mock_topic_await(takes_again, fixture, "room for messages");
    for (size_t i = 0; i < TICKETS; i++)
        user_free_ticket(&tickets[i]);
}

/* Brokers that answer soon: what was appended is told what became of it. */
static void stop_waits_for_what_is_on_its_way(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    static struct user_ticket tickets[50];

    replica_scene_start(ours);
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 300, 1);
    append_each(ours, tickets, COUNT(tickets));
    replica_scene_stop(ours);
    for (size_t i = 0; i < COUNT(tickets); i++) {
        assert_int_equal(tickets[i].journal.outcome, JOURNAL_SETTLED);
        user_free_ticket(&tickets[i]);
    }
}

/* And no longer, if they do not. */
static void stop_with_brokers_that_are_gone_ends(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    static struct user_ticket tickets[50];

    ours->options.limits.answer_ms = ANSWER_MS;
    replica_scene_start(ours);
    mock_topic_down(&fixture->topic);
    append_each(ours, tickets, COUNT(tickets));
    uint64_t begin = clock_us(CLOCK_MONOTONIC);
    replica_scene_stop(ours);
    assert_true(clock_us(CLOCK_MONOTONIC) - begin < UINT64_C(2) * SOON_US);
    /* Only the first one was given to librdkafka. */
    expect_others_refused(tickets, COUNT(tickets), JOURNAL_UNKNOWN);
}

/* Records that cannot be fetched for a while are applied later, in order. */
static void fetch_errors_that_pass_lose_nothing(void **context)
{
    static const rd_kafka_resp_err_t errors[] = {
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR__TRANSPORT,
    };
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    for (size_t i = 0; i < COUNT(errors); i++) {
        mock_topic_fail(&fixture->topic, MOCK_FETCH, errors[i], 2);
        for (uint64_t k = 1; k <= 3; k++)
            assert_int_equal(commit_one(fixture, i * 3 + k), JOURNAL_SETTLED);
    }
    assert_int_equal(fixture->ours.user->count, 3 * COUNT(errors));
    assert_null(replica_scene_shared(&fixture->ours).halted);
}

#define THREE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up_three, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(produce_errors_that_pass_are_tried_again),
        FIXTURE_TEST(produce_errors_for_good_are_refusals),
        FIXTURE_TEST(ticket_that_is_refused_in_part_is_unknown),
        FIXTURE_TEST(short_outage_only_delays),
        THREE_TEST(another_leader_takes_over),
        THREE_TEST(lasting_outage_is_answered_in_time),
        FIXTURE_TEST(breaker_opens_and_a_probe_closes_it),
        FIXTURE_TEST(refusal_of_all_messages_opens_the_breaker),
        FIXTURE_TEST(report_after_the_answer_changes_nothing),
        FIXTURE_TEST(what_waits_for_others_is_refused_in_the_end),
        FIXTURE_TEST(messages_that_wait_share_a_request),
        FIXTURE_TEST(lost_acknowledgement_makes_a_duplicate),
        FIXTURE_TEST(slow_brokers_only_delay),
        FIXTURE_TEST(too_much_that_waits_is_refused),
        FIXTURE_TEST(too_many_bytes_that_wait_are_refused),
        FIXTURE_TEST(memory_for_what_is_written_and_not_read_is_bounded),
        FIXTURE_TEST(stop_waits_for_what_is_on_its_way),
        FIXTURE_TEST(stop_with_brokers_that_are_gone_ends),
        FIXTURE_TEST(fetch_errors_that_pass_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
