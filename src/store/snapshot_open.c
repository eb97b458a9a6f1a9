/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot is complete and never changes, so it is opened as immutable:
 * SQLite then takes no locks, and looks for no log
 * (https://sqlite.org/uri.html). The file may be damaged, or made by others:
 * nothing is used whose sum is not right, and nothing in it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "segment.h"
#include "snapshot_parts.h"
#include "table/table_image.h"

/* Always false. */
static bool fail_damage(const struct snapshot_reader *reader, const char *what,
                        char error[JOURNAL_ERROR])
{
    snapshot_reader_write_whole_damage(reader, what, error);
    return false;
}

/* Something could not be queried: it is not there, or SQLite has failed. */
static bool fail_missing(const struct snapshot_reader *reader, const char *what,
                         char error[JOURNAL_ERROR])
{
    return sqlite3_errcode(reader->db) == SQLITE_OK
               ? fail_damage(reader, what, error)
               : snapshot_reader_fail(reader, error);
}

/* Always false. */
static bool fail_call(const char *path, int number, char error[JOURNAL_ERROR])
{
    if (number == ENOENT)
        error_write(error, "there is no %s", path);
    else
        error_write(error, "cannot read %s: %s%s", path,
                    strerrordesc_np(number), error_advice(number));
    errno = number;
    return false;
}

/*
 * Prepare `sql` and run it up to its row, with `text` as its parameter unless
 * it is NULL. NULL if it has none, or fails.
 */
static sqlite3_stmt *query(const struct snapshot_reader *reader,
                           const char *sql, const char *text)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(reader->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    if (text != NULL)
        sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        return statement;
    sqlite3_finalize(statement);
    return NULL;
}

/* The same for an integer. False if it is none. */
static bool query_integer(const struct snapshot_reader *reader, const char *sql,
                          const char *text, int64_t *value)
{
    sqlite3_stmt *statement = query(reader, sql, text);
    bool is_integer = statement != NULL &&
                      sqlite3_column_type(statement, 0) == SQLITE_INTEGER;

    if (is_integer)
        *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return is_integer;
}

/*
 * SQLite would take an empty file for a new database, and wait for a pipe.
 */
static bool check_file(struct snapshot_reader *reader,
                       char error[JOURNAL_ERROR])
{
    struct stat status;
    int file = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file < 0)
        return fail_call(reader->path, errno, error);
    int number = fstat(file, &status) == 0 ? 0 : errno;
    close(file);
    if (number != 0)
        return fail_call(reader->path, number, error);
    reader->info.bytes = (uint64_t)status.st_size;
    errno = EINVAL;
    if (!S_ISREG(status.st_mode)) {
        error_write(error, "%s is not a regular file: %s", reader->path,
                    reader->kind == SNAPSHOT_OF_BACKUP
                        ? "give the file of a backup"
                        : "put back the files as they were");
        return false;
    }
    return status.st_size > 0 || fail_damage(reader, "it is empty", error);
}

/* A URI in which each byte of the path stands for itself. */
static char *make_uri(const char *path)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                               "UVWXYZ0123456789/._-";
    static const char digits[] = "0123456789ABCDEF";
    /* With an authority, or a path that begins with "//" would have one. */
    const char *scheme = path[0] == '/' ? "file://" : "file:";
    static const char query_part[] = "?immutable=1";
    char *uri = malloc(strlen(scheme) + 3 * strlen(path) + sizeof(query_part));

    if (uri == NULL)
        return NULL;
    char *at = stpcpy(uri, scheme);
    for (; *path != '\0'; path++) {
        unsigned char byte = (unsigned char)*path;
        if (strchr(safe, *path) != NULL) {
            *at++ = *path;
            continue;
        }
        *at++ = '%';
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    memcpy(at, query_part, sizeof(query_part));
    return uri;
}

