/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When snapshots are taken, and what happens when a step fails. The journal is
 * in memory, and sends a notice after each commit; snapshots are files in a
 * real folder, and calls of SQLite are those of a snapshot only.
 */
#include "lib/captured_log.h"
#include "lib/faulty_vfs.h"
#include "lib/folder.h"
#include "lib/memory_journal.h"
#include "lib/messages.h"
#include "lib/unit_check.h"

#include <poll.h>
#include <semaphore.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "store/commit.h"
#include "store/folder.h"
#include "store/snapshot_load.h"
#include "store/snapshots.h"
#include "table/table.h"

enum {
    ID = 42,
    ROCKETS = 50,
    PATIENCE = 10000, /* ms */
    LIMIT = 1000,     /* bytes of the journal: some 30 messages */
    RETRY_MS = 5,
};

static const char *const results[] = {"written", "failed"};

static const struct metric_family family = {
    .type = METRIC_COUNTER,
    .name = "snapshots",
    .help = "Snapshots.",
    .labels = {{"result", results, SNAPSHOTS_RESULTS}},
};

/* What a store joins. */
struct scene {
    char path[FOLDER_ROOT];
    struct folder *folder;
    struct metrics *metrics;
    struct metric *results;
    struct table *table;
    struct journal *journal;
    struct commit *commit;
    struct snapshots *snapshots;
    uint64_t journal_bytes;
    uint64_t sent; /* messages */
    sem_t settled;
};

static void pass_notice(void *snapshots)
{
    snapshots_notice(snapshots);
}

/* Recover what the folder and the journal have, and start. */
static void start(struct scene *scene)
{
    char error[JOURNAL_ERROR] = "", path[FOLDER_FILE];
    struct snapshot_info info = {0};

    scene->table = table_new(SIZE_MAX);
    scene->commit = commit_new(scene->journal, scene->table, NULL, NULL);
    if (scene->table == NULL || scene->commit == NULL)
        abort();
    table_limit_admission(scene->table, 100);
    folder_snapshot_path(scene->folder, "", path);
    struct snapshot_reader *reader =
        snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error);
    if (reader != NULL) {
        info = *snapshot_reader_info(reader);
        snapshot_reader_free(reader);
        if (snapshot_load(path, SNAPSHOT_OF_FOLDER, scene->table, NULL,
                          error) != JOURNAL_COMPLETE)
            fail_msg("%s", error);
    }
    assert_int_equal(scene->journal->methods->replay(
                         scene->journal, info.position,
                         commit_target(scene->commit), NULL, error),
                     JOURNAL_COMPLETE);
    scene->snapshots = snapshots_new(&(struct snapshots_options){
        .folder = scene->folder,
        .journal = scene->journal,
        .table = scene->table,
        .journal_bytes = scene->journal_bytes,
        .last = info.position != 0 ? &info : NULL,
        .results = scene->results,
        .retry_ms = RETRY_MS,
    });
    assert_non_null(scene->snapshots);
    commit_pass_notices(scene->commit, pass_notice, scene->snapshots);
    memory_journal_notify(scene->journal, 1);
    assert_true(scene->journal->methods->start(scene->journal,
                                               commit_target(scene->commit)));
    assert_true(snapshots_start(scene->snapshots));
}

/* Stop as the store does. The journal keeps what it has. */
static void stop(struct scene *scene)
{
    snapshots_stop(scene->snapshots);
    scene->journal = memory_journal_reopen(scene->journal);
    snapshots_free(scene->snapshots);
    commit_free(scene->commit);
    table_free(scene->table);
}

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    char error[JOURNAL_ERROR] = "";

    if (scene == NULL)
        abort();
    folder_make(scene->path);
    scene->folder = folder_open(scene->path, error);
    if (scene->folder == NULL)
        fail_msg("%s", error);
    scene->metrics = metrics_new();
    scene->results = metrics_add(scene->metrics, &family, NULL);
    scene->journal = memory_journal_new(ID);
    scene->journal_bytes = LIMIT;
    sync_semaphore_init(&scene->settled);
    start(scene);
    *context = scene;
    return 0;
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    faulty_vfs_plan((struct faulty_plan){0});
    stop(scene);
    scene->journal->methods->stop(scene->journal);
    metrics_free(scene->metrics);
    folder_close(scene->folder);
    folder_remove(scene->path);
    sem_destroy(&scene->settled);
    free(scene);
    return 0;
}

struct sent {
    struct commit_ticket ticket;
    struct scene *scene;
    char bytes[RECORD_MAX];
};

