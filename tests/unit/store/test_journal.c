/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of journal.h, for each kind of journal.
 */
#include "lib/captured_log.h"
#include "lib/journal_user.h"
#include "lib/memory_journal.h"
#ifdef LUNAR_KAFKA
#include "lib/replica_scene.h"
#endif
#include "lib/store_folder.h"
#include "store/segment.h"

#include <sqlite3.h>

enum { MANY = 500 };

enum kind { IN_MEMORY, ON_SQLITE, ON_TOPIC };

/* A journal under test. */
struct fixture {
    enum kind kind;
    struct store_folder folder; /* ON_SQLITE */
#ifdef LUNAR_KAFKA
    struct mock_topic topic;
    struct replica_scene scene; /* its user and journal are those below */
#endif
    struct journal *journal;
    struct user *user; /* what it is replayed and started with */
};

static enum journal_replayed replay(struct fixture *fixture, uint64_t after,
                                    const struct journal_watch *watch)
{
    char error[JOURNAL_ERROR] = "";
    enum journal_replayed result = fixture->journal->methods->replay(
        fixture->journal, after, &fixture->user->target, watch, error);

    assert_string_equal(error, "");
    return result;
}

static void start(struct fixture *fixture)
{
    assert_true(fixture->journal->methods->start(fixture->journal,
                                                 &fixture->user->target));
}

#ifdef LUNAR_KAFKA

/* Its messages have the positions from 1 on, as for the other journals. */
static void open_topic(struct fixture *fixture)
{
    bool needs_snapshot = true;

    replica_scene_open(&fixture->scene);
    if (replica_scene_prepare(&fixture->scene, NULL, &needs_snapshot) !=
        JOURNAL_COMPLETE)
        fail_msg("%s", fixture->scene.error);
    assert_false(needs_snapshot);
    fixture->journal = fixture->scene.journal;
}

static void make_topic(struct fixture *fixture)
{
    mock_topic_make(&fixture->topic, 1, 1);
    replica_scene_make(&fixture->scene, &fixture->topic);
    fixture->scene.options.limits.max_pending_bytes = 1 << 20;
    fixture->user = fixture->scene.user;
    open_topic(fixture);
}

static void remove_topic(struct fixture *fixture)
{
    replica_scene_remove(&fixture->scene);
    mock_topic_remove(&fixture->topic);
}

static void reopen_topic(struct fixture *fixture)
{
    replica_scene_stop(&fixture->scene);
    open_topic(fixture);
}

#else

static void make_topic(struct fixture *fixture)
{
    (void)fixture;
}

static void remove_topic(struct fixture *fixture)
{
    (void)fixture;
}

static void reopen_topic(struct fixture *fixture)
{
    (void)fixture;
}

#endif

/* Stop the journal and open what it has left, for another target. */
static void reopen(struct fixture *fixture)
{
    switch (fixture->kind) {
    case IN_MEMORY:
        fixture->journal = memory_journal_reopen(fixture->journal);
        break;
    case ON_SQLITE:
        store_folder_stop(&fixture->folder);
        fixture->journal = store_folder_open(&fixture->folder);
        break;
    case ON_TOPIC:
        reopen_topic(fixture);
        break;
    }
    user_init(fixture->user);
    fixture->user->shared = fixture->kind == ON_TOPIC;
}

static struct user *new_user(void)
{
    struct user *user = calloc(1, sizeof(*user));

    if (user == NULL)
        abort();
    user_init(user);
    return user;
}

static int set_up(void **context)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        abort();
    fixture->kind = *(const enum kind *)*context;
    switch (fixture->kind) {
    case IN_MEMORY:
        fixture->user = new_user();
        fixture->journal = memory_journal_new(42);
        break;
    case ON_SQLITE:
        fixture->user = new_user();
        store_folder_make(&fixture->folder);
        /* Small, so that all that happens in life happens here. */
        fixture->folder.options.max_pending = 1 << 20;
        fixture->folder.options.checkpoint = UINT64_C(64) << 10;
        fixture->journal = store_folder_open(&fixture->folder);
        break;
    case ON_TOPIC:
        make_topic(fixture);
        break;
    }
    *context = fixture;
    return 0;
}

