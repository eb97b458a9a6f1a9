/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the loading of a snapshot: the table is the one that was saved,
 * whatever the number of threads; and what is wrong with the rockets, though
 * all sums are right, is found.
 */
#include "lib/unit_table.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "domain/rocket.h"
#include "lib/faulty_vfs.h"
#include "lib/folder.h"
#include "lib/saved_table.h"
#include "store/snapshot_load.h"

enum {
    ID = 77,
    ROCKETS = 20000,
    SMALL_BLOCK = 2048, /* bytes, for many blocks of few rockets */
};

static char root[FOLDER_ROOT];
static char path[96];
static char error[JOURNAL_ERROR];

static struct snapshot_info ready_info(void)
{
    return (struct snapshot_info){.id = ID,
                                  .position = 1,
                                  .through = UINT32_MAX,
                                  .max_runs = ROCKET_MAX_RUNS,
                                  .time = 1700000000};
}

/* A table with rockets of all sorts: with gaps, exploded, not launched. */
static struct table *make_table(unsigned rockets)
{
    struct table *table = table_new(SIZE_MAX);
    uint64_t seed = 5;

    assert_non_null(table);
    for (unsigned i = 0; i < rockets; i++) {
        char channel[32];
        unsigned messages = 1 + (unsigned)(unit_random(&seed) % 4);
        if (i % 1000 == 7)
            messages = 300;
        snprintf(channel, sizeof(channel), "rocket-%u", i);
        for (unsigned j = 0; j < messages; j++) {
            enum message_type type =
                (enum message_type)(unit_random(&seed) % MESSAGE_TYPE_COUNT);
            uint64_t number = 1 + unit_random(&seed) % (UINT64_C(2) * messages);
            unit_table_apply(table, message_of_type(type, channel, number));
        }
    }
    return table;
}

static void save_table(struct table *table, struct snapshot_info *info)
{
    unlink(path);
    if (!saved_table_write(table, path, SMALL_BLOCK, info, error))
        fail_msg("%s", error);
}

static int set_up(void **context)
{
    (void)context;
    folder_make_fast(root);
    snprintf(path, sizeof(path), "%s/snapshot.db", root);
    error[0] = '\0';
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    faulty_vfs_plan((struct faulty_plan){0});
    return folder_remove(root);
}

static void expect_error(const char *before, const char *after)
{
    char expected[2 * JOURNAL_ERROR];

    snprintf(expected, sizeof(expected), "%s%s%s", before, path, after);
    if (strcmp(error, expected) != 0)
        fail_msg("\"%s\" instead of \"%s\"", error, expected);
}

/* Load the snapshot, which must fail. */
static void expect_failure(const char *before, const char *after)
{
    struct table *table = table_new(SIZE_MAX);

    assert_int_equal(
        snapshot_load(path, SNAPSHOT_OF_FOLDER, table, NULL, error),
        JOURNAL_FAILED);
    expect_error(before, after);
    table_free(table);
}

/* What a watch was told. */
struct told {
    pthread_t thread;
    struct journal_progress last;
    unsigned reports;
    unsigned ends_at; /* 0: never */
};

static bool note_progress(void *context,
                          const struct journal_progress *progress)
{
    struct told *told = context;

    assert_true(pthread_equal(pthread_self(), told->thread));
    assert_true(progress->done >= told->last.done);
    assert_true(progress->rockets >= told->last.rockets);
    assert_true(progress->done <= progress->total);
    told->last = *progress;
    return ++told->reports != told->ends_at;
}

static void a_loaded_table_is_the_one_that_was_saved(void **context)
{
    (void)context;
    static const unsigned rows[] = {0, 1, 100, ROCKETS};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct table *saved = make_table(rows[i]);
        struct table *loaded = table_new(SIZE_MAX);
        struct told told = {.thread = pthread_self()};
        struct journal_watch watch = {&told, note_progress};
        struct snapshot_info info = ready_info();
        save_table(saved, &info);
        assert_int_equal(info.rockets, rows[i]);
        if (snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, &watch, error) !=
            JOURNAL_COMPLETE)
            fail_msg("%s", error);
        assert_int_equal(table_count(loaded), rows[i]);
        assert_int_equal(table_revision(loaded), table_revision(saved));
        assert_true(saved_table_same(saved, loaded));
        assert_int_equal(told.last.done, info.bytes);
        assert_int_equal(told.last.total, info.bytes);
        assert_int_equal(told.last.rockets, rows[i]);
        table_free(saved);
        table_free(loaded);
    }
}

/* A process on one processor loads with one thread. */
static void one_processor_is_enough(void **context)
{
    (void)context;
    struct table *saved = make_table(ROCKETS);
    struct table *loaded = table_new(SIZE_MAX);
    struct snapshot_info info = ready_info();
    cpu_set_t all, one;

    save_table(saved, &info);
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    enum journal_replayed result =
        snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, NULL, error);
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
    assert_int_equal(result, JOURNAL_COMPLETE);
    assert_true(saved_table_same(saved, loaded));
    table_free(saved);
    table_free(loaded);
}

