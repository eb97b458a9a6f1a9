/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on a topic, with brokers that are well: who is told what, in
 * which order, whichever of a report and a record comes first, and beside
 * others who produce. The contract of all journals is in
 * unit/store/test_journal.c.
 */
#include "lib/replica_scene.h"

enum { MANY = 300 };

struct fixture {
    struct mock_topic topic;
    struct replica_scene ours, theirs;
};

static int set_up(void **context)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        abort();
    mock_topic_make(&fixture->topic, 1, 1);
    replica_scene_make(&fixture->ours, &fixture->topic);
    replica_scene_make(&fixture->theirs, &fixture->topic);
    *context = fixture;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_remove(&fixture->ours);
    replica_scene_remove(&fixture->theirs);
    mock_topic_remove(&fixture->topic);
    free(fixture);
    return 0;
}

static void new_topic_begins_with_its_history(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    assert_true(fixture->ours.journal->shared);
    assert_true(fixture->ours.journal->id != 0);
    assert_int_equal(mock_topic_end(&fixture->topic), 1);
    assert_int_equal(replica_scene_status(&fixture->ours).position, 0);
    assert_int_equal(fixture->ours.user->count, 0);
    assert_int_equal(
        user_commit(fixture->ours.journal, fixture->ours.user, 1, 1),
        JOURNAL_SETTLED);
    assert_int_equal(fixture->ours.user->first, 1);
}

static void instances_agree_on_the_history(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    replica_scene_start(&fixture->theirs);
    assert_true(fixture->ours.journal->id == fixture->theirs.journal->id);
    uint64_t id = fixture->ours.journal->id;
    replica_scene_stop(&fixture->ours);
    replica_scene_forget(&fixture->ours);
    replica_scene_start(&fixture->ours);
    assert_true(fixture->ours.journal->id == id);
    assert_int_equal(mock_topic_end(&fixture->topic), 1);
}

/* Two instances may find the topic empty: the first record wins. */
static void later_histories_are_ignored(void **context)
{
    struct fixture *fixture = *context;

    mock_topic_put_control(
        &fixture->topic,
        "{\"lunar\":{\"history\":\"00000000000000ab\",\"rules\":1}}");
    mock_topic_put_control(
        &fixture->topic,
        "{\"lunar\":{\"history\":\"00000000000000cd\",\"rules\":1}}");
    replica_scene_start(&fixture->ours);
    assert_int_equal(fixture->ours.journal->id, 0xab);
    mock_topic_put_control(
        &fixture->topic,
        "{\"lunar\":{\"history\":\"00000000000000ef\",\"rules\":1}}");
    assert_int_equal(
        user_commit(fixture->ours.journal, fixture->ours.user, 1, 1),
        JOURNAL_SETTLED);
    assert_int_equal(fixture->ours.user->first, 3);
    assert_null(replica_scene_shared(&fixture->ours).halted);
}

/*
 * Append tickets of one to five messages, and check what became of them. They
 * may come in any order: while one is under way, others are gathered.
 */
static void commit_many(struct replica_scene *scene)
{
    static struct user_ticket tickets[MANY];
    uint64_t last = 0;
    uint64_t number = 1;

    for (size_t i = 0; i < MANY; i++) {
        user_fill_ticket(&tickets[i], scene->user, number, i % 5 + 1);
        number += i % 5 + 1;
        assert_true(user_append(scene->journal, &tickets[i]));
    }
    user_wait(scene->user, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(tickets[i].journal.outcome, JOURNAL_SETTLED);
        assert_true(tickets[i].journal.last >= tickets[i].journal.count);
        for (size_t j = 0; j < i; j++)
            assert_true(tickets[j].journal.last != tickets[i].journal.last);
        if (tickets[i].journal.last > last)
            last = tickets[i].journal.last;
    }
    for (size_t i = 0; i < MANY; i++)
        user_free_ticket(&tickets[i]);
    assert_true(replica_scene_status(scene).position >= last);
    assert_int_equal(replica_scene_status(scene).queued, 0);
}

static void reports_may_come_first(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    mock_topic_delay(&fixture->topic, MOCK_FETCH, 100, 5);
    commit_many(&fixture->ours);
    assert_int_equal(fixture->ours.user->others, 0);
}

/* The records are consumed and applied while the answer is still on its way. */
static void records_may_come_first(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    for (uint64_t number = 1; number <= 3; number++) {
        mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 200, 1);
        assert_int_equal(
            user_commit(fixture->ours.journal, fixture->ours.user, number, 1),
            JOURNAL_SETTLED);
    }
    assert_true(fixture->ours.user->claimed > 0);
    mock_topic_delay(&fixture->topic, MOCK_PRODUCE, 50, 5);
    commit_many(&fixture->ours);
    assert_int_equal(fixture->ours.user->others, 0);
}