static int set_up_started(void **context)
{
    set_up(context);
    assert_int_equal(replay(*context, 0, NULL), JOURNAL_COMPLETE);
    start(*context);
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *fixture = *context;

    switch (fixture->kind) {
    case IN_MEMORY:
        fixture->journal->methods->stop(fixture->journal);
        free(fixture->user);
        break;
    case ON_SQLITE:
        store_folder_remove(&fixture->folder);
        free(fixture->user);
        break;
    case ON_TOPIC:
        remove_topic(fixture);
        break;
    }
    free(fixture);
    return 0;
}

static struct journal_status status_of(struct fixture *fixture)
{
    struct journal_status status;

    fixture->journal->methods->status(fixture->journal, &status);
    return status;
}

static void new_journal_is_empty(void **context)
{
    struct fixture *fixture = *context;
    struct journal_status status = status_of(fixture);

    assert_int_equal(fixture->user->count, 0);
    assert_int_equal(status.position, 0);
    assert_int_equal(status.queued, 0);
    assert_null(status.problem);
}

static void tickets_settle_in_order(void **context)
{
    struct fixture *fixture = *context;
    static struct user_ticket tickets[MANY];
    uint64_t position = 0;

    for (size_t i = 0; i < MANY; i++) {
        user_fill_ticket(&tickets[i], fixture->user, position + 1, i % 5 + 1);
        position += i % 5 + 1;
    }
    for (size_t i = 0; i < MANY; i++)
        assert_true(user_append(fixture->journal, &tickets[i]));
    user_wait(fixture->user, MANY);
    position = 0;
    for (size_t i = 0; i < MANY; i++) {
        position += i % 5 + 1;
        assert_int_equal(tickets[i].journal.outcome, JOURNAL_SETTLED);
        assert_int_equal(tickets[i].journal.last, position);
        user_free_ticket(&tickets[i]);
    }
    /* The numbers of the messages are their positions here. */
    for (size_t i = 0; i < position; i++)
        assert_int_equal(fixture->user->numbers[i], i + 1);
    assert_int_equal(status_of(fixture).position, position);
    assert_int_equal(status_of(fixture).queued, 0);
    /*
     * Those that waited for a commit have shared the next one. The roll comes
     * after the last of them was announced. A topic has no commits.
     */
    if (fixture->kind == ON_TOPIC)
        return;
    fixture->journal->methods->roll(fixture->journal);
    assert_true(fixture->user->commits < MANY);
}

static void each_commit_is_announced_after_its_tickets(void **context)
{
    struct fixture *fixture = *context;

    for (uint64_t number = 1; number <= 10; number++)
        user_commit(fixture->journal, fixture->user, number, 1);
    reopen(fixture);
    /* user_committed() has checked that there was a ticket each time. */
    assert_int_equal(replay(fixture, 0, NULL), JOURNAL_COMPLETE);
    start(fixture);
    user_commit(fixture->journal, fixture->user, 11, 1);
    fixture->journal->methods->roll(fixture->journal);
    assert_int_equal(fixture->user->commits, 1);
    assert_int_equal(fixture->user->awaiting_committed, 0);
}

static void full_queue_takes_nothing(void **context)
{
    struct fixture *fixture = *context;
    struct user_ticket large, small;

    if (fixture->kind == IN_MEMORY)
        memory_journal_limit(fixture->journal, 1 << 20);
    user_fill_ticket(&small, fixture->user, 1, 1);
    user_fill_ticket(&large, fixture->user, 1, 1);
    /* Not read, as it is not taken. */
    large.journal.records.length = (1 << 20) + 1;
    assert_false(user_append(fixture->journal, &large));
    assert_true(user_append(fixture->journal, &small));
    user_wait(fixture->user, 1);
    assert_int_equal(small.journal.last, 1);
    assert_int_equal(fixture->user->settled, 1);
    user_free_ticket(&small);
    user_free_ticket(&large);
}

