/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the file of a snapshot: what was written is read, and whatever is
 * done to the file is found, or does not matter. The blocks have any bytes, as
 * the file does not know what is in them.
 */
#include "lib/faulty_vfs.h"
#include "lib/file_bytes.h"
#include "lib/folder.h"
#include "lib/unit_check.h"

#include <sqlite3.h>

#include "store/segment.h"
#include "store/snapshot_file.h"
#include "table/table_image.h"

enum {
    BLOCKS = 3,
    ID = 77,
    MANY = 100, /* blocks of a large snapshot */
};

static char root[FOLDER_ROOT];
static char path[96];
static char error[JOURNAL_ERROR];

/* The blocks of a snapshot. */
struct contents {
    uint64_t seed;
    uint64_t blocks;
    size_t bytes; /* of a block, at least; the others have some more */
};

static const struct contents small = {1, BLOCKS, 50};

static size_t block_bytes(const struct contents *contents, uint64_t number)
{
    return contents->bytes + (size_t)(number * 37 % 101);
}

/* Write the bytes of a block. Returns them, which the next call changes. */
static struct text make_block(const struct contents *contents, uint64_t number)
{
    static char bytes[SNAPSHOT_BLOCK + 128];
    uint64_t state = contents->seed * 1000 + number;
    size_t length = block_bytes(contents, number);

    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)unit_random(&state);
    return (struct text){bytes, length};
}

/* Write them to `path`. False as snapshot_writer_new() and the others do. */
static bool try_write(const struct contents *contents, enum snapshot_kind kind,
                      struct snapshot_info *info)
{
    struct snapshot_writer *writer = snapshot_writer_new(path, kind, ID, error);
    bool written = writer != NULL;

    for (uint64_t i = 1; written && i <= contents->blocks; i++)
        written =
            snapshot_writer_add(writer, make_block(contents, i), i, error);
    *info = (struct snapshot_info){.position = 1000,
                                   .through = 1234,
                                   .max_runs = 16384,
                                   .time = 1700000000};
    written = written && snapshot_writer_finish(writer, info, error);
    int number = errno;
    snapshot_writer_free(writer);
    errno = number;
    return written;
}

static struct snapshot_info write_snapshot(const struct contents *contents,
                                           enum snapshot_kind kind)
{
    struct snapshot_info info;

    unlink(path);
    if (!try_write(contents, kind, &info))
        fail_msg("%s", error);
    return info;
}

static struct snapshot_reader *open_snapshot(enum snapshot_kind kind)
{
    struct snapshot_reader *reader = snapshot_reader_new(path, kind, error);

    if (reader == NULL) {
        fail_msg("%s", error);
        abort();
    }
    return reader;
}

static void check_info(const struct snapshot_info *info,
                       const struct snapshot_info *expected)
{
    assert_memory_equal(info, expected, sizeof(*info));
}

/*
 * Read the snapshot, whose blocks and info must be these. False, with `error`,
 * if it cannot be read.
 */
static bool try_read(const struct contents *contents,
                     const struct snapshot_info *info)
{
    struct snapshot_reader *reader =
        snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error);
    enum snapshot_read result = SNAPSHOT_BAD;
    uint64_t number = 0;
    struct text images;

    if (reader == NULL)
        return false;
    check_info(snapshot_reader_info(reader), info);
    while ((result = snapshot_reader_next(reader, &images, error)) ==
           SNAPSHOT_BLOCK_READ) {
        number++;
        unit_check_text(images, make_block(contents, number));
    }
    if (result == SNAPSHOT_END)
        assert_int_equal(number, contents->blocks);
    snapshot_reader_free(reader);
    return result == SNAPSHOT_END;
}

/* The error names the file, once, and nothing is cut off. */
static void check_sentence(void)
{
    const char *named = strstr(error, path);

    if (named == NULL || strlen(error) >= JOURNAL_ERROR - 1)
        fail_msg("\"%s\"", error);
}

