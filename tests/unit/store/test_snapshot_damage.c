/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the file of a snapshot: whatever is done to it is found, or does not
 * matter.
 */
#include "lib/file_bytes.h"
#include "lib/unit_check.h"

#include <sqlite3.h>

#include "snapshot_scene.h"
#include "store/segment.h"
#include "store/snapshot_file.h"
#include "table/table_image.h"

#define SNAPSHOT_TEST(test)                                                    \
    cmocka_unit_test_setup_teardown(test, snapshot_scene_set_up,               \
                                    snapshot_scene_tear_down)

enum { MANY = 100 /* blocks of a large snapshot */ };

#define RESTORE                                                                \
    ": restore the folder from a backup, or choose another one to begin "      \
    "without its rockets; nothing was changed"

static void change_database(const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(scene.path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define NEWER(version)                                                         \
    " has version " version ", but lunar.service " LUNAR_VERSION               \
    " reads at most 1.1: use the version that wrote it, or a later one"

static const struct {
    const char *sql, *error;
} changes[] = {
    {"DELETE FROM block WHERE number = 1",
     " is damaged at block 1: it is missing" RESTORE},
    {"DELETE FROM block WHERE number = 2",
     " is damaged at block 2: it is missing" RESTORE},
    {"DELETE FROM block WHERE number = 3",
     " is damaged: the last blocks are missing" RESTORE},
    {"DELETE FROM block", " is damaged: the last blocks are missing" RESTORE},
    {"INSERT INTO block SELECT 4, rockets, sum FROM block WHERE number = 3",
     " is damaged: it has more blocks than it says" RESTORE},
    {"UPDATE block SET number = -number WHERE number = 1",
     " is damaged at block 1: it is missing" RESTORE},
    /* Blocks 1 and 2 are exchanged. */
    {"UPDATE block SET number = 3 - number + 10 WHERE number < 3;"
     "UPDATE block SET number = number - 10 WHERE number > 10",
     " is damaged at block 1: the checksum is wrong" RESTORE},
    {"UPDATE block SET sum = sum + 1 WHERE number = 2",
     " is damaged at block 2: the checksum is wrong" RESTORE},
    {"UPDATE block SET sum = 'x' WHERE number = 2",
     " is damaged at block 2: the checksum is wrong" RESTORE},
    {"UPDATE block SET rockets = x'' WHERE number = 2",
     " is damaged at block 2: the checksum is wrong" RESTORE},
    {"UPDATE block SET rockets = rockets || x'00' WHERE number = 3",
     " is damaged at block 3: the checksum is wrong" RESTORE},
    {"DELETE FROM meta WHERE name = 'sum'",
     " is damaged: the checksum of its values is missing" RESTORE},
    {"DELETE FROM meta WHERE name = 'through'",
     " is damaged: a value is missing" RESTORE},
    {"UPDATE meta SET value = 'x' WHERE name = 'through'",
     " is damaged: a value is missing" RESTORE},
    {"DROP TABLE block", " is damaged: a table is missing" RESTORE},
    {"DROP TABLE meta", " is damaged: no such table: meta" RESTORE},
    {"ALTER TABLE block RENAME TO other;"
     "CREATE VIEW block AS SELECT * FROM other",
     " is damaged: a table is missing" RESTORE},
    {"PRAGMA user_version = 0",
     " is damaged: its version is not in it" RESTORE},
    {"UPDATE meta SET value = 0 WHERE name = 'image_version'",
     " is damaged: its version is not in it" RESTORE},
    {"PRAGMA user_version = 2", NEWER("2.1")},
    {"PRAGMA user_version = 2; DROP TABLE meta", NEWER("2.0")},
    {"UPDATE meta SET value = 9 WHERE name = 'image_version'", NEWER("1.9")},
    {"PRAGMA application_id = 0",
     " is a database of another program: choose another folder"},
    {"PRAGMA application_id = 1819635266",
     " is a backup: restore it to a new folder"},
    {"PRAGMA application_id = 1819635274",
     " is a part of a journal, not a snapshot: put back the files as they "
     "were"},
};

static void what_does_not_belong_together_is_found(void **context)
{
    (void)context;
    assert_int_equal(SNAPSHOT_VERSION, 1);
    assert_int_equal(TABLE_IMAGE_VERSION, 1);
    assert_int_equal(SNAPSHOT_OF_BACKUP, 1819635266);
    assert_int_equal(SEGMENT_APPLICATION, 1819635274);
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct snapshot_info info =
            snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);
        change_database(changes[i].sql);
        struct stat status;
        assert_int_equal(stat(scene.path, &status), 0);
        info.bytes = (uint64_t)status.st_size;
        if (snapshot_scene_try_read(&snapshot_small, &info))
            fail_msg("%s: not found", changes[i].sql);
        snapshot_scene_expect_error("", changes[i].error);
    }
}