static void stop_settles_what_was_appended(void **context)
{
    struct fixture *fixture = *context;
    static struct user_ticket tickets[MANY];

    if (fixture->kind == IN_MEMORY)
        memory_journal_hold(fixture->journal, true);
    for (size_t i = 0; i < MANY; i++) {
        user_fill_ticket(&tickets[i], fixture->user, i + 1, 1);
        assert_true(user_append(fixture->journal, &tickets[i]));
    }
    reopen(fixture);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(tickets[i].journal.outcome, JOURNAL_SETTLED);
        user_free_ticket(&tickets[i]);
    }
    assert_int_equal(replay(fixture, 0, NULL), JOURNAL_COMPLETE);
    assert_int_equal(fixture->user->count, MANY);
}

static void replay_gives_what_was_applied(void **context)
{
    struct fixture *fixture = *context;
    uint64_t id = fixture->journal->id;

    for (uint64_t number = 1; number <= 1000; number += 10)
        user_commit(fixture->journal, fixture->user, number, 10);
    reopen(fixture);
    assert_int_equal(fixture->journal->id, id);
    assert_int_equal(replay(fixture, 0, NULL), JOURNAL_COMPLETE);
    assert_int_equal(fixture->user->first, 1);
    assert_int_equal(fixture->user->applied, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(fixture->user->numbers[i], i + 1);
    start(fixture);
    user_commit(fixture->journal, fixture->user, 1001, 1);
    assert_int_equal(status_of(fixture).position, 1001);
}

static void replay_begins_behind_a_position(void **context)
{
    struct fixture *fixture = *context;

    for (uint64_t number = 1; number <= 100; number += 10)
        user_commit(fixture->journal, fixture->user, number, 10);
    reopen(fixture);
    assert_int_equal(replay(fixture, 50, NULL), JOURNAL_COMPLETE);
    assert_int_equal(fixture->user->first, 51);
    assert_int_equal(fixture->user->applied, 50);
}

static bool stop_watching(void *context,
                          const struct journal_progress *progress)
{
    (void)progress;
    ++*(unsigned *)context;
    return false;
}

static void watch_can_end_a_replay(void **context)
{
    struct fixture *fixture = *context;
    unsigned reports = 0;
    struct journal_watch watch = {&reports, stop_watching};

    user_commit(fixture->journal, fixture->user, 1, 10);
    reopen(fixture);
    assert_int_equal(replay(fixture, 0, &watch), JOURNAL_INTERRUPTED);
    assert_int_equal(reports, 1);
}

static void forget_deletes_whole_segments(void **context)
{
    struct fixture *fixture = *context;
    const struct journal_methods *methods = fixture->journal->methods;
    struct journal *journal = fixture->journal;

    user_commit(journal, fixture->user, 1, 10);
    assert_int_equal(methods->roll(journal), 10);
    assert_int_equal(methods->roll(journal), 10); /* it is empty already */
    user_commit(journal, fixture->user, 11, 10);
    methods->forget(journal, 9, NULL); /* the tenth record is in that segment */
    assert_int_equal(methods->roll(journal), 20);
    uint64_t bytes = status_of(fixture).bytes;
    methods->forget(journal, 10, NULL);
    assert_true(status_of(fixture).bytes < bytes);
    methods->forget(journal, 1000, NULL); /* the last one stays */
    user_commit(journal, fixture->user, 21, 10);
    reopen(fixture);
    assert_int_equal(replay(fixture, 20, NULL), JOURNAL_COMPLETE);
    assert_int_equal(fixture->user->first, 21);
    assert_int_equal(fixture->user->count, 10);
}

/* Messages that are sent meanwhile are behind it. */
static void roll_returns_what_is_applied(void **context)
{
    struct fixture *fixture = *context;
    const struct journal_methods *methods = fixture->journal->methods;
    static struct user_ticket tickets[MANY];

    for (size_t i = 0; i < MANY; i++) {
        user_fill_ticket(&tickets[i], fixture->user, i + 1, 1);
        assert_true(user_append(fixture->journal, &tickets[i]));
    }
    assert_int_equal(methods->roll(fixture->journal), MANY);
    assert_int_equal(fixture->user->applied, MANY);
    assert_int_equal(fixture->user->settled, MANY);
    user_wait(fixture->user, MANY);
    for (size_t i = 0; i < MANY; i++)
        user_free_ticket(&tickets[i]);
    assert_true(methods->tidy(fixture->journal));
    assert_true(methods->forget(fixture->journal, MANY, NULL));
    user_commit(fixture->journal, fixture->user, MANY + 1, 1);
    reopen(fixture);
    assert_int_equal(replay(fixture, MANY, NULL), JOURNAL_COMPLETE);
    assert_int_equal(fixture->user->first, MANY + 1);
}

static void journal_gives_notice_as_it_grows(void **context)
{
    struct fixture *fixture = *context;

    if (fixture->kind == IN_MEMORY) {
        memory_journal_notify(fixture->journal, 1000);
    } else {
        store_folder_stop(&fixture->folder);
        fixture->folder.options.notice = UINT64_C(64) << 10;
        fixture->journal = store_folder_open(&fixture->folder);
        user_init(fixture->user);
        replay(fixture, 0, NULL);
        start(fixture);
    }
    user_commit(fixture->journal, fixture->user, 1, 1);
    fixture->journal->methods->roll(fixture->journal);
    assert_int_equal(fixture->user->notices, 0);
    uint64_t before = status_of(fixture).bytes;
    for (uint64_t number = 2; number <= 12000; number += 500)
        user_commit(fixture->journal, fixture->user, number, 500);
    fixture->journal->methods->roll(fixture->journal);
    uint64_t step = fixture->kind == IN_MEMORY ? 1000 : UINT64_C(64) << 10;
    uint64_t most = (status_of(fixture).bytes - before) / step + 1;
    assert_in_range(fixture->user->notices, 1, most);
    /* Without one, the target is told nothing. */
    fixture->user->target.notice = NULL;
    user_commit(fixture->journal, fixture->user, 20000, 3000);
}

/* Also while frames are written over those of a log that was copied. */
static void bytes_are_those_of_the_files(void **context)
{
    enum { LOG_HEADER = 32 };
    struct fixture *fixture = *context;

    store_folder_stop(&fixture->folder);
    fixture->folder.options.checkpoint = UINT64_C(64) << 10;
    fixture->journal = store_folder_open(&fixture->folder);
    replay(fixture, 0, NULL);
    start(fixture);
    for (uint64_t number = 1; number <= 50; number++) {
        user_commit(fixture->journal, fixture->user, number, 1);
        uint64_t files = segment_file_bytes(fixture->folder.folder, 1);
        assert_in_range(status_of(fixture).bytes, files - LOG_HEADER, files);
    }
}

/* Several threads append; what each appends stays in its order. */
struct sender {
    pthread_t thread;
    struct fixture *fixture;
    struct user_ticket *tickets; /* MANY */
};

static void *send_tickets(void *context)
{
    struct sender *sender = context;

    for (size_t i = 0; i < MANY; i++)
        if (!user_append(sender->fixture->journal, &sender->tickets[i]))
            abort();
    return NULL;
}

static void threads_append_at_once(void **context)
{
    struct fixture *fixture = *context;
    static struct user_ticket tickets[4][MANY];
    struct sender senders[4];
    uint64_t next[4] = {0};

    for (size_t i = 0; i < 4; i++) {
        senders[i] = (struct sender){.fixture = fixture, .tickets = tickets[i]};
        for (size_t j = 0; j < MANY; j++)
            user_fill_ticket(&tickets[i][j], fixture->user,
                             i * 100000 + j * 2 + 1, 2);
        assert_int_equal(
            pthread_create(&senders[i].thread, NULL, send_tickets, &senders[i]),
            0);
    }
    user_wait(fixture->user, (size_t)4 * MANY);
    for (size_t i = 0; i < 4; i++)
        sync_join(senders[i].thread);
    assert_int_equal(fixture->user->count, 4 * MANY * 2);
    for (size_t i = 0; i < fixture->user->count; i++) {
        uint64_t number = fixture->user->numbers[i];
        assert_int_equal(number % 100000, ++next[number / 100000]);
    }
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < MANY; j++)
            user_free_ticket(&tickets[i][j]);
}

