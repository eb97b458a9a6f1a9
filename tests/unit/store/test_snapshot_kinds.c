/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of snapshots: what each says of itself, and that none is taken for
 * another. The form of those that earlier versions have written stays.
 */
#include "lib/folder.h"
#include "lib/unit_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "store/snapshot_file.h"

enum { ID = 77, VALUES = 11, OLDER_VALUES = 9 };

/* In the order of the sum. */
static const char *const names[VALUES] = {
    "journal_id", "salt",     "image_version", "position", "through", "rockets",
    "blocks",     "max_runs", "time",          "check",    "rules"};

static const struct snapshot_info written = {.position = 1000,
                                             .through = 1234,
                                             .max_runs = 16384,
                                             .time = 1700000000,
                                             .check = UINT64_MAX - 5,
                                             .rules = 3};

static char root[FOLDER_ROOT];
static char path[96];
static char error[JOURNAL_ERROR];

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
    return folder_remove(root);
}

static void write_snapshot(enum snapshot_kind kind)
{
    struct snapshot_info info = written;

    unlink(path);
    struct snapshot_writer *writer = snapshot_writer_new(path, kind, ID, error);
    if (writer == NULL ||
        !snapshot_writer_add(writer, TEXT("images"), 2, error) ||
        !snapshot_writer_finish(writer, &info, error))
        fail_msg("%s", error);
    snapshot_writer_free(writer);
}

/* An integer of the database. -1: there is none. */
static int64_t ask(const char *sql, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
                     SQLITE_OK);
    if (text != NULL)
        sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

static uint64_t value_of(const char *name)
{
    return (uint64_t)ask("SELECT value FROM meta WHERE name = ?", name);
}

/* The sum as the header of the file's format says it. */
static uint64_t sum_of(size_t count)
{
    uint64_t values[VALUES], sum = 0;

    for (size_t i = 0; i < count; i++)
        values[i] = value_of(names[i]);
    crypto_shorthash((unsigned char *)&sum, (const unsigned char *)values,
                     count * sizeof(*values), (const unsigned char *)values);
    return sum;
}

static void older_kinds_keep_their_form(void **context)
{
    (void)context;
    static const enum snapshot_kind kinds[] = {SNAPSHOT_OF_FOLDER,
                                               SNAPSHOT_OF_BACKUP};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        write_snapshot(kinds[i]);
        assert_int_equal(ask("SELECT count(*) FROM meta", NULL),
                         OLDER_VALUES + 1);
        assert_int_equal(value_of("sum"), sum_of(OLDER_VALUES));
        assert_int_equal(ask("PRAGMA user_version", NULL), 1);
        assert_int_equal(ask("PRAGMA application_id", NULL), kinds[i]);
    }
    assert_int_equal(SNAPSHOT_OF_FOLDER, 0x6c756e53);
    assert_int_equal(SNAPSHOT_OF_BACKUP, 0x6c756e42);
}

static void topic_has_two_values_more(void **context)
{
    (void)context;

    write_snapshot(SNAPSHOT_OF_TOPIC);
    assert_int_equal(ask("SELECT count(*) FROM meta", NULL), VALUES + 1);
    assert_int_equal(value_of("sum"), sum_of(VALUES));
    assert_int_equal(ask("PRAGMA application_id", NULL), 0x6c756e52);
}

static void place_in_the_topic_is_read_back(void **context)
{
    (void)context;

    for (int any = 0; any < 2; any++) {
        write_snapshot(SNAPSHOT_OF_TOPIC);
        struct snapshot_reader *reader = snapshot_reader_new(
            path, any == 1 ? SNAPSHOT_OF_ANY_FOLDER : SNAPSHOT_OF_TOPIC, error);
        assert_non_null(reader);
        const struct snapshot_info *info = snapshot_reader_info(reader);
        assert_int_equal(info->id, ID);
        assert_int_equal(info->position, written.position);
        assert_int_equal(info->through, written.through);
        assert_true(info->check == written.check);
        assert_int_equal(info->rules, written.rules);
        assert_int_equal(info->rockets, 2);
        assert_int_equal(snapshot_reader_kind(reader), SNAPSHOT_OF_TOPIC);
        snapshot_reader_free(reader);
    }
}

