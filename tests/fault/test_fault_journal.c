/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal while calls of SQLite to the system fail, each in turn: what was
 * settled is there after the next start, and what was refused is not, unless
 * the process ended. The journal runs in a child process, as it ends that when
 * it cannot know what is on the disk.
 */
#include "lib/captured_log.h"
#include "lib/faulty_vfs.h"
#include "lib/journal_user.h"
#include "lib/store_folder.h"

#include <poll.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "store/segment.h"

/*
 * By default ThreadSanitizer lets a process that has threads sleep for a second
 * at its end; here some 500 children end.
 */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}

enum {
    TICKETS = 8,
    STEP = 10000, /* from a ticket's first number to that of the next */
    FOREVER = 1000000,
    PATIENCE = 10000, /* ms, until the journal works again */
    CANNOT_OPEN = 3,  /* exit status of the child */
};

/* Small and large ones, so that logs and segments end in between. */
static const size_t ticket_counts[TICKETS] = {1, 400, 1, 2, 3000, 5, 1, 900};

/* What the child has told about a ticket. */
struct answer {
    enum journal_outcome outcome; /* JOURNAL_PENDING: nothing */
    uint64_t last;
};

struct run {
    int status; /* of the child */
    unsigned calls;
    struct answer answers[TICKETS];
    char log[4096];
};

/* Shared with the child. */
struct shared {
    unsigned calls;
    struct answer answers[TICKETS];
};

static void set_options(struct store_folder *folder)
{
    folder->options.checkpoint = UINT64_C(64) << 10;
    folder->options.segment = UINT64_C(64) << 10;
    folder->options.probe_ms = 1;
}

static void await_no_problem(struct journal *journal)
{
    struct journal_status status;

    for (unsigned ms = 0; ms < PATIENCE; ms++) {
        journal->methods->status(journal, &status);
        if (status.problem == NULL)
            return;
        poll(NULL, 0, 1);
    }
    abort();
}

/* The child: commit all tickets, with a roll in between, and maybe stop. */
static void send_tickets(struct store_folder *folder, struct shared *shared,
                         bool stop)
{
    struct journal *journal = folder->journal;
    struct user *user = calloc(1, sizeof(*user));
    char error[JOURNAL_ERROR];

    if (user == NULL)
        abort();
    user_init(user);
    if (journal->methods->replay(journal, 0, &user->target, NULL, error) !=
        JOURNAL_COMPLETE)
        _exit(CANNOT_OPEN);
    if (!journal->methods->start(journal, &user->target))
        abort();
    for (size_t i = 0; i < TICKETS; i++) {
        struct user_ticket ticket;
        user_fill_ticket(&ticket, user, i * STEP + 1, ticket_counts[i]);
        if (!user_append(journal, &ticket))
            abort();
        user_wait(user, 1);
        shared->answers[i] =
            (struct answer){ticket.journal.outcome, ticket.journal.last};
        user_free_ticket(&ticket);
        await_no_problem(journal);
        if (i == TICKETS / 2)
            journal->methods->roll(journal);
        await_no_problem(journal);
    }
    if (stop)
        store_folder_stop(folder);
    free(user);
}

/*
 * Run the journal of `folder` in a child, whose calls fail by `plan`. Without
 * `stop` it ends like a process that is killed.
 */
static void run_child(struct store_folder *folder, struct faulty_plan plan,
                      bool stop, struct run *run)
{
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FILE *log = tmpfile();
    char error[JOURNAL_ERROR];

    assert_true(shared != MAP_FAILED);
    assert_non_null(log);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fileno(log), STDERR_FILENO);
        set_options(folder);
        faulty_vfs_plan(plan);
        if (store_folder_try_open(folder, error) == NULL) {
            fprintf(stderr, "%s\n", error);
            _exit(CANNOT_OPEN);
        }
        send_tickets(folder, shared, stop);
        shared->calls = faulty_vfs_calls();
        _exit(EXIT_SUCCESS);
    }
    assert_int_equal(waitpid(child, &run->status, 0), child);
    run->calls = shared->calls;
    memcpy(run->answers, shared->answers, sizeof(run->answers));
    rewind(log);
    run->log[fread(run->log, 1, sizeof(run->log) - 1, log)] = '\0';
    fclose(log);
    munmap(shared, sizeof(*shared));
}

