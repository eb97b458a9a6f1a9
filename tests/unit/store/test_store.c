/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store as the service uses it: a folder with its journal, from the open to
 * the close, and its metrics.
 */
#include "lib/folder.h"
#include "lib/messages.h"
#include "lib/unit_check.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base/sync.h"
#include "domain/rocket.h"
#include "store/snapshot_file.h"
#include "store/store.h"
#include "table/table.h"

enum { PATIENCE = 10000 /* ms */ };

/* A process with a store. */
struct process {
    char path[FOLDER_ROOT];
    struct metrics *metrics;
    struct table *table;
    struct store *store;
    uint64_t snapshot_bytes; /* 0: take none */
    size_t max_memory;       /* 0: no limit */
    sem_t settled;
};

/* Open it, and recover. False, with a sentence in `error`. */
static bool try_open(struct process *process, const struct journal_watch *watch,
                     char error[JOURNAL_ERROR])
{
    process->metrics = metrics_new();
    process->table =
        table_new(process->max_memory != 0 ? process->max_memory : SIZE_MAX);
    process->store = store_open(
        &(struct store_options){.folder = process->path,
                                .snapshot_bytes = process->snapshot_bytes,
                                .metrics = process->metrics},
        error);
    if (process->store == NULL)
        return false;
    assert_true(store_attach(process->store, process->table, NULL, NULL));
    return store_recover(process->store, watch, error) == JOURNAL_COMPLETE;
}

