/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store of an instance that gets its state from the snapshot of another
 * one, as they share a journal.
 */
#include "lib/unit_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/rocket.h"
#include "lib/captured_log.h"
#include "shared_instance.h"
#include "store/snapshot_file.h"
#include "store/store.h"

#define SHARED_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, shared_instance_set_up,              \
                                    shared_instance_tear_down)

/* A new instance, while the topic does not have all any more. */
static void new_instance_takes_the_snapshot_of_another(void **context)
{
    struct shared_instance *instance = *context;
    struct shared_instance other;
    struct store_snapshot_status status;

    shared_instance_send_round(instance, 1);
    uint64_t position = shared_instance_take_snapshot(instance).position;
    shared_instance_send_round(instance, 2);
    memory_topic_trim(instance->topic, position + 1);
    shared_instance_make(&other, instance->topic);
    shared_instance_expect_failure(&other, "records are deleted");
    other.peer = instance->snapshot;
    shared_instance_start(&other);
    assert_int_equal(store_id(other.store), SHARED_INSTANCE_ID);
    shared_instance_expect_same(instance, &other);
    store_snapshot_status(other.store, &status);
    assert_true(status.exists);
    assert_int_equal(status.position, position);
    assert_false(shared_instance_has_file(&other, "snapshot.db.new"));
    /* It is its own from now on. */
    other.peer = NULL;
    shared_instance_stop(&other);
    shared_instance_start(&other);
    shared_instance_send_round(&other, 3);
    shared_instance_expect_same(instance, &other);
    shared_instance_stop(&other);
    shared_instance_remove(&other);
}

/* An instance whose snapshot is older than what the topic has. */
static void old_snapshot_is_replaced_by_that_of_another(void **context)
{
    struct shared_instance *instance = *context;
    struct shared_instance other;

    shared_instance_make(&other, instance->topic);
    shared_instance_start(&other);
    shared_instance_send_round(instance, 1);
    memory_topic_await(other.journal);
    shared_instance_take_snapshot(&other);
    shared_instance_stop(&other);
    shared_instance_send_round(instance, 2);
    uint64_t position = shared_instance_take_snapshot(instance).position;
    memory_topic_trim(instance->topic, position);
    shared_instance_expect_failure(&other, "records are deleted");
    other.peer = instance->snapshot;
    shared_instance_start(&other);
    shared_instance_expect_same(instance, &other);
    shared_instance_stop(&other);
    shared_instance_remove(&other);
}

/* It would have been quicker with one. */
static void
instance_goes_on_without_a_snapshot_if_the_topic_has_all(void **context)
{
    struct shared_instance *instance = *context;
    struct shared_instance other;
    static struct captured_log log;

    shared_instance_send_round(instance, 1);
    shared_instance_make(&other, instance->topic);
    other.asks = true;
    captured_log_start(&log);
    shared_instance_start(&other);
    captured_log_stop(&log);
    assert_non_null(strstr(log.text, "no peer answers"));
    shared_instance_expect_same(instance, &other);
    shared_instance_stop(&other);
    shared_instance_remove(&other);
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

/* The instance must refuse the file, and keep its snapshot. */
static void expect_refused_file(struct shared_instance *other, const char *file,
                                const char *says)
{
    static struct captured_log log;
    char error[JOURNAL_ERROR] = "";
    struct stat before, after;

    other->peer = file;
    bool had = stat(other->snapshot, &before) == 0;
    captured_log_start(&log);
    assert_int_equal(shared_instance_open(other, true, error), JOURNAL_FAILED);
    captured_log_stop(&log);
    assert_non_null(strstr(error, "records are deleted"));
    if (strstr(log.text, says) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", says, log.text);
    shared_instance_stop(other);
    assert_int_equal(stat(other->snapshot, &after) == 0, had);
    if (had)
        assert_int_equal(before.st_ino, after.st_ino);
    assert_false(shared_instance_has_file(other, "snapshot.db.new"));
}

static void fetched_snapshot_that_is_not_right_leaves_the_old(void **context)
{
    struct shared_instance *instance = *context;
    struct shared_instance other;
    char file[2 * FOLDER_ROOT];
    struct stat status;

    shared_instance_make(&other, instance->topic);
    shared_instance_start(&other);
    shared_instance_send_round(instance, 1);
    memory_topic_await(other.journal);
    shared_instance_take_snapshot(&other);
    shared_instance_stop(&other);
    shared_instance_send_round(instance, 2);
    uint64_t position = shared_instance_take_snapshot(instance).position;
    memory_topic_trim(instance->topic, position + 1);
    snprintf(file, sizeof(file), "%s/fetched", other.path);
    assert_int_equal(stat(instance->snapshot, &status), 0);
    for (off_t at = 0; at < 16; at++) {
        copy_file(instance->snapshot, file);
        shared_instance_damage_file(file, at, false);
        expect_refused_file(&other, file, "cannot be used");
    }
    /* In the block, at the end of the second page. */
    for (off_t at = 2 * SNAPSHOT_PAGE - 1; at > 2 * SNAPSHOT_PAGE - 1000;
         at -= 151) {
        copy_file(instance->snapshot, file);
        shared_instance_damage_file(file, at, false);
        expect_refused_file(&other, file, "cannot be used");
    }
    for (off_t at = 1; at < status.st_size; at += 4999) {
        copy_file(instance->snapshot, file);
        shared_instance_damage_file(file, at, true);
        expect_refused_file(&other, file, "cannot be used");
    }
    /* Its own is sound, but as old as it is. */
    copy_file(other.snapshot, file);
    expect_refused_file(&other, file, "too old");
    other.peer = instance->snapshot;
    shared_instance_start(&other);
    shared_instance_expect_same(instance, &other);
    shared_instance_stop(&other);
    shared_instance_remove(&other);
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
    struct shared_instance *instance = *context;
    struct shared_instance other;
    char file[2 * FOLDER_ROOT];
    struct journal_place place = {.position = 3};

    shared_instance_send_round(instance, 1);
    memory_topic_trim(instance->topic, 4);
    instance->journal->methods->describe_roll(instance->journal, &place);
    const struct snapshot_info right = {.id = SHARED_INSTANCE_ID,
                                        .position = 3,
                                        .through = 3,
                                        .check = place.check,
                                        .rules = place.rules};
    shared_instance_make(&other, instance->topic);
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
    shared_instance_start(&other);
    shared_instance_stop(&other);
    shared_instance_remove(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARED_TEST(new_instance_takes_the_snapshot_of_another),
        SHARED_TEST(old_snapshot_is_replaced_by_that_of_another),
        SHARED_TEST(instance_goes_on_without_a_snapshot_if_the_topic_has_all),
        SHARED_TEST(fetched_snapshot_that_is_not_right_leaves_the_old),
        SHARED_TEST(fetched_snapshot_of_something_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