/* Of the journal on SQLite alone. */

static int64_t query(const struct fixture *fixture, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    snprintf(path, sizeof(path), "%s/journal-%020d.db", fixture->folder.path,
             1);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t result = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return result;
}

static void commit_is_bounded(void **context)
{
    enum { MAX = 2000 /* bytes */ };
    struct fixture *fixture = *context;
    static struct user_ticket tickets[MANY];
    struct user_ticket large;

    store_folder_stop(&fixture->folder);
    fixture->folder.options.max_commit = MAX;
    fixture->journal = store_folder_open(&fixture->folder);
    replay(fixture, 0, NULL);
    start(fixture);
    for (size_t i = 0; i < MANY; i++) {
        user_fill_ticket(&tickets[i], fixture->user, i + 1, 1);
        assert_true(user_append(fixture->journal, &tickets[i]));
    }
    user_wait(fixture->user, MANY);
    store_folder_stop(&fixture->folder);
    assert_true(query(fixture, "SELECT max(length(messages)) FROM batch") <=
                MAX);
    assert_true(query(fixture, "SELECT max(count) FROM batch") > 1);
    /* A ticket that is larger by itself is committed alone. */
    reopen(fixture);
    replay(fixture, 0, NULL);
    start(fixture);
    user_fill_ticket(&large, fixture->user, 1, 200);
    assert_true(large.journal.records.length > MAX);
    assert_true(user_append(fixture->journal, &large));
    user_wait(fixture->user, 1);
    assert_int_equal(large.journal.outcome, JOURNAL_SETTLED);
    user_free_ticket(&large);
    for (size_t i = 0; i < MANY; i++)
        user_free_ticket(&tickets[i]);
}