static void a_watch_may_end_it(void **context)
{
    (void)context;
    struct table *saved = make_table(100);
    struct table *loaded = table_new(SIZE_MAX);
    struct told told = {.thread = pthread_self(), .ends_at = 1};
    struct journal_watch watch = {&told, note_progress};
    struct snapshot_info info = ready_info();

    save_table(saved, &info);
    assert_int_equal(
        snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, &watch, error),
        JOURNAL_INTERRUPTED);
    assert_int_equal(told.reports, 1);
    table_free(saved);
    table_free(loaded);
}

/* Each read takes long, so the watch is called before the last one. */
static void a_watch_is_told_meanwhile(void **context)
{
    (void)context;
    static const struct {
        unsigned ends_at;
        enum journal_replayed result;
        unsigned delay; /* ms of a read */
    } rows[] = {{0, JOURNAL_COMPLETE, 20}, {1, JOURNAL_INTERRUPTED, 130}};
    struct table *saved = make_table(ROCKETS);
    struct snapshot_info info = ready_info();

    save_table(saved, &info);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct table *loaded = table_new(SIZE_MAX);
        struct told told = {.thread = pthread_self(),
                            .ends_at = rows[i].ends_at};
        struct journal_watch watch = {&told, note_progress};
        faulty_vfs_plan(
            (struct faulty_plan){.calls = FAULTY_READ, .delay = rows[i].delay});
        assert_int_equal(
            snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, &watch, error),
            rows[i].result);
        faulty_vfs_plan((struct faulty_plan){0});
        if (rows[i].result == JOURNAL_COMPLETE) {
            assert_true(told.reports > 3);
        } else {
            /* Not again, although the reads go on for longer. */
            assert_int_equal(told.reports, 1);
            assert_true(table_count(loaded) < ROCKETS);
        }
        table_free(loaded);
    }
    table_free(saved);
}

#define RESTORE                                                                \
    ": restore the folder from a backup, or choose another one to begin "      \
    "without its rockets; nothing was changed"

static void what_the_snapshot_says_must_be_true(void **context)
{
    (void)context;
    struct table *saved = make_table(ROCKETS);
    struct snapshot_info info = ready_info();

    info.through = table_revision(saved);
    save_table(saved, &info);
    struct table *loaded = table_new(SIZE_MAX);
    assert_int_equal(
        snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, NULL, error),
        JOURNAL_COMPLETE);
    table_free(loaded);
    info.through--;
    save_table(saved, &info);
    expect_failure("", " is damaged: a rocket has a later position than it "
                       "says" RESTORE);

    info = ready_info();
    info.max_runs = ROCKET_MAX_RUNS + 1;
    save_table(saved, &info);
    expect_failure("", " was written with at most 16385 runs of messages a "
                       "rocket, but lunar.service " LUNAR_VERSION
                       " keeps 16384: use the version that wrote it");
    info.max_runs = ROCKET_MAX_RUNS - 1;
    save_table(saved, &info);
    expect_failure("", " was written with at most 16383 runs of messages a "
                       "rocket, but lunar.service " LUNAR_VERSION
                       " keeps 16384: use the version that wrote it");
    table_free(saved);
}

/* Write blocks, each with so many rockets; the second may be empty. */
static void write_blocks(const struct text blocks[2], uint64_t rockets)
{
    struct snapshot_info info = ready_info();

    unlink(path);
    struct snapshot_writer *writer =
        snapshot_writer_new(path, SNAPSHOT_OF_FOLDER, ID, error);
    assert_non_null(writer);
    for (size_t i = 0; i < 2 && blocks[i].length > 0; i++)
        assert_true(snapshot_writer_add(writer, blocks[i], rockets, error));
    assert_true(snapshot_writer_finish(writer, &info, error));
    snapshot_writer_free(writer);
}

/* Blocks of which the writer was told what is not so. */
static void blocks_with_right_sums_are_not_believed(void **context)
{
    (void)context;
    struct table *saved = make_table(1);
    struct saved_images images = saved_images_make(saved);
    struct text image = images.images[0];
    char *twice = malloc(2 * image.length);
    assert_non_null(twice);
    memcpy(twice, image.data, image.length);
    memcpy(twice + image.length, image.data, image.length);
    const struct {
        struct text blocks[2];
        uint64_t rockets;
        const char *error;
    } rows[] = {
        {{image, {NULL, 0}}, 1, NULL},
        {{image, {NULL, 0}},
         2,
         " is damaged: it has another number of rockets than it says" RESTORE},
        {{image, image},
         1,
         " is damaged at block 2: a rocket in it cannot be read, or is in it "
         "twice" RESTORE},
        {{{twice, 2 * image.length}, {NULL, 0}},
         2,
         " is damaged at block 1: a rocket in it cannot be read, or is in it "
         "twice" RESTORE},
        {{{image.data, image.length - 1}, {NULL, 0}},
         1,
         " is damaged at block 1: a rocket in it cannot be read, or is in it "
         "twice" RESTORE},
        {{{twice, image.length + 1}, {NULL, 0}},
         1,
         " is damaged at block 1: a rocket in it cannot be read, or is in it "
         "twice" RESTORE},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        write_blocks(rows[i].blocks, rows[i].rockets);
        if (rows[i].error != NULL) {
            expect_failure("", rows[i].error);
            continue;
        }
        struct table *loaded = table_new(SIZE_MAX);
        assert_int_equal(
            snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, NULL, error),
            JOURNAL_COMPLETE);
        assert_true(saved_table_same(saved, loaded));
        table_free(loaded);
    }
    free(twice);
    saved_images_release(&images);
    table_free(saved);
}

