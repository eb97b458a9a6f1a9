/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the folder, the snapshot, the journal and the commit, in the order in
 * which they depend on each other. Only store_open() knows which kind of
 * journal it is.
 */
#include "store/store.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "error.h"
#include "folder.h"
#include "snapshot_file.h"
#include "snapshot_load.h"
#include "snapshots.h"
#include "sqlite_journal.h"
#include "store_metrics.h"
#include "table/table.h"

/* A limit on the journal is noticed before it is exceeded by a quarter. */
enum { NOTICES = 4 };

struct store {
    struct store_options options;
    struct store_counts counts;
    struct folder *folder;
    bool has_snapshot; /* at the start: */
    struct snapshot_info snapshot;
    struct journal *journal;
    struct table *table; /* these are NULL until store_attach() */
    struct commit *commit;
    struct snapshots *snapshots;
    _Atomic uint64_t recovery_us;
};

/* Look at what the snapshot says of itself, if there is one. */
static bool find_snapshot(struct store *store, char error[JOURNAL_ERROR])
{
    char path[FOLDER_FILE];

    folder_snapshot_path(store->folder, "", path);
    struct snapshot_reader *reader =
        snapshot_reader_new(path, SNAPSHOT_OF_FOLDER, error);
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

    if (store == NULL) {
        error_write(error, "memory is exhausted");
        return NULL;
    }
    store->options = *options;
    store->folder = folder_open(options->folder, error);
    if (store->folder == NULL || !find_snapshot(store, error))
        goto fail;
    store->counts = store_metrics_add(options->metrics, store);
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
    (void)store;
    (void)position;
}

int store_open_snapshot(struct store *store, uint64_t *bytes)
{
    (void)store;
    (void)bytes;
    errno = ENOENT;
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
    table_limit_admission(table);
    return true;
}

/* The watch of a recovery, as one over the snapshot and the journal. */
struct recovery {
    const struct journal_watch *watch;
    uint64_t snapshot_bytes, journal_bytes;
    uint64_t rockets; /* loaded */
};

static bool report_load(void *context, const struct journal_progress *load)
{
    struct recovery *recovery = context;
    struct journal_progress progress = *load;

    recovery->rockets = load->rockets;
    progress.total = recovery->snapshot_bytes + recovery->journal_bytes;
    return recovery->watch->report(recovery->watch->context, &progress);
}

/* What is to be read of the journal may be less than its bytes on the disk. */
static bool report_replay(void *context, const struct journal_progress *replay)
{
    struct recovery *recovery = context;
    double part =
        replay->total == 0 ? 1 : (double)replay->done / (double)replay->total;
    const struct journal_progress progress = {
        .done = recovery->snapshot_bytes +
                (uint64_t)(part * (double)recovery->journal_bytes),
        .total = recovery->snapshot_bytes + recovery->journal_bytes,
        .rockets = recovery->rockets,
        .records = replay->records,
    };

    return recovery->watch->report(recovery->watch->context, &progress);
}

static enum journal_replayed load_snapshot(struct store *store,
                                           const struct journal_watch *watch,
                                           char error[JOURNAL_ERROR])
{
    char path[FOLDER_FILE];

    if (!store->has_snapshot)
        return JOURNAL_COMPLETE;
    folder_snapshot_path(store->folder, "", path);
    return snapshot_load(path, SNAPSHOT_OF_FOLDER, store->table, watch, error);
}

enum journal_replayed store_recover(struct store *store,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    uint64_t start = clock_us(CLOCK_MONOTONIC);
    struct journal_status status;
    const struct journal_methods *methods = store->journal->methods;

    store_status(store, &status);
    struct recovery recovery = {
        .watch = watch,
        .snapshot_bytes = store->snapshot.bytes,
        .journal_bytes = status.bytes,
    };
    struct journal_watch load = {&recovery, report_load};
    struct journal_watch replay = {&recovery, report_replay};
    enum journal_replayed result =
        load_snapshot(store, watch == NULL ? NULL : &load, error);
    if (result == JOURNAL_COMPLETE)
        result = methods->replay(store->journal, store->snapshot.position,
                                 commit_target(store->commit),
                                 watch == NULL ? NULL : &replay, error);
    if (result == JOURNAL_COMPLETE)
        atomic_store(&store->recovery_us, clock_us(CLOCK_MONOTONIC) - start);
    return result;
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
