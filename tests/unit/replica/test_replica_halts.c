/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the journal on a topic must not go on: it applies no more records and
 * takes no more tickets, says why, and ends in order.
 */
#include <poll.h>

#include "base/clock.h"
#include "lib/replica_scene.h"
#include "replica/topic_watch.h"

enum { ANSWER_MS = 300 };

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
    fixture->ours.options.limits.answer_ms = ANSWER_MS;
    *context = fixture;
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

/* The text says what it is, where, and behind a colon what to do. */
static void expect_halt(struct fixture *fixture, const char *what,
                        const char *what_to_do)
{
    struct replica_scene *ours = &fixture->ours;
    const char *text = replica_scene_await_halt(ours);
    struct user_ticket ticket;

    if (strstr(text, what) == NULL || strstr(text, fixture->topic.name) == NULL)
        fail_msg("expected \"%s\": %s", what, text);
    const char *colon = strstr(text, ": ");
    assert_non_null(colon);
    if (strstr(colon, what_to_do) == NULL)
        fail_msg("expected \"%s\": %s", what_to_do, text);
    user_fill_ticket(&ticket, ours->user, 1, 1);
    assert_false(user_append(ours->journal, &ticket));
    user_free_ticket(&ticket);
}

static void newer_rules_halt_where_they_begin(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_start(ours);
    mock_topic_put_message(&fixture->topic, "x", 1);
    mock_topic_put_control(&fixture->topic, "{\"lunar\":{\"rules\":2}}");
    mock_topic_put_message(&fixture->topic, "x", 2);
    expect_halt(fixture, "from offset 2", "start a later one");
    assert_int_equal(replica_scene_status(ours).position, 1);
    replica_scene_stop(ours);
    assert_int_equal(ours->user->count, 1);
}

/* At the start it fails, rather than to serve an old state for ever. */
static void newer_rules_fail_the_replay(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    bool needs_snapshot = true;

    replica_scene_start(ours);
    replica_scene_stop(ours);
    replica_scene_forget(ours);
    mock_topic_put_message(&fixture->topic, "x", 1);
    mock_topic_put_control(&fixture->topic, "{\"lunar\":{\"rules\":2}}");
    mock_topic_put_message(&fixture->topic, "x", 2);
    replica_scene_open(ours);
    assert_int_equal(replica_scene_prepare(ours, NULL, &needs_snapshot),
                     JOURNAL_COMPLETE);
    assert_int_equal(replica_scene_replay(ours, 0), JOURNAL_FAILED);
    assert_non_null(strstr(ours->error, "start a later one"));
    assert_true(ours->user->count <= 1);
}

static void rules_of_ours_do_not_halt(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_start(ours);
    mock_topic_put_control(&fixture->topic,
                           "{\"lunar\":{\"rules\":1,\"later\":[2]}}");
    assert_int_equal(user_commit(ours->journal, ours->user, 1, 1),
                     JOURNAL_SETTLED);
    assert_null(replica_scene_shared(ours).halted);
}

static void full_memory_halts_before_the_next_record(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_start(ours);
    assert_int_equal(user_commit(ours->journal, ours->user, 1, 1),
                     JOURNAL_SETTLED);
    ours->user->full = true;
    mock_topic_put_message(&fixture->topic, "x", 1);
    expect_halt(fixture, "-max-memory", "higher limit");
    assert_int_equal(replica_scene_status(ours).position, 1);
    /* It does not begin again by itself. */
    ours->user->full = false;
    mock_topic_put_message(&fixture->topic, "x", 2);
    assert_non_null(replica_scene_shared(ours).halted);
    replica_scene_stop(ours);
    assert_int_equal(ours->user->count, 1);
}

/*
 * What was appended before is answered: what is under way may be applied by
 * others, and what waits for that is not written any more.
 */
