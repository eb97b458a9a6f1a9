/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the file of a snapshot: what was written is read. What is done to
 * the file is in test_snapshot_damage.c.
 */
#include "lib/faulty_vfs.h"
#include "lib/unit_check.h"

#include <sqlite3.h>

#include "snapshot_scene.h"
#include "store/snapshot_file.h"

#define SNAPSHOT_TEST(test)                                                    \
    cmocka_unit_test_setup_teardown(test, snapshot_scene_set_up,               \
                                    snapshot_scene_tear_down)

static void what_was_written_is_read(void **context)
{
    (void)context;
    static const struct snapshot_contents rows[] = {
        {1, 0, 0},
        {2, 1, 1},
        {3, 1, SNAPSHOT_BLOCK},
        {4, SNAPSHOT_SCENE_BLOCKS, 50},
        {5, 2 * SNAPSHOT_SYNC / SNAPSHOT_BLOCK + 1, SNAPSHOT_BLOCK},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stat status;
        struct snapshot_info info =
            snapshot_scene_write(&rows[i], SNAPSHOT_OF_FOLDER);
        assert_int_equal(stat(scene.path, &status), 0);
        assert_int_equal(status.st_mode & 07777U, 0600);
        assert_int_equal(info.bytes, status.st_size);
        assert_int_equal(info.id, SNAPSHOT_SCENE_ID);
        assert_int_equal(info.blocks, rows[i].blocks);
        assert_int_equal(info.rockets,
                         rows[i].blocks * (rows[i].blocks + 1) / 2);
        if (!snapshot_scene_try_read(&rows[i], &info))
            fail_msg("%s", scene.error);
    }
}

static void a_range_of_blocks_is_read(void **context)
{
    (void)context;
    const struct snapshot_contents contents = {6, 10, 40};
    struct text images;

    snapshot_scene_write(&contents, SNAPSHOT_OF_FOLDER);
    struct snapshot_reader *reader = snapshot_scene_open(SNAPSHOT_OF_FOLDER);
    static const uint64_t ranges[][2] = {{7, 11}, {1, 2}, {3, 3}, {1, 11}};
    for (size_t i = 0; i < COUNT(ranges); i++) {
        snapshot_reader_range(reader, ranges[i][0], ranges[i][1]);
        for (uint64_t number = ranges[i][0]; number < ranges[i][1]; number++) {
            assert_int_equal(snapshot_reader_next(reader, &images, scene.error),
                             SNAPSHOT_BLOCK_READ);
            unit_check_text(images, snapshot_scene_block(&contents, number));
        }
        assert_int_equal(snapshot_reader_next(reader, &images, scene.error),
                         SNAPSHOT_END);
    }
    snapshot_reader_free(reader);
    snapshot_reader_free(NULL);
    snapshot_writer_free(NULL);
}

/* Blocks are freed behind the end, and were used before it. */
static void room_for_a_snapshot_is_used_and_the_rest_given_back(void **context)
{
    (void)context;
    enum { ROOM = 16 * 1024 * 1024, SLACK = 64 * 1024 };
    const struct snapshot_contents contents = {7, 20, SNAPSHOT_BLOCK};
    struct snapshot_info info;
    struct stat status;
    int file = open(scene.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fallocate(file, FALLOC_FL_KEEP_SIZE, 0, ROOM) != 0)
        skip();
    assert_int_equal(fstat(file, &status), 0);
    assert_true(status.st_blocks * 512 >= ROOM);
    ino_t node = status.st_ino;
    if (!snapshot_scene_try_write(&contents, SNAPSHOT_OF_FOLDER, &info))
        fail_msg("%s", scene.error);
    assert_int_equal(stat(scene.path, &status), 0);
    assert_int_equal(status.st_ino, node);
    assert_int_equal(status.st_size, info.bytes);
    assert_true((uint64_t)status.st_blocks * 512 < info.bytes + SLACK);
    close(file);
    assert_true(snapshot_scene_try_read(&contents, &info));
}

static void a_file_with_something_in_it_is_not_written_over(void **context)
{
    (void)context;
    struct snapshot_info info;

    folder_write(scene.root, "/snapshot.db", "x");
    assert_false(
        snapshot_scene_try_write(&snapshot_small, SNAPSHOT_OF_FOLDER, &info));
    assert_int_equal(errno, EEXIST);
    snapshot_scene_expect_error("cannot write ", ": File exists");
}

