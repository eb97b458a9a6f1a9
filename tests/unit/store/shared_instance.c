/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/unit_check.h"

#include "shared_instance.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sync.h"
#include "lib/messages.h"
#include "lib/saved_table.h"
#include "table/table.h"

enum { PATIENCE = 10000 /* ms */ };

static bool report(void *context, const struct journal_progress *progress)
{
    (void)progress;
    return *(bool *)context;
}

enum journal_replayed shared_instance_open(struct shared_instance *instance,
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

void shared_instance_start(struct shared_instance *instance)
{
    char error[JOURNAL_ERROR] = "";

    if (shared_instance_open(instance, true, error) != JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_true(store_start(instance->store));
}

void shared_instance_stop(struct shared_instance *instance)
{
    store_close(instance->store);
    table_free(instance->table);
    metrics_free(instance->metrics);
}

void shared_instance_make(struct shared_instance *instance,
                          struct memory_topic *topic)
{
    *instance = (struct shared_instance){.topic = topic};
    folder_make(instance->path);
    snprintf(instance->snapshot, sizeof(instance->snapshot), "%s/snapshot.db",
             instance->path);
    sync_semaphore_init(&instance->settled);
}

void shared_instance_remove(struct shared_instance *instance)
{
    folder_remove(instance->path);
    sem_destroy(&instance->settled);
}

int shared_instance_set_up(void **context)
{
    struct shared_instance *instance = calloc(1, sizeof(*instance));

    if (instance == NULL)
        abort();
    shared_instance_make(instance, memory_topic_new(SHARED_INSTANCE_ID));
    shared_instance_start(instance);
    *context = instance;
    return 0;
}

int shared_instance_tear_down(void **context)
{
    struct shared_instance *instance = *context;

    shared_instance_stop(instance);
    shared_instance_remove(instance);
    memory_topic_free(instance->topic);
    free(instance);
    return 0;
}

void shared_instance_send_round(struct shared_instance *instance,
                                uint64_t number)
{
    for (size_t i = 0; i < SHARED_INSTANCE_ROCKETS; i++) {
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

struct store_snapshot_status
shared_instance_await_snapshot(struct shared_instance *instance,
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

struct store_snapshot_status
shared_instance_take_snapshot(struct shared_instance *instance)
{
    uint64_t position = memory_topic_end(instance->topic);

    memory_topic_await(instance->journal);
    store_want_snapshot(instance->store, position);
    return shared_instance_await_snapshot(instance, position);
}

void shared_instance_expect_same(struct shared_instance *a,
                                 struct shared_instance *b)
{
    memory_topic_await(a->journal);
    memory_topic_await(b->journal);
    assert_int_equal(table_revision(a->table), table_revision(b->table));
    assert_int_equal(table_count(a->table), SHARED_INSTANCE_ROCKETS);
    assert_true(saved_table_same(a->table, b->table));
}

void shared_instance_expect_failure(struct shared_instance *instance,
                                    const char *says)
{
    char error[JOURNAL_ERROR] = "";

    if (shared_instance_open(instance, true, error) != JOURNAL_FAILED ||
        strstr(error, says) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", says, error);
    shared_instance_stop(instance);
}

bool shared_instance_has_file(const struct shared_instance *instance,
                              const char *name)
{
    char path[2 * FOLDER_ROOT];

    snprintf(path, sizeof(path), "%s/%s", instance->path, name);
    return access(path, F_OK) == 0;
}

void shared_instance_damage_file(const char *path, off_t at, bool cut)
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
