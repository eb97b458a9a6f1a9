/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of segments: beside a journal that writes, after its end, and of files
 * that are damaged. The journal is in this process, so that it can be stopped
 * between two steps; SQLite's locks, which images make it lose, matter to
 * nobody here.
 */
#include "lib/file_bytes.h"
#include "lib/journal_user.h"
#include "lib/store_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/segment_image.h"
#include "store/segment_parts.h"

enum {
    PAGE = SEGMENT_PAGE,
    FRAME = 24 + PAGE, /* of a log */
    RACE_TICKETS = 3000,
};

/* A journal in a folder, and who uses it. */
struct scene {
    struct store_folder store;
    struct user user;
    uint64_t number; /* of the last message */
    char error[JOURNAL_ERROR];
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        return -1;
    store_folder_make_fast(&scene->store);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    store_folder_remove(&scene->store);
    free(scene);
    return 0;
}

static void open_journal(struct scene *scene)
{
    struct journal *journal = store_folder_open(&scene->store);

    user_init(&scene->user);
    assert_int_equal(journal->methods->replay(journal, 0, &scene->user.target,
                                              NULL, scene->error),
                     JOURNAL_COMPLETE);
    assert_true(journal->methods->start(journal, &scene->user.target));
}

/* Add so many commits of one message. */
static void add_commits(struct scene *scene, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            user_commit(scene->store.journal, &scene->user, ++scene->number, 1),
            JOURNAL_SETTLED);
}

/* What an image of the first segment has. */
struct loaded {
    enum journal_replayed result;
    uint64_t last; /* position */
};

/* Load the image, and read all its rows. They must follow each other. */
static struct loaded load_image(struct scene *scene,
                                struct segment_image *image,
                                const struct journal_watch *watch)
{
    struct row_replay replay = {.watch = watch, .id_path = ""};
    struct loaded loaded;

    assert_true(row_replay_init(&replay, scene->error));
    loaded.result = segment_image_load(image, &replay, scene->error);
    if (loaded.result == JOURNAL_COMPLETE) {
        replay.id = segment_image_rows(image)->id;
        loaded.result =
            row_replay_run(&replay, segment_image_rows(image), scene->error);
    }
    loaded.last = replay.position;
    segment_image_unload(image);
    row_replay_release(&replay);
    return loaded;
}

/* The same of an image that is opened only for that. */
static struct loaded load(struct scene *scene)
{
    bool in_use;
    struct folder *folder =
        folder_open_to_read(scene->store.path, &in_use, scene->error);
    assert_non_null(folder);
    struct segment_image *image = segment_image_new(folder, 1, scene->error);
    assert_non_null(image);
    struct loaded loaded = load_image(scene, image, NULL);
    segment_image_free(image);
    folder_close(folder);
    return loaded;
}

static void path_of(const struct scene *scene, const char *suffix,
                    char path[128])
{
    snprintf(path, 128, "%s/journal-00000000000000000001.db%s",
             scene->store.path, suffix);
}

static off_t size_of(const struct scene *scene, const char *suffix)
{
    struct stat status;
    char path[128];

    path_of(scene, suffix, path);
    return stat(path, &status) == 0 ? status.st_size : -1;
}

/* Add 1 to a byte of a file. */
static void damage(const struct scene *scene, const char *suffix, off_t offset)
{
    unsigned char byte = 0;
    char path[128];

    path_of(scene, suffix, path);
    int file = open(path, O_RDWR | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, offset), 1);
    byte++;
    assert_int_equal(pwrite(file, &byte, 1, offset), 1);
    close(file);
}

static void cut(const struct scene *scene, const char *suffix, off_t size)
{
    char path[128];

    path_of(scene, suffix, path);
    assert_int_equal(truncate(path, size), 0);
}

static void expect_rows(struct scene *scene, uint64_t last)
{
    struct loaded loaded = load(scene);

    if (loaded.result != JOURNAL_COMPLETE)
        fail_msg("%s", scene->error);
    assert_int_equal(loaded.last, last);
}

static void expect_failure(struct scene *scene, const char *part)
{
    assert_int_equal(load(scene).result, JOURNAL_FAILED);
    if (strstr(scene->error, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, scene->error);
}

/* Keep the log as it is: the journal's end would copy it to the database. */
static void end_with_log(struct scene *scene)
{
    static const char *const suffixes[] = {"", "-wal"};
    struct file_bytes kept[COUNT(suffixes)];
    char path[128];

    for (size_t i = 0; i < COUNT(suffixes); i++) {
        path_of(scene, suffixes[i], path);
        kept[i] = file_bytes_read(path);
    }
    store_folder_stop(&scene->store);
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        path_of(scene, suffixes[i], path);
        file_bytes_write(path, &kept[i], kept[i].length);
        file_bytes_free(&kept[i]);
    }
}

