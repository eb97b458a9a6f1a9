/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of instances that share a journal: what is in their folders, where
 * a new one gets its state, and what is refused.
 */
#include "lib/captured_log.h"
#include "lib/file_bytes.h"
#include "lib/folder.h"
#include "lib/memory_topic.h"
#include "lib/messages.h"
#include "lib/saved_table.h"
#include "lib/unit_check.h"

#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base/sync.h"
#include "domain/rocket.h"
#include "store/offline.h"
#include "store/snapshot_file.h"
#include "store/store.h"
#include "table/table.h"

enum {
    ID = 7,
    PATIENCE = 10000, /* ms */
    ROCKETS = 40,
};

struct instance {
    char path[FOLDER_ROOT];
    char snapshot[FOLDER_ROOT + 16]; /* its file */
    struct memory_topic *topic;
    struct metrics *metrics;
    struct table *table;
    struct journal *journal;
    struct store *store;
    uint64_t snapshot_bytes; /* 0: take none by itself */
    size_t max_memory;       /* 0: no limit */
    const char *peer;        /* file of its snapshot */
    bool asks;
    sem_t settled;
};

static bool report(void *context, const struct journal_progress *progress)
{
    (void)progress;
    return *(bool *)context;
}

/* Open it, and recover. JOURNAL_FAILED with the sentence in `error`. */
static enum journal_replayed open_instance(struct instance *instance,
                                           bool goes_on,
                                           char error[JOURNAL_ERROR])
{
    const struct journal_watch watch = {&goes_on, report};

    instance->metrics = metrics_new();
    instance->table =
        table_new(instance->max_memory != 0 ? instance->max_memory : SIZE_MAX);
    instance->journal = memory_topic_join(instance->topic);
    memory_topic_offer(instance->journal, instance->peer);
    if (instance->asks)
        memory_topic_ask(instance->journal);
    instance->store = store_open(
        &(struct store_options){.folder = instance->path,
                                .snapshot_bytes = instance->snapshot_bytes,
                                .metrics = instance->metrics,
                                .journal = instance->journal},
        error);
    if (instance->store == NULL)
        return JOURNAL_FAILED;
    assert_true(store_attach(instance->store, instance->table, NULL, NULL));
    return store_recover(instance->store, &watch, error);
}