static void place_is_not_that_of_another_kind(void **context)
{
    (void)context;

    write_snapshot(SNAPSHOT_OF_FOLDER);
    struct snapshot_reader *reader =
        snapshot_reader_new(path, SNAPSHOT_OF_ANY_FOLDER, error);
    assert_non_null(reader);
    assert_int_equal(snapshot_reader_kind(reader), SNAPSHOT_OF_FOLDER);
    assert_int_equal(snapshot_reader_info(reader)->check, 0);
    assert_int_equal(snapshot_reader_info(reader)->rules, 0);
    snapshot_reader_free(reader);
}

static void execute(const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void each_value_of_a_topic_has_a_part_in_the_sum(void **context)
{
    (void)context;
    char sql[128];

    for (size_t i = 0; i < VALUES; i++) {
        if (strcmp(names[i], "image_version") == 0)
            continue; /* then it is of a later version */
        write_snapshot(SNAPSHOT_OF_TOPIC);
        snprintf(sql, sizeof(sql),
                 "UPDATE meta SET value = value + 1 WHERE name = '%s'",
                 names[i]);
        execute(sql);
        assert_null(snapshot_reader_new(path, SNAPSHOT_OF_TOPIC, error));
        assert_non_null(strstr(
            error, " is damaged: the checksum of its values is wrong: remove "
                   "the file, and start with -peer=URL of another instance"));
        write_snapshot(SNAPSHOT_OF_TOPIC);
        snprintf(sql, sizeof(sql), "DELETE FROM meta WHERE name = '%s'",
                 names[i]);
        execute(sql);
        assert_null(snapshot_reader_new(path, SNAPSHOT_OF_TOPIC, error));
    }
}

static void no_kind_is_taken_for_another(void **context)
{
    (void)context;
    static const struct {
        enum snapshot_kind is, wanted;
        const char *says;
    } rows[] = {
        {SNAPSHOT_OF_TOPIC, SNAPSHOT_OF_FOLDER,
         " is the snapshot of a topic: give -kafka=BROKERS and -topic=NAME, "
         "too, or choose another folder"},
        {SNAPSHOT_OF_TOPIC, SNAPSHOT_OF_BACKUP,
         " is the snapshot of a topic, not a backup: copy it to a new folder "
         "as snapshot.db, and start lunar.service -kafka=BROKERS -topic=NAME "
         "with that folder"},
        {SNAPSHOT_OF_FOLDER, SNAPSHOT_OF_TOPIC,
         " is the snapshot of a service without -kafka: choose another folder"},
        {SNAPSHOT_OF_BACKUP, SNAPSHOT_OF_TOPIC,
         " is a backup: restore it to a new folder"},
        {SNAPSHOT_OF_BACKUP, SNAPSHOT_OF_ANY_FOLDER,
         " is a backup: restore it to a new folder"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[2 * JOURNAL_ERROR];
        write_snapshot(rows[i].is);
        assert_null(snapshot_reader_new(path, rows[i].wanted, error));
        snprintf(expected, sizeof(expected), "%s%s", path, rows[i].says);
        assert_string_equal(error, expected);
    }
    /* Also not by its name alone: the values of a topic are missing. */
    write_snapshot(SNAPSHOT_OF_FOLDER);
    execute("PRAGMA application_id = 1819635282");
    assert_null(snapshot_reader_new(path, SNAPSHOT_OF_TOPIC, error));
    assert_non_null(strstr(error, "a value is missing"));
    write_snapshot(SNAPSHOT_OF_TOPIC);
    execute("PRAGMA application_id = 1819635283");
    assert_null(snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error));
    assert_non_null(strstr(error, "the checksum of its values is wrong"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(older_kinds_keep_their_form),
        FIXTURE_TEST(topic_has_two_values_more),
        FIXTURE_TEST(place_in_the_topic_is_read_back),
        FIXTURE_TEST(place_is_not_that_of_another_kind),
        FIXTURE_TEST(each_value_of_a_topic_has_a_part_in_the_sum),
        FIXTURE_TEST(no_kind_is_taken_for_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