static void settled(struct commit_ticket *ticket)
{
    sync_semaphore_post(
        &container_of(ticket, struct sent, ticket)->scene->settled);
}

/* Commit messages, one by one, to some rockets in turn. */
static void send_messages(struct scene *scene, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sent sent = {.scene = scene};
        char id[32];
        snprintf(id, sizeof(id), "rocket %ju",
                 (uintmax_t)(scene->sent % ROCKETS));
        struct message message =
            message_speed(id, scene->sent / ROCKETS + 1, 1);
        commit_ticket_init(&sent.ticket, scene->commit, sent.bytes,
                           sizeof(sent.bytes));
        sent.ticket.settled = settled;
        assert_int_equal(commit_admit(&sent.ticket, &message), MESSAGE_APPLIED);
        assert_true(commit_append(&sent.ticket));
        sync_semaphore_wait(&scene->settled);
        assert_int_equal(sent.ticket.result, COMMIT_APPLIED);
        scene->sent++;
    }
}

/* Restart, and check that each rocket has all that was sent. */
static void check_state(struct scene *scene)
{
    stop(scene);
    start(scene);
    for (uint64_t i = 0; i < ROCKETS && i < scene->sent; i++) {
        uint64_t last = (scene->sent - 1 - i) / ROCKETS * ROCKETS + i;
        struct rocket_view view;
        char id[32];
        snprintf(id, sizeof(id), "rocket %ju", (uintmax_t)i);
        assert_true(table_find(scene->table, text_of(id), &view));
        assert_int_equal(view.last_number, last / ROCKETS + 1);
        assert_int_equal(view.missing, 0);
        assert_int_equal(view.revision, last + 1);
    }
    assert_int_equal(table_revision(scene->table), scene->sent);
}

static struct store_snapshot_status status_of(struct scene *scene)
{
    struct store_snapshot_status status;

    snapshots_status(scene->snapshots, &status);
    return status;
}

static uint64_t count_of(struct scene *scene, enum snapshots_result result)
{
    return metric_value(scene->results, result);
}

/* Wait until as many snapshots have this result, and none is going on. */
static struct store_snapshot_status
await(struct scene *scene, enum snapshots_result result, uint64_t count)
{
    for (unsigned ms = 0; ms < PATIENCE; ms++) {
        if (count_of(scene, result) >= count && !status_of(scene).running)
            return status_of(scene);
        poll(NULL, 0, 1);
    }
    fail_msg("not %ju snapshots are %s", (uintmax_t)count, results[result]);
    return status_of(scene);
}

/* Wait until the thread has looked again, after what was done before. */
static void await_looks(struct scene *scene, unsigned looks)
{
    unsigned before = memory_journal_calls(scene->journal, MEMORY_JOURNAL_TIDY);

    for (unsigned ms = 0; ms < PATIENCE; ms++) {
        snapshots_notice(scene->snapshots);
        if (memory_journal_calls(scene->journal, MEMORY_JOURNAL_TIDY) >
            before + looks)
            return;
        poll(NULL, 0, 1);
    }
    fail_msg("the thread sleeps");
}

static bool has_file(const struct scene *scene, const char *suffix)
{
    char path[FOLDER_FILE];

    folder_snapshot_path(scene->folder, suffix, path);
    return access(path, F_OK) == 0;
}

static size_t count_lines(const char *log, const char *part)
{
    size_t count = 0;

    for (const char *at = log; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void empty_journal_gets_no_snapshot(void **context)
{
    struct scene *scene = *context;

    memory_journal_fill(scene->journal);
    await_looks(scene, 3);
    assert_int_equal(memory_journal_calls(scene->journal, MEMORY_JOURNAL_ROLL),
                     0);
    assert_false(status_of(scene).exists);
    assert_true(status_of(scene).enabled);
}

static void journal_within_its_limit_gets_no_snapshot(void **context)
{
    struct scene *scene = *context;

    send_messages(scene, 10);
    await_looks(scene, 3);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 0);
    assert_false(has_file(scene, ""));
}

static void grown_journal_is_replaced_by_a_snapshot(void **context)
{
    struct scene *scene = *context;
    static struct captured_log log;
    struct journal_status journal;

    captured_log_start(&log);
    send_messages(scene, 60);
    struct store_snapshot_status status = await(scene, SNAPSHOTS_WRITTEN, 1);
    captured_log_stop(&log);
    assert_int_equal(count_lines(log.text, "snapshot of "), 1);
    assert_non_null(strstr(log.text, " rockets at position "));
    assert_non_null(strstr(log.text, "of the journal removed"));
    assert_true(status.exists && !status.running);
    assert_null(status.problem);
    assert_in_range(status.position, 25, 60);
    assert_in_range(status.rockets, 25, ROCKETS);
    assert_true(status.bytes > 0 && status.took_us > 0 && status.time > 0);
    scene->journal->methods->status(scene->journal, &journal);
    assert_true(journal.bytes < LIMIT + 100);
    check_state(scene);
    /* An earlier process took it, nobody knows in what time. */
    assert_int_equal(status_of(scene).position, status.position);
    assert_int_equal(status_of(scene).took_us, 0);
}

/* The snapshot's file is larger than the journal will ever be. */
static void snapshot_larger_than_the_journal_is_taken_once(void **context)
{
    struct scene *scene = *context;

    send_messages(scene, 60);
    await(scene, SNAPSHOTS_WRITTEN, 1);
    send_messages(scene, 100);
    await_looks(scene, 10);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 1);
    check_state(scene);
}