/* Whether the records of ticket `i` are next in `user`; then step over them. */
static bool take_ticket(const struct user *user, size_t *at, size_t i)
{
    if (*at == user->count || user->numbers[*at] != i * STEP + 1)
        return false;
    for (size_t k = 0; k < ticket_counts[i]; k++)
        if (*at + k >= user->count ||
            user->numbers[*at + k] != i * STEP + 1 + k)
            fail_msg("ticket %zu is there in part", i);
    *at += ticket_counts[i];
    return true;
}

/* Logs were copied by the replay, also those of complete segments. */
static void check_logs(const struct store_folder *folder)
{
    struct folder_segments segments;
    char error[JOURNAL_ERROR];

    assert_true(folder_list(folder->folder, &segments, error));
    for (size_t i = 0; i < segments.count; i++)
        if (segment_has_log(folder->folder, segments.first[i]))
            fail_msg("a log is left at %ju", (uintmax_t)segments.first[i]);
    folder_segments_release(&segments);
}

/* Start again without faults, and compare with what the child has told. */
static void check_restart(struct store_folder *folder, const struct run *run)
{
    struct user *user = calloc(1, sizeof(*user));
    bool ended = WEXITSTATUS(run->status) != EXIT_SUCCESS;
    char error[JOURNAL_ERROR] = "";
    size_t at = 0;

    assert_non_null(user);
    user_init(user);
    struct journal *journal = store_folder_open(folder);
    if (journal->methods->replay(journal, 0, &user->target, NULL, error) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", error);
    check_logs(folder);
    for (size_t i = 0; i < TICKETS; i++) {
        const struct answer *answer = &run->answers[i];
        bool found = take_ticket(user, &at, i);
        if (answer->outcome == JOURNAL_SETTLED) {
            if (!found || answer->last != user->first + at - 1)
                fail_msg("ticket %zu was settled, and is not there", i);
        } else if (found && !ended) {
            fail_msg("ticket %zu was rolled back, and is there", i);
        }
    }
    assert_int_equal(at, user->count);
    /* It can be written. */
    assert_true(journal->methods->start(journal, &user->target));
    assert_int_equal(user_commit(journal, user, 1, 1), JOURNAL_SETTLED);
    store_folder_stop(folder);
    free(user);
}

/* What a failure of some calls leads to. */
struct fault_case {
    const char *name;
    struct faulty_plan plan;
    bool ends; /* the process, when it is a commit or checkpoint that fails */
    unsigned stride; /* from one call that fails to the next */
};

static void fail_each_call(const struct fault_case *fault, bool stop)
{
    struct store_folder folder;
    struct run run = {0};
    unsigned failures = 0;

    for (unsigned first = 1;; first += fault->stride) {
        struct faulty_plan plan = fault->plan;
        plan.first = first;
        plan.count = 1;
        store_folder_make_fast(&folder);
        run_child(&folder, plan, stop, &run);
        if (!WIFEXITED(run.status))
            fail_msg("%s: call %u: status %d: %s", fault->name, first,
                     run.status, run.log);
        int status = WEXITSTATUS(run.status);
        bool failed = status != EXIT_SUCCESS || run.calls >= first;
        bool said = strstr(run.log, "it is not known") != NULL;
        /* At the stop, a failure of the last checkpoint is logged only. */
        if ((status == EXIT_FAILURE && (!fault->ends || !said)) ||
            (status == EXIT_SUCCESS && failed && fault->ends && !stop))
            fail_msg("%s: call %u: status %d: %s", fault->name, first, status,
                     run.log);
        failures += failed;
        check_restart(&folder, &run);
        store_folder_remove(&folder);
        if (!failed)
            break;
    }
    assert_true(failures > 0);
}

static void each_call_can_fail(const struct fault_case *fault)
{
    fail_each_call(fault, true);
    fail_each_call(fault, false);
}

#define EACH_CALL(test, case_calls, case_code, case_half, case_ends, step)     \
    static void test(void **context)                                           \
    {                                                                          \
        (void)context;                                                         \
        each_call_can_fail(&(struct fault_case){                               \
            #test,                                                             \
            {.calls = (case_calls), .code = (case_code), .half = (case_half)}, \
            case_ends,                                                         \
            step});                                                            \
    }

EACH_CALL(any_write_can_find_the_disk_full, FAULTY_WRITE, SQLITE_FULL, true,
          false, 1)
EACH_CALL(any_write_can_fail, FAULTY_WRITE, SQLITE_IOERR_WRITE, false, false, 1)
EACH_CALL(any_sync_can_fail, FAULTY_SYNC, SQLITE_IOERR_FSYNC, false, true, 1)
/* As if memory ended after the sync: the frames of the commit are all there. */
EACH_CALL(any_commit_can_be_rolled_back_late, FAULTY_SYNC, SQLITE_IOERR_NOMEM,
          false, false, 1)
EACH_CALL(any_truncation_can_fail, FAULTY_TRUNCATE, SQLITE_IOERR_TRUNCATE,
          false, false, 1)
EACH_CALL(any_read_can_fail, FAULTY_READ, SQLITE_IOERR_READ, false, false, 1)
EACH_CALL(any_file_can_be_refused, FAULTY_OPEN, SQLITE_CANTOPEN, false, false,
          1)
EACH_CALL(any_allocation_can_fail, FAULTY_ALLOCATION, SQLITE_NOMEM, false,
          false, 7)

/* Open the journal of `folder` in this process, whose calls do not fail yet. */
static struct journal *open_here(struct store_folder *folder,
                                 struct user **user)
{
    char error[JOURNAL_ERROR] = "";

    store_folder_make_fast(folder);
    set_options(folder);
    *user = calloc(1, sizeof(**user));
    assert_non_null(*user);
    user_init(*user);
    struct journal *journal = store_folder_open(folder);
    assert_int_equal(
        journal->methods->replay(journal, 0, &(*user)->target, NULL, error),
        JOURNAL_COMPLETE);
    assert_true(journal->methods->start(journal, &(*user)->target));
    return journal;
}

static size_t count_lines(const char *log, const char *part)
{
    size_t count = 0;

    for (const char *at = log; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void full_disk_refuses_until_there_is_room(void **context)
{
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_here(&folder, &user);
    struct journal_status status;

    (void)context;
    assert_int_equal(user_commit(journal, user, 1, 1), JOURNAL_SETTLED);
    captured_log_start(&log);
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_WRITE,
                                         .first = 1,
                                         .count = FOREVER,
                                         .code = SQLITE_FULL});
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(user_commit(journal, user, 2, 1), JOURNAL_REFUSED);
    /* Several probes have failed meanwhile. */
    poll(NULL, 0, 20);
    journal->methods->status(journal, &status);
    bool said =
        status.problem != NULL &&
        strstr(status.problem, "the disk is full, so messages get 503") != NULL;
    faulty_vfs_plan((struct faulty_plan){0});
    /* Without any message. */
    await_no_problem(journal);
    enum journal_outcome outcome = user_commit(journal, user, 2, 1);
    captured_log_stop(&log);
    assert_true(said);
    assert_int_equal(status.position, 1);
    assert_int_equal(outcome, JOURNAL_SETTLED);
    assert_int_equal(user->count, 2);
    assert_int_equal(
        count_lines(log.text, "the disk is full, so messages get 503"), 1);
    assert_int_equal(count_lines(log.text, "can be written again"), 1);
    assert_int_equal(log.writes, 2);
    store_folder_remove(&folder);
    free(user);
}

/* Each commit is slow, and the log says so once. */
static void slow_commits_are_logged_once(void **context)
{
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_here(&folder, &user);

    (void)context;
    captured_log_start(&log);
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC, .delay = 1001});
    user_commit(journal, user, 1, 1);
    user_commit(journal, user, 2, 1);
    faulty_vfs_plan((struct faulty_plan){0});
    captured_log_stop(&log);
    assert_int_equal(count_lines(log.text, "the disk is slow"), 1);
    assert_int_equal(log.writes, 1);
    store_folder_remove(&folder);
    free(user);
}