static void expect_error(const char *before, const char *after)
{
    char expected[2 * JOURNAL_ERROR];

    snprintf(expected, sizeof(expected), "%s%s%s", before, path, after);
    if (strcmp(error, expected) != 0)
        fail_msg("\"%s\" instead of \"%s\"", error, expected);
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

static void what_was_written_is_read(void **context)
{
    (void)context;
    static const struct contents rows[] = {
        {1, 0, 0},
        {2, 1, 1},
        {3, 1, SNAPSHOT_BLOCK},
        {4, BLOCKS, 50},
        {5, 2 * SNAPSHOT_SYNC / SNAPSHOT_BLOCK + 1, SNAPSHOT_BLOCK},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stat status;
        struct snapshot_info info =
            write_snapshot(&rows[i], SNAPSHOT_OF_FOLDER);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777U, 0600);
        assert_int_equal(info.bytes, status.st_size);
        assert_int_equal(info.id, ID);
        assert_int_equal(info.blocks, rows[i].blocks);
        assert_int_equal(info.rockets,
                         rows[i].blocks * (rows[i].blocks + 1) / 2);
        if (!try_read(&rows[i], &info))
            fail_msg("%s", error);
    }
}

static void a_range_of_blocks_is_read(void **context)
{
    (void)context;
    const struct contents contents = {6, 10, 40};
    struct text images;

    write_snapshot(&contents, SNAPSHOT_OF_FOLDER);
    struct snapshot_reader *reader = open_snapshot(SNAPSHOT_OF_FOLDER);
    static const uint64_t ranges[][2] = {{7, 11}, {1, 2}, {3, 3}, {1, 11}};
    for (size_t i = 0; i < COUNT(ranges); i++) {
        snapshot_reader_range(reader, ranges[i][0], ranges[i][1]);
        for (uint64_t number = ranges[i][0]; number < ranges[i][1]; number++) {
            assert_int_equal(snapshot_reader_next(reader, &images, error),
                             SNAPSHOT_BLOCK_READ);
            unit_check_text(images, make_block(&contents, number));
        }
        assert_int_equal(snapshot_reader_next(reader, &images, error),
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
    const struct contents contents = {7, 20, SNAPSHOT_BLOCK};
    struct snapshot_info info;
    struct stat status;
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fallocate(file, FALLOC_FL_KEEP_SIZE, 0, ROOM) != 0)
        skip();
    assert_int_equal(fstat(file, &status), 0);
    assert_true(status.st_blocks * 512 >= ROOM);
    ino_t node = status.st_ino;
    if (!try_write(&contents, SNAPSHOT_OF_FOLDER, &info))
        fail_msg("%s", error);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_ino, node);
    assert_int_equal(status.st_size, info.bytes);
    assert_true((uint64_t)status.st_blocks * 512 < info.bytes + SLACK);
    close(file);
    assert_true(try_read(&contents, &info));
}

static void a_file_with_something_in_it_is_not_written_over(void **context)
{
    (void)context;
    struct snapshot_info info;

    folder_write(root, "/snapshot.db", "x");
    assert_false(try_write(&small, SNAPSHOT_OF_FOLDER, &info));
    assert_int_equal(errno, EEXIST);
    expect_error("cannot write ", ": File exists");
}

static void what_is_no_file_that_can_be_read_is_named(void **context)
{
    (void)context;
    uid_t user = geteuid();

    assert_null(snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error));
    assert_int_equal(errno, ENOENT);
    expect_error("there is no ", "");

    folder_write(root, "/snapshot.db", NULL);
    assert_null(snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error));
    assert_int_not_equal(errno, ENOENT);
    expect_error("", " is not a regular file: put back the files as they "
                     "were");
    assert_int_equal(rmdir(path), 0);

    /* Nobody writes to it. */
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error));
    expect_error("", " is not a regular file: put back the files as they "
                     "were");
    assert_int_equal(unlink(path), 0);

    folder_write(root, "/snapshot.db", "x");
    assert_int_equal(chmod(path, 0), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    assert_null(snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error));
    int number = errno;
    if (user == 0)
        assert_int_equal(seteuid(user), 0);
    assert_int_equal(number, EACCES);
    expect_error("cannot read ",
                 ": Permission denied: give the user who runs this the "
                 "permission, which root and the owner have, or choose another "
                 "folder");
}

