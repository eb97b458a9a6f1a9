/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of instances that share a journal: what is in their folders, and
 * what is refused. test_store_peers.c has where a new one gets its state.
 */
#include "lib/unit_check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metrics.h"
#include "lib/messages.h"
#include "shared_instance.h"
#include "store/offline.h"
#include "store/snapshot_file.h"
#include "store/store.h"
#include "table/table.h"

#define SHARED_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, shared_instance_set_up,              \
                                    shared_instance_tear_down)

static void folder_has_a_snapshot_and_nothing_else(void **context)
{
    struct shared_instance *instance = *context;

    shared_instance_send_round(instance, 1);
    shared_instance_take_snapshot(instance);
    assert_true(shared_instance_has_file(instance, "snapshot.db"));
    assert_true(shared_instance_has_file(instance, "lock"));
    assert_false(
        shared_instance_has_file(instance, "journal-00000000000000000001.db"));
    assert_true(store_is_shared(instance->store));
    assert_int_equal(store_id(instance->store), SHARED_INSTANCE_ID);
}

static void snapshot_says_where_it_was_taken(void **context)
{
    struct shared_instance *instance = *context;
    char error[JOURNAL_ERROR] = "";

    shared_instance_send_round(instance, 1);
    struct store_snapshot_status status =
        shared_instance_take_snapshot(instance);
    struct snapshot_reader *reader =
        snapshot_reader_new(instance->snapshot, SNAPSHOT_OF_TOPIC, error);
    assert_non_null(reader);
    const struct snapshot_info *info = snapshot_reader_info(reader);
    struct journal_place place = {.position = info->position};
    instance->journal->methods->describe_roll(instance->journal, &place);
    assert_int_equal(info->id, SHARED_INSTANCE_ID);
    assert_int_equal(info->position, status.position);
    assert_int_equal(info->position, memory_topic_end(instance->topic));
    assert_int_equal(info->check, place.check);
    assert_int_equal(info->rules, MEMORY_TOPIC_RULES);
    assert_int_equal(info->rockets, SHARED_INSTANCE_ROCKETS);
    snapshot_reader_free(reader);
}

static void restart_goes_on_from_the_snapshot(void **context)
{
    struct shared_instance *instance = *context;
    struct shared_instance other;

    shared_instance_send_round(instance, 1);
    uint64_t position = shared_instance_take_snapshot(instance).position;
    shared_instance_send_round(instance, 2);
    shared_instance_stop(instance);
    /* What the snapshot holds is not needed any more. */
    memory_topic_trim(instance->topic, position + 1);
    shared_instance_start(instance);
    assert_int_equal(table_count(instance->table), SHARED_INSTANCE_ROCKETS);
    memory_topic_trim(instance->topic, 0);
    shared_instance_make(&other, instance->topic);
    shared_instance_start(&other);
    shared_instance_expect_same(instance, &other);
    shared_instance_stop(&other);
    shared_instance_remove(&other);
}

static void
topic_without_messages_has_a_snapshot_if_one_is_wanted(void **context)
{
    struct shared_instance *instance = *context;

    struct store_snapshot_status status =
        shared_instance_take_snapshot(instance);
    assert_int_equal(status.position, 0);
    assert_int_equal(status.rockets, 0);
    shared_instance_stop(instance);
    shared_instance_start(instance);
    shared_instance_send_round(instance, 1);
    assert_int_equal(table_count(instance->table), SHARED_INSTANCE_ROCKETS);
}

static void snapshot_that_is_wanted_is_taken_once(void **context)
{
    struct shared_instance *instance = *context;
    struct metric *metric =
        metrics_find(instance->metrics, "lunar_snapshots_total");
    struct store_snapshot_status status;

    store_snapshot_status(instance->store, &status);
    assert_false(status.enabled);
    shared_instance_send_round(instance, 1);
    uint64_t position = shared_instance_take_snapshot(instance).position;
    assert_int_equal(metric_value(metric, 0), 1);
    for (int i = 0; i < 10; i++)
        store_want_snapshot(instance->store, position - (uint64_t)i);
    shared_instance_send_round(instance, 2);
    store_want_snapshot(instance->store, position);
    assert_int_equal(shared_instance_take_snapshot(instance).position,
                     memory_topic_end(instance->topic));
    assert_int_equal(metric_value(metric, 0), 2);
}

static void grown_topic_gets_a_snapshot(void **context)
{
    struct shared_instance *instance = *context;
    struct store_snapshot_status status;

    shared_instance_stop(instance);
    instance->snapshot_bytes = 1;
    shared_instance_start(instance);
    for (uint64_t number = 1; number <= 20; number++)
        shared_instance_send_round(instance, number);
    status = shared_instance_await_snapshot(instance, 1);
    assert_true(status.enabled);
    assert_null(status.problem);
}