static uint64_t log_size(const struct store_folder *folder)
{
    char path[128];
    struct stat status;

    snprintf(path, sizeof(path), "%s/journal-%020d.db-wal", folder->path, 1);
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/*
 * The log may be in memory only, if a sync of it has failed: before anything is
 * served, it is written to the database.
 */
static void recovery_empties_the_log(void **context)
{
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_here(&folder, &user);
    char error[JOURNAL_ERROR] = "";

    (void)context;
    user_commit(journal, user, 1, 10);
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC,
                                         .first = 1,
                                         .count = 1,
                                         .code = SQLITE_IOERR_FSYNC});
    captured_log_start(&log);
    store_folder_stop(&folder);
    captured_log_stop(&log);
    faulty_vfs_plan((struct faulty_plan){0});
    assert_int_equal(count_lines(log.text, "a checkpoint of the journal"), 1);
    /* No second sync, which could succeed without having written anything. */
    assert_true(log_size(&folder) > 0);
    journal = store_folder_open(&folder);
    user_init(user);
    assert_int_equal(
        journal->methods->replay(journal, 0, &user->target, NULL, error),
        JOURNAL_COMPLETE);
    assert_int_equal(user->applied, 10);
    assert_int_equal(log_size(&folder), 0);
    store_folder_remove(&folder);
    free(user);
}