/* The others are for level debug. */
static void snapshots_within_a_minute_get_one_line(void **context)
{
    struct scene *scene = *context;
    static struct captured_log log;

    captured_log_start(&log);
    while (count_of(scene, SNAPSHOTS_WRITTEN) < 3)
        send_messages(scene, 50);
    await(scene, SNAPSHOTS_WRITTEN, 3);
    captured_log_stop(&log);
    assert_int_equal(count_lines(log.text, "snapshot of "), 1);
    check_state(scene);
}

static void without_snapshots_the_journal_is_tidied(void **context)
{
    struct scene *scene = *context;

    stop(scene);
    scene->journal_bytes = 0;
    start(scene);
    send_messages(scene, 100);
    await_looks(scene, 3);
    assert_false(status_of(scene).enabled);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 0);
    assert_false(has_file(scene, ".new"));
}

static void old_journal_gets_a_snapshot_at_the_start(void **context)
{
    struct scene *scene = *context;

    stop(scene);
    scene->journal_bytes = 0;
    start(scene);
    send_messages(scene, 100);
    stop(scene);
    scene->journal_bytes = LIMIT;
    start(scene);
    /* Without any notice. */
    assert_int_equal(await(scene, SNAPSHOTS_WRITTEN, 1).position, 100);
    check_state(scene);
}

static void full_disk_gets_space_back(void **context)
{
    struct scene *scene = *context;

    send_messages(scene, 5); /* less than a quarter of the limit */
    memory_journal_fill(scene->journal);
    await_looks(scene, 3);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 0);
    memory_journal_refuse(scene->journal, NULL);
    send_messages(scene, 10);
    await_looks(scene, 3);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 0);
    /* Another problem is not solved by space. */
    memory_journal_refuse(scene->journal, "it cannot be written");
    await_looks(scene, 3);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 0);
    memory_journal_fill(scene->journal);
    assert_int_equal(await(scene, SNAPSHOTS_WRITTEN, 1).position, 15);
    /* Once: there is nothing more to remove. */
    await_looks(scene, 5);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 1);
    memory_journal_refuse(scene->journal, NULL);
    check_state(scene);
}

/* Of what fails in turn, one line says so, and one that it has ended. */
static void failing_roll_is_tried_again(void **context)
{
    struct scene *scene = *context;
    static struct captured_log log;

    captured_log_start(&log);
    memory_journal_fail(scene->journal, 1U << MEMORY_JOURNAL_ROLL);
    send_messages(scene, 60);
    struct store_snapshot_status status = await(scene, SNAPSHOTS_FAILED, 3);
    memory_journal_fail(scene->journal, 0);
    await(scene, SNAPSHOTS_WRITTEN, 1);
    captured_log_stop(&log);
    assert_non_null(status.problem);
    assert_non_null(strstr(status.problem, "cannot begin a segment"));
    assert_false(status.exists);
    assert_null(status_of(scene).problem);
    assert_int_equal(count_lines(log.text, "cannot begin a segment"), 1);
    assert_int_equal(count_lines(log.text, "could be written again"), 1);
    check_state(scene);
}

/* It was due only as the disk was full. */
static void problem_ends_when_the_disk_has_space(void **context)
{
    struct scene *scene = *context;
    static struct captured_log log;

    captured_log_start(&log);
    memory_journal_fail(scene->journal, 1U << MEMORY_JOURNAL_ROLL);
    send_messages(scene, 15);
    memory_journal_fill(scene->journal);
    assert_non_null(await(scene, SNAPSHOTS_FAILED, 1).problem);
    memory_journal_refuse(scene->journal, NULL);
    for (unsigned ms = 0; status_of(scene).problem != NULL && ms < PATIENCE;
         ms++)
        poll(NULL, 0, 1);
    captured_log_stop(&log);
    assert_null(status_of(scene).problem);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 0);
    assert_int_equal(count_lines(log.text, "no snapshot is needed"), 1);
    memory_journal_fail(scene->journal, 0);
    check_state(scene);
}