/* Another instance's, or those of whoever else produces messages. */
static void records_of_others_are_applied_between_ours(void **context)
{
    struct fixture *fixture = *context;
    struct user *user = fixture->ours.user;
    struct user_ticket ticket;

    replica_scene_start(&fixture->ours);
    for (uint64_t number = 1; number <= 50; number++) {
        mock_topic_put_message(&fixture->topic, "another rocket",
                               1000 + number);
        user_fill_ticket(&ticket, user, number, 1);
        assert_true(user_append(fixture->ours.journal, &ticket));
        uint64_t theirs = mock_topic_put_message(
            &fixture->topic, "another rocket", 2000 + number);
        user_wait(user, 1);
        assert_int_equal(ticket.journal.outcome, JOURNAL_SETTLED);
        user_free_ticket(&ticket);
        replica_scene_await(&fixture->ours, theirs);
    }
    replica_scene_stop(&fixture->ours);
    assert_int_equal(user->count, 150);
    assert_int_equal(user->others, 100);
}

static void others_are_announced_too(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    uint64_t position = mock_topic_put_message(&fixture->topic, "x", 1);
    replica_scene_await(&fixture->ours, position);
    replica_scene_stop(&fixture->ours);
    assert_true(fixture->ours.user->commits > 0);
}

static void *append_many(void *context)
{
    commit_many(context);
    return NULL;
}

static void two_journals_apply_the_same_order(void **context)
{
    struct fixture *fixture = *context;
    const struct user *ours = fixture->ours.user;
    const struct user *theirs = fixture->theirs.user;

    replica_scene_start(&fixture->ours);
    replica_scene_start(&fixture->theirs);
    /* One thread of its own is enough: the tickets are static there. */
    for (unsigned round = 0; round < 2; round++) {
        struct replica_scene *scene =
            round == 0 ? &fixture->ours : &fixture->theirs;
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, append_many, scene), 0);
        for (uint64_t number = 1; number <= 20; number++)
            mock_topic_put_message(&fixture->topic, "z", number);
        sync_join(thread);
    }
    uint64_t end = mock_topic_end(&fixture->topic);
    replica_scene_await(&fixture->ours, end - 1);
    replica_scene_await(&fixture->theirs, end - 1);
    replica_scene_stop(&fixture->ours);
    replica_scene_stop(&fixture->theirs);
    assert_int_equal(ours->count, theirs->count);
    assert_memory_equal(ours->numbers, theirs->numbers,
                        ours->count * sizeof(*ours->numbers));
    assert_memory_equal(ours->positions, theirs->positions,
                        ours->count * sizeof(*ours->positions));
    /* And so does one that reads it all later. */
    replica_scene_forget(&fixture->theirs);
    replica_scene_start(&fixture->theirs);
    assert_int_equal(ours->count, theirs->count);
    assert_memory_equal(ours->numbers, theirs->numbers,
                        ours->count * sizeof(*ours->numbers));
}

static void what_is_no_message_is_skipped_and_counted(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    struct journal_shared_status status;

    mock_topic_put_control(
        &fixture->topic,
        "{\"lunar\":{\"history\":\"00000000000000ab\",\"rules\":1}}");
    mock_topic_put(&fixture->topic, TEXT("x"), TEXT("garbage"));
    replica_scene_start(ours);
    status = replica_scene_shared(ours);
    assert_int_equal(status.skipped[JOURNAL_SKIP_INVALID], 1);
    assert_int_equal(status.last_skipped, 1);
    mock_topic_put(&fixture->topic, TEXT("x"), (struct text){0});
    mock_topic_put(&fixture->topic, (struct text){0}, TEXT("{}"));
    mock_topic_put(&fixture->topic, TEXT("y"), TEXT("{\"lunar\":{}}"));
    mock_topic_put_control(&fixture->topic, "{\"lunar\":{\"probe\":\"1\"}}");
    uint64_t wrong = mock_topic_put(
        &fixture->topic, TEXT("x"),
        TEXT("{\"metadata\":{\"channel\":\"y\",\"messageNumber\":1,"
             "\"messageTime\":\"2026-11-27T10:00:01Z\","
             "\"messageType\":\"RocketSpeedIncreased\"},"
             "\"message\":{\"by\":3000}}"));
    replica_scene_await(ours, wrong);
    status = replica_scene_shared(ours);
    assert_int_equal(status.skipped[JOURNAL_SKIP_INVALID], 3);
    assert_int_equal(status.skipped[JOURNAL_SKIP_TOMBSTONE], 1);
    assert_int_equal(status.skipped[JOURNAL_SKIP_KEY], 1);
    assert_int_equal(status.last_skipped, wrong);
    assert_int_equal(status.last_reason, JOURNAL_SKIP_KEY);
    assert_null(status.halted);
    assert_int_equal(user_commit(ours->journal, ours->user, 1, 1),
                     JOURNAL_SETTLED);
    assert_int_equal(ours->user->count, 1);
}