static void rows_in_the_log_are_read_as_those_in_the_database(void **state)
{
    struct scene *scene = *state;

    open_journal(scene);
    expect_rows(scene, 0);
    add_commits(scene, 10);
    assert_true(size_of(scene, "-wal") > 10 * (off_t)FRAME);
    expect_rows(scene, 10);
    store_folder_stop(&scene->store);
    assert_true(size_of(scene, "-wal") <= 0);
    expect_rows(scene, 10);
    open_journal(scene);
    expect_rows(scene, 10);
    add_commits(scene, 10);
    expect_rows(scene, 20);
}

static void nothing_in_the_folder_is_changed(void **state)
{
    struct scene *scene = *state;

    open_journal(scene);
    add_commits(scene, 10);
    uint64_t hash = folder_hash(scene->store.path);
    expect_rows(scene, 10);
    assert_int_equal(folder_hash(scene->store.path), hash);
    end_with_log(scene);
    hash = folder_hash(scene->store.path);
    expect_rows(scene, 10);
    assert_int_equal(folder_hash(scene->store.path), hash);
}

/* Who adds commits while images are loaded. */
struct adding {
    struct scene *scene;
    _Atomic uint64_t settled; /* the last number that is */
    _Atomic bool done;
};

static void *add_many(void *context)
{
    struct adding *adding = context;

    for (uint64_t number = 1; number <= RACE_TICKETS; number++) {
        user_commit(adding->scene->store.journal, &adding->scene->user, number,
                    1);
        atomic_store(&adding->settled, number);
    }
    atomic_store(&adding->done, true);
    return NULL;
}

/* The log is copied to the database, and begun again, each few commits. */
static void an_image_beside_a_writer_has_all_that_was_acknowledged(void **state)
{
    struct scene *scene = *state;
    struct adding adding = {.scene = scene};
    pthread_t thread;
    size_t loads = 0, between = 0;

    scene->store.options.checkpoint = 16 * (uint64_t)FRAME;
    open_journal(scene);
    assert_int_equal(pthread_create(&thread, NULL, add_many, &adding), 0);
    while (!atomic_load(&adding.done)) {
        uint64_t before = atomic_load(&adding.settled);
        struct loaded loaded = load(scene);
        if (loaded.result != JOURNAL_COMPLETE)
            fail_msg("%s", scene->error);
        if (loaded.last < before)
            fail_msg("%ju was acknowledged, and the image ends at %ju",
                     (uintmax_t)before, (uintmax_t)loaded.last);
        assert_true(loaded.last <= atomic_load(&adding.settled) + 1);
        loads++;
        between += before > 0 && before < RACE_TICKETS;
    }
    sync_join(thread);
    assert_true(loads > 0 && between > 0);
    expect_rows(scene, RACE_TICKETS);
}

static void a_segment_that_was_removed_is_read_if_it_was_open(void **state)
{
    struct scene *scene = *state;
    char path[128];
    bool in_use;

    open_journal(scene);
    add_commits(scene, 5);
    end_with_log(scene);
    struct folder *folder =
        folder_open_to_read(scene->store.path, &in_use, scene->error);
    assert_non_null(folder);
    struct segment_image *image = segment_image_new(folder, 1, scene->error);
    assert_non_null(image);
    path_of(scene, "", path);
    assert_int_equal(unlink(path), 0);
    path_of(scene, "-wal", path);
    assert_int_equal(unlink(path), 0);
    struct loaded loaded = load_image(scene, image, NULL);
    assert_int_equal(loaded.result, JOURNAL_COMPLETE);
    assert_int_equal(loaded.last, 5);
    segment_image_free(image);
    assert_null(segment_image_new(folder, 1, scene->error));
    assert_int_equal(errno, ENOENT);
    folder_close(folder);
}

/* A watch that begins the log again whenever the database is copied. */
struct changing {
    struct scene *scene;
    unsigned times;
};

static bool change_log(void *context, const struct journal_progress *progress)
{
    struct changing *changing = context;

    (void)progress;
    if (changing->times > 0) {
        changing->times--;
        damage(changing->scene, "-wal", 16); /* the salts */
    }
    return true;
}

static struct loaded load_changing(struct scene *scene,
                                   struct segment_image *image, unsigned times)
{
    struct changing changing = {scene, times};
    const struct journal_watch watch = {&changing, change_log};
    struct row_replay replay = {.watch = &watch, .id_path = ""};
    struct loaded loaded = {.result = JOURNAL_COMPLETE};

    assert_true(row_replay_init(&replay, scene->error));
    loaded.result = segment_image_load(image, &replay, scene->error);
    segment_image_unload(image);
    row_replay_release(&replay);
    assert_int_equal(changing.times, 0);
    return loaded;
}