/* Wherever a thread finds it, all end, and it is told. */
static void damage_anywhere_in_it_is_told(void **context)
{
    (void)context;
    struct table *saved = make_table(ROCKETS);
    struct snapshot_info info = ready_info();

    save_table(saved, &info);
    for (uint64_t i = 1; i < 20; i++) {
        /* More than a page, as one may have nothing in it. */
        unsigned char zeros[SNAPSHOT_PAGE + 8192] = {0};
        int file = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(
            pwrite(file, zeros, sizeof(zeros), (off_t)(info.bytes / 20 * i)),
            sizeof(zeros));
        close(file);
        struct table *loaded = table_new(SIZE_MAX);
        assert_int_equal(
            snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, NULL, error),
            JOURNAL_FAILED);
        assert_non_null(strstr(error, " is damaged"));
        table_free(loaded);
        save_table(saved, &info);
    }
    table_free(saved);
}

static void memory_that_ends_is_told(void **context)
{
    (void)context;
    struct table *saved = make_table(ROCKETS);
    struct table *loaded = table_new(table_memory(saved) / 2);
    struct snapshot_info info = ready_info();

    save_table(saved, &info);
    assert_int_equal(
        snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, NULL, error),
        JOURNAL_FAILED);
    expect_error("memory is exhausted while ",
                 " is loaded: give the service more");
    table_free(loaded);
    table_free(saved);
}

/* Two snapshots that get the name by turns. */
struct swap {
    char other[112];
    _Atomic bool ended;
};

static void *swap_files(void *context)
{
    struct swap *swap = context;

    while (!atomic_load(&swap->ended))
        syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, swap->other,
                2 /* RENAME_EXCHANGE */);
    return NULL;
}

/* As beside a service that takes one: what is loaded is of one snapshot. */
static void a_snapshot_that_is_replaced_meanwhile_is_not_mixed(void **context)
{
    (void)context;
    enum { LOADS = 100, FEW = 1000 };
    struct table *tables[2] = {make_table(FEW), make_table(FEW - 100)};
    struct snapshot_info info = ready_info();
    struct swap swap = {.ended = false};
    pthread_t thread;

    snprintf(swap.other, sizeof(swap.other), "%s-other", path);
    save_table(tables[0], &info);
    assert_int_equal(rename(path, swap.other), 0);
    save_table(tables[1], &info);
    assert_true(info.blocks > SNAPSHOT_LOAD_BLOCKS);
    assert_int_equal(pthread_create(&thread, NULL, swap_files, &swap), 0);
    for (unsigned i = 0; i < LOADS; i++) {
        struct table *loaded = table_new(SIZE_MAX);
        if (snapshot_load(path, SNAPSHOT_OF_FOLDER, loaded, NULL, error) !=
            JOURNAL_COMPLETE)
            expect_error("", " was replaced while it was read: try again");
        else
            assert_true(saved_table_same(tables[0], loaded) ||
                        saved_table_same(tables[1], loaded));
        table_free(loaded);
    }
    atomic_store(&swap.ended, true);
    pthread_join(thread, NULL);
    table_free(tables[0]);
    table_free(tables[1]);
}

static void a_snapshot_that_is_missing_is_told(void **context)
{
    (void)context;
    expect_failure("there is no ", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_loaded_table_is_the_one_that_was_saved),
        FIXTURE_TEST(one_processor_is_enough),
        FIXTURE_TEST(a_watch_may_end_it),
        FIXTURE_TEST(a_watch_is_told_meanwhile),
        FIXTURE_TEST(what_the_snapshot_says_must_be_true),
        FIXTURE_TEST(blocks_with_right_sums_are_not_believed),
        FIXTURE_TEST(damage_anywhere_in_it_is_told),
        FIXTURE_TEST(memory_that_ends_is_told),
        FIXTURE_TEST(a_snapshot_that_is_replaced_meanwhile_is_not_mixed),
        FIXTURE_TEST(a_snapshot_that_is_missing_is_told),
    };

    faulty_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
