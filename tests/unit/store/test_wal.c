/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the look at SQLite's log: what SQLite would recover is counted as
 * SQLite counts it; all damage that a later commit follows is found, at its
 * frame; and nothing that a power cut can leave is taken for damage.
 */
#include "lib/unit_check.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/sqlite_log.h"
#include "store/wal.h"

static struct sqlite_folder folder;
static struct sqlite_log database, original, changed;
static int descriptor; /* of the file that is checked */

static enum wal_state check(const struct sqlite_log *log,
                            struct wal_report *report)
{
    if (ftruncate(descriptor, (off_t)log->length) != 0 ||
        pwrite(descriptor, log->bytes, log->length, 0) != (ssize_t)log->length)
        abort();
    return wal_check(descriptor, report);
}

static void expect_state(const struct sqlite_log *log, enum wal_state expected,
                         size_t frames, const char *what, size_t where)
{
    struct wal_report report;
    enum wal_state state = check(log, &report);

    if (state != expected || report.frames != frames)
        fail_msg("%s %zu: state %d with %llu frames, expected %d with %zu",
                 what, where, (int)state, (unsigned long long)report.frames,
                 (int)expected, frames);
}

/* Keep the database and its log as they are now. */
static void take_files(void)
{
    sqlite_folder_read(folder.database, &database);
    sqlite_folder_read(folder.log, &original);
    changed = original;
}

/*
 * Make commits of one frame and of several. The last one has several, too, if
 * `last` is large.
 */
static void make_commits(unsigned count, unsigned last)
{
    for (unsigned i = 1; i < count; i++)
        sqlite_folder_commit(&folder, i % 3 == 0 ? 1500 : 10);
    sqlite_folder_commit(&folder, last);
}

/* The frame that ends the commit before the one that ends with `frame`. */
static size_t end_before(size_t frame)
{
    do {
        frame--;
    } while (frame > 0 && !sqlite_log_ends_commit(&original, frame));
    return frame;
}

/* How many frames at the front have the salts of the log's header. */
static size_t count_ours(const struct sqlite_log *log)
{
    size_t frame = 1;

    while (frame <= sqlite_log_frames(log) &&
           memcmp(log->bytes + sqlite_log_offset(frame) + 8, log->bytes + 16,
                  8) == 0)
        frame++;
    return frame - 1;
}

static int set_up(void **context)
{
    (void)context;
    sqlite_folder_make(&folder);
    sqlite_folder_open(&folder);
    descriptor = memfd_create("wal", 0);
    assert_true(descriptor >= 0);
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    if (folder.connection != NULL)
        sqlite_folder_abandon(&folder);
    sqlite_folder_remove(&folder);
    close(descriptor);
    return 0;
}

static void a_whole_log_is_counted_as_sqlite_counts_it(void **context)
{
    (void)context;
    struct wal_report report;

    make_commits(10, 1500);
    take_files();
    size_t frames = sqlite_log_frames(&original);
    assert_int_equal(check(&original, &report), WAL_WHOLE);
    assert_int_equal(report.frames, frames);
    assert_int_equal(report.commits, 11); /* one made the table */
    assert_true(sqlite_log_ends_commit(&original, frames));
    sqlite_folder_abandon(&folder);
    assert_int_equal(sqlite_folder_recover(&folder, &database, &original),
                     frames);
}

static void a_log_in_the_other_order_of_bytes_is_read_too(void **context)
{
    (void)context;
    make_commits(4, 1500);
    take_files();
    size_t frames = sqlite_log_frames(&original);

    changed.bytes[3] ^= 1;
    expect_state(&changed, WAL_DAMAGED, 0, "magic", 3);
    sqlite_log_repair(&changed);
    expect_state(&changed, WAL_WHOLE, frames, "order", 0);
    sqlite_folder_abandon(&folder);
    assert_int_equal(sqlite_folder_recover(&folder, &database, &changed),
                     frames);
}

static void what_has_no_commit_is_empty(void **context)
{
    (void)context;
    make_commits(2, 10);
    take_files();
    for (size_t length = 0; length <= SQLITE_LOG_HEADER; length++) {
        changed.length = length;
        expect_state(&changed, WAL_EMPTY, 0, "length", length);
    }
}