static void long_journal_has_several_segments(void **context)
{
    struct fixture *fixture = *context;
    char error[JOURNAL_ERROR];
    struct folder_segments segments = {0};

    store_folder_stop(&fixture->folder);
    fixture->folder.options.segment = UINT64_C(128) << 10;
    fixture->journal = store_folder_open(&fixture->folder);
    replay(fixture, 0, NULL);
    start(fixture);
    for (uint64_t number = 1; number <= 20000; number += 500)
        user_commit(fixture->journal, fixture->user, number, 500);
    /* A log that begins again in place does not grow. */
    assert_true(status_of(fixture).bytes < 2 << 20);
    assert_true(folder_list(fixture->folder.folder, &segments, error));
    assert_in_range(segments.count, 2, 20);
    folder_segments_release(&segments);
    reopen(fixture);
    assert_int_equal(replay(fixture, 0, NULL), JOURNAL_COMPLETE);
    assert_int_equal(fixture->user->applied, 20000);
}

/* What waits for tidy() is in the log of a segment that is complete. */
static void roll_leaves_the_log_to_tidy(void **context)
{
    struct fixture *fixture = *context;
    const struct journal_methods *methods = fixture->journal->methods;
    struct folder *folder = fixture->folder.folder;

    user_commit(fixture->journal, fixture->user, 1, 10);
    assert_int_equal(methods->roll(fixture->journal), 10);
    user_commit(fixture->journal, fixture->user, 11, 10);
    assert_int_equal(methods->roll(fixture->journal), 20);
    assert_true(segment_has_log(folder, 1) && segment_has_log(folder, 11));
    assert_true(methods->tidy(fixture->journal));
    assert_false(segment_has_log(folder, 1) || segment_has_log(folder, 11));
    assert_int_equal(status_of(fixture).bytes,
                     segment_file_bytes(folder, 1) +
                         segment_file_bytes(folder, 11) +
                         segment_file_bytes(folder, 21));
    assert_int_equal(query(fixture, "SELECT sum(count) FROM batch"), 10);
    /* Without it, they can be removed as well. */
    user_commit(fixture->journal, fixture->user, 21, 10);
    assert_int_equal(methods->roll(fixture->journal), 30);
    assert_true(methods->forget(fixture->journal, 30, NULL));
    assert_int_equal(segment_file_bytes(folder, 21), 0);
    assert_true(methods->tidy(fixture->journal));
}

