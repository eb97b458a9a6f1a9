/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the folder, the journal in it and the commit, in the order in which
 * they depend on each other. Only store_open() knows which kind of journal it
 * is.
 */
#include "store/store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "error.h"
#include "folder.h"
#include "sqlite_journal.h"
#include "store_metrics.h"
#include "table/table.h"

struct store {
    struct metrics *metrics;
    struct folder *folder;
    struct journal *journal;
    struct commit *commit; /* NULL until store_attach() */
    _Atomic uint64_t recovery_us;
};

struct store *store_open(const struct store_options *given,
                         char error[JOURNAL_ERROR])
{
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        error_write(error, "memory is exhausted");
        return NULL;
    }
    store->folder = folder_open(given->folder, error);
    if (store->folder == NULL)
        goto fail;
    store->metrics = given->metrics;
    struct sqlite_journal_options options = {
        .folder = store->folder,
        .counts = store_metrics_add(given->metrics, store),
    };
    store->journal = sqlite_journal_open(&options, error);
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

bool store_attach(struct store *store, struct table *table,
                  void (*committed)(void *context), void *context)
{
    store->commit = commit_new(store->journal, table, committed, context);
    if (store->commit == NULL)
        return false;
    table_limit_admission(table);
    return true;
}

enum journal_replayed store_recover(struct store *store,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    uint64_t start = clock_us(CLOCK_MONOTONIC);
    enum journal_replayed result = store->journal->methods->replay(
        store->journal, 0, commit_target(store->commit), watch, error);

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
                                          commit_target(store->commit));
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
    (void)store;
    *status = (struct store_snapshot_status){.enabled = false};
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    metrics_forget(store->metrics, store);
    if (store->journal != NULL)
        store->journal->methods->stop(store->journal);
    commit_free(store->commit);
    folder_close(store->folder);
    free(store);
}
