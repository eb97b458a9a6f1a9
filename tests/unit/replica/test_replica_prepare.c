/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of the journal on a topic: what it waits for, what it refuses, and
 * whether it needs a snapshot.
 */
#include "lib/replica_scene.h"

struct fixture {
    struct mock_topic topic;
    struct replica_scene ours;
};

static struct fixture *make(int partitions)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        abort();
    mock_topic_make(&fixture->topic, 1, partitions);
    replica_scene_make(&fixture->ours, &fixture->topic);
    return fixture;
}

static int set_up(void **context)
{
    *context = make(1);
    return 0;
}

static int set_up_two_partitions(void **context)
{
    *context = make(2);
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

/* It says what, and what to do: `first` and `second` are parts of that. */
static void expect_refusal(struct fixture *fixture,
                           const struct journal_place *place, const char *first,
                           const char *second)
{
    struct replica_scene *ours = &fixture->ours;
    bool needs_snapshot = false;

    replica_scene_open(ours);
    assert_int_equal(replica_scene_prepare(ours, place, &needs_snapshot),
                     JOURNAL_FAILED);
    if (strstr(ours->error, first) == NULL ||
        strstr(ours->error, second) == NULL ||
        strstr(ours->error, fixture->topic.name) == NULL)
        fail_msg("expected \"%s\" and \"%s\": %s", first, second, ours->error);
    replica_scene_stop(ours);
}

static void topic_of_something_else_is_refused(void **context)
{
    struct fixture *fixture = *context;

    mock_topic_put_message(&fixture->topic, "x", 1);
    expect_refusal(fixture, NULL, "offset 0 of topic", "-create-topic");
    /* Nothing was written to it. */
    assert_int_equal(mock_topic_end(&fixture->topic), 1);
}

static void control_record_that_is_no_history_is_refused(void **context)
{
    struct fixture *fixture = *context;

    mock_topic_put_control(&fixture->topic, "{\"lunar\":{\"probe\":\"1\"}}");
    expect_refusal(fixture, NULL, "offset 0 of topic", "-create-topic");
}

static void history_with_newer_rules_is_refused(void **context)
{
    struct fixture *fixture = *context;

    mock_topic_put_control(
        &fixture->topic,
        "{\"lunar\":{\"history\":\"00000000000000ab\",\"rules\":2}}");
    expect_refusal(fixture, NULL, "rules of version 2", "start a later one");
}

static void several_partitions_are_refused(void **context)
{
    expect_refusal(*context, NULL, "2 partitions", "-create-topic");
}

static void missing_topic_is_refused(void **context)
{
    struct fixture *fixture = *context;

    rd_kafka_mock_topic_set_error(fixture->topic.cluster, fixture->topic.name,
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    expect_refusal(fixture, NULL, "have no topic", "-create-topic");
}

static void topic_that_is_not_allowed_is_refused(void **context)
{
    struct fixture *fixture = *context;

    rd_kafka_mock_topic_set_error(fixture->topic.cluster, fixture->topic.name,
                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    expect_refusal(fixture, NULL, "do not allow", "allow it");
}

/* What the watch does while it is asked. */
struct patience {
    struct mock_topic *topic;
    unsigned reports, up_after;
};

static bool count_reports(void *context,
                          const struct journal_progress *progress)
{
    struct patience *patience = context;

    (void)progress;
    if (++patience->reports == patience->up_after)
        mock_topic_up(patience->topic);
    return patience->up_after != 0;
}

static void start_waits_for_brokers(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    struct patience patience = {.topic = &fixture->topic, .up_after = 3};
    struct journal_watch watch = {&patience, count_reports};
    bool needs_snapshot = true;

    mock_topic_down(&fixture->topic);
    replica_scene_open(ours);
    assert_int_equal(ours->journal->methods->prepare(ours->journal, NULL,
                                                     &needs_snapshot, &watch,
                                                     ours->error),
                     JOURNAL_COMPLETE);
    assert_true(patience.reports >= 3);
    assert_false(needs_snapshot);
    assert_int_equal(replica_scene_replay(ours, 0), JOURNAL_COMPLETE);
}

static void watch_can_end_the_wait_for_brokers(void **context)
{
    struct fixture *fixture = *context;
    struct replica_scene *ours = &fixture->ours;
    struct patience patience = {.topic = &fixture->topic};
    struct journal_watch watch = {&patience, count_reports};
    bool needs_snapshot = true;

    mock_topic_down(&fixture->topic);
    replica_scene_open(ours);
    assert_int_equal(ours->journal->methods->prepare(ours->journal, NULL,
                                                     &needs_snapshot, &watch,
                                                     ours->error),
                     JOURNAL_INTERRUPTED);
    assert_int_equal(patience.reports, 1);
}

/* Brokers that answer with errors which pass are waited for as well. */
static void start_is_tried_again(void **context)
{
    struct fixture *fixture = *context;

    mock_topic_fail(&fixture->topic, MOCK_METADATA,
                    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 1);
    mock_topic_fail(&fixture->topic, MOCK_LIST_OFFSETS,
                    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2);
    mock_topic_fail(&fixture->topic, MOCK_PRODUCE,
                    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 2);
    mock_topic_fail(&fixture->topic, MOCK_FETCH,
                    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2);
    replica_scene_start(&fixture->ours);
    assert_int_equal(
        user_commit(fixture->ours.journal, fixture->ours.user, 1, 1),
        JOURNAL_SETTLED);
    /* The first record may have been written more than once, but counts once.
     */
    assert_true(fixture->ours.user->first >= 1);
}

/* A snapshot behind ten messages. */
static struct journal_place make_place(struct fixture *fixture)
{
    struct replica_scene *ours = &fixture->ours;
    struct journal_place place = {0};

    replica_scene_start(ours);
    user_commit(ours->journal, ours->user, 1, 10);
    place.id = ours->journal->id;
    place.position = ours->journal->methods->roll(ours->journal);
    ours->journal->methods->describe_roll(ours->journal, &place);
    place.through = place.position;
    replica_scene_stop(ours);
    replica_scene_forget(ours);
    assert_int_equal(place.position, 10);
    return place;
}

static void snapshot_of_this_topic_is_taken(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);

    replica_scene_replay_behind(&fixture->ours, &place);
    assert_true(fixture->ours.journal->id == place.id);
    assert_int_equal(fixture->ours.user->count, 0);
}

static void snapshot_of_another_history_is_refused(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);

    place.id++;
    expect_refusal(fixture, &place, "history", "empty folder");
}

static void snapshot_behind_another_record_is_refused(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);

    place.check++;
    expect_refusal(fixture, &place, "offset 10", "made anew");
}