static void failures_are_tried_again_ever_later(void **context)
{
    struct scene *scene = *context;

    memory_journal_fail(scene->journal, 1U << MEMORY_JOURNAL_ROLL);
    send_messages(scene, 60);
    await(scene, SNAPSHOTS_FAILED, 1);
    uint64_t begin = clock_us(CLOCK_MONOTONIC);
    for (unsigned ms = 0; ms < 100; ms++) {
        snapshots_notice(scene->snapshots);
        poll(NULL, 0, 1);
    }
    uint64_t passed = (clock_us(CLOCK_MONOTONIC) - begin) / 1000;
    uint64_t tries = 2, waits = RETRY_MS;
    for (uint64_t ms = RETRY_MS; waits + 2 * ms <= passed; waits += ms) {
        tries++;
        ms *= 2;
    }
    assert_in_range(count_of(scene, SNAPSHOTS_FAILED), 2, tries + 1);
}

/* To take another one would not help. */
static void journal_that_cannot_be_removed_is_no_reason_for_more(void **context)
{
    struct scene *scene = *context;
    static struct captured_log log;
    struct journal_status journal;

    captured_log_start(&log);
    memory_journal_fail(scene->journal, 1U << MEMORY_JOURNAL_FORGET);
    send_messages(scene, 60);
    uint64_t bytes = await(scene, SNAPSHOTS_WRITTEN, 1).bytes;
    do {
        send_messages(scene, 100);
        scene->journal->methods->status(scene->journal, &journal);
    } while (journal.bytes < bytes + LIMIT);
    unsigned calls =
        memory_journal_calls(scene->journal, MEMORY_JOURNAL_FORGET);
    for (unsigned ms = 0;
         memory_journal_calls(scene->journal, MEMORY_JOURNAL_FORGET) <
             calls + 2 &&
         ms < PATIENCE;
         ms++)
        poll(NULL, 0, 1);
    struct store_snapshot_status status = status_of(scene);
    uint64_t written = count_of(scene, SNAPSHOTS_WRITTEN);
    uint64_t failed = count_of(scene, SNAPSHOTS_FAILED);
    memory_journal_fail(scene->journal, 0);
    await(scene, SNAPSHOTS_WRITTEN, 1);
    for (unsigned ms = 0; status_of(scene).problem != NULL && ms < PATIENCE;
         ms++)
        poll(NULL, 0, 1);
    captured_log_stop(&log);
    assert_int_equal(written, 1);
    assert_true(failed > 1);
    assert_non_null(status.problem);
    assert_non_null(strstr(status.problem, "cannot be removed"));
    assert_null(status_of(scene).problem);
    assert_int_equal(count_lines(log.text, "could be removed again"), 1);
    check_state(scene);
}

/* A kill between the rename and the removal of segments. */
static void start_removes_what_the_snapshot_holds(void **context)
{
    struct scene *scene = *context;
    struct journal_status journal;

    memory_journal_fail(scene->journal, 1U << MEMORY_JOURNAL_FORGET);
    send_messages(scene, 60);
    await(scene, SNAPSHOTS_WRITTEN, 1);
    scene->journal->methods->status(scene->journal, &journal);
    assert_true(journal.bytes > LIMIT);
    check_state(scene); /* which reopens the journal */
    await_looks(scene, 2);
    scene->journal->methods->status(scene->journal, &journal);
    assert_true(journal.bytes < LIMIT + 100);
    assert_int_equal(count_of(scene, SNAPSHOTS_WRITTEN), 1);
}

/* Each call of SQLite in turn: the snapshot before stays, and one follows. */
static void each_call_of_a_snapshot_can_fail(void **context)
{
    static const struct faulty_plan plans[] = {
        {.calls = FAULTY_WRITE, .code = SQLITE_FULL},
        {.calls = FAULTY_WRITE, .code = SQLITE_IOERR_WRITE, .half = true},
        {.calls = FAULTY_SYNC, .code = SQLITE_IOERR_FSYNC},
        {.calls = FAULTY_TRUNCATE, .code = SQLITE_IOERR_TRUNCATE},
        {.calls = FAULTY_OPEN, .code = SQLITE_CANTOPEN},
    };
    struct scene *scene = *context;
    static struct captured_log log;
    uint64_t failures = 0;

    captured_log_start(&log);
    for (size_t i = 0; i < COUNT(plans); i++) {
        for (unsigned first = 1;; first++) {
            struct faulty_plan plan = plans[i];
            uint64_t written = count_of(scene, SNAPSHOTS_WRITTEN);
            plan.first = first;
            plan.count = 1;
            faulty_vfs_plan(plan);
            while (count_of(scene, SNAPSHOTS_WRITTEN) == written)
                send_messages(scene, 50);
            await(scene, SNAPSHOTS_WRITTEN, written + 1);
            bool failed = count_of(scene, SNAPSHOTS_FAILED) > failures;
            failures = count_of(scene, SNAPSHOTS_FAILED);
            faulty_vfs_plan((struct faulty_plan){0});
            if (!failed)
                break;
            check_state(scene);
        }
        assert_true(failures > 0);
    }
    captured_log_stop(&log);
}