/* Each type, and texts that need escapes or are not ASCII. */
static void messages_come_back_as_they_were(void **context)
{
    static const char *const texts[] = {
        "plain",
        "with \"quotes\" and \\ and /",
        "\xe2\x82\xac \xf0\x9f\x9a\x80",
        "</script>&amp;",
        "\xc2\x85\xe2\x80\xa8",
        " ",
    };
    struct fixture *fixture = *context;
    struct user *user = fixture->ours.user;
    char bytes[RECORD_MAX];

    replica_scene_start(&fixture->ours);
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (int type = 0; type < MESSAGE_TYPE_COUNT; type++) {
            struct message message = message_of_type(
                (enum message_type)type, texts[i], 9007199254740991);
            if (message.rocket_type.data != NULL)
                message.rocket_type = text_of(texts[i]);
            if (message.mission.data != NULL)
                message.mission = text_of(texts[i]);
            if (message.reason.data != NULL)
                message.reason = text_of(texts[i]);
            message.time = messages_time(1);
            message.time.nanoseconds = 863370000;
            message.time.digits = 5;
            message.time.offset = 60;
            size_t length = record_write(&message, bytes);
            struct user_ticket ticket = {
                .journal = {.records = {bytes, length},
                            .count = 1,
                            .settled = user_settled},
                .user = user,
                .number = message.number,
            };
            user->expected = &message;
            assert_true(user_append(fixture->ours.journal, &ticket));
            user_wait(user, 1);
            if (ticket.journal.outcome != JOURNAL_SETTLED)
                fail_msg("text %zu, type %d: outcome %d", i, type,
                         (int)ticket.journal.outcome);
            assert_int_equal(user->count,
                             i * MESSAGE_TYPE_COUNT + (size_t)type + 1);
            assert_true(user->same);
        }
    }
}

static void replay_begins_behind_a_place(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    struct journal_place place = {0};

    replica_scene_start(ours);
    user_commit(ours->journal, ours->user, 1, 10);
    place.id = ours->journal->id;
    place.position = ours->journal->methods->roll(ours->journal);
    ours->journal->methods->describe_roll(ours->journal, &place);
    place.through = place.position;
    assert_int_equal(place.position, 10);
    assert_int_equal(place.rules, REPLICA_RULES);
    user_commit(ours->journal, ours->user, 11, 5);
    replica_scene_stop(ours);
    replica_scene_forget(ours);
    replica_scene_replay_behind(ours, &place);
    assert_int_equal(ours->user->first, 11);
    assert_int_equal(ours->user->count, 5);
    assert_true(
        ours->journal->methods->start(ours->journal, &ours->user->target));
    assert_int_equal(user_commit(ours->journal, ours->user, 16, 1),
                     JOURNAL_SETTLED);
    assert_int_equal(replica_scene_status(ours).position, 16);
}

static bool has_caught_up(void *context)
{
    struct replica_scene *scene = context;
    struct journal_shared_status status = replica_scene_shared(scene);

    return status.caught_up && status.lag_ms < 3000;
}

static void status_says_how_far_it_is(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_open(ours);
    assert_false(replica_scene_shared(ours).caught_up);
    assert_int_equal(replica_scene_shared(ours).lag_ms, 0);
    replica_scene_stop(ours);
    replica_scene_start(ours);
    assert_string_equal(replica_scene_shared(ours).topic, "messages");
    user_commit(ours->journal, ours->user, 1, 20);
    mock_topic_await(has_caught_up, ours, "no lag");
    assert_true(replica_scene_status(ours).bytes > 0);
}

/* What has not been appended is not waited for. */
static void stop_without_tickets_is_quick(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    replica_scene_stop(&fixture->ours);
    /* Before it was started, and before it was prepared. */
    replica_scene_forget(&fixture->ours);
    replica_scene_replay_behind(&fixture->ours, NULL);
    replica_scene_stop(&fixture->ours);
    replica_scene_open(&fixture->ours);
    replica_scene_stop(&fixture->ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(new_topic_begins_with_its_history),
        FIXTURE_TEST(instances_agree_on_the_history),
        FIXTURE_TEST(later_histories_are_ignored),
        FIXTURE_TEST(reports_may_come_first),
        FIXTURE_TEST(records_may_come_first),
        FIXTURE_TEST(records_of_others_are_applied_between_ours),
        FIXTURE_TEST(others_are_announced_too),
        FIXTURE_TEST(two_journals_apply_the_same_order),
        FIXTURE_TEST(what_is_no_message_is_skipped_and_counted),
        FIXTURE_TEST(messages_come_back_as_they_were),
        FIXTURE_TEST(replay_begins_behind_a_place),
        FIXTURE_TEST(status_says_how_far_it_is),
        FIXTURE_TEST(stop_without_tickets_is_quick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