static void open_snapshot_stays_when_another_gets_its_name(void **context)
{
    struct shared_instance *instance = *context;
    uint64_t bytes = 0, after = 0;
    static char before_bytes[1024 * 1024], after_bytes[1024 * 1024];

    assert_int_equal(store_open_snapshot(instance->store, &bytes), -1);
    assert_int_equal(errno, ENOENT);
    shared_instance_send_round(instance, 1);
    shared_instance_take_snapshot(instance);
    int file = store_open_snapshot(instance->store, &bytes);
    assert_true(file >= 0);
    assert_in_range(bytes, 1, sizeof(before_bytes));
    assert_int_equal(pread(file, before_bytes, bytes, 0), bytes);
    for (uint64_t number = 2; number < 6; number++) {
        shared_instance_send_round(instance, number);
        shared_instance_take_snapshot(instance);
    }
    assert_int_equal(pread(file, after_bytes, sizeof(after_bytes), 0), bytes);
    assert_memory_equal(before_bytes, after_bytes, bytes);
    int newer = store_open_snapshot(instance->store, &after);
    struct stat one, other;
    assert_int_equal(fstat(file, &one), 0);
    assert_int_equal(fstat(newer, &other), 0);
    assert_int_not_equal(one.st_ino, other.st_ino);
    close(file);
    close(newer);
}

static void topic_that_was_made_anew_is_refused(void **context)
{
    struct shared_instance *instance = *context;

    shared_instance_send_round(instance, 1);
    shared_instance_take_snapshot(instance);
    shared_instance_stop(instance);
    memory_topic_recreate(instance->topic);
    shared_instance_expect_failure(instance, "was made anew");
    assert_true(shared_instance_has_file(instance, "snapshot.db"));
    unlink(instance->snapshot);
    shared_instance_start(instance);
}

static void recovery_can_be_interrupted(void **context)
{
    struct shared_instance *instance = *context;
    char error[JOURNAL_ERROR] = "";

    shared_instance_send_round(instance, 1);
    shared_instance_stop(instance);
    assert_int_equal(shared_instance_open(instance, false, error),
                     JOURNAL_INTERRUPTED);
    shared_instance_stop(instance);
    shared_instance_start(instance);
}

/* Also the other way round. Without leaks of the journal: see the asan run. */
static void folder_of_a_service_without_kafka_is_refused(void **context)
{
    struct shared_instance *instance = *context;
    char error[JOURNAL_ERROR] = "";
    char path[FOLDER_ROOT];
    struct shared_instance other;

    shared_instance_make(&other, instance->topic);
    struct store *store =
        store_open(&(struct store_options){.folder = other.path}, error);
    assert_non_null(store);
    store_close(store);
    shared_instance_expect_failure(
        &other, "has the journal of a service without -kafka: "
                "choose another folder");
    shared_instance_remove(&other);

    shared_instance_send_round(instance, 1);
    shared_instance_take_snapshot(instance);
    shared_instance_stop(instance);
    snprintf(path, sizeof(path), "%s", instance->path);
    assert_null(store_open(&(struct store_options){.folder = path}, error));
    assert_non_null(strstr(error, "is the snapshot of a topic: give "
                                  "-kafka=BROKERS and -topic=NAME, too"));
    shared_instance_start(instance);
}

static void families_of_a_disk_are_left_out(void **context)
{
    static const char *const left_out[] = {
        "lunar_journal_bytes", "lunar_journal_commits_total",
        "lunar_journal_commit_seconds", "lunar_journal_commit_messages",
        "lunar_journal_refused_total"};
    struct shared_instance *instance = *context;

    for (size_t i = 0; i < COUNT(left_out); i++)
        assert_null(metrics_find(instance->metrics, left_out[i]));
    shared_instance_send_round(instance, 1);
    struct metric *position =
        metrics_find(instance->metrics, "lunar_journal_position");
    assert_int_equal(metric_value(position, 0),
                     memory_topic_end(instance->topic));
}