static void snapshot_behind_the_end_is_refused(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);

    place.through = 11;
    expect_refusal(fixture, &place, "ends before offset 11", "made anew");
}

static void snapshot_by_newer_rules_is_refused(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);

    place.rules = REPLICA_RULES + 1;
    bool needs_snapshot = false;
    replica_scene_open(&fixture->ours);
    assert_int_equal(
        replica_scene_prepare(&fixture->ours, &place, &needs_snapshot),
        JOURNAL_FAILED);
    assert_non_null(strstr(fixture->ours.error, "start a later one"));
}

/* Else what came before is lost, without a word. */
static void deleted_records_need_a_snapshot(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);

    mock_topic_push_out(&fixture->topic, 15);
    expect_refusal(fixture, NULL, "deleted", "-peer=URL");
    expect_refusal(fixture, &place, "deleted", "-peer=URL");
}

static void deleted_records_are_had_from_a_peer(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);
    bool needs_snapshot = false;

    fixture->ours.options.peers = "http://localhost:1";
    mock_topic_push_out(&fixture->topic, 15);
    replica_scene_open(&fixture->ours);
    assert_int_equal(
        replica_scene_prepare(&fixture->ours, &place, &needs_snapshot),
        JOURNAL_COMPLETE);
    assert_true(needs_snapshot);
}

static void short_topic_is_read_without_a_snapshot(void **context)
{
    struct fixture *fixture = *context;
    struct journal_place place = make_place(fixture);

    fixture->ours.options.peers = "http://localhost:1";
    replica_scene_replay_behind(&fixture->ours, NULL);
    assert_int_equal(fixture->ours.user->count, 10);
    replica_scene_stop(&fixture->ours);
    /* The same with a snapshot that reaches far enough. */
    replica_scene_forget(&fixture->ours);
    replica_scene_replay_behind(&fixture->ours, &place);
}

static void invalid_settings_are_refused_at_once(void **context)
{
    struct fixture *fixture = *context;

    mock_topic_set(&fixture->topic, "acks=1\n");
    assert_false(replica_scene_try_open(&fixture->ours));
    assert_non_null(strstr(fixture->ours.error, "acks"));
    mock_topic_set(&fixture->topic, "security.protocol=nonsense\n");
    assert_false(replica_scene_try_open(&fixture->ours));
    assert_non_null(strstr(fixture->ours.error, "security.protocol"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(topic_of_something_else_is_refused),
        FIXTURE_TEST(control_record_that_is_no_history_is_refused),
        FIXTURE_TEST(history_with_newer_rules_is_refused),
        cmocka_unit_test_setup_teardown(several_partitions_are_refused,
                                        set_up_two_partitions, tear_down),
        FIXTURE_TEST(missing_topic_is_refused),
        FIXTURE_TEST(topic_that_is_not_allowed_is_refused),
        FIXTURE_TEST(start_waits_for_brokers),
        FIXTURE_TEST(watch_can_end_the_wait_for_brokers),
        FIXTURE_TEST(start_is_tried_again),
        FIXTURE_TEST(snapshot_of_this_topic_is_taken),
        FIXTURE_TEST(snapshot_of_another_history_is_refused),
        FIXTURE_TEST(snapshot_behind_another_record_is_refused),
        FIXTURE_TEST(snapshot_behind_the_end_is_refused),
        FIXTURE_TEST(snapshot_by_newer_rules_is_refused),
        FIXTURE_TEST(deleted_records_need_a_snapshot),
        FIXTURE_TEST(deleted_records_are_had_from_a_peer),
        FIXTURE_TEST(short_topic_is_read_without_a_snapshot),
        FIXTURE_TEST(invalid_settings_are_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
