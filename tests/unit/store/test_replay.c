/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a replay refuses: each damage of a journal of three segments, with the
 * text that says where it is, and with all files left as they are.
 */
#include "lib/journal_user.h"
#include "lib/store_folder.h"

#include <glob.h>
#include <malloc.h>
#include <sqlite3.h>

#include "store/segment.h"
#include "store/snapshot_file.h"

/* Segments of 30 records in rows of 10. */
enum { SEGMENTS = 3, ROWS = 3, ROW = 10, MAX_FILES = 16 };

#define NAME(first) "journal-000000000000000000" first ".db"

static const char *const names[SEGMENTS] = {NAME("01"), NAME("31"), NAME("61")};

struct damage {
    const char *name;
    unsigned segment; /* 0 to SEGMENTS - 1 */
    const char *sql;  /* that makes it, or */
    void (*make)(const char *path);
    const char *says[2]; /* parts of the error, besides the path */
};

static void remove_file(const char *path)
{
    assert_int_equal(remove(path), 0);
}

static void write_at(const char *path, long at, const char *bytes,
                     size_t length)
{
    FILE *file = fopen(path, "r+e");

    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void overwrite_header(const char *path)
{
    write_at(path, 0, "These bytes are not a database.", 31);
}

/* The first page has the schema, the second the rows. */
static void overwrite_rows(const char *path)
{
    static const char zeros[64];

    write_at(path, 4096, zeros, sizeof(zeros));
}

static void truncate_file(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

/* A row with a right sum, whatever its records are. */
static void add_row(const char *path, uint64_t last, uint64_t count,
                    struct text records)
{
    char error[JOURNAL_ERROR], root[64];

    snprintf(root, sizeof(root), "%.*s",
             (int)(strlen(path) - strlen(names[0]) - 1), path);
    struct folder *folder = folder_open(root, error);
    assert_non_null(folder);
    struct segment *segment = segment_open(folder, 61, error);
    assert_non_null(segment);
    struct segment_row row = {last, count, records};
    assert_int_equal(segment_add(segment, &row), SQLITE_OK);
    assert_int_equal(segment_checkpoint(segment, true), SQLITE_OK);
    segment_close(segment);
    folder_close(folder);
}

static void add_later_kind(const char *path)
{
    add_row(path, 91, 1, TEXT("\xff\x01"));
}

static void add_half_record(const char *path)
{
    char bytes[RECORD_MAX];
    struct message message = message_speed("a rocket", 1, 1);

    add_row(path, 91, 1,
            (struct text){bytes, record_write(&message, bytes) - 1});
}

/* Behind so many that the row is not copied: the target must still read them.
 */
static void add_half_record_to_long_row(const char *path)
{
    enum { MANY = 12000 };
    struct message message = message_speed("the name of a rocket", 1, 1);
    char *bytes = malloc((size_t)MANY * RECORD_MAX);
    size_t length = 0;

    if (bytes == NULL)
        abort();
    for (size_t i = 0; i < MANY; i++)
        length += record_write(&message, bytes + length);
    assert_in_range(length, 256 * 1024, 1024 * 1024);
    add_row(path, 90 + MANY, MANY, (struct text){bytes, length - 1});
    free(bytes);
}

static void add_too_many_records(const char *path)
{
    char bytes[2 * RECORD_MAX];
    struct message message = message_speed("a rocket", 1, 1);
    size_t length = record_write(&message, bytes);

    length += record_write(&message, bytes + length);
    add_row(path, 91, 1, (struct text){bytes, length});
}

static void add_overlap(const char *path)
{
    char bytes[RECORD_MAX];
    struct message message = message_speed("a rocket", 1, 1);

    add_row(path, 92, 1, (struct text){bytes, record_write(&message, bytes)});
}

static const struct damage damages[] = {
    {"another program",
     2,
     "PRAGMA application_id = 7",
     NULL,
     {"is a database of another program"}},
    {"a later version",
     2,
     "PRAGMA user_version = 2",
     NULL,
     {"has version 2.1", "reads at most 1.1"}},
    {"a later version, first segment",
     0,
     "PRAGMA user_version = 2",
     NULL,
     {"has version 2.1"}},
    {"later records",
     2,
     "UPDATE meta SET value = 9 WHERE name = 'record_version'",
     NULL,
     {"has version 1.9"}},
    {"no version",
     2,
     "DELETE FROM meta",
     NULL,
     {"its version or history is not in it"}},
    {"no rows' table",
     1,
     "DROP TABLE batch",
     NULL,
     {"is damaged", "no such table"}},
    {"another history",
     1,
     "UPDATE meta SET value = 9 WHERE name = 'journal_id'",
     NULL,
     {"different histories"}},
    {"a row is missing",
     1,
     "DELETE FROM batch WHERE last = 50",
     NULL,
     {"at position 41", "the next row is missing"}},
    {"the last row of a segment is missing",
     0,
     "DELETE FROM batch WHERE last = 30",
     NULL,
     {"from position 21", "are missing"}},
    {"a byte of a record",
     1,
     "UPDATE batch SET messages = messages || x'00' WHERE last = 50",
     NULL,
     {"at position 50", "checksum"}},
    {"a count",
     1,
     "UPDATE batch SET count = 11 WHERE last = 50",
     NULL,
     {"at position 50", "checksum"}},
    {"a sum",
     2,
     "UPDATE batch SET sum = sum + 1 WHERE last = 90",
     NULL,
     {"at position 90", "checksum"}},
    {"a row has moved",
     2,
     "UPDATE batch SET last = 95 WHERE last = 90",
     NULL,
     {"checksum"}},
    {"the first segment is missing",
     0,
     NULL,
     remove_file,
     {"from position 1 ", "are missing"}},
    {"a segment is missing",
     1,
     NULL,
     remove_file,
     {"from position 31 ", "are missing"}},
    {"not a database", 1, NULL, overwrite_header, {"is damaged"}},
    {"a page is lost", 1, NULL, overwrite_rows, {"is damaged"}},
    {"an empty file", 2, NULL, truncate_file, {"it is empty"}},
    {"a kind of record of a later version",
     2,
     NULL,
     add_later_kind,
     {"at position 91", "does not know"}},
    {"half a record",
     2,
     NULL,
     add_half_record,
     {"at position 91", "a record is not complete"}},
    {"half a record behind thousands",
     2,
     NULL,
     add_half_record_to_long_row,
     {"at position 12090", "a record is not complete"}},
    {"more records than the row counts",
     2,
     NULL,
     add_too_many_records,
     {"at position 92", "a record is not complete"}},
    {"positions left out",
     2,
     NULL,
     add_overlap,
     {"at position 91", "the next row is missing"}},
};

static void make_journal(struct store_folder *folder)
{
    struct user *user = calloc(1, sizeof(*user));
    char error[JOURNAL_ERROR];

    assert_non_null(user);
    user_init(user);
    store_folder_make_fast(folder);
    struct journal *journal = store_folder_open(folder);
    assert_int_equal(
        journal->methods->replay(journal, 0, &user->target, NULL, error),
        JOURNAL_COMPLETE);
    assert_true(journal->methods->start(journal, &user->target));
    for (unsigned i = 0; i < SEGMENTS * ROWS; i++) {
        if (i > 0 && i % ROWS == 0)
            journal->methods->roll(journal);
        user_commit(journal, user, i * ROW + 1, ROW);
    }
    store_folder_stop(folder);
    free(user);
}

/* Open the journal and replay it. Returns whether all of it could be read. */
static bool replay_all(struct store_folder *folder, char error[JOURNAL_ERROR])
{
    struct user *user = calloc(1, sizeof(*user));

    assert_non_null(user);
    user_init(user);
    struct journal *journal = store_folder_try_open(folder, error);
    bool complete = journal != NULL &&
                    journal->methods->replay(journal, 0, &user->target, NULL,
                                             error) == JOURNAL_COMPLETE;
    if (complete)
        assert_int_equal(user->applied, SEGMENTS * ROWS * ROW);
    if (journal != NULL)
        store_folder_stop(folder);
    free(user);
    return complete;
}

/* The bytes of the databases, one behind the other. */
static size_t read_databases(const struct store_folder *folder, char *bytes,
                             size_t size)
{
    char pattern[80];
    glob_t found;
    size_t length = 0;

    snprintf(pattern, sizeof(pattern), "%s/*.db", folder->path);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads. */
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *file = fopen(found.gl_pathv[i], "re");
        assert_non_null(file);
        length += fread(bytes + length, 1, size - length, file);
        fclose(file);
    }
    globfree(&found);
    assert_true(length < size);
    return length;
}

static void check_damage(const struct damage *damage)
{
    static char before[1 << 21], after[1 << 21];
    struct store_folder folder;
    char path[128], error[JOURNAL_ERROR] = "";

    make_journal(&folder);
    snprintf(path, sizeof(path), "%s/%s", folder.path, names[damage->segment]);
    if (damage->sql != NULL) {
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, damage->sql, NULL, NULL, NULL),
                         SQLITE_OK);
        sqlite3_close(db);
    } else {
        damage->make(path);
    }
    size_t length = read_databases(&folder, before, sizeof(before));
    if (replay_all(&folder, error))
        fail_msg("%s: not found", damage->name);
    for (size_t i = 0; i < 2 && damage->says[i] != NULL; i++)
        if (strstr(error, damage->says[i]) == NULL)
            fail_msg("%s: \"%s\" is not in \"%s\"", damage->name,
                     damage->says[i], error);
    if (read_databases(&folder, after, sizeof(after)) != length ||
        memcmp(before, after, length) != 0)
        fail_msg("%s: a file was changed", damage->name);
    store_folder_remove(&folder);
}