static void start(struct instance *instance)
{
    char error[JOURNAL_ERROR] = "";

    if (open_instance(instance, true, error) != JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_true(store_start(instance->store));
}

static void stop(struct instance *instance)
{
    store_close(instance->store);
    table_free(instance->table);
    metrics_free(instance->metrics);
}

static void make_instance(struct instance *instance, struct memory_topic *topic)
{
    *instance = (struct instance){.topic = topic};
    folder_make(instance->path);
    snprintf(instance->snapshot, sizeof(instance->snapshot), "%s/snapshot.db",
             instance->path);
    sync_semaphore_init(&instance->settled);
}

static void remove_instance(struct instance *instance)
{
    folder_remove(instance->path);
    sem_destroy(&instance->settled);
}

static int set_up(void **context)
{
    struct instance *instance = calloc(1, sizeof(*instance));

    if (instance == NULL)
        abort();
    make_instance(instance, memory_topic_new(ID));
    start(instance);
    *context = instance;
    return 0;
}

static int tear_down(void **context)
{
    struct instance *instance = *context;

    stop(instance);
    remove_instance(instance);
    memory_topic_free(instance->topic);
    free(instance);
    return 0;
}

/* A message of each rocket, with this number, by others. */
static void send_round(struct instance *instance, uint64_t number)
{
    for (size_t i = 0; i < ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket %zu", i);
        const struct message message =
            message_of_type((enum message_type)((number + i) % 5), id, number);
        memory_topic_append(instance->topic, &message);
        if (i % 7 == 0)
            memory_topic_skip(instance->topic);
    }
    memory_topic_await(instance->journal);
}

static struct store_snapshot_status await_snapshot(struct instance *instance,
                                                   uint64_t position)
{
    struct store_snapshot_status status = {0};

    for (unsigned ms = 0; ms < PATIENCE; ms++) {
        store_snapshot_status(instance->store, &status);
        if (status.exists && status.position >= position && !status.running)
            return status;
        poll(NULL, 0, 1);
    }
    fail_msg("there is no snapshot at position %ju", (uintmax_t)position);
    return status;
}

static struct store_snapshot_status take_snapshot(struct instance *instance)
{
    uint64_t position = memory_topic_end(instance->topic);

    memory_topic_await(instance->journal);
    store_want_snapshot(instance->store, position);
    return await_snapshot(instance, position);
}

/* All rockets are equal, byte for byte. */
static void expect_same(struct instance *a, struct instance *b)
{
    memory_topic_await(a->journal);
    memory_topic_await(b->journal);
    assert_int_equal(table_revision(a->table), table_revision(b->table));
    assert_int_equal(table_count(a->table), ROCKETS);
    assert_true(saved_table_same(a->table, b->table));
}

static void expect_failure(struct instance *instance, const char *says)
{
    char error[JOURNAL_ERROR] = "";

    if (open_instance(instance, true, error) != JOURNAL_FAILED ||
        strstr(error, says) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", says, error);
    stop(instance);
}

static bool has_file(const struct instance *instance, const char *name)
{
    char path[2 * FOLDER_ROOT];

    snprintf(path, sizeof(path), "%s/%s", instance->path, name);
    return access(path, F_OK) == 0;
}

static void folder_has_a_snapshot_and_nothing_else(void **context)
{
    struct instance *instance = *context;

    send_round(instance, 1);
    take_snapshot(instance);
    assert_true(has_file(instance, "snapshot.db"));
    assert_true(has_file(instance, "lock"));
    assert_false(has_file(instance, "journal-00000000000000000001.db"));
    assert_true(store_is_shared(instance->store));
    assert_int_equal(store_id(instance->store), ID);
}

static void snapshot_says_where_it_was_taken(void **context)
{
    struct instance *instance = *context;
    char error[JOURNAL_ERROR] = "";

    send_round(instance, 1);
    struct store_snapshot_status status = take_snapshot(instance);
    struct snapshot_reader *reader =
        snapshot_reader_new(instance->snapshot, SNAPSHOT_OF_TOPIC, error);
    assert_non_null(reader);
    const struct snapshot_info *info = snapshot_reader_info(reader);
    struct journal_place place = {.position = info->position};
    instance->journal->methods->describe_roll(instance->journal, &place);
    assert_int_equal(info->id, ID);
    assert_int_equal(info->position, status.position);
    assert_int_equal(info->position, memory_topic_end(instance->topic));
    assert_int_equal(info->check, place.check);
    assert_int_equal(info->rules, MEMORY_TOPIC_RULES);
    assert_int_equal(info->rockets, ROCKETS);
    snapshot_reader_free(reader);
}

static void restart_goes_on_from_the_snapshot(void **context)
{
    struct instance *instance = *context;
    struct instance other;

    send_round(instance, 1);
    uint64_t position = take_snapshot(instance).position;
    send_round(instance, 2);
    stop(instance);
    /* What the snapshot holds is not needed any more. */
    memory_topic_trim(instance->topic, position + 1);
    start(instance);
    assert_int_equal(table_count(instance->table), ROCKETS);
    memory_topic_trim(instance->topic, 0);
    make_instance(&other, instance->topic);
    start(&other);
    expect_same(instance, &other);
    stop(&other);
    remove_instance(&other);
}

static void
topic_without_messages_has_a_snapshot_if_one_is_wanted(void **context)
{
    struct instance *instance = *context;

    struct store_snapshot_status status = take_snapshot(instance);
    assert_int_equal(status.position, 0);
    assert_int_equal(status.rockets, 0);
    stop(instance);
    start(instance);
    send_round(instance, 1);
    assert_int_equal(table_count(instance->table), ROCKETS);
}

static void snapshot_that_is_wanted_is_taken_once(void **context)
{
    struct instance *instance = *context;
    struct metric *metric =
        metrics_find(instance->metrics, "lunar_snapshots_total");
    struct store_snapshot_status status;

    store_snapshot_status(instance->store, &status);
    assert_false(status.enabled);
    send_round(instance, 1);
    uint64_t position = take_snapshot(instance).position;
    assert_int_equal(metric_value(metric, 0), 1);
    for (int i = 0; i < 10; i++)
        store_want_snapshot(instance->store, position - (uint64_t)i);
    send_round(instance, 2);
    store_want_snapshot(instance->store, position);
    assert_int_equal(take_snapshot(instance).position,
                     memory_topic_end(instance->topic));
    assert_int_equal(metric_value(metric, 0), 2);
}

static void grown_topic_gets_a_snapshot(void **context)
{
    struct instance *instance = *context;
    struct store_snapshot_status status;

    stop(instance);
    instance->snapshot_bytes = 1;
    start(instance);
    for (uint64_t number = 1; number <= 20; number++)
        send_round(instance, number);
    status = await_snapshot(instance, 1);
    assert_true(status.enabled);
    assert_null(status.problem);
}

static void open_snapshot_stays_when_another_gets_its_name(void **context)
{
    struct instance *instance = *context;
    uint64_t bytes = 0, after = 0;
    static char before_bytes[1024 * 1024], after_bytes[1024 * 1024];

    assert_int_equal(store_open_snapshot(instance->store, &bytes), -1);
    assert_int_equal(errno, ENOENT);
    send_round(instance, 1);
    take_snapshot(instance);
    int file = store_open_snapshot(instance->store, &bytes);
    assert_true(file >= 0);
    assert_in_range(bytes, 1, sizeof(before_bytes));
    assert_int_equal(pread(file, before_bytes, bytes, 0), bytes);
    for (uint64_t number = 2; number < 6; number++) {
        send_round(instance, number);
        take_snapshot(instance);
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

/* A new instance, while the topic does not have all any more. */
static void new_instance_takes_the_snapshot_of_another(void **context)
{
    struct instance *instance = *context;
    struct instance other;
    struct store_snapshot_status status;

    send_round(instance, 1);
    uint64_t position = take_snapshot(instance).position;
    send_round(instance, 2);
    memory_topic_trim(instance->topic, position + 1);
    make_instance(&other, instance->topic);
    expect_failure(&other, "records are deleted");
    other.peer = instance->snapshot;
    start(&other);
    assert_int_equal(store_id(other.store), ID);
    expect_same(instance, &other);
    store_snapshot_status(other.store, &status);
    assert_true(status.exists);
    assert_int_equal(status.position, position);
    assert_false(has_file(&other, "snapshot.db.new"));
    /* It is its own from now on. */
    other.peer = NULL;
    stop(&other);
    start(&other);
    send_round(&other, 3);
    expect_same(instance, &other);
    stop(&other);
    remove_instance(&other);
}

/* An instance whose snapshot is older than what the topic has. */
static void old_snapshot_is_replaced_by_that_of_another(void **context)
{
    struct instance *instance = *context;
    struct instance other;

    make_instance(&other, instance->topic);
    start(&other);
    send_round(instance, 1);
    memory_topic_await(other.journal);
    take_snapshot(&other);
    stop(&other);
    send_round(instance, 2);
    uint64_t position = take_snapshot(instance).position;
    memory_topic_trim(instance->topic, position);
    expect_failure(&other, "records are deleted");
    other.peer = instance->snapshot;
    start(&other);
    expect_same(instance, &other);
    stop(&other);
    remove_instance(&other);
}

/* It would have been quicker with one. */
static void
instance_goes_on_without_a_snapshot_if_the_topic_has_all(void **context)
{
    struct instance *instance = *context;
    struct instance other;
    static struct captured_log log;

    send_round(instance, 1);
    make_instance(&other, instance->topic);
    other.asks = true;
    captured_log_start(&log);
    start(&other);
    captured_log_stop(&log);
    assert_non_null(strstr(log.text, "no peer answers"));
    expect_same(instance, &other);
    stop(&other);
    remove_instance(&other);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1024 * 1024];
    int file = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(file, bytes, sizeof(bytes));

    assert_in_range(length, 1, sizeof(bytes) - 1);
    close(file);
    file = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(file, bytes, (size_t)length), length);
    close(file);
}

/* Change a byte of a file, or cut it there. */
static void damage_file(const char *path, off_t at, bool cut)
{
    char byte;
    int file = open(path, O_RDWR | O_CLOEXEC);

    assert_int_equal(pread(file, &byte, 1, at), 1);
    byte ^= 0x55;
    assert_int_equal(cut ? ftruncate(file, at) : 0, 0);
    if (!cut)
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    close(file);
}

/* The instance must refuse the file, and keep its snapshot. */
static void expect_refused_file(struct instance *other, const char *file,
                                const char *says)
{
    static struct captured_log log;
    char error[JOURNAL_ERROR] = "";
    struct stat before, after;

    other->peer = file;
    bool had = stat(other->snapshot, &before) == 0;
    captured_log_start(&log);
    assert_int_equal(open_instance(other, true, error), JOURNAL_FAILED);
    captured_log_stop(&log);
    assert_non_null(strstr(error, "records are deleted"));
    if (strstr(log.text, says) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", says, log.text);
    stop(other);
    assert_int_equal(stat(other->snapshot, &after) == 0, had);
    if (had)
        assert_int_equal(before.st_ino, after.st_ino);
    assert_false(has_file(other, "snapshot.db.new"));
}

static void fetched_snapshot_that_is_not_right_leaves_the_old(void **context)
{
    struct instance *instance = *context;
    struct instance other;
    char file[2 * FOLDER_ROOT];
    struct stat status;

    make_instance(&other, instance->topic);
    start(&other);
    send_round(instance, 1);
    memory_topic_await(other.journal);
    take_snapshot(&other);
    stop(&other);
    send_round(instance, 2);
    uint64_t position = take_snapshot(instance).position;
    memory_topic_trim(instance->topic, position + 1);
    snprintf(file, sizeof(file), "%s/fetched", other.path);
    assert_int_equal(stat(instance->snapshot, &status), 0);
    for (off_t at = 0; at < 16; at++) {
        copy_file(instance->snapshot, file);
        damage_file(file, at, false);
        expect_refused_file(&other, file, "cannot be used");
    }
    /* In the block, at the end of the second page. */
    for (off_t at = 2 * SNAPSHOT_PAGE - 1; at > 2 * SNAPSHOT_PAGE - 1000;
         at -= 151) {
        copy_file(instance->snapshot, file);
        damage_file(file, at, false);
        expect_refused_file(&other, file, "cannot be used");
    }
    for (off_t at = 1; at < status.st_size; at += 4999) {
        copy_file(instance->snapshot, file);
        damage_file(file, at, true);
        expect_refused_file(&other, file, "cannot be used");
    }
    /* Its own is sound, but as old as it is. */
    copy_file(other.snapshot, file);
    expect_refused_file(&other, file, "too old");
    other.peer = instance->snapshot;
    start(&other);
    expect_same(instance, &other);
    stop(&other);
    remove_instance(&other);
}

/* Write a snapshot without rockets. */
static void write_snapshot(const char *path, enum snapshot_kind kind,
                           struct snapshot_info info)
{
    char error[JOURNAL_ERROR] = "";

    unlink(path);
    struct snapshot_writer *writer =
        snapshot_writer_new(path, kind, info.id, error);
    info.max_runs = info.max_runs == 0 ? ROCKET_MAX_RUNS : info.max_runs;
    if (writer == NULL || !snapshot_writer_finish(writer, &info, error))
        fail_msg("%s", error);
    snapshot_writer_free(writer);
}

static void fetched_snapshot_of_something_else_is_refused(void **context)
{
    struct instance *instance = *context;
    struct instance other;
    char file[2 * FOLDER_ROOT];
    struct journal_place place = {.position = 3};

    send_round(instance, 1);
    memory_topic_trim(instance->topic, 4);
    instance->journal->methods->describe_roll(instance->journal, &place);
    const struct snapshot_info right = {.id = ID,
                                        .position = 3,
                                        .through = 3,
                                        .check = place.check,
                                        .rules = place.rules};
    make_instance(&other, instance->topic);
    snprintf(file, sizeof(file), "%s/fetched", other.path);

    struct snapshot_info info = right;
    info.id++;
    write_snapshot(file, SNAPSHOT_OF_TOPIC, info);
    expect_refused_file(&other, file, "of another topic");
    info = right;
    info.rules = MEMORY_TOPIC_RULES + 1;
    write_snapshot(file, SNAPSHOT_OF_TOPIC, info);
    expect_refused_file(&other, file, "has later rules");
    info = right;
    info.through = 1000;
    write_snapshot(file, SNAPSHOT_OF_TOPIC, info);
    expect_refused_file(&other, file, "ends before the snapshot");
    info = right;
    info.max_runs = 77;
    write_snapshot(file, SNAPSHOT_OF_TOPIC, info);
    expect_refused_file(&other, file, "at most 77 runs");
    write_snapshot(file, SNAPSHOT_OF_FOLDER, right);
    expect_refused_file(&other, file, "of a service without -kafka");
    write_snapshot(file, SNAPSHOT_OF_BACKUP, right);
    expect_refused_file(&other, file, "is a backup");
    write_snapshot(file, SNAPSHOT_OF_TOPIC, right);
    other.peer = file;
    start(&other);
    stop(&other);
    remove_instance(&other);
}

static void topic_that_was_made_anew_is_refused(void **context)
{
    struct instance *instance = *context;

    send_round(instance, 1);
    take_snapshot(instance);
    stop(instance);
    memory_topic_recreate(instance->topic);
    expect_failure(instance, "was made anew");
    assert_true(has_file(instance, "snapshot.db"));
    unlink(instance->snapshot);
    start(instance);
}

static void recovery_can_be_interrupted(void **context)
{
    struct instance *instance = *context;
    char error[JOURNAL_ERROR] = "";

    send_round(instance, 1);
    stop(instance);
    assert_int_equal(open_instance(instance, false, error),
                     JOURNAL_INTERRUPTED);
    stop(instance);
    start(instance);
}

/* Also the other way round. Without leaks of the journal: see the asan run. */
static void folder_of_a_service_without_kafka_is_refused(void **context)
{
    struct instance *instance = *context;
    char error[JOURNAL_ERROR] = "";
    char path[FOLDER_ROOT];
    struct instance other;

    make_instance(&other, instance->topic);
    struct store *store =
        store_open(&(struct store_options){.folder = other.path}, error);
    assert_non_null(store);
    store_close(store);
    expect_failure(&other, "has the journal of a service without -kafka: "
                           "choose another folder");
    remove_instance(&other);

    send_round(instance, 1);
    take_snapshot(instance);
    stop(instance);
    snprintf(path, sizeof(path), "%s", instance->path);
    assert_null(store_open(&(struct store_options){.folder = path}, error));
    assert_non_null(strstr(error, "is the snapshot of a topic: give "
                                  "-kafka=BROKERS and -topic=NAME, too"));
    start(instance);
}

static void families_of_a_disk_are_left_out(void **context)
{
    static const char *const left_out[] = {
        "lunar_journal_bytes", "lunar_journal_commits_total",
        "lunar_journal_commit_seconds", "lunar_journal_commit_messages",
        "lunar_journal_refused_total"};
    struct instance *instance = *context;

    for (size_t i = 0; i < COUNT(left_out); i++)
        assert_null(metrics_find(instance->metrics, left_out[i]));
    send_round(instance, 1);
    struct metric *position =
        metrics_find(instance->metrics, "lunar_journal_position");
    assert_int_equal(metric_value(position, 0),
                     memory_topic_end(instance->topic));
}

/* So that what others have admitted meanwhile still fits. */
static void admission_ends_before_the_limit(void **context)
{
    struct instance *instance = *context;
    size_t limit = table_memory(instance->table) + 1000000;
    struct commit_ticket ticket;
    char bytes[RECORD_MAX], id[32];
    enum message_outcome outcome = MESSAGE_APPLIED;

    stop(instance);
    instance->max_memory = limit;
    start(instance);
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
    struct instance *instance = *context;
    const struct offline_source source = {.folder = instance->path};
    struct offline_state state = {0};
    char error[JOURNAL_ERROR] = "", backup[2 * FOLDER_ROOT];
    size_t files = 0;

    send_round(instance, 1);
    uint64_t position = take_snapshot(instance).position;
    send_round(instance, 2);
    if (offline_check(&source, ignore_file, &files, NULL, &state, error) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_int_equal(files, 1);
    assert_true(state.shared && state.in_use);
    assert_int_equal(state.position, position);
    assert_int_equal(state.rockets, ROCKETS);
    struct table *table = table_new(SIZE_MAX);
    state = (struct offline_state){0};
    if (offline_read(&source, table, NULL, &state, error) != JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_int_equal(table_count(table), ROCKETS);
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
    struct instance *instance = *context;
    const struct offline_source source = {.folder = instance->path};
    struct offline_state state = {0};
    char error[JOURNAL_ERROR] = "";
    size_t files = 0;

    send_round(instance, 1);
    take_snapshot(instance);
    stop(instance);
    damage_file(instance->snapshot, 65000, false); /* of a block */
    assert_int_equal(
        offline_check(&source, ignore_file, &files, NULL, &state, error),
        JOURNAL_FAILED);
    assert_int_equal(files, 1);
    assert_true(state.shared);
    expect_failure(instance, "remove the file, and start with -peer=URL");
    damage_file(instance->snapshot, 100, true);
    assert_int_equal(
        offline_check(&source, ignore_file, &files, NULL, &state, error),
        JOURNAL_FAILED);
    assert_true(state.shared);
    unlink(instance->snapshot);
    start(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(folder_has_a_snapshot_and_nothing_else),
        FIXTURE_TEST(snapshot_says_where_it_was_taken),
        FIXTURE_TEST(restart_goes_on_from_the_snapshot),
        FIXTURE_TEST(topic_without_messages_has_a_snapshot_if_one_is_wanted),
        FIXTURE_TEST(snapshot_that_is_wanted_is_taken_once),
        FIXTURE_TEST(grown_topic_gets_a_snapshot),
        FIXTURE_TEST(open_snapshot_stays_when_another_gets_its_name),
        FIXTURE_TEST(new_instance_takes_the_snapshot_of_another),
        FIXTURE_TEST(old_snapshot_is_replaced_by_that_of_another),
        FIXTURE_TEST(instance_goes_on_without_a_snapshot_if_the_topic_has_all),
        FIXTURE_TEST(fetched_snapshot_that_is_not_right_leaves_the_old),
        FIXTURE_TEST(fetched_snapshot_of_something_else_is_refused),
        FIXTURE_TEST(topic_that_was_made_anew_is_refused),
        FIXTURE_TEST(recovery_can_be_interrupted),
        FIXTURE_TEST(folder_of_a_service_without_kafka_is_refused),
        FIXTURE_TEST(admission_ends_before_the_limit),
        FIXTURE_TEST(families_of_a_disk_are_left_out),
        FIXTURE_TEST(check_and_export_tell_the_state_of_the_snapshot),
        FIXTURE_TEST(check_finds_damage_of_the_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