/* Some mebibytes of images, so that there are several syncs. */
static void add_rockets(struct scene *scene)
{
    static struct table_item items[TABLE_GROUP];
    static struct message messages[TABLE_GROUP];
    static char ids[TABLE_GROUP][128];
    uint64_t position = scene->sent;

    for (size_t group = 0; group < 4000; group++) {
        for (size_t i = 0; i < TABLE_GROUP; i++) {
            snprintf(ids[i], sizeof(ids[i]), "%0*ju", 100,
                     (uintmax_t)++position);
            messages[i] = message_speed(ids[i], 1, 1);
            items[i] = (struct table_item){&messages[i], position, 0};
        }
        table_apply_group(scene->table, items, TABLE_GROUP);
    }
}

/* The disk takes long for each sync: the stop waits for one only. */
static void stop_ends_a_snapshot_quickly(void **context)
{
    enum { SYNC_MS = 400 };
    struct scene *scene = *context;

    send_messages(scene, 60);
    uint64_t position = await(scene, SNAPSHOTS_WRITTEN, 1).position;
    add_rockets(scene);
    faulty_vfs_plan(
        (struct faulty_plan){.calls = FAULTY_SYNC, .delay = SYNC_MS});
    send_messages(scene, 5000);
    for (unsigned ms = 0; !status_of(scene).running && ms < PATIENCE; ms++)
        poll(NULL, 0, 1);
    assert_true(status_of(scene).running);
    unsigned before = faulty_vfs_calls();
    snapshots_stop(scene->snapshots);
    assert_in_range(faulty_vfs_calls(), before, before + 1);
    faulty_vfs_plan((struct faulty_plan){0});
    assert_int_equal(status_of(scene).position, position);
    assert_int_equal(count_of(scene, SNAPSHOTS_FAILED), 0);
    assert_false(has_file(scene, ".new"));
    check_state(scene);
    assert_true(status_of(scene).position >= position);
}

static void room_is_kept_and_given_back(void **context)
{
    struct scene *scene = *context;
    char path[FOLDER_FILE];
    struct stat status = {0};

    folder_snapshot_path(scene->folder, ".new", path);
    for (unsigned ms = 0; ms < PATIENCE && stat(path, &status) != 0; ms++)
        poll(NULL, 0, 1);
    if (stat(path, &status) != 0)
        skip(); /* the file system cannot */
    assert_int_equal(status.st_size, 0);
    assert_true(status.st_blocks * 512 >= SNAPSHOTS_ROOM);
    snapshots_stop(scene->snapshots);
    assert_false(has_file(scene, ".new"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(empty_journal_gets_no_snapshot),
        FIXTURE_TEST(journal_within_its_limit_gets_no_snapshot),
        FIXTURE_TEST(grown_journal_is_replaced_by_a_snapshot),
        FIXTURE_TEST(snapshot_larger_than_the_journal_is_taken_once),
        FIXTURE_TEST(snapshots_within_a_minute_get_one_line),
        FIXTURE_TEST(without_snapshots_the_journal_is_tidied),
        FIXTURE_TEST(old_journal_gets_a_snapshot_at_the_start),
        FIXTURE_TEST(full_disk_gets_space_back),
        FIXTURE_TEST(failing_roll_is_tried_again),
        FIXTURE_TEST(problem_ends_when_the_disk_has_space),
        FIXTURE_TEST(failures_are_tried_again_ever_later),
        FIXTURE_TEST(journal_that_cannot_be_removed_is_no_reason_for_more),
        FIXTURE_TEST(start_removes_what_the_snapshot_holds),
        FIXTURE_TEST(each_call_of_a_snapshot_can_fail),
        FIXTURE_TEST(stop_ends_a_snapshot_quickly),
        FIXTURE_TEST(room_is_kept_and_given_back),
    };

    faulty_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
