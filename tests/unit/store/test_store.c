/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store as main.c uses it: a folder with its journal, from the open to the
 * close, and its metrics.
 */
#include "lib/folder.h"
#include "lib/messages.h"
#include "lib/unit_check.h"

#include <poll.h>
#include <semaphore.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base/sync.h"
#include "store/store.h"
#include "table/table.h"

enum { PATIENCE = 10000 /* ms */ };

/* A process with a store. */
struct process {
    char path[64];
    struct metrics *metrics;
    struct table *table;
    struct store *store;
    uint64_t snapshot_bytes; /* 0: take none */
    sem_t settled;
};

static void open_store(struct process *process)
{
    char error[JOURNAL_ERROR] = "";

    process->metrics = metrics_new();
    process->table = table_new(SIZE_MAX);
    process->store = store_open(
        &(struct store_options){.folder = process->path,
                                .snapshot_bytes = process->snapshot_bytes,
                                .metrics = process->metrics},
        error);
    if (process->store == NULL)
        fail_msg("%s", error);
    assert_true(store_attach(process->store, process->table, NULL, NULL));
    assert_int_equal(store_recover(process->store, NULL, error),
                     JOURNAL_COMPLETE);
    assert_true(store_start(process->store));
}

static void close_store(struct process *process)
{
    store_close(process->store);
    table_free(process->table);
    metrics_free(process->metrics);
}

static int set_up(void **context)
{
    struct process *process = calloc(1, sizeof(*process));

    if (process == NULL)
        abort();
    snprintf(process->path, sizeof(process->path), "/tmp/lunar-store-XXXXXX");
    assert_non_null(mkdtemp(process->path));
    sync_semaphore_init(&process->settled);
    open_store(process);
    *context = process;
    return 0;
}

static int tear_down(void **context)
{
    struct process *process = *context;

    close_store(process);
    folder_remove(process->path);
    free(process);
    return 0;
}

struct sent {
    struct commit_ticket ticket;
    struct process *process;
    char bytes[RECORD_MAX];
};

static void settled(struct commit_ticket *ticket)
{
    sync_semaphore_post(
        &container_of(ticket, struct sent, ticket)->process->settled);
}

static void commit_one(struct process *process, uint64_t number)
{
    struct sent sent = {.process = process};
    struct message message = message_speed("a rocket", number, 1);

    commit_ticket_init(&sent.ticket, store_commit(process->store), sent.bytes,
                       sizeof(sent.bytes));
    sent.ticket.settled = settled;
    assert_int_equal(commit_admit(&sent.ticket, &message), MESSAGE_APPLIED);
    assert_true(commit_append(&sent.ticket));
    sync_semaphore_wait(&process->settled);
    assert_int_equal(sent.ticket.result, COMMIT_APPLIED);
}

static uint64_t value_of(struct process *process, const char *name)
{
    struct metric *metric = metrics_find(process->metrics, name);

    if (metric == NULL)
        fail_msg("there is no %s", name);
    return metric_value(metric, 0);
}

static void restart_keeps_rockets_and_id(void **context)
{
    struct process *process = *context;
    uint64_t id = store_id(process->store);
    struct rocket_view view;

    for (uint64_t number = 1; number <= 5; number++)
        commit_one(process, number);
    close_store(process);
    open_store(process);
    assert_int_equal(store_id(process->store), id);
    assert_true(table_find(process->table, TEXT("a rocket"), &view));
    assert_int_equal(view.last_number, 5);
    assert_int_equal(view.revision, 5);
}

static void new_folders_have_different_ids(void **context)
{
    struct process *process = *context;
    uint64_t id = store_id(process->store);

    close_store(process);
    folder_remove(process->path);
    open_store(process);
    assert_int_not_equal(store_id(process->store), id);
}

static void folder_has_one_user(void **context)
{
    struct process *process = *context;
    char error[JOURNAL_ERROR] = "";

    assert_null(
        store_open(&(struct store_options){.folder = process->path}, error));
    assert_non_null(strstr(error, "in use"));
    commit_one(process, 1);
}

static void metrics_tell_what_the_journal_does(void **context)
{
    struct process *process = *context;

    for (uint64_t number = 1; number <= 5; number++)
        commit_one(process, number);
    /* One at a time: nothing can share a commit. */
    assert_int_equal(value_of(process, "lunar_journal_commits_total"), 5);
    assert_int_equal(value_of(process, "lunar_journal_position"), 5);
    assert_int_equal(value_of(process, "lunar_journal_queue"), 0);
    assert_int_equal(value_of(process, "lunar_journal_writable"), 1);
    assert_int_equal(value_of(process, "lunar_journal_refused_total"), 0);
    assert_true(value_of(process, "lunar_journal_bytes") > 0);
    assert_true(value_of(process, "lunar_journal_recovery_seconds") > 0);
}

static struct store_snapshot_status await_snapshot(struct process *process,
                                                   uint64_t position)
{
    struct store_snapshot_status status = {0};

    for (unsigned ms = 0; ms < PATIENCE; ms++) {
        store_snapshot_status(process->store, &status);
        if (status.position >= position && !status.running)
            return status;
        poll(NULL, 0, 1);
    }
    fail_msg("there is no snapshot at position %ju", (uintmax_t)position);
    return status;
}

/* A store that takes a snapshot once its journal is larger than the last. */
static int set_up_eager(void **context)
{
    struct process *process = NULL;

    set_up((void **)&process);
    close_store(process);
    process->snapshot_bytes = 1;
    open_store(process);
    *context = process;
    return 0;
}

static void snapshot_takes_the_place_of_the_journal(void **context)
{
    struct process *process = *context;
    struct rocket_view view;
    char path[128];

    for (uint64_t number = 1; number <= 5; number++)
        commit_one(process, number);
    struct store_snapshot_status status = await_snapshot(process, 1);
    assert_true(status.enabled && status.exists);
    assert_null(status.problem);
    assert_int_equal(status.rockets, 1);
    snprintf(path, sizeof(path), "%s/journal-%020d.db", process->path, 1);
    assert_int_equal(access(path, F_OK), -1);
    commit_one(process, 6);
    close_store(process);
    process->snapshot_bytes = 0;
    open_store(process);
    assert_true(table_find(process->table, TEXT("a rocket"), &view));
    assert_int_equal(view.last_number, 6);
    assert_int_equal(view.revision, 6);
    assert_int_equal(table_revision(process->table), 6);
    store_snapshot_status(process->store, &status);
    assert_false(status.enabled);
    assert_true(status.exists && status.position >= 1);
    assert_int_equal(status.took_us, 0);
    commit_one(process, 7);
}

#define EAGER_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up_eager, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(restart_keeps_rockets_and_id),
        FIXTURE_TEST(new_folders_have_different_ids),
        FIXTURE_TEST(folder_has_one_user),
        FIXTURE_TEST(metrics_tell_what_the_journal_does),
        EAGER_TEST(snapshot_takes_the_place_of_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