/* It is tried again, and later segments stay meanwhile. */
static void segment_that_cannot_be_removed_stays_in_the_list(void **context)
{
    struct fixture *fixture = *context;
    const struct journal_methods *methods = fixture->journal->methods;
    static struct captured_log log;
    char path[128];

    user_commit(fixture->journal, fixture->user, 1, 10);
    methods->roll(fixture->journal);
    user_commit(fixture->journal, fixture->user, 11, 10);
    methods->roll(fixture->journal);
    methods->tidy(fixture->journal);
    uint64_t bytes = status_of(fixture).bytes;
    /* A folder in its place, which unlink(2) refuses. */
    snprintf(path, sizeof(path), "%s/journal-%020d.db", fixture->folder.path,
             1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    captured_log_start(&log);
    bool forgotten = methods->forget(fixture->journal, 20, NULL);
    captured_log_stop(&log);
    assert_false(forgotten);
    assert_non_null(strstr(log.text, "cannot remove"));
    assert_int_equal(status_of(fixture).bytes, bytes);
    assert_int_equal(rmdir(path), 0);
    assert_true(methods->forget(fixture->journal, 20, NULL));
    assert_true(status_of(fixture).bytes < bytes);
}

static void clean_stop_leaves_databases_only(void **context)
{
    struct fixture *fixture = *context;
    char path[128];

    user_commit(fixture->journal, fixture->user, 1, 10);
    store_folder_stop(&fixture->folder);
    snprintf(path, sizeof(path), "%s/journal-%020d.db-wal",
             fixture->folder.path, 1);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(query(fixture, "SELECT sum(count) FROM batch"), 10);
}

static const enum kind memory = IN_MEMORY, sqlite = ON_SQLITE;

#define SQLITE(test)                                                           \
    {                                                                          \
        "sqlite: " #test, test, set_up_started, tear_down, (void *)&sqlite     \
    }
#ifdef LUNAR_KAFKA
static const enum kind topic = ON_TOPIC;
#define TOPIC(test)                                                            \
    {"topic: " #test, test, set_up_started, tear_down, (void *)&topic},
#else
#define TOPIC(test)
#endif
/* Of segments, or of a thread that announces nothing but commits. */
#define BOTH(test)                                                             \
    {"memory: " #test, test, set_up_started, tear_down, (void *)&memory},      \
        SQLITE(test)

#define EACH(test) TOPIC(test) BOTH(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(new_journal_is_empty),
        EACH(tickets_settle_in_order),
        BOTH(each_commit_is_announced_after_its_tickets),
        BOTH(full_queue_takes_nothing),
        EACH(stop_settles_what_was_appended),
        EACH(replay_gives_what_was_applied),
        BOTH(replay_begins_behind_a_position),
        EACH(watch_can_end_a_replay),
        BOTH(forget_deletes_whole_segments),
        BOTH(roll_returns_what_is_applied),
        BOTH(journal_gives_notice_as_it_grows),
        SQLITE(bytes_are_those_of_the_files),
        EACH(threads_append_at_once),
        SQLITE(commit_is_bounded),
        SQLITE(long_journal_has_several_segments),
        SQLITE(roll_leaves_the_log_to_tidy),
        SQLITE(segment_that_cannot_be_removed_stays_in_the_list),
        SQLITE(clean_stop_leaves_databases_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