/* A journal beside a snapshot. */
struct beside {
    const char *name;
    uint64_t position, through; /* of the snapshot */
    const char *removed[SEGMENTS];
    bool foreign;     /* the snapshot is of another history */
    const char *says; /* a part of the error; NULL: it is read */
};

static const struct beside besides[] = {
    {"behind the first segment", 30, 30, {0}, false, NULL},
    {"some later records are in the snapshot", 30, 75, {0}, false, NULL},
    {"all are", 60, 90, {0}, false, NULL},
    {"what it holds was removed", 30, 30, {NAME("01")}, false, NULL},
    {"only the last segment is left",
     60,
     61,
     {NAME("01"), NAME("31")},
     false,
     NULL},
    {"the end of the journal is missing",
     30,
     91,
     {0},
     false,
     "journal-00000000000000000061.db ends at position 90, but the snapshot "
     "has records up to 91"},
    {"the last segment is missing",
     30,
     75,
     {NAME("61")},
     false,
     "journal-00000000000000000031.db ends at position 60, but the snapshot "
     "has records up to 75"},
    {"the next segment is missing",
     30,
     30,
     {NAME("31")},
     false,
     "journal-00000000000000000031.db is not there"},
    {"no segment begins behind it",
     40,
     40,
     {0},
     false,
     "journal-00000000000000000041.db is not there"},
    {"no segment begins at the end",
     90,
     90,
     {0},
     false,
     "journal-00000000000000000091.db is not there"},
    {"there is no segment",
     30,
     30,
     {NAME("01"), NAME("31"), NAME("61")},
     false,
     "journal-00000000000000000031.db is not there"},
    {"another history", 30, 30, {0}, true, "are of different histories"},
};