/* As another file's bytes are, with a single one behind a header as well. */
static void bytes_that_are_no_log_are_damage(void **context)
{
    (void)context;
    memset(changed.bytes, 0, sizeof(changed.bytes));
    for (unsigned i = 0; i < 2; i++) {
        changed.length = SQLITE_LOG_HEADER + 1;
        expect_state(&changed, WAL_DAMAGED, 0, "one byte", i);
        changed.length = (size_t)4 * SQLITE_LOG_FRAME;
        expect_state(&changed, WAL_DAMAGED, 0, "bytes", i);
        memset(changed.bytes, 'x', sizeof(changed.bytes));
    }
}

static void every_truncation_is_a_torn_tail(void **context)
{
    (void)context;
    make_commits(7, 1500);
    take_files();
    for (size_t length = SQLITE_LOG_HEADER + 1; length < original.length;
         length++) {
        changed.length = length;
        size_t frames = sqlite_log_frames(&changed);
        bool whole = sqlite_log_offset(frames + 1) == length &&
                     sqlite_log_ends_commit(&original, frames);
        if (!whole)
            frames = end_before(frames + 1);
        expect_state(&changed, whole ? WAL_WHOLE : WAL_TORN, frames, "length",
                     length);
    }
}

/*
 * What must be found if the byte at `offset` of a frame of the last commit is
 * changed. Only the header of a frame can say that it ends a commit, and a
 * power cut does not make it say so.
 */
static enum wal_state expect_in_last_commit(size_t frame, size_t offset)
{
    bool is_size = offset >= 4 && offset < 8;

    return is_size && !sqlite_log_ends_commit(&original, frame) ? WAL_DAMAGED
                                                                : WAL_TORN;
}

static void check_changed_frame(size_t frame, size_t last_commit,
                                unsigned change)
{
    for (size_t i = 0; i < SQLITE_LOG_FRAME; i++) {
        size_t at = sqlite_log_offset(frame) + i;
        struct wal_report report;
        changed.bytes[at] = (unsigned char)(changed.bytes[at] ^ change);
        enum wal_state expected = frame <= last_commit
                                      ? WAL_DAMAGED
                                      : expect_in_last_commit(frame, i);
        enum wal_state state = check(&changed, &report);
        if (state != expected || report.frames != end_before(frame) ||
            (state == WAL_DAMAGED &&
             (report.bad_frame != frame ||
              report.bad_offset != sqlite_log_offset(frame))))
            fail_msg("byte %zu of frame %zu of %zu, changed by %u: state %d "
                     "instead of %d, frames %llu, bad %llu",
                     i, frame, sqlite_log_frames(&original), change, (int)state,
                     (int)expected, (unsigned long long)report.frames,
                     (unsigned long long)report.bad_frame);
        changed.bytes[at] = original.bytes[at];
    }
}

/* Each byte of each frame is changed in turn. */
static void check_changes(void)
{
    static const unsigned char changes[] = {0x80, 0xff};

    take_files();
    size_t frames = sqlite_log_frames(&original);
    size_t last_commit = end_before(frames);
    for (size_t i = 0; i < COUNT(changes); i++) {
        for (size_t frame = 1; frame <= frames; frame++)
            check_changed_frame(frame, last_commit, changes[i]);
    }
}

static void damage_before_a_commit_of_one_frame_is_found(void **context)
{
    (void)context;
    make_commits(6, 10);
    check_changes();
}

static void damage_before_a_commit_of_many_frames_is_found(void **context)
{
    (void)context;
    make_commits(7, 1500);
    check_changes();
}

static void damage_of_the_header_is_found(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 3; i++) {
        sqlite_folder_commit(&folder, i * 500);
        take_files();
        for (size_t at = 0; at < SQLITE_LOG_HEADER; at++) {
            changed.bytes[at] ^= 0xff;
            expect_state(&changed, WAL_DAMAGED, 0, "byte", at);
            changed.bytes[at] = original.bytes[at];
        }
    }
    memset(changed.bytes, 0, SQLITE_LOG_HEADER);
    expect_state(&changed, WAL_DAMAGED, 0, "header", 0);
}

/* Nothing but the sum of the header leads to its only frame. */
static void damage_of_the_header_of_a_single_frame_is_found(void **context)
{
    (void)context;
    sqlite_folder_checkpoint(&folder, SQLITE_CHECKPOINT_TRUNCATE);
    sqlite_folder_run(&folder, "PRAGMA user_version=15");
    take_files();
    assert_int_equal(sqlite_log_frames(&original), 1);
    for (size_t at = 0; at < SQLITE_LOG_HEADER; at++) {
        changed.bytes[at] ^= 0xff;
        expect_state(&changed, WAL_DAMAGED, 0, "byte", at);
        changed.bytes[at] = original.bytes[at];
    }
}