static void tickets_at_a_halt_are_answered(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    static struct user_ticket tickets[10];

    replica_scene_start(ours);
    ours->user->full = true;
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, ANSWER_MS / 3, 1);
    for (size_t i = 0; i < COUNT(tickets); i++) {
        user_fill_ticket(&tickets[i], ours->user, i + 1, 1);
        if (!user_append(ours->journal, &tickets[i]))
            tickets[i].user = NULL; /* it was halted already */
    }
    assert_ptr_equal(tickets[0].user, ours->user);
    for (size_t i = 0; i < COUNT(tickets); i++) {
        if (tickets[i].user != NULL)
            user_wait(ours->user, 1); /* any of them */
    }
    for (size_t i = 0; i < COUNT(tickets); i++) {
        if (tickets[i].user != NULL)
            assert_int_equal(tickets[i].journal.outcome,
                             i == 0 ? JOURNAL_UNKNOWN : JOURNAL_REFUSED);
        user_free_ticket(&tickets[i]);
    }
    expect_halt(fixture, "-max-memory", "higher limit");
    replica_scene_stop(ours);
    assert_int_equal(ours->user->count, 0);
    /* Behind the record of the history and the first message. */
    assert_int_equal(mock_topic_put_message(&fixture->topic, "moon", 20), 2);
}

static void full_memory_fails_the_replay(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    bool needs_snapshot = true;

    replica_scene_start(ours);
    user_commit(ours->journal, ours->user, 1, 10);
    replica_scene_stop(ours);
    replica_scene_forget(ours);
    ours->user->full = true;
    replica_scene_open(ours);
    assert_int_equal(replica_scene_prepare(ours, NULL, &needs_snapshot),
                     JOURNAL_COMPLETE);
    assert_int_equal(replica_scene_replay(ours, 0), JOURNAL_FAILED);
    assert_non_null(strstr(ours->error, "-max-memory"));
    assert_int_equal(ours->user->count, 0);
}

/* This instance was slow, and others have deleted what it has not read. */
static void records_that_were_deleted_halt(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_start(ours);
    assert_int_equal(user_commit(ours->journal, ours->user, 1, 5),
                     JOURNAL_SETTLED);
    mock_topic_fail(&fixture->topic, MOCK_FETCH,
                    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 100000);
    mock_topic_push_out(&fixture->topic, 10);
    mock_topic_heal(&fixture->topic, MOCK_FETCH);
    expect_halt(fixture, "deleted", "-peer=URL");
    assert_true(replica_scene_status(ours).position < 10);
}

static void offset_that_brokers_do_not_have_halts(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_start(ours);
    /* Answers to a request of before a start are ignored. */
    mock_topic_fail(&fixture->topic, MOCK_FETCH,
                    RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, 1000);
    expect_halt(fixture, "offset 1", "start this instance again");
}

/*
 * The watch has several questions. A stop waits for the rest of the one that is
 * on its way, and no other is asked.
 */
static void stop_is_quick_without_brokers(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_start(ours);
    mock_topic_down(&fixture->topic);
    /* After one interval a question is on its way; then part of it is over. */
    poll(NULL, 0, 2 * TOPIC_WATCH_END_MS);
    uint64_t begin = clock_us(CLOCK_MONOTONIC);
    replica_scene_stop(ours);
    uint64_t ms = (clock_us(CLOCK_MONOTONIC) - begin) / 1000;
    if (ms >= TOPIC_WATCH_TIMEOUT_MS)
        fail_msg("the stop took %ju ms", (uintmax_t)ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(newer_rules_halt_where_they_begin),
        FIXTURE_TEST(newer_rules_fail_the_replay),
        FIXTURE_TEST(rules_of_ours_do_not_halt),
        FIXTURE_TEST(full_memory_halts_before_the_next_record),
        FIXTURE_TEST(tickets_at_a_halt_are_answered),
        FIXTURE_TEST(full_memory_fails_the_replay),
        FIXTURE_TEST(records_that_were_deleted_halt),
        FIXTURE_TEST(offset_that_brokers_do_not_have_halts),
        FIXTURE_TEST(stop_is_quick_without_brokers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