static void open_store(struct process *process)
{
    char error[JOURNAL_ERROR] = "";

    if (!try_open(process, NULL, error))
        fail_msg("%s", error);
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
    folder_make(process->path);
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

static void commit_message(struct process *process, struct message message)
{
    struct sent sent = {.process = process};

    commit_ticket_init(&sent.ticket, store_commit(process->store), sent.bytes,
                       sizeof(sent.bytes));
    sent.ticket.settled = settled;
    assert_int_equal(commit_admit(&sent.ticket, &message), MESSAGE_APPLIED);
    assert_true(commit_append(&sent.ticket));
    sync_semaphore_wait(&process->settled);
    assert_int_equal(sent.ticket.result, COMMIT_APPLIED);
}

static void commit_one(struct process *process, uint64_t number)
{
    commit_message(process, message_speed("a rocket", number, 1));
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

/* Its empty segment has more bytes than the limit. */
static void empty_store_gets_no_snapshot(void **context)
{
    struct process *process = *context;
    struct store_snapshot_status status;

    poll(NULL, 0, 50);
    store_snapshot_status(process->store, &status);
    assert_true(status.enabled);
    assert_false(status.exists || status.running);
    assert_null(status.problem);
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

/* Write a snapshot without rockets in place of that of the folder. */
static void write_snapshot(const struct process *process,
                           struct snapshot_info info)
{
    char path[128], error[JOURNAL_ERROR] = "";

    snprintf(path, sizeof(path), "%s/snapshot.db", process->path);
    unlink(path);
    struct snapshot_writer *writer =
        snapshot_writer_new(path, SNAPSHOT_OF_FOLDER, info.id, error);
    if (writer == NULL || !snapshot_writer_finish(writer, &info, error))
        fail_msg("%s", error);
    snapshot_writer_free(writer);
}

static void expect_refusal(struct process *process, const char *says)
{
    char error[JOURNAL_ERROR] = "";

    if (try_open(process, NULL, error) || strstr(error, says) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", says, error);
    close_store(process);
}

static void snapshot_that_does_not_fit_is_refused(void **context)
{
    struct process *process = *context;
    struct snapshot_info right = {.id = store_id(process->store),
                                  .position = 3,
                                  .through = 3,
                                  .max_runs = ROCKET_MAX_RUNS};
    char path[128];

    for (uint64_t number = 1; number <= 5; number++)
        commit_one(process, number);
    close_store(process);
    struct snapshot_info info = right;
    info.max_runs = 77;
    write_snapshot(process, info);
    expect_refusal(process, "at most 77 runs of messages a rocket, but "
                            "lunar.service " LUNAR_VERSION " keeps 16384");
    info = right;
    info.id++;
    write_snapshot(process, info);
    expect_refusal(process, "are of different histories");
    write_snapshot(process, right);
    expect_refusal(process, "journal-00000000000000000004.db is not there");
    snprintf(path, sizeof(path), "%s/journal-%020d.db", process->path, 1);
    assert_int_equal(unlink(path), 0);
    expect_refusal(process, "journal-00000000000000000004.db is not there");
    /* No new history was begun beside it. */
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof(path), "%s/snapshot.db", process->path);
    assert_int_equal(truncate(path, 100), 0);
    expect_refusal(process, "snapshot.db");
    assert_int_equal(unlink(path), 0);
    open_store(process);
}

/* Send messages until all are there, as senders do that get 503. */
static unsigned send_all(struct process *process, uint64_t count)
{
    enum { TICKET = 64, TEXT = 200 };
    static char bytes[TICKET * RECORD_MAX], missions[2][TEXT + 1];
    unsigned refusals = 0;

    memset(missions[0], 'a', TEXT);
    memset(missions[1], 'b', TEXT);
    for (uint64_t number = 1; number <= count;) {
        struct sent sent = {.process = process};
        commit_ticket_init(&sent.ticket, store_commit(process->store), bytes,
                           sizeof(bytes));
        sent.ticket.settled = settled;
        for (uint64_t i = 0; i < TICKET; i++) {
            struct message message = message_mission(
                "a rocket", number + i, missions[(number + i) % 2]);
            assert_int_equal(commit_admit(&sent.ticket, &message),
                             MESSAGE_APPLIED);
        }
        assert_true(commit_append(&sent.ticket));
        sync_semaphore_wait(&process->settled);
        if (sent.ticket.result == COMMIT_APPLIED) {
            number += TICKET;
        } else {
            refusals++;
            assert_true(refusals < PATIENCE);
            poll(NULL, 0, 10);
        }
    }
    return refusals;
}

/*
 * Not due by its size, but as the disk is full. It is written to the room that
 * was kept, and the journal goes on without anybody's help.
 */
/*
 * The limit of the journal is the default. The smaller disk is full before the
 * journal has a quarter of it.
 */
static void fill_disk(struct process *process, const char *options)
{
    enum { MESSAGES = 4 * 64 * 1024 }; /* of some 220 bytes */
    struct rocket_view view;

    close_store(process);
    process->snapshot_bytes = UINT64_C(64) << 20;
    bool mounted = unshare(CLONE_NEWNS) == 0 &&
                   mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                   mount("none", process->path, "tmpfs", 0, options) == 0;
    open_store(process);
    if (!mounted)
        skip();
    unsigned refusals = send_all(process, MESSAGES);
    assert_true(refusals > 0);
    assert_true(value_of(process, "lunar_snapshots_total") > 0);
    assert_int_equal(value_of(process, "lunar_journal_writable"), 1);
    close_store(process);
    open_store(process);
    assert_true(table_find(process->table, TEXT("a rocket"), &view));
    assert_int_equal(view.last_number, MESSAGES);
    assert_int_equal(view.missing, 0);
    close_store(process);
    assert_int_equal(umount2(process->path, MNT_DETACH), 0);
    open_store(process);
}

static void full_disk_gets_space_back_by_itself(void **context)
{
    fill_disk(*context, "size=60M,mode=700");
}

static void full_disk_that_is_small_gets_space_back_by_itself(void **context)
{
    fill_disk(*context, "size=40M,mode=700");
}

/* Smaller than the room that is kept on others. */
static void full_disk_that_is_tiny_gets_space_back_by_itself(void **context)
{
    fill_disk(*context, "size=16M,mode=700");
}

/* What a watch was told. */
struct told {
    uint64_t reports, done, total, rockets;
};

static bool note_progress(void *context,
                          const struct journal_progress *progress)
{
    struct told *told = context;

    assert_true(told->total == 0 || progress->total == told->total);
    assert_in_range(progress->done, told->done, progress->total);
    assert_true(progress->rockets >= told->rockets);
    *told = (struct told){told->reports + 1, progress->done, progress->total,
                          progress->rockets};
    poll(NULL, 0, 60); /* then it is told of the next row, too */
    return true;
}

static void progress_is_one_over_snapshot_and_journal(void **context)
{
    struct process *process = *context;
    struct told told = {0};
    struct journal_watch watch = {&told, note_progress};
    char error[JOURNAL_ERROR] = "";

    commit_one(process, 1);
    await_snapshot(process, 1);
    for (uint64_t number = 2; number <= 6; number++)
        commit_one(process, number);
    process->snapshot_bytes = 0;
    close_store(process);
    assert_true(try_open(process, &watch, error));
    assert_int_equal(told.rockets, 1);
    assert_true(told.reports >= 2);
    assert_in_range(told.done, told.total / 2, told.total);
    assert_true(store_start(process->store));
}

/* What is durable is loaded, whatever the limit is now. */
static void snapshot_is_loaded_past_the_limit(void **context)
{
    enum { ROCKETS = 200 };
    struct process *process = *context;

    for (uint64_t i = 0; i < ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket %ju", (uintmax_t)i);
        commit_message(process, message_speed(id, 1, 1));
    }
    /* Each commit takes a page of the log, so the journal grows large. */
    await_snapshot(process, ROCKETS / 2);
    size_t used = table_memory(process->table);
    close_store(process);
    struct table *empty = table_new(SIZE_MAX);
    process->max_memory = (table_memory(empty) + used) / 2;
    table_free(empty);
    open_store(process);
    assert_int_equal(table_count(process->table), ROCKETS);
    assert_true(table_memory(process->table) > process->max_memory);
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
        EAGER_TEST(empty_store_gets_no_snapshot),
        EAGER_TEST(snapshot_takes_the_place_of_the_journal),
        EAGER_TEST(progress_is_one_over_snapshot_and_journal),
        EAGER_TEST(snapshot_is_loaded_past_the_limit),
        FIXTURE_TEST(snapshot_that_does_not_fit_is_refused),
        FIXTURE_TEST(full_disk_gets_space_back_by_itself),
        FIXTURE_TEST(full_disk_that_is_small_gets_space_back_by_itself),
        FIXTURE_TEST(full_disk_that_is_tiny_gets_space_back_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