#define RESTORE                                                                \
    ": restore the folder from a backup, or choose another one to begin "      \
    "without its rockets; nothing was changed"

static void change_database(const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
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
        struct snapshot_info info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);
        change_database(changes[i].sql);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        info.bytes = (uint64_t)status.st_size;
        if (try_read(&small, &info))
            fail_msg("%s: not found", changes[i].sql);
        expect_error("", changes[i].error);
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
        struct snapshot_info info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);
        snprintf(sql, sizeof(sql),
                 "UPDATE meta SET value = value + 1 WHERE name = '%s'",
                 names[i]);
        change_database(sql);
        assert_false(try_read(&small, &info));
        expect_error(
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
    struct snapshot_info info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);

    snprintf(sql, sizeof(sql), "%s/older.db", root);
    assert_int_equal(rename(path, sql), 0);
    info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);
    snprintf(sql, sizeof(sql),
             "ATTACH '%s/older.db' AS older;"
             "REPLACE INTO block SELECT * FROM older.block WHERE number = 2",
             root);
    change_database(sql);
    assert_false(try_read(&small, &info));
    expect_error("", " is damaged at block 2: the checksum is wrong" RESTORE);
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

    write_snapshot(&small, SNAPSHOT_OF_BACKUP);
    snapshot_reader_free(open_snapshot(SNAPSHOT_OF_BACKUP));
    for (size_t i = 0; i < COUNT(rows); i++) {
        write_snapshot(&small, rows[i].kind);
        change_database(rows[i].sql);
        assert_null(snapshot_reader_new(path, SNAPSHOT_OF_BACKUP, error));
        expect_error("", rows[i].error);
    }
}

/* Each piece, and the end. */
static void a_snapshot_is_synced_in_pieces(void **context)
{
    (void)context;
    enum { PIECE = SNAPSHOT_SYNC / SNAPSHOT_BLOCK };
    static const struct {
        struct contents contents;
        unsigned syncs;
    } rows[] = {
        {{1, 0, 0}, 1},
        {{2, PIECE - 1, SNAPSHOT_BLOCK}, 1},
        {{3, PIECE, SNAPSHOT_BLOCK}, 2},
        {{4, 3 * PIECE + 1, SNAPSHOT_BLOCK}, 4},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        faulty_vfs_plan((struct faulty_plan){.calls = FAULTY_SYNC});
        write_snapshot(&rows[i].contents, SNAPSHOT_OF_FOLDER);
        assert_int_equal(faulty_vfs_calls(), rows[i].syncs);
    }
}

/* Another program may have the file open. */
static void a_snapshot_is_read_without_locks(void **context)
{
    (void)context;
    struct snapshot_info info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE; DELETE FROM block",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_true(try_read(&small, &info));
    sqlite3_close(other);
}

/* Rows beside the blocks are in the same file, and synced in pieces too. */
static void a_backup_has_tables_of_its_own(void **context)
{
    (void)context;
    struct snapshot_info info = {.position = 5, .through = 5};
    struct snapshot_writer *writer =
        snapshot_writer_new(path, SNAPSHOT_OF_BACKUP, ID, error);
    assert_non_null(writer);
    sqlite3 *db = snapshot_writer_database(writer);
    int code = sqlite3_exec(db, "CREATE TABLE batch(last INTEGER PRIMARY KEY)",
                            NULL, NULL, NULL);
    assert_true(snapshot_writer_wrote(writer, code, 1, error));
    for (unsigned i = 0; i < 4; i++) {
        code = sqlite3_exec(db, "INSERT INTO batch VALUES (NULL)", NULL, NULL,
                            NULL);
        assert_true(
            snapshot_writer_wrote(writer, code, SNAPSHOT_SYNC / 2, error));
    }
    assert_true(snapshot_writer_finish(writer, &info, error));
    snapshot_writer_free(writer);

    struct snapshot_reader *reader = open_snapshot(SNAPSHOT_OF_BACKUP);
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

    snprintf(folder, sizeof(folder), "%s", root);
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof(path), "/%s/%s", folder, names[i]);
        info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);
        if (!try_read(&small, &info))
            fail_msg("%s: %s", names[i], error);
        /* Relative ones, as with -data=data. */
        snprintf(path, sizeof(path), "./%s", names[i]);
        assert_true(try_read(&small, &info));
    }
    assert_int_equal(chdir("/"), 0);
}