static void a_frame_of_no_page_ends_the_log(void **context)
{
    (void)context;
    make_commits(4, 10);
    take_files();
    size_t frame = end_before(sqlite_log_frames(&original)) + 1;

    sqlite_log_set_word(&changed, sqlite_log_offset(frame), 0);
    sqlite_log_repair(&changed);
    expect_state(&changed, WAL_TORN, frame - 1, "frame", frame);
    sqlite_folder_abandon(&folder);
    assert_int_equal(sqlite_folder_recover(&folder, &database, &changed),
                     frame - 1);
}

static void frames_of_an_older_log_are_no_damage(void **context)
{
    (void)context;
    make_commits(9, 1500);
    sqlite_folder_read(folder.log, &original);
    size_t older = sqlite_log_frames(&original);
    sqlite_folder_checkpoint(&folder, SQLITE_CHECKPOINT_RESTART);
    for (unsigned i = 0; i < 4; i++) {
        sqlite_folder_commit(&folder, i * 400);
        take_files();
        assert_int_equal(sqlite_log_frames(&original), older);
        struct wal_report report;
        assert_int_equal(check(&original, &report), WAL_WHOLE);
        assert_int_equal(report.commits, i + 1);
        assert_true(report.frames < older);
    }
    /* The new header, with nothing behind it yet: as at a power cut. */
    sqlite_folder_checkpoint(&folder, SQLITE_CHECKPOINT_RESTART);
    sqlite_folder_commit(&folder, 10);
    take_files();
    memset(changed.bytes + sqlite_log_offset(1), 0,
           count_ours(&original) * SQLITE_LOG_FRAME);
    expect_state(&changed, WAL_EMPTY, 0, "older", 0);
}

/*
 * Of the last commit, each sector of the disk may have been written or not. The
 * others have what was there before, in `before`.
 */
static void cut_power(const struct sqlite_log *before, uint64_t *random)
{
    size_t frames = count_ours(&original);
    size_t begin = sqlite_log_offset(end_before(frames) + 1);
    size_t end = sqlite_log_offset(frames + 1);

    changed = original;
    for (size_t at = begin; at < end;) {
        size_t next = (at / 512 + 1) * 512;
        if (next > end)
            next = end;
        if (unit_random(random) % 3 == 0)
            memcpy(changed.bytes + at, before->bytes + at, next - at);
        at = next;
    }
}

static void check_power_cuts(bool restarted)
{
    static struct sqlite_log before;
    uint64_t random = 15;

    for (unsigned i = 0; i < 60; i++) {
        sqlite_folder_read(folder.log, &before);
        if (before.length == 0)
            memset(before.bytes, 0, sizeof(before.bytes));
        sqlite_folder_commit(&folder, i % 4 == 0 ? 1 : i * 100);
        take_files();
        if (!restarted && before.length < original.length)
            memset(before.bytes + before.length, 0,
                   original.length - before.length);
        for (unsigned j = 0; j < 30; j++) {
            struct wal_report report;
            cut_power(&before, &random);
            enum wal_state state = check(&changed, &report);
            if (state != WAL_TORN && state != WAL_WHOLE)
                fail_msg("commit %u, cut %u: state %d at frame %llu", i, j,
                         (int)state, (unsigned long long)report.bad_frame);
        }
    }
}

static void no_power_cut_looks_like_damage(void **context)
{
    (void)context;
    check_power_cuts(false);
}

/* What was there before then are frames of the older log. */
static void no_power_cut_in_a_restarted_log_looks_like_damage(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 90; i++)
        sqlite_folder_commit(&folder, i % 5 * 600);
    sqlite_folder_checkpoint(&folder, SQLITE_CHECKPOINT_RESTART);
    sqlite_folder_commit(&folder, 10);
    check_power_cuts(true);
}

/*
 * Frames that were written for a transaction that was rolled back have the
 * salts of the log, and right sums among themselves.
 */