/* So that what others have admitted meanwhile still fits. */
static void admission_ends_before_the_limit(void **context)
{
    struct shared_instance *instance = *context;
    size_t limit = table_memory(instance->table) + 1000000;
    struct commit_ticket ticket;
    char bytes[RECORD_MAX], id[32];
    enum message_outcome outcome = MESSAGE_APPLIED;

    shared_instance_stop(instance);
    instance->max_memory = limit;
    shared_instance_start(instance);
    for (unsigned i = 0; outcome == MESSAGE_APPLIED; i++) {
        snprintf(id, sizeof(id), "rocket %u", i);
        const struct message message = message_speed(id, 1, 1);
        commit_ticket_init(&ticket, store_commit(instance->store), bytes,
                           sizeof(bytes));
        outcome = commit_admit(&ticket, &message);
        commit_abandon(&ticket);
        memory_topic_append(instance->topic, &message);
        memory_topic_await(instance->journal);
    }
    assert_int_equal(outcome, MESSAGE_NO_MEMORY);
    assert_in_range(table_memory(instance->table), limit / 100 * 94,
                    limit / 100 * 96);
    assert_int_equal(table_memory_limit(instance->table), limit);
    assert_false(memory_topic_is_halted(instance->journal));
}

static void ignore_file(void *context, const struct offline_file *file)
{
    (void)file;
    ++*(size_t *)context;
}

static void check_and_export_tell_the_state_of_the_snapshot(void **context)
{
    struct shared_instance *instance = *context;
    const struct offline_source source = {.folder = instance->path};
    struct offline_state state = {0};
    char error[JOURNAL_ERROR] = "", backup[2 * FOLDER_ROOT];
    size_t files = 0;

    shared_instance_send_round(instance, 1);
    uint64_t position = shared_instance_take_snapshot(instance).position;
    shared_instance_send_round(instance, 2);
    if (offline_check(&source, ignore_file, &files, NULL, &state, error) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_int_equal(files, 1);
    assert_true(state.shared && state.in_use);
    assert_int_equal(state.position, position);
    assert_int_equal(state.rockets, SHARED_INSTANCE_ROCKETS);
    struct table *table = table_new(SIZE_MAX);
    state = (struct offline_state){0};
    if (offline_read(&source, table, NULL, &state, error) != JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_int_equal(table_count(table), SHARED_INSTANCE_ROCKETS);
    assert_int_equal(table_revision(table), position);
    assert_true(state.shared);
    table_free(table);
    snprintf(backup, sizeof(backup), "%s/backup", instance->path);
    assert_int_equal(
        offline_backup(instance->path, backup, NULL, &state, error),
        JOURNAL_FAILED);
    assert_non_null(strstr(error, "a backup by itself: copy that file"));
    assert_int_not_equal(access(backup, F_OK), 0);
    snprintf(backup, sizeof(backup), "%s/new", instance->path);
    assert_int_equal(
        offline_restore(instance->snapshot, backup, NULL, &state, error),
        JOURNAL_FAILED);
    assert_non_null(strstr(error, "is the snapshot of a topic, not a backup"));
}

static void check_finds_damage_of_the_snapshot(void **context)
{
    struct shared_instance *instance = *context;
    const struct offline_source source = {.folder = instance->path};
    struct offline_state state = {0};
    char error[JOURNAL_ERROR] = "";
    size_t files = 0;

    shared_instance_send_round(instance, 1);
    shared_instance_take_snapshot(instance);
    shared_instance_stop(instance);
    shared_instance_damage_file(instance->snapshot, 65000,
                                false); /* of a block */
    assert_int_equal(
        offline_check(&source, ignore_file, &files, NULL, &state, error),
        JOURNAL_FAILED);
    assert_int_equal(files, 1);
    assert_true(state.shared);
    shared_instance_expect_failure(instance,
                                   "remove the file, and start with -peer=URL");
    shared_instance_damage_file(instance->snapshot, 100, true);
    assert_int_equal(
        offline_check(&source, ignore_file, &files, NULL, &state, error),
        JOURNAL_FAILED);
    assert_true(state.shared);
    unlink(instance->snapshot);
    shared_instance_start(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED_TEST(folder_has_a_snapshot_and_nothing_else),
        SHARED_TEST(snapshot_says_where_it_was_taken),
        SHARED_TEST(restart_goes_on_from_the_snapshot),
        SHARED_TEST(topic_without_messages_has_a_snapshot_if_one_is_wanted),
        SHARED_TEST(snapshot_that_is_wanted_is_taken_once),
        SHARED_TEST(grown_topic_gets_a_snapshot),
        SHARED_TEST(open_snapshot_stays_when_another_gets_its_name),
        SHARED_TEST(topic_that_was_made_anew_is_refused),
        SHARED_TEST(recovery_can_be_interrupted),
        SHARED_TEST(folder_of_a_service_without_kafka_is_refused),
        SHARED_TEST(admission_ends_before_the_limit),
        SHARED_TEST(families_of_a_disk_are_left_out),
        SHARED_TEST(check_and_export_tell_the_state_of_the_snapshot),
        SHARED_TEST(check_finds_damage_of_the_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