static void each_value_has_a_part_in_the_sum(void **context)
{
    (void)context;
    static const char *const names[] = {
        "journal_id", "salt",     "position", "through", "rockets",
        "blocks",     "max_runs", "time",     "sum",
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        char sql[128];
        struct snapshot_info info =
            snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);
        snprintf(sql, sizeof(sql),
                 "UPDATE meta SET value = value + 1 WHERE name = '%s'",
                 names[i]);
        change_database(sql);
        assert_false(snapshot_scene_try_read(&snapshot_small, &info));
        snapshot_scene_expect_error(
            "", " is damaged: the checksum of its values is wrong" RESTORE);
    }
}

/*
 * As when a disk has lost the write of a block, and the snapshot before was in
 * the same place.
 */
static void a_block_of_an_older_snapshot_is_found(void **context)
{
    (void)context;
    char sql[256];
    struct snapshot_info info =
        snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);

    snprintf(sql, sizeof(sql), "%s/older.db", scene.root);
    assert_int_equal(rename(scene.path, sql), 0);
    info = snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);
    snprintf(sql, sizeof(sql),
             "ATTACH '%s/older.db' AS older;"
             "REPLACE INTO block SELECT * FROM older.block WHERE number = 2",
             scene.root);
    change_database(sql);
    assert_false(snapshot_scene_try_read(&snapshot_small, &info));
    snapshot_scene_expect_error(
        "", " is damaged at block 2: the checksum is wrong" RESTORE);
}

static void a_backup_is_told_from_a_snapshot(void **context)
{
    (void)context;
    static const struct {
        enum snapshot_kind kind;
        const char *sql, *error;
    } rows[] = {
        {SNAPSHOT_OF_FOLDER, "SELECT 1",
         " is the snapshot of a data folder, not a backup: make a backup of "
         "that folder"},
        {SNAPSHOT_OF_BACKUP, "PRAGMA application_id = 1819635274",
         " is a part of a journal, not a backup: make a backup of its folder"},
        {SNAPSHOT_OF_BACKUP, "PRAGMA application_id = 7",
         " is a database of another program, not a backup"},
        {SNAPSHOT_OF_BACKUP, "DROP TABLE block",
         " is damaged: a table is missing: use another backup; nothing was "
         "changed"},
    };

    snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_BACKUP);
    snapshot_reader_free(snapshot_scene_open(SNAPSHOT_OF_BACKUP));
    for (size_t i = 0; i < COUNT(rows); i++) {
        snapshot_scene_write(&snapshot_small, rows[i].kind);
        change_database(rows[i].sql);
        assert_null(
            snapshot_reader_new(scene.path, SNAPSHOT_OF_BACKUP, scene.error));
        snapshot_scene_expect_error("", rows[i].error);
    }
}

static void empty_and_shortened_files_are_found(void **context)
{
    (void)context;
    struct snapshot_info info =
        snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);

    for (uint64_t size = info.bytes - 1; size > 100; size -= size / 9) {
        snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);
        assert_int_equal(truncate(scene.path, (off_t)size), 0);
        if (snapshot_scene_try_read(&snapshot_small, &info))
            fail_msg("shortened to %ju: not found", (uintmax_t)size);
        snapshot_scene_check_sentence();
        assert_non_null(strstr(scene.error, " is damaged"));
    }
    assert_int_equal(truncate(scene.path, 0), 0);
    assert_false(snapshot_scene_try_read(&snapshot_small, &info));
    snapshot_scene_expect_error("", " is damaged: it is empty" RESTORE);
}

