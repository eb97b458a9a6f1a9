/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on a topic while allocations of our own code fail, each in turn:
 * a start fails with a text, or works; what was appended is told what is so;
 * and nothing is leaked, as AddressSanitizer sees. Those of librdkafka, which
 * does not survive it, do not fail.
 */
#include "lib/replica_scene.h"

#include "fault/scarcity.h"

/*
 * LeakSanitizer knows what the dynamic linker allocates for threads, whose
 * stacks are kept for later ones, by the caller of calloc(3): that is
 * scarcity.c here.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:allocate_dtv\n";
}

enum { ATTEMPTS = 200, ANSWER_MS = 300 };

struct fixture {
    struct mock_topic topic;
    struct replica_scene ours;
    size_t attempts;
    enum journal_outcome outcomes[ATTEMPTS]; /* PENDING: not taken */
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

/* Open, prepare, replay and start. False, with an error, if one of them fails.
 */
static bool start_journal(struct replica_scene *scene)
{
    bool needs_snapshot = false;

    if (!replica_scene_try_open(scene))
        return false;
    if (replica_scene_prepare(scene, NULL, &needs_snapshot) !=
            JOURNAL_COMPLETE ||
        replica_scene_replay(scene, 0) != JOURNAL_COMPLETE)
        return false;
    snprintf(scene->error, sizeof(scene->error), "cannot start");
    return scene->journal->methods->start(scene->journal, &scene->user->target);
}

static int64_t check_start(void *context, const struct scarcity_limit *limit)
{
    struct fixture *fixture = context;
    struct replica_scene *ours = &fixture->ours;

    replica_scene_forget(ours);
    ours->error[0] = '\0';
    scarcity_begin(scarcity, limit);
    bool started = start_journal(ours);
    int64_t failed = scarcity_end(scarcity);
    if (started)
        assert_true(ours->user->count == 3);
    else if (failed == 0 || ours->error[0] == '\0')
        fail_msg("%jd: \"%s\"", (intmax_t)limit->left, ours->error);
    replica_scene_stop(ours);
    return failed;
}

/* A message whose text has an escape, which is the slow way of the parser. */
static void put_escaped(struct mock_topic *topic, const char *channel)
{
    char value[512];

    snprintf(value, sizeof(value),
             "{\"metadata\":{\"channel\":\"%s\",\"messageNumber\":1,"
             "\"messageTime\":\"2026-11-27T10:00:01Z\","
             "\"messageType\":\"RocketMissionChanged\"},"
             "\"message\":{\"newMission\":\"a \\\"quote\\\"\"}}",
             channel);
    mock_topic_put(topic, text_of(channel), text_of(value));
}

static void any_allocation_of_a_start_can_fail(void **context)
{
    struct fixture *fixture = *context;

    replica_scene_start(&fixture->ours);
    replica_scene_stop(&fixture->ours);
    for (unsigned i = 0; i < 3; i++)
        put_escaped(&fixture->topic, "a rocket");
    assert_in_range(scarcity_each(SCARCITY_OWN, check_start, fixture), 5, 200);
}

/* The number of its message is that of the attempt, from 1. */
static int64_t check_append(void *context, const struct scarcity_limit *limit)
{
    struct fixture *fixture = context;
    struct replica_scene *ours = &fixture->ours;
    size_t attempt = fixture->attempts++;
    struct message message =
        message_mission("a rocket", attempt + 1, "a \"quote\"");
    char bytes[RECORD_MAX];
    size_t length = record_write(&message, bytes);
    struct user_ticket ticket = {
        .journal = {.records = {bytes, length},
                    .count = 1,
                    .settled = user_settled},
        .user = ours->user,
        .number = message.number,
    };

    assert_true(attempt < ATTEMPTS);
    replica_scene_forget(ours);
    replica_scene_start(ours);
    scarcity_begin(scarcity, limit);
    bool taken = user_append(ours->journal, &ticket);
    if (taken)
        user_wait(ours->user, 1);
    int64_t failed = scarcity_end(scarcity);
    replica_scene_stop(ours);
    fixture->outcomes[attempt] =
        taken ? ticket.journal.outcome : JOURNAL_PENDING;
    if (failed == 0)
        assert_int_equal(fixture->outcomes[attempt], JOURNAL_SETTLED);
    return failed;
}

static void any_allocation_of_an_append_can_fail(void **context)
{
    struct fixture *fixture = *context;
    const struct user *user = fixture->ours.user;

    assert_in_range(scarcity_each(SCARCITY_OWN, check_append, fixture), 1, 50);
    replica_scene_forget(&fixture->ours);
    replica_scene_start(&fixture->ours);
    for (size_t i = 0; i < fixture->attempts; i++) {
        size_t there = 0;
        for (size_t k = 0; k < user->count; k++)
            there += user->numbers[k] == i + 1;
        switch (fixture->outcomes[i]) {
        case JOURNAL_SETTLED:
            assert_int_equal(there, 1);
            break;
        case JOURNAL_UNKNOWN:
            assert_in_range(there, 0, 1);
            break;
        case JOURNAL_PENDING:
        case JOURNAL_REFUSED:
            assert_int_equal(there, 0);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_allocation_of_a_start_can_fail,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_allocation_of_an_append_can_fail,
                                        set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