/* If that cannot be done, the start fails, and nothing is lost. */
static void recovery_needs_a_checkpoint(void **context)
{
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_here(&folder, &user);
    char error[JOURNAL_ERROR] = "";

    (void)context;
    user_commit(journal, user, 1, 10);
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_WRITE,
                                         .first = 1,
                                         .count = FOREVER,
                                         .code = SQLITE_FULL});
    captured_log_start(&log);
    store_folder_stop(&folder);
    captured_log_stop(&log);
    journal = store_folder_open(&folder);
    user_init(user);
    assert_int_equal(
        journal->methods->replay(journal, 0, &user->target, NULL, error),
        JOURNAL_FAILED);
    assert_non_null(strstr(error, "a checkpoint of the journal failed"));
    store_folder_stop(&folder);
    faulty_vfs_plan((struct faulty_plan){0});
    journal = store_folder_open(&folder);
    user_init(user);
    assert_int_equal(
        journal->methods->replay(journal, 0, &user->target, NULL, error),
        JOURNAL_COMPLETE);
    assert_int_equal(user->applied, 10);
    store_folder_remove(&folder);
    free(user);
}

/* Whether a commit is refused after its frames were written. Then wait. */
static bool is_refused_late(struct journal *journal, struct user *user,
                            uint64_t number, size_t count)
{
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC,
                                         .first = 1,
                                         .count = 1,
                                         .code = SQLITE_IOERR_NOMEM});
    enum journal_outcome outcome = user_commit(journal, user, number, count);
    await_no_problem(journal);
    return outcome == JOURNAL_REFUSED;
}

/*
 * The frames of a large commit, of a smaller one over its begin, and of a small
 * one over the begin of that: if those of the refused ones were left, there
 * would be ends of two commits behind the last whole one, as after damage.
 */
