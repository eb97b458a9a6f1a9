/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's write-ahead logs for tests: made by SQLite, read by SQLite, and
 * taken apart here in a second way.
 *
 * Pages have 512 bytes, so that a log of many frames is small. The database is
 * opened as the service opens it: one connection, exclusive, each commit
 * synced.
 */
#ifndef LUNAR_TESTS_SQLITE_LOG_H
#define LUNAR_TESTS_SQLITE_LOG_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum {
    SQLITE_LOG_HEADER = 32,
    SQLITE_LOG_PAGE = 512,
    SQLITE_LOG_FRAME = 24 + SQLITE_LOG_PAGE,
    SQLITE_LOG_MAX = 256 * 1024, /* bytes of a log */
    SQLITE_LOG_PATH = 64,
};

/* A file in memory. */
struct sqlite_log {
    unsigned char bytes[SQLITE_LOG_MAX];
    size_t length;
};

/* A folder in which databases are made and opened. */
struct sqlite_folder {
    char root[SQLITE_LOG_PATH];
    char database[SQLITE_LOG_PATH + 16];
    char log[SQLITE_LOG_PATH + 16];
    sqlite3 *connection; /* NULL: closed */
};

/* The folder is in memory, where there is such a file system. */
static inline void sqlite_folder_make(struct sqlite_folder *folder)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(folder->root, sizeof(folder->root), "%s/sqlite-log-XXXXXX",
             parent);
    if (mkdtemp(folder->root) == NULL)
        abort();
    snprintf(folder->database, sizeof(folder->database), "%s/t.db",
             folder->root);
    snprintf(folder->log, sizeof(folder->log), "%s/t.db-wal", folder->root);
    folder->connection = NULL;
}

static inline void sqlite_folder_remove(struct sqlite_folder *folder)
{
    unlink(folder->log);
    unlink(folder->database);
    rmdir(folder->root);
}

static inline void sqlite_folder_read(const char *path, struct sqlite_log *log)
{
    FILE *file = fopen(path, "rbe");

    log->length = 0;
    if (file == NULL)
        return;
    log->length = fread(log->bytes, 1, sizeof(log->bytes), file);
    if (log->length == sizeof(log->bytes))
        abort();
    fclose(file);
}

static inline void sqlite_folder_write(const char *path,
                                       const struct sqlite_log *log)
{
    FILE *file = fopen(path, "wbe");

    if (file == NULL ||
        fwrite(log->bytes, 1, log->length, file) != log->length ||
        fclose(file) != 0)
        abort();
}

static inline void sqlite_folder_run(struct sqlite_folder *folder,
                                     const char *statement)
{
    char *error = NULL;

    if (sqlite3_exec(folder->connection, statement, NULL, NULL, &error) !=
        SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", statement, error);
        abort();
    }
}

/* Open a new database, or an existing one with its log. */
static inline void sqlite_folder_open(struct sqlite_folder *folder)
{
    if (sqlite3_open(folder->database, &folder->connection) != SQLITE_OK)
        abort();
    sqlite_folder_run(folder, "PRAGMA page_size=512;"
                              "PRAGMA locking_mode=EXCLUSIVE;"
                              "PRAGMA journal_mode=WAL;"
                              "PRAGMA synchronous=FULL;"
                              "PRAGMA wal_autocheckpoint=0;"
                              "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY "
                              "KEY, b BLOB)");
}

/* Commit a row with a value of `size` bytes, which takes size / 500 frames. */
static inline void sqlite_folder_commit(struct sqlite_folder *folder,
                                        unsigned size)
{
    char statement[80];

    snprintf(statement, sizeof(statement),
             "INSERT INTO t(b) VALUES(randomblob(%u))", size);
    sqlite_folder_run(folder, statement);
}

static inline void sqlite_folder_checkpoint(struct sqlite_folder *folder,
                                            int mode)
{
    if (sqlite3_wal_checkpoint_v2(folder->connection, NULL, mode, NULL, NULL) !=
        SQLITE_OK)
        abort();
}

/* Close the database as if the process ended: its log stays as it is. */
static inline void sqlite_folder_abandon(struct sqlite_folder *folder)
{
    int off = 0;

    sqlite3_db_config(folder->connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                      &off);
    sqlite3_close(folder->connection);
    folder->connection = NULL;
}

/*
 * How many frames SQLite recovers from `log`; -1 if it does not say. The files
 * of the folder are written.
 */
static inline int sqlite_folder_recover(struct sqlite_folder *folder,
                                        const struct sqlite_log *database,
                                        const struct sqlite_log *log)
{
    sqlite3 *connection = NULL;
    int frames = -1, written = -1;

    sqlite_folder_write(folder->database, database);
    sqlite_folder_write(folder->log, log);
    if (sqlite3_open(folder->database, &connection) != SQLITE_OK)
        abort();
    sqlite3_exec(connection,
                 "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF;"
                 "SELECT count(*) FROM t",
                 NULL, NULL, NULL);
    if (sqlite3_wal_checkpoint_v2(connection, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                  &frames, &written) != SQLITE_OK)
        frames = -1;
    sqlite3_close(connection);
    return frames;
}

static inline uint32_t sqlite_log_word(const struct sqlite_log *log, size_t at)
{
    const unsigned char *byte = log->bytes + at;

    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 |
           (uint32_t)byte[2] << 8 | byte[3];
}

static inline void sqlite_log_set_word(struct sqlite_log *log, size_t at,
                                       uint32_t word)
{
    for (size_t i = 0; i < 4; i++)
        log->bytes[at + i] = (unsigned char)(word >> (24 - 8 * i));
}

static inline size_t sqlite_log_frames(const struct sqlite_log *log)
{
    return log->length < SQLITE_LOG_HEADER
               ? 0
               : (log->length - SQLITE_LOG_HEADER) / SQLITE_LOG_FRAME;
}

/* Frames are counted from 1. */
static inline size_t sqlite_log_offset(size_t frame)
{
    return SQLITE_LOG_HEADER + (frame - 1) * SQLITE_LOG_FRAME;
}

static inline bool sqlite_log_ends_commit(const struct sqlite_log *log,
                                          size_t frame)
{
    return sqlite_log_word(log, sqlite_log_offset(frame) + 4) != 0;
}

/* Add `count` words at `at` to a sum. */
static inline void sqlite_log_add(const struct sqlite_log *log, size_t at,
                                  size_t count, uint32_t sum[2])
{
    bool big = (sqlite_log_word(log, 0) & 1) != 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t word = sqlite_log_word(log, at + 4 * i);
        sum[i % 2] += (big ? word : __builtin_bswap32(word)) + sum[1 - i % 2];
    }
}

/*
 * Give the log and all its frames the salts of its header, and right sums, in
 * the order of bytes that its header names.
 */
static inline void sqlite_log_repair(struct sqlite_log *log)
{
    uint32_t sum[2] = {0, 0};

    sqlite_log_add(log, 0, 6, sum);
    sqlite_log_set_word(log, 24, sum[0]);
    sqlite_log_set_word(log, 28, sum[1]);
    for (size_t i = 1; i <= sqlite_log_frames(log); i++) {
        size_t at = sqlite_log_offset(i);
        memcpy(log->bytes + at + 8, log->bytes + 16, 8);
        sqlite_log_add(log, at, 2, sum);
        sqlite_log_add(log, at + 24, SQLITE_LOG_PAGE / 4, sum);
        sqlite_log_set_word(log, at + 16, sum[0]);
        sqlite_log_set_word(log, at + 20, sum[1]);
    }
}

#endif