static void empty_and_shortened_files_are_found(void **context)
{
    (void)context;
    struct snapshot_info info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);

    for (uint64_t size = info.bytes - 1; size > 100; size -= size / 9) {
        write_snapshot(&small, SNAPSHOT_OF_FOLDER);
        assert_int_equal(truncate(path, (off_t)size), 0);
        if (try_read(&small, &info))
            fail_msg("shortened to %ju: not found", (uintmax_t)size);
        check_sentence();
        assert_non_null(strstr(error, " is damaged"));
    }
    assert_int_equal(truncate(path, 0), 0);
    assert_false(try_read(&small, &info));
    expect_error("", " is damaged: it is empty" RESTORE);
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
                     const struct contents *contents,
                     const struct snapshot_info *info)
{
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
    bool read = try_read(contents, info);
    if (!read)
        check_sentence();
    return read;
}

static void a_byte_that_is_damaged_anywhere_is_found(void **context)
{
    (void)context;
    struct snapshot_info info = write_snapshot(&small, SNAPSHOT_OF_FOLDER);
    struct file_bytes bytes = file_bytes_read(path);
    size_t tried = 0, found = 0;

    int file = open(path, O_RDWR | O_CLOEXEC);
    for (size_t at = 0; at < bytes.length; at++) {
        static const unsigned char flips[] = {0x01, 0x80, 0xff};
        if (!worth_a_try(&bytes, at))
            continue;
        for (size_t i = 0; i < COUNT(flips); i++) {
            tried++;
            found += !try_byte(file, (off_t)at,
                               (unsigned char)(bytes.data[at] ^ flips[i]),
                               &small, &info);
        }
        assert_int_equal(pwrite(file, &bytes.data[at], 1, (off_t)at), 1);
    }
    close(file);
    file_bytes_free(&bytes);
    /* Free space is most of a small file. */
    assert_true(found > 1000 && found < tried);
    assert_true(try_read(&small, &info));
}