static void a_log_that_was_begun_again_is_copied_again(void **state)
{
    struct scene *scene = *state;
    bool in_use;

    open_journal(scene);
    add_commits(scene, 5);
    end_with_log(scene);
    struct folder *folder =
        folder_open_to_read(scene->store.path, &in_use, scene->error);
    struct segment_image *image = segment_image_new(folder, 1, scene->error);
    assert_non_null(image);
    /* The damage is seen by the second copy, which is not disturbed. */
    assert_int_equal(load_changing(scene, image, 1).result, JOURNAL_FAILED);
    assert_non_null(strstr(scene->error, "-wal is damaged at its begin"));
    segment_image_free(image);
    folder_close(folder);
}

static void an_image_that_could_not_be_read_is_loaded_again(void **state)
{
    struct scene *scene = *state;
    struct row_replay replay = {.id_path = ""};
    const off_t application = 68; /* in the header of the database (1.3) */
    bool in_use;

    open_journal(scene);
    add_commits(scene, 5);
    store_folder_stop(&scene->store);
    damage(scene, "", application);
    struct folder *folder =
        folder_open_to_read(scene->store.path, &in_use, scene->error);
    struct segment_image *image = segment_image_new(folder, 1, scene->error);
    assert_non_null(image);
    assert_true(row_replay_init(&replay, scene->error));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(segment_image_load(image, &replay, scene->error),
                         JOURNAL_FAILED);
        assert_non_null(strstr(scene->error, "a database of another program"));
    }
    for (int undo = 1; undo < 256; undo++)
        damage(scene, "", application);
    assert_int_equal(segment_image_load(image, &replay, scene->error),
                     JOURNAL_COMPLETE);
    row_replay_release(&replay);
    assert_int_equal(load_image(scene, image, NULL).last, 5);
    segment_image_free(image);
    folder_close(folder);
}

static bool interrupt(void *context, const struct journal_progress *progress)
{
    (void)context;
    (void)progress;
    return false;
}

static void a_load_is_interrupted_by_its_watch(void **state)
{
    struct scene *scene = *state;
    const struct journal_watch watch = {NULL, interrupt};
    bool in_use;

    open_journal(scene);
    add_commits(scene, 5);
    struct folder *folder =
        folder_open_to_read(scene->store.path, &in_use, scene->error);
    struct segment_image *image = segment_image_new(folder, 1, scene->error);
    assert_non_null(image);
    assert_int_equal(load_image(scene, image, &watch).result,
                     JOURNAL_INTERRUPTED);
    assert_int_equal(load_image(scene, image, NULL).last, 5);
    segment_image_free(image);
    folder_close(folder);
}

/* As after a power cut: it was not acknowledged. */
static void a_commit_that_is_not_whole_is_left_out(void **state)
{
    struct scene *scene = *state;

    open_journal(scene);
    add_commits(scene, 5);
    end_with_log(scene);
    cut(scene, "-wal", size_of(scene, "-wal") - 1);
    expect_rows(scene, 4);
    cut(scene, "-wal", 0);
    expect_rows(scene, 0);
}

static void damage_is_refused_and_named(void **state)
{
    struct scene *scene = *state;

    open_journal(scene);
    add_commits(scene, 5);
    end_with_log(scene);
    damage(scene, "-wal", 32 + 100);
    expect_failure(scene, ".db-wal is damaged at byte 32 (frame 1), and "
                          "commits lie behind that: restore");
    cut(scene, "-wal", 0);
    damage(scene, "", 3);
    expect_failure(scene, ".db is damaged: its header is wrong: restore");
    cut(scene, "", 0);
    expect_failure(scene, ".db is damaged: it is empty: restore");
}

/* Every byte of the headers that SQLite reads before the log. */
static void each_byte_of_the_header_is_checked(void **state)
{
    struct scene *scene = *state;

    open_journal(scene);
    add_commits(scene, 5);
    end_with_log(scene);
    for (off_t i = 0; i < 24; i++) {
        damage(scene, "", i);
        expect_failure(scene, ".db is damaged: its header is wrong: restore");
        for (int undo = 1; undo < 256; undo++)
            damage(scene, "", i);
    }
    expect_rows(scene, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(rows_in_the_log_are_read_as_those_in_the_database),
        FIXTURE_TEST(nothing_in_the_folder_is_changed),
        FIXTURE_TEST(an_image_beside_a_writer_has_all_that_was_acknowledged),
        FIXTURE_TEST(a_segment_that_was_removed_is_read_if_it_was_open),
        FIXTURE_TEST(a_log_that_was_begun_again_is_copied_again),
        FIXTURE_TEST(an_image_that_could_not_be_read_is_loaded_again),
        FIXTURE_TEST(a_load_is_interrupted_by_its_watch),
        FIXTURE_TEST(a_commit_that_is_not_whole_is_left_out),
        FIXTURE_TEST(damage_is_refused_and_named),
        FIXTURE_TEST(each_byte_of_the_header_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