static void
no_power_cut_before_rolled_back_frames_looks_like_damage(void **context)
{
    (void)context;
    static struct sqlite_log before;
    uint64_t random = 15;

    sqlite_folder_run(&folder, "PRAGMA cache_size=4; BEGIN");
    for (unsigned i = 0; i < 40; i++)
        sqlite_folder_commit(&folder, 1500);
    sqlite_folder_run(&folder, "ROLLBACK");
    for (unsigned i = 0; i < 10; i++) {
        sqlite_folder_read(folder.log, &before);
        size_t frames = count_ours(&before);
        sqlite_folder_commit(&folder, 1500);
        take_files();
        assert_int_equal(sqlite_log_frames(&original), frames);
        struct wal_report report;
        assert_int_equal(check(&original, &report), WAL_TORN);
        assert_true(report.frames < frames);
        original.length = sqlite_log_offset(report.frames + 1);
        for (unsigned j = 0; j < 30; j++) {
            cut_power(&before, &random);
            memcpy(changed.bytes + original.length,
                   before.bytes + original.length,
                   before.length - original.length);
            changed.length = before.length;
            assert_int_equal(check(&changed, &report), WAL_TORN);
        }
    }
}

static void random_damage_is_counted_as_sqlite_counts_it(void **context)
{
    (void)context;
    uint64_t random = 15;
    unsigned damaged = 0;

    make_commits(8, 1500);
    take_files();
    sqlite_folder_abandon(&folder);
    for (unsigned i = 0; i < 1000; i++) {
        struct wal_report report;
        size_t length = 1 + unit_random(&random) % 20;
        size_t at = unit_random(&random) % (original.length - length);
        changed = original;
        for (size_t j = 0; j < length; j++)
            changed.bytes[at + j] = (unsigned char)unit_random(&random);
        if (i % 10 == 0)
            changed.length = unit_random(&random) % original.length;
        damaged += check(&changed, &report) == WAL_DAMAGED;
        int frames = sqlite_folder_recover(&folder, &database, &changed);
        if (frames != (int)report.frames)
            fail_msg("damage %u: %llu frames, SQLite has %d", i,
                     (unsigned long long)report.frames, frames);
    }
    assert_true(damaged > 250);
}

/*
 * wal.h relies on it: after a start nothing of the old log is left, also if not
 * even one of its commits was whole.
 */
static void sqlite_truncates_a_torn_log(void **context)
{
    (void)context;
    make_commits(3, 1500);
    take_files();
    sqlite_folder_abandon(&folder);
    for (unsigned whole = 0; whole < 2; whole++) {
        changed = original;
        changed.bytes[sqlite_log_offset(whole == 0 ? 1 : 5)] ^= 1;
        sqlite_folder_write(folder.database, &database);
        sqlite_folder_write(folder.log, &changed);
        assert_int_equal(sqlite3_open(folder.database, &folder.connection), 0);
        sqlite_folder_run(&folder, "PRAGMA locking_mode=EXCLUSIVE;"
                                   "SELECT count(*) FROM sqlite_schema");
        sqlite_folder_checkpoint(&folder, SQLITE_CHECKPOINT_TRUNCATE);
        sqlite_folder_read(folder.log, &changed);
        assert_int_equal(changed.length, 0);
        sqlite_folder_abandon(&folder);
    }
}

static void a_file_that_cannot_be_read_is_not_empty(void **context)
{
    (void)context;
    struct wal_report report;

    assert_int_equal(wal_check(-1, &report), WAL_UNREADABLE);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_whole_log_is_counted_as_sqlite_counts_it),
        FIXTURE_TEST(a_log_in_the_other_order_of_bytes_is_read_too),
        FIXTURE_TEST(what_has_no_commit_is_empty),
        FIXTURE_TEST(bytes_that_are_no_log_are_damage),
        FIXTURE_TEST(every_truncation_is_a_torn_tail),
        FIXTURE_TEST(damage_before_a_commit_of_one_frame_is_found),
        FIXTURE_TEST(damage_before_a_commit_of_many_frames_is_found),
        FIXTURE_TEST(damage_of_the_header_is_found),
        FIXTURE_TEST(damage_of_the_header_of_a_single_frame_is_found),
        FIXTURE_TEST(a_frame_of_no_page_ends_the_log),
        FIXTURE_TEST(frames_of_an_older_log_are_no_damage),
        FIXTURE_TEST(no_power_cut_looks_like_damage),
        FIXTURE_TEST(no_power_cut_in_a_restarted_log_looks_like_damage),
        FIXTURE_TEST(no_power_cut_before_rolled_back_frames_looks_like_damage),
        FIXTURE_TEST(random_damage_is_counted_as_sqlite_counts_it),
        FIXTURE_TEST(sqlite_truncates_a_torn_log),
        FIXTURE_TEST(a_file_that_cannot_be_read_is_not_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