/* Sectors and pages that are lost, or are those of another place. */
static void damage_of_a_large_snapshot_is_found(void **context)
{
    (void)context;
    static const size_t lengths[] = {1, 512, 4096, SNAPSHOT_PAGE};
    const struct contents large = {8, MANY, SNAPSHOT_BLOCK};
    struct snapshot_info info = write_snapshot(&large, SNAPSHOT_OF_FOLDER);
    uint64_t seed = 20240229;
    struct file_bytes bytes = file_bytes_read(path);
    size_t found = 0;
    enum { TRIES = 80 };

    if (bytes.length < SNAPSHOT_PAGE)
        abort();
    int file = open(path, O_RDWR | O_CLOEXEC);
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
        if (!try_read(&large, &info)) {
            check_sentence();
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
    assert_true(try_read(&large, &info));
}

static const struct contents medium = {9, SNAPSHOT_SYNC / SNAPSHOT_BLOCK + 5,
                                       SNAPSHOT_BLOCK};

static void each_call_that_fails_while_it_is_written_is_told(void **context)
{
    (void)context;
    static const struct {
        unsigned call;
        int code, number;
        const char *error;
    } rows[] = {
        {FAULTY_WRITE, SQLITE_FULL, ENOSPC,
         ": No space left on device: free some space"},
        {FAULTY_WRITE, SQLITE_IOERR_WRITE, 0, ": "},
        {FAULTY_SYNC, SQLITE_IOERR_FSYNC, 0, ": "},
        {FAULTY_TRUNCATE, SQLITE_IOERR_TRUNCATE, 0, ": "},
        {FAULTY_OPEN, SQLITE_CANTOPEN, 0, ": "},
        {FAULTY_ALLOCATION, SQLITE_NOMEM, ENOMEM, ": Cannot allocate memory"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned first = 1;
        bool written = false;
        while (!written) {
            struct snapshot_info info;
            unlink(path);
            error[0] = '\0';
            faulty_vfs_plan((struct faulty_plan){
                .calls = rows[i].call,
                .first = first,
                .count = 1,
                .code = rows[i].code,
                .half = true,
            });
            written = try_write(&medium, SNAPSHOT_OF_FOLDER, &info);
            int number = errno;
            unsigned calls = faulty_vfs_calls();
            faulty_vfs_plan((struct faulty_plan){0});
            if (written) {
                /* SQLite may do without some memory. */
                assert_true(calls < first || rows[i].call == FAULTY_ALLOCATION);
                assert_true(try_read(&medium, &info));
                written = calls < first;
            } else {
                check_sentence();
                assert_non_null(strstr(error, rows[i].error));
                assert_true(number != 0);
                assert_true(rows[i].number == 0 || number == rows[i].number);
            }
            /* All of the first ones, then some. */
            first += first < 40 ? 1 : first / 7;
        }
        assert_true(first > 2);
    }
}

/* What is not damage is not called so: the next try may succeed. */
static void each_call_that_fails_while_it_is_read_is_told(void **context)
{
    (void)context;
    static const struct {
        unsigned call;
        int code;
        const char *error;
    } rows[] = {
        {FAULTY_READ, SQLITE_IOERR_READ, "SQLite's code 266, disk I/O error"},
        {FAULTY_OPEN, SQLITE_CANTOPEN,
         "SQLite's code 14, unable to open database file"},
        {FAULTY_ALLOCATION, SQLITE_NOMEM, ""},
    };
    struct snapshot_info info = write_snapshot(&medium, SNAPSHOT_OF_FOLDER);

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (unsigned first = 1;; first += first < 100 ? 1 : first / 7) {
            error[0] = '\0';
            faulty_vfs_plan((struct faulty_plan){
                .calls = rows[i].call,
                .first = first,
                .count = 1,
                .code = rows[i].code,
            });
            bool read = try_read(&medium, &info);
            unsigned calls = faulty_vfs_calls();
            faulty_vfs_plan((struct faulty_plan){0});
            if (calls < first)
                break;
            if (read) {
                /* SQLite may do without some memory. */
                assert_int_equal(rows[i].call, FAULTY_ALLOCATION);
                continue;
            }
            check_sentence();
            if (strncmp(error, "cannot read ", 12) != 0 ||
                strstr(error, rows[i].error) == NULL)
                fail_msg("call %u: %s", first, error);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(what_was_written_is_read),
        FIXTURE_TEST(a_range_of_blocks_is_read),
        FIXTURE_TEST(room_for_a_snapshot_is_used_and_the_rest_given_back),
        FIXTURE_TEST(a_file_with_something_in_it_is_not_written_over),
        FIXTURE_TEST(what_is_no_file_that_can_be_read_is_named),
        FIXTURE_TEST(what_does_not_belong_together_is_found),
        FIXTURE_TEST(each_value_has_a_part_in_the_sum),
        FIXTURE_TEST(a_block_of_an_older_snapshot_is_found),
        FIXTURE_TEST(a_backup_is_told_from_a_snapshot),
        FIXTURE_TEST(a_snapshot_is_synced_in_pieces),
        FIXTURE_TEST(a_snapshot_is_read_without_locks),
        FIXTURE_TEST(a_backup_has_tables_of_its_own),
        FIXTURE_TEST(a_path_may_have_any_bytes),
        FIXTURE_TEST(empty_and_shortened_files_are_found),
        FIXTURE_TEST(a_byte_that_is_damaged_anywhere_is_found),
        FIXTURE_TEST(damage_of_a_large_snapshot_is_found),
        FIXTURE_TEST(each_call_that_fails_while_it_is_written_is_told),
        FIXTURE_TEST(each_call_that_fails_while_it_is_read_is_told),
    };

    faulty_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