static bool connect_database(struct snapshot_reader *reader,
                             char error[JOURNAL_ERROR])
{
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    char *uri = make_uri(reader->path);

    if (uri == NULL)
        return fail_call(reader->path, ENOMEM, error);
    int code = sqlite3_open_v2(uri, &reader->db, flags, NULL);
    free(uri);
    if (reader->db == NULL)
        return fail_call(reader->path, ENOMEM, error);
    if (code != SQLITE_OK)
        return snapshot_reader_fail(reader, error);
    sqlite3_extended_result_codes(reader->db, 1);
    sqlite3_db_config(reader->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(reader->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* In mapped memory an I/O error would be a signal. */
    code = sqlite3_exec(reader->db,
                        "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON",
                        NULL, NULL, NULL);
    return code == SQLITE_OK || snapshot_reader_fail(reader, error);
}

/* What the file is, if not what it should be. */
static const char *describe_kind(int64_t application, enum snapshot_kind kind)
{
    switch (application) {
    case SNAPSHOT_OF_FOLDER:
        return kind == SNAPSHOT_OF_TOPIC
                   ? "is the snapshot of a service without -kafka: choose "
                     "another folder"
                   : "is the snapshot of a data folder, not a backup: make a "
                     "backup of that folder";
    case SNAPSHOT_OF_TOPIC:
        return kind == SNAPSHOT_OF_BACKUP
                   ? "is the snapshot of a topic, not a backup: copy it to a "
                     "new folder as snapshot.db, and start lunar.service "
                     "-kafka=BROKERS -topic=NAME with that folder"
                   : "is the snapshot of a topic: give -kafka=BROKERS and "
                     "-topic=NAME, too, or choose another folder";
    case SNAPSHOT_OF_BACKUP:
        return "is a backup: restore it to a new folder";
    case SEGMENT_APPLICATION:
        return kind == SNAPSHOT_OF_BACKUP
                   ? "is a part of a journal, not a backup: make a backup of "
                     "its folder"
                   : "is a part of a journal, not a snapshot: put back the "
                     "files as they were";
    default:
        return kind == SNAPSHOT_OF_BACKUP
                   ? "is a database of another program, not a backup"
                   : "is a database of another program: choose another folder";
    }
}

static bool check_version(struct snapshot_reader *reader,
                          char error[JOURNAL_ERROR])
{
    static const char sql[] = "SELECT value FROM meta WHERE name = ?";
    int64_t application = 0, version = 0, images = 0;

    if (!query_integer(reader, "PRAGMA application_id", NULL, &application) ||
        !query_integer(reader, "PRAGMA user_version", NULL, &version))
        return snapshot_reader_fail(reader, error);
    if (reader->kind == SNAPSHOT_OF_ANY_FOLDER &&
        (application == SNAPSHOT_OF_FOLDER || application == SNAPSHOT_OF_TOPIC))
        reader->kind = (enum snapshot_kind)application;
    if (application != (int64_t)reader->kind) {
        error_write(error, "%s %s", reader->path,
                    describe_kind(application, reader->kind));
        return false;
    }
    /* A later version may have it elsewhere. */
    query_integer(reader, sql, snapshot_names[SNAPSHOT_IMAGE_VERSION], &images);
    if (version > SNAPSHOT_VERSION || images > TABLE_IMAGE_VERSION) {
        error_write(error, ERROR_LATER_VERSION, reader->path, (intmax_t)version,
                    (intmax_t)images, SNAPSHOT_VERSION, TABLE_IMAGE_VERSION);
        return false;
    }
    return (version >= 1 && images >= 1) ||
           fail_missing(reader, "its version is not in it", error);
}

/* As they were made: no view, index or trigger stands between. */
static bool check_tables(const struct snapshot_reader *reader,
                         char error[JOURNAL_ERROR])
{
    static const char *const tables[] = {SNAPSHOT_BLOCK_TABLE,
                                         SNAPSHOT_META_TABLE};

    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        sqlite3_stmt *statement =
            query(reader,
                  "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql = "
                  "?",
                  tables[i]);
        if (statement == NULL)
            return fail_missing(reader, "a table is missing", error);
        sqlite3_finalize(statement);
    }
    return true;
}

static bool read_meta(struct snapshot_reader *reader, char error[JOURNAL_ERROR])
{
    static const char sql[] = "SELECT value FROM meta WHERE name = ?";
    uint64_t values[SNAPSHOT_VALUES] = {0};
    int64_t value = 0;

    for (size_t i = 0; i < snapshot_value_count(reader->kind); i++) {
        if (!query_integer(reader, sql, snapshot_names[i], &value))
            return fail_missing(reader, "a value is missing", error);
        values[i] = (uint64_t)value;
    }
    if (!query_integer(reader, sql, "sum", &value))
        return fail_missing(reader, "the checksum of its values is missing",
                            error);
    if ((uint64_t)value != snapshot_meta_sum(reader->kind, values))
        return fail_damage(reader, "the checksum of its values is wrong",
                           error);
    reader->salt = values[SNAPSHOT_SALT];
    reader->info = (struct snapshot_info){
        .id = values[SNAPSHOT_ID],
        .position = values[SNAPSHOT_POSITION],
        .through = values[SNAPSHOT_THROUGH],
        .rockets = values[SNAPSHOT_ROCKETS],
        .blocks = values[SNAPSHOT_BLOCKS],
        .max_runs = values[SNAPSHOT_MAX_RUNS],
        .time = (int64_t)values[SNAPSHOT_TIME],
        .bytes = reader->info.bytes,
        .check = values[SNAPSHOT_CHECK],
        .rules = values[SNAPSHOT_RULES],
    };
    return true;
}

/* Blocks are read one behind the other, so then none is missing either. */
static bool check_blocks(struct snapshot_reader *reader,
                         char error[JOURNAL_ERROR])
{
    static const char sql[] = "SELECT number, rockets, sum FROM block WHERE "
                              "number >= ? AND number < ? ORDER BY number";
    int64_t last = 0;

    if (!query_integer(reader, "SELECT max(number) FROM block", NULL, &last) &&
        sqlite3_errcode(reader->db) != SQLITE_OK)
        return snapshot_reader_fail(reader, error);
    if ((uint64_t)last != reader->info.blocks)
        return fail_damage(reader,
                           (uint64_t)last < reader->info.blocks
                               ? "the last blocks are missing"
                               : "it has more blocks than it says",
                           error);
    if (sqlite3_prepare_v3(reader->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                           &reader->select, NULL) != SQLITE_OK)
        return snapshot_reader_fail(reader, error);
    snapshot_reader_range(reader, 1, reader->info.blocks + 1);
    return true;
}

struct snapshot_reader *snapshot_reader_new(const char *path,
                                            enum snapshot_kind kind,
                                            char error[JOURNAL_ERROR])
{
    struct snapshot_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL || strlen(path) >= sizeof(reader->path)) {
        fail_call(path, reader == NULL ? ENOMEM : ENAMETOOLONG, error);
        free(reader);
        return NULL;
    }
    reader->kind = kind;
    snprintf(reader->path, sizeof(reader->path), "%s", path);
    if (check_file(reader, error)) {
        if (connect_database(reader, error) && check_version(reader, error) &&
            check_tables(reader, error) && read_meta(reader, error) &&
            check_blocks(reader, error))
            return reader;
        errno = EINVAL; /* there is a file */
    }
    int number = errno;
    snapshot_reader_free(reader);
    errno = number;
    return NULL;
}

void snapshot_reader_free(struct snapshot_reader *reader)
{
    if (reader == NULL)
        return;
    sqlite3_finalize(reader->select);
    sqlite3_close(reader->db);
    free(reader);
}