static void refused_commits_leave_no_frames(void **context)
{
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_here(&folder, &user);
    char error[JOURNAL_ERROR] = "";

    (void)context;
    /* The log has its header then, so the next sync is that of a commit. */
    assert_int_equal(user_commit(journal, user, 1, 1), JOURNAL_SETTLED);
    captured_log_start(&log);
    bool refused = is_refused_late(journal, user, 10000, 3000) &&
                   is_refused_late(journal, user, 20000, 400);
    enum journal_outcome outcome = user_commit(journal, user, 2, 1);
    /* The last checkpoint fails: the log stays as after a kill. */
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC,
                                         .first = 1,
                                         .count = 1,
                                         .code = SQLITE_IOERR_FSYNC});
    store_folder_stop(&folder);
    captured_log_stop(&log);
    faulty_vfs_plan((struct faulty_plan){0});
    assert_true(refused);
    assert_int_equal(outcome, JOURNAL_SETTLED);
    assert_true(log_size(&folder) > 0);
    journal = store_folder_open(&folder);
    user_init(user);
    if (journal->methods->replay(journal, 0, &user->target, NULL, error) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_int_equal(user->applied, 2);
    assert_int_equal(user->numbers[1], 2);
    store_folder_remove(&folder);
    free(user);
}

/* The journal stops, with its logs as after a kill. Then start it again. */
static struct journal *restart_with_logs(struct store_folder *folder,
                                         struct user *user)
{
    static struct captured_log log;
    char error[JOURNAL_ERROR] = "";

    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC,
                                         .first = 1,
                                         .count = FOREVER,
                                         .code = SQLITE_IOERR_FSYNC});
    captured_log_start(&log);
    store_folder_stop(folder);
    captured_log_stop(&log);
    faulty_vfs_plan((struct faulty_plan){0});
    struct journal *journal = store_folder_open(folder);
    user_init(user);
    if (journal->methods->replay(journal, 0, &user->target, NULL, error) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", error);
    assert_true(journal->methods->start(journal, &user->target));
    return journal;
}

/* A problem that lasts, as the disk is not probed in the time of a test. */
static struct journal *open_without_probes(struct store_folder *folder,
                                           struct user **user)
{
    struct journal *journal = open_here(folder, user);

    store_folder_stop(folder);
    folder->options.probe_ms = FOREVER;
    user_init(*user);
    (void)journal;
    return restart_with_logs(folder, *user);
}

/*
 * If the frames of the refused commit stayed in the log of the old segment, a
 * start would read its records, and then those of the new segment, with the
 * same positions.
 */
static void roll_after_a_refused_commit_uses_positions_once(void **context)
{
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_without_probes(&folder, &user);

    (void)context;
    assert_int_equal(user_commit(journal, user, 1, 1), JOURNAL_SETTLED);
    captured_log_start(&log);
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC,
                                         .first = 1,
                                         .count = 1,
                                         .code = SQLITE_IOERR_NOMEM});
    enum journal_outcome outcome = user_commit(journal, user, 10000, 100);
    uint64_t position = journal->methods->roll(journal);
    captured_log_stop(&log);
    assert_int_equal(outcome, JOURNAL_REFUSED);
    assert_int_equal(position, 1);
    folder.options.probe_ms = 1;
    journal = restart_with_logs(&folder, user);
    assert_int_equal(user->applied, 1);
    assert_int_equal(user_commit(journal, user, 2, 1), JOURNAL_SETTLED);
    restart_with_logs(&folder, user);
    assert_int_equal(user->applied, 2);
    store_folder_remove(&folder);
    free(user);
}

/* What was refused is not whole in the log, which is left to tidy(). */
static void full_disk_does_not_keep_a_segment_from_being_begun(void **context)
{
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_without_probes(&folder, &user);
    struct journal_status status;

    (void)context;
    assert_int_equal(user_commit(journal, user, 1, 1), JOURNAL_SETTLED);
    assert_int_equal(user->notices, 0);
    captured_log_start(&log);
    faulty_vfs_plan((struct faulty_plan){
        .calls = FAULTY_WRITE, .first = 7, .count = 1, .code = SQLITE_FULL});
    enum journal_outcome outcome = user_commit(journal, user, 10000, 1000);
    journal->methods->status(journal, &status);
    unsigned notices = user->notices;
    uint64_t position = journal->methods->roll(journal);
    captured_log_stop(&log);
    assert_int_equal(outcome, JOURNAL_REFUSED);
    assert_true(status.full);
    assert_int_equal(notices, 1);
    assert_int_equal(position, 1);
    assert_true(segment_has_log(folder.folder, 1));
    folder.options.probe_ms = 1;
    captured_log_start(&log);
    restart_with_logs(&folder, user);
    captured_log_stop(&log);
    assert_non_null(strstr(log.text, "ends within a commit"));
    assert_int_equal(user->applied, 1);
    store_folder_remove(&folder);
    free(user);
}

