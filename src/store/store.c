/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the folder, the snapshot, the journal and the commit, in the order in
 * which they depend on each other. Only store_open() knows which kind of
 * journal it is; the recovery (store_recover.c) only asks whether it is shared.
 */
#include "store/store.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metrics.h"
#include "error.h"
#include "folder.h"
#include "snapshot_file.h"
#include "snapshot_load.h"
#include "snapshots.h"
#include "sqlite_journal.h"
#include "store_metrics.h"
#include "store_parts.h"
#include "table/table.h"

/* A limit on the journal is noticed before it is exceeded by a quarter. */
enum { NOTICES = 4 };

/* A shared journal is not in the folder. */
static bool check_segments(struct store *store, char error[JOURNAL_ERROR])
{
    struct folder_segments segments;
    bool listed = folder_list(store->folder, &segments, error);
    size_t count = segments.count;

    folder_segments_release(&segments);
    if (listed && count > 0)
        error_write(error,
                    "%s has the journal of a service without -kafka: choose "
                    "another folder",
                    store->options.folder);
    return listed && count == 0;
}

/* Look at what the snapshot says of itself, if there is one. */
static bool find_snapshot(struct store *store, char error[JOURNAL_ERROR])
{
    char path[FOLDER_FILE];

    folder_snapshot_path(store->folder, "", path);
    struct snapshot_reader *reader =
        snapshot_reader_new(path, store_snapshot_kind(store), error);
    if (reader == NULL)
        return errno == ENOENT;
    store->has_snapshot = true;
    store->snapshot = *snapshot_reader_info(reader);
    snapshot_reader_free(reader);
    return snapshot_check_bound(&store->snapshot, path, error);
}

static struct journal *open_journal(struct store *store,
                                    char error[JOURNAL_ERROR])
{
    struct sqlite_journal_options options = {
        .folder = store->folder,
        .counts = store->counts.journal,
        .snapshot = store->has_snapshot ? &store->snapshot : NULL,
    };
    uint64_t limit = store->options.snapshot_bytes;

    if (limit != 0 && limit / NOTICES < JOURNAL_NOTICE)
        options.notice = limit < NOTICES ? 1 : limit / NOTICES;
    return sqlite_journal_open(&options, error);
}

struct store *store_open(const struct store_options *options,
                         char error[JOURNAL_ERROR])
{
    struct store *store = calloc(1, sizeof(*store));
    bool shared = options->journal != NULL;

    if (store == NULL) {
        error_write(error, "memory is exhausted");
        if (shared)
            options->journal->methods->stop(options->journal);
        return NULL;
    }
    store->options = *options;
    store->journal = options->journal;
    store->folder = folder_open(options->folder, error);
    if (store->folder == NULL || (shared && !check_segments(store, error)) ||
        !find_snapshot(store, error))
        goto fail;
    store->counts = store_metrics_add(options->metrics, store, shared);
    if (!shared)
        store->journal = open_journal(store, error);
    if (store->journal != NULL)
        return store;

fail:
    store_close(store);
    return NULL;
}

uint64_t store_id(const struct store *store)
{
    return store->journal->id;
}

bool store_is_shared(const struct store *store)
{
    return store->journal->shared;
}

void store_shared_status(struct store *store,
                         struct journal_shared_status *status)
{
    store->journal->methods->shared_status(store->journal, status);
}

void store_want_snapshot(struct store *store, uint64_t position)
{
    snapshots_want(store->snapshots, position);
}

int store_open_snapshot(struct store *store, uint64_t *bytes)
{
    struct stat status;
    int file = folder_open_snapshot(store->folder);

    if (file < 0)
        return -1;
    if (fstat(file, &status) == 0) {
        *bytes = (uint64_t)status.st_size;
        return file;
    }
    int number = errno;
    close(file);
    errno = number;
    return -1;
}

static void pass_notice(void *snapshots)
{
    snapshots_notice(snapshots);
}

bool store_attach(struct store *store, struct table *table,
                  void (*committed)(void *context), void *context)
{
    const struct snapshots_options options = {
        .folder = store->folder,
        .journal = store->journal,
        .table = table,
        .journal_bytes = store->options.snapshot_bytes,
        .last = store->has_snapshot ? &store->snapshot : NULL,
        .results = store->counts.snapshots,
    };

    store->table = table;
    store->commit = commit_new(store->journal, table, committed, context);
    store->snapshots = snapshots_new(&options);
    if (store->commit == NULL || store->snapshots == NULL)
        return false;
    commit_pass_notices(store->commit, pass_notice, store->snapshots);
    table_limit_admission(table, store_is_shared(store) ? STORE_SHARED_ADMISSION
                                                        : 100);
    return true;
}

uint64_t store_recovery_us(const struct store *store)
{
    return atomic_load(&store->recovery_us);
}

bool store_start(struct store *store)
{
    return store->journal->methods->start(store->journal,
                                          commit_target(store->commit)) &&
           snapshots_start(store->snapshots);
}

struct commit *store_commit(struct store *store)
{
    return store->commit;
}

void store_status(struct store *store, struct journal_status *status)
{
    store->journal->methods->status(store->journal, status);
}

void store_snapshot_status(struct store *store,
                           struct store_snapshot_status *status)
{
    if (store->snapshots == NULL)
        *status = (struct store_snapshot_status){.enabled = false};
    else
        snapshots_status(store->snapshots, status);
}

/*
 * The thread that takes snapshots uses the journal, which sends it notices
 * until it has stopped.
 */
void store_close(struct store *store)
{
    if (store == NULL)
        return;
    metrics_forget(store->options.metrics, store);
    if (store->snapshots != NULL)
        snapshots_stop(store->snapshots);
    if (store->journal != NULL)
        store->journal->methods->stop(store->journal);
    snapshots_free(store->snapshots);
    commit_free(store->commit);
    folder_close(store->folder);
    free(store);
}