/* The bytes that are next to others than 0, and some of the others. */
static bool worth_a_try(const struct file_bytes *bytes, size_t at)
{
    enum { NEAR = 8, SOME = 61 };

    for (size_t i = at < NEAR ? 0 : at - NEAR;
         i <= at + NEAR && i < bytes->length; i++)
        if (bytes->data[i] != 0)
            return true;
    return at % SOME == 0;
}

/* The file with a byte changed: it is found, or nothing has changed. */
static bool try_byte(int file, off_t at, unsigned char byte,
                     const struct snapshot_contents *contents,
                     const struct snapshot_info *info)
{
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
    bool read = snapshot_scene_try_read(contents, info);
    if (!read)
        snapshot_scene_check_sentence();
    return read;
}

static void a_byte_that_is_damaged_anywhere_is_found(void **context)
{
    (void)context;
    struct snapshot_info info =
        snapshot_scene_write(&snapshot_small, SNAPSHOT_OF_FOLDER);
    struct file_bytes bytes = file_bytes_read(scene.path);
    size_t tried = 0, found = 0;

    int file = open(scene.path, O_RDWR | O_CLOEXEC);
    for (size_t at = 0; at < bytes.length; at++) {
        static const unsigned char flips[] = {0x01, 0x80, 0xff};
        if (!worth_a_try(&bytes, at))
            continue;
        for (size_t i = 0; i < COUNT(flips); i++) {
            tried++;
            found += !try_byte(file, (off_t)at,
                               (unsigned char)(bytes.data[at] ^ flips[i]),
                               &snapshot_small, &info);
        }
        assert_int_equal(pwrite(file, &bytes.data[at], 1, (off_t)at), 1);
    }
    close(file);
    file_bytes_free(&bytes);
    /* Free space is most of a small file. */
    assert_true(found > 1000 && found < tried);
    assert_true(snapshot_scene_try_read(&snapshot_small, &info));
}

/* Sectors and pages that are lost, or are those of another place. */
static void damage_of_a_large_snapshot_is_found(void **context)
{
    (void)context;
    static const size_t lengths[] = {1, 512, 4096, SNAPSHOT_PAGE};
    const struct snapshot_contents large = {8, MANY, SNAPSHOT_BLOCK};
    struct snapshot_info info =
        snapshot_scene_write(&large, SNAPSHOT_OF_FOLDER);
    uint64_t seed = 20240229;
    struct file_bytes bytes = file_bytes_read(scene.path);
    size_t found = 0;
    enum { TRIES = 80 };

    if (bytes.length < SNAPSHOT_PAGE)
        abort();
    int file = open(scene.path, O_RDWR | O_CLOEXEC);
    for (unsigned i = 0; i < TRIES; i++) {
        unsigned char damage[SNAPSHOT_PAGE] = {0};
        size_t length = lengths[unit_random(&seed) % COUNT(lengths)];
        size_t at =
            (size_t)(unit_random(&seed) % (bytes.length / length)) * length;
        size_t from =
            (size_t)(unit_random(&seed) % (bytes.length / length)) * length;
        if (unit_random(&seed) % 2 == 0)
            memcpy(damage, bytes.data + from, length);
        assert_int_equal(pwrite(file, damage, length, (off_t)at), length);
        if (!snapshot_scene_try_read(&large, &info)) {
            snapshot_scene_check_sentence();
            found++;
        }
        assert_int_equal(pwrite(file, bytes.data + at, length, (off_t)at),
                         length);
    }
    close(file);
    file_bytes_free(&bytes);
    /* A byte may be the one that was there, and the end of a page unused. */
    if (found < TRIES / 2)
        fail_msg("%zu of %d were found", found, TRIES);
    assert_true(snapshot_scene_try_read(&large, &info));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(what_does_not_belong_together_is_found),
        SNAPSHOT_TEST(each_value_has_a_part_in_the_sum),
        SNAPSHOT_TEST(a_block_of_an_older_snapshot_is_found),
        SNAPSHOT_TEST(a_backup_is_told_from_a_snapshot),
        SNAPSHOT_TEST(empty_and_shortened_files_are_found),
        SNAPSHOT_TEST(a_byte_that_is_damaged_anywhere_is_found),
        SNAPSHOT_TEST(damage_of_a_large_snapshot_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
