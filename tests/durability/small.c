/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service with a journal whose checkpoints, new segments and snapshots come
 * after kilobytes instead of megabytes, so that a short test has many of them,
 * and with walks that take long, so that messages arrive meanwhile. The linker
 * redirects the functions of the store to those here.
 *
 * With SMALL_LATE_POSITION in its environment it has a fault, for tests that
 * must find it: a snapshot says that it holds all that was there at the end of
 * its walk.
 */
#include <stdlib.h>
#include <time.h>

#include "store/snapshot_file.h"
#include "store/sqlite_journal.h"
#include "store/store.h"
#include "table/table_image.h"

enum {
    CHECKPOINT = 24 * 1024, /* bytes of the log */
    SEGMENT = 64 * 1024,    /* bytes of a database */
    SNAPSHOT = 96 * 1024,   /* bytes of the journal */
    STEP_MS = 1,            /* of a walk */
};

/* NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's. */

struct journal *
__real_sqlite_journal_open(const struct sqlite_journal_options *options,
                           char error[JOURNAL_ERROR]);
struct journal *
__wrap_sqlite_journal_open(const struct sqlite_journal_options *options,
                           char error[JOURNAL_ERROR]);

struct journal *
__wrap_sqlite_journal_open(const struct sqlite_journal_options *options,
                           char error[JOURNAL_ERROR])
{
    struct sqlite_journal_options small = *options;

    small.checkpoint = CHECKPOINT;
    small.segment = SEGMENT;
    return __real_sqlite_journal_open(&small, error);
}

struct store *__real_store_open(const struct store_options *options,
                                char error[JOURNAL_ERROR]);
struct store *__wrap_store_open(const struct store_options *options,
                                char error[JOURNAL_ERROR]);

struct store *__wrap_store_open(const struct store_options *options,
                                char error[JOURNAL_ERROR])
{
    struct store_options small = *options;

    small.snapshot_bytes = SNAPSHOT;
    return __real_store_open(&small, error);
}

enum table_walked __real_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images,
                                         uint64_t *count);
enum table_walked __wrap_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images,
                                         uint64_t *count);

enum table_walked __wrap_table_walk_next(struct table *table,
                                         struct table_walk *walk,
                                         struct buffer *images, uint64_t *count)
{
    const struct timespec pause = {.tv_nsec = STEP_MS * 1000000L};

    nanosleep(&pause, NULL);
    return __real_table_walk_next(table, walk, images, count);
}

bool __real_snapshot_writer_finish(struct snapshot_writer *writer,
                                   struct snapshot_info *info,
                                   char error[JOURNAL_ERROR]);
bool __wrap_snapshot_writer_finish(struct snapshot_writer *writer,
                                   struct snapshot_info *info,
                                   char error[JOURNAL_ERROR]);

bool __wrap_snapshot_writer_finish(struct snapshot_writer *writer,
                                   struct snapshot_info *info,
                                   char error[JOURNAL_ERROR])
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it. */
    if (getenv("SMALL_LATE_POSITION") != NULL)
        info->position = info->through;
    return __real_snapshot_writer_finish(writer, info, error);
}

/* NOLINTEND(bugprone-reserved-identifier) */