/* Each call in turn: nothing is lost, and it can be done later. */
static void tidy_can_fail(void **context)
{
    static const struct faulty_plan plans[] = {
        {.calls = FAULTY_WRITE, .code = SQLITE_FULL},
        {.calls = FAULTY_WRITE, .code = SQLITE_IOERR_WRITE, .half = true},
        {.calls = FAULTY_SYNC, .code = SQLITE_IOERR_FSYNC},
        {.calls = FAULTY_TRUNCATE, .code = SQLITE_IOERR_TRUNCATE},
        {.calls = FAULTY_READ, .code = SQLITE_IOERR_READ},
    };
    static struct captured_log log;
    struct store_folder folder;
    struct user *user = NULL;
    struct journal *journal = open_here(&folder, &user);
    uint64_t number = 1;

    (void)context;
    for (size_t i = 0; i < COUNT(plans); i++) {
        unsigned failures = 0;
        for (unsigned first = 1;; first++) {
            struct faulty_plan plan = plans[i];
            plan.first = first;
            plan.count = 1;
            user_commit(journal, user, number, 10);
            number += 10;
            journal->methods->roll(journal);
            captured_log_start(&log);
            faulty_vfs_plan(plan);
            bool tidied = journal->methods->tidy(journal);
            faulty_vfs_plan((struct faulty_plan){0});
            captured_log_stop(&log);
            assert_int_equal(count_lines(log.text, "cannot copy the log of"),
                             !tidied);
            if (tidied)
                break;
            failures++;
            if (first % 2 == 0)
                assert_true(journal->methods->tidy(journal));
            journal = restart_with_logs(&folder, user);
            assert_int_equal(user->applied, number - 1);
        }
        assert_true(failures > 0);
    }
    store_folder_remove(&folder);
    free(user);
}

/* Whoever starts the service is told what to do, and can try again. */
static void new_journal_on_a_full_disk_is_refused(void **context)
{
    struct store_folder folder;
    char error[JOURNAL_ERROR] = "";

    (void)context;
    store_folder_make(&folder);
    faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_WRITE,
                                         .first = 1,
                                         .count = FOREVER,
                                         .code = SQLITE_FULL});
    assert_null(store_folder_try_open(&folder, error));
    assert_non_null(strstr(error, "cannot make a journal in /tmp/"));
    assert_non_null(strstr(error, "disk is full: free space on the file "));
    faulty_vfs_plan((struct faulty_plan){0});
    assert_non_null(store_folder_open(&folder));
    store_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_write_can_find_the_disk_full),
        cmocka_unit_test(any_write_can_fail),
        cmocka_unit_test(any_sync_can_fail),
        cmocka_unit_test(any_commit_can_be_rolled_back_late),
        cmocka_unit_test(any_truncation_can_fail),
        cmocka_unit_test(any_read_can_fail),
        cmocka_unit_test(any_file_can_be_refused),
        cmocka_unit_test(any_allocation_can_fail),
        cmocka_unit_test(full_disk_refuses_until_there_is_room),
        cmocka_unit_test(slow_commits_are_logged_once),
        cmocka_unit_test(recovery_empties_the_log),
        cmocka_unit_test(recovery_needs_a_checkpoint),
        cmocka_unit_test(refused_commits_leave_no_frames),
        cmocka_unit_test(roll_after_a_refused_commit_uses_positions_once),
        cmocka_unit_test(full_disk_does_not_keep_a_segment_from_being_begun),
        cmocka_unit_test(tidy_can_fail),
        cmocka_unit_test(new_journal_on_a_full_disk_is_refused),
    };

    faulty_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