static void what_is_no_file_that_can_be_read_is_named(void **context)
{
    (void)context;
    uid_t user = geteuid();

    assert_null(
        snapshot_reader_new(scene.path, SNAPSHOT_OF_FOLDER, scene.error));
    assert_int_equal(errno, ENOENT);
    snapshot_scene_expect_error("there is no ", "");

    folder_write(scene.root, "/snapshot.db", NULL);
    assert_null(
        snapshot_reader_new(scene.path, SNAPSHOT_OF_FOLDER, scene.error));
    assert_int_not_equal(errno, ENOENT);
    snapshot_scene_expect_error(
        "", " is not a regular file: put back the files as they "
            "were");
    assert_int_equal(rmdir(scene.path), 0);

    /* Nobody writes to it. */
    assert_int_equal(mkfifo(scene.path, 0600), 0);
    assert_null(
        snapshot_reader_new(scene.path, SNAPSHOT_OF_FOLDER, scene.error));
    snapshot_scene_expect_error(
        "", " is not a regular file: put back the files as they "
            "were");
    assert_int_equal(unlink(scene.path), 0);

    folder_write(scene.root, "/snapshot.db", "x");
    assert_int_equal(chmod(scene.path, 0), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    assert_null(
        snapshot_reader_new(scene.path, SNAPSHOT_OF_FOLDER, scene.error));
    int number = errno;
    if (user == 0)
        assert_int_equal(seteuid(user), 0);
    assert_int_equal(number, EACCES);
    snapshot_scene_expect_error(
        "cannot read ",
        ": Permission denied: give the user who runs this the permission, "
        "which root and the owner have, or choose another folder");
}

/* Each piece, and the end. */
static void a_snapshot_is_synced_in_pieces(void **context)
{
    (void)context;
    enum { PIECE = SNAPSHOT_SYNC / SNAPSHOT_BLOCK };
    static const struct {
        struct snapshot_contents contents;
        unsigned syncs;
    } rows[] = {
        {{1, 0, 0}, 1},
        {{2, PIECE - 1, SNAPSHOT_BLOCK}, 1},
        {{3, PIECE, SNAPSHOT_BLOCK}, 2},
        {{4, 3 * PIECE + 1, SNAPSHOT_BLOCK}, 4},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC});
        snapshot_scene_write(&rows[i].contents, SNAPSHOT_OF_FOLDER);
        assert_int_equal(faulty_vfs_calls(), rows[i].syncs);
    }
}

/* Another program may have the file open. */
static void a_snapshot_is_read_without_locks(void **context)
{
    (void)context;
    struct snapshot_info info =
        snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_open(scene.path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE; DELETE FROM block",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_true(snapshot_scene_try_read(&snapshot_small, &info));
    sqlite3_close(other);
}

/* Rows beside the blocks are in the same file, and synced in pieces too. */
static void a_backup_has_tables_of_its_own(void **context)
{
    (void)context;
    struct snapshot_info info = {.position = 5, .through = 5};
    struct snapshot_writer *writer = snapshot_writer_new(
        scene.path, SNAPSHOT_OF_BACKUP, SNAPSHOT_SCENE_ID, scene.error);
    assert_non_null(writer);
    sqlite3 *db = snapshot_writer_database(writer);
    int code = sqlite3_exec(db, "CREATE TABLE batch(last INTEGER PRIMARY KEY)",
                            NULL, NULL, NULL);
    assert_true(snapshot_writer_wrote(writer, code, 1, scene.error));
    for (unsigned i = 0; i < 4; i++) {
        code = sqlite3_exec(db, "INSERT INTO batch VALUES (NULL)", NULL, NULL,
                            NULL);
        assert_true(snapshot_writer_wrote(writer, code, SNAPSHOT_SYNC / 2,
                                          scene.error));
    }
    assert_true(snapshot_writer_finish(writer, &info, scene.error));
    snapshot_writer_free(writer);

    struct snapshot_reader *reader = snapshot_scene_open(SNAPSHOT_OF_BACKUP);
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(snapshot_reader_database(reader),
                                        "SELECT count(*) FROM batch", -1,
                                        &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 4);
    sqlite3_finalize(statement);
    snapshot_reader_free(reader);
}

static void a_path_may_have_any_bytes(void **context)
{
    (void)context;
    static const char *const names[] = {
        "a?b",      "a#b",  "%41",    "a b",           "?immutable=0",
        "\xc3\xa4", "\xff", "file:a", "a&mode=memory", ":memory:",
    };
    char folder[64];
    struct snapshot_info info;

    snprintf(folder, sizeof(folder), "%s", scene.root);
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(scene.path, sizeof(scene.path), "/%s/%s", folder, names[i]);
        info = snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);
        if (!snapshot_scene_try_read(&snapshot_small, &info))
            fail_msg("%s: %s", names[i], scene.error);
        /* Relative ones, as with -data=data. */
        snprintf(scene.path, sizeof(scene.path), "./%s", names[i]);
        assert_true(snapshot_scene_try_read(&snapshot_small, &info));
    }
    assert_int_equal(chdir("/"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(what_was_written_is_read),
        SNAPSHOT_TEST(a_range_of_blocks_is_read),
        SNAPSHOT_TEST(room_for_a_snapshot_is_used_and_the_rest_given_back),
        SNAPSHOT_TEST(a_file_with_something_in_it_is_not_written_over),
        SNAPSHOT_TEST(what_is_no_file_that_can_be_read_is_named),
        SNAPSHOT_TEST(a_snapshot_is_synced_in_pieces),
        SNAPSHOT_TEST(a_snapshot_is_read_without_locks),
        SNAPSHOT_TEST(a_backup_has_tables_of_its_own),
        SNAPSHOT_TEST(a_path_may_have_any_bytes),
    };

    faulty_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