/* Open and replay it. False, with a sentence in `error`. */
static bool replay_beside(struct store_folder *folder,
                          const struct snapshot_info *snapshot,
                          struct user *user, char error[JOURNAL_ERROR])
{
    folder->options.snapshot = snapshot;
    struct journal *journal = store_folder_try_open(folder, error);
    bool complete =
        journal != NULL &&
        journal->methods->replay(journal, snapshot->position, &user->target,
                                 NULL, error) == JOURNAL_COMPLETE;
    if (journal != NULL)
        store_folder_stop(folder);
    return complete;
}

static void check_beside(const struct beside *beside)
{
    static char before[1 << 21], after[1 << 21];
    struct store_folder folder;
    struct user *user = calloc(1, sizeof(*user));
    char error[JOURNAL_ERROR] = "", path[128];

    assert_non_null(user);
    user_init(user);
    make_journal(&folder);
    struct journal *journal = store_folder_open(&folder);
    struct snapshot_info snapshot = {.id = journal->id + beside->foreign,
                                     .position = beside->position,
                                     .through = beside->through};
    store_folder_stop(&folder);
    for (size_t i = 0; i < SEGMENTS && beside->removed[i] != NULL; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder.path, beside->removed[i]);
        remove_file(path);
    }
    size_t length = read_databases(&folder, before, sizeof(before));
    bool complete = replay_beside(&folder, &snapshot, user, error);
    if (complete != (beside->says == NULL) ||
        (beside->says != NULL && strstr(error, beside->says) == NULL))
        fail_msg("%s: %s", beside->name, error);
    if (read_databases(&folder, after, sizeof(after)) != length ||
        memcmp(before, after, length) != 0)
        fail_msg("%s: a file was changed", beside->name);
    if (complete) {
        assert_int_equal(user->first, beside->position + 1);
        assert_int_equal(user->applied, 90 - beside->position);
    }
    store_folder_remove(&folder);
    free(user);
}

static void journal_must_belong_to_its_snapshot(void **context)
{
    (void)context;
    for (size_t i = 0; i < COUNT(besides); i++)
        check_beside(&besides[i]);
}

static void undamaged_journal_is_read(void **context)
{
    struct store_folder folder;
    char error[JOURNAL_ERROR] = "";

    (void)context;
    make_journal(&folder);
    if (!replay_all(&folder, error))
        fail_msg("%s", error);
    store_folder_remove(&folder);
}

static void damage_is_found_and_left_alone(void **context)
{
    (void)context;
    for (size_t i = 0; i < COUNT(damages); i++)
        check_damage(&damages[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undamaged_journal_is_read),
        cmocka_unit_test(damage_is_found_and_left_alone),
        cmocka_unit_test(journal_must_belong_to_its_snapshot),
    };

    /* What is freed is overwritten, so that a late reader is found. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    mallopt(M_PERTURB, 0xa5);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
