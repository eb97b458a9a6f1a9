/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the folder, the snapshot, the journal and the commit, in the order in
 * which they depend on each other. Only store_open() knows which kind of
 * journal it is; the recovery only asks whether it is shared.
 */
#include "store/store.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/log.h"
#include "error.h"
#include "folder.h"
#include "snapshot_check.h"
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

static enum snapshot_kind kind_of(const struct store *store)
{
    return store->options.journal != NULL ? SNAPSHOT_OF_TOPIC
                                          : SNAPSHOT_OF_FOLDER;
}

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
        snapshot_reader_new(path, kind_of(store), error);
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

/* The watch of a recovery, as one over the snapshot and the journal. */
struct recovery {
    const struct journal_watch *watch;
    uint64_t snapshot_bytes, journal_bytes;
    uint64_t rockets; /* loaded */
    bool shared;
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
    /* A shared journal has no bytes on this disk. */
    if (recovery->shared)
        recovery->journal_bytes = replay->total;
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
    return snapshot_load(path, kind_of(store), store->table, watch, error);
}

static struct journal_place place_of(const struct snapshot_info *info)
{
    return (struct journal_place){
        .id = info->id,
        .position = info->position,
        .through = info->through,
        .check = info->check,
        .rules = info->rules,
    };
}

/*
 * Compare a shared journal with a snapshot. `*needed`: it does not have what is
 * behind that one.
 */
static enum journal_replayed prepare_journal(struct store *store,
                                             const struct snapshot_info *info,
                                             bool *needed,
                                             const struct journal_watch *watch,
                                             char error[JOURNAL_ERROR])
{
    struct journal_place place;

    if (info != NULL)
        place = place_of(info);
    *needed = false;
    return store->journal->methods->prepare(
        store->journal, info == NULL ? NULL : &place, needed, watch, error);
}

/* Get a snapshot from another instance, as the file of a new one. */
static enum journal_replayed fetch_file(struct store *store, const char *path,
                                        const struct journal_watch *watch,
                                        char error[JOURNAL_ERROR])
{
    const struct journal_methods *methods = store->journal->methods;

    if (methods->fetch == NULL) {
        error_write(error, "there is no other instance to get a snapshot from");
        return JOURNAL_FAILED;
    }
    if (!folder_make_snapshot(store->folder, error))
        return JOURNAL_FAILED;
    enum journal_replayed result =
        methods->fetch(store->journal, path, watch, error);
    if (result == JOURNAL_COMPLETE &&
        !folder_sync_snapshot(store->folder, error))
        result = JOURNAL_FAILED;
    return result;
}

/* Say of a file that gets no name what is wrong, and another remedy. */
static void describe_fetched(char error[JOURNAL_ERROR])
{
    char text[JOURNAL_ERROR];
    char *remedy = strstr(error, ": " SNAPSHOT_FETCH_AGAIN);

    if (remedy != NULL)
        *remedy = '\0';
    memcpy(text, error, sizeof(text));
    error_write(error,
                "the snapshot of another instance cannot be used: %s: try "
                "again, or with another -peer; nothing was changed",
                text);
}

/*
 * Replace the snapshot by that of another instance. It comes from a network, so
 * nothing of it is used before all of it was checked, and the journal was
 * compared with it. If it is not right, the one before stays.
 */
static enum journal_replayed fetch_snapshot(struct store *store,
                                            const struct journal_watch *watch,
                                            char error[JOURNAL_ERROR])
{
    struct snapshot_info info;
    bool needed;
    char path[FOLDER_FILE], ignored[JOURNAL_ERROR];

    folder_snapshot_path(store->folder, ".new", path);
    enum journal_replayed result = fetch_file(store, path, watch, error);
    if (result == JOURNAL_COMPLETE) {
        result = snapshot_check(path, SNAPSHOT_OF_TOPIC, watch, &info, error);
        if (result == JOURNAL_FAILED)
            describe_fetched(error);
    }
    if (result == JOURNAL_COMPLETE)
        result = prepare_journal(store, &info, &needed, watch, error);
    if (result == JOURNAL_COMPLETE && needed) {
        error_write(error, "the snapshot of the other instance is too old: "
                           "the topic does not have what is behind it any "
                           "more: take one there with GET /snapshot, and try "
                           "again");
        result = JOURNAL_FAILED;
    }
    if (result == JOURNAL_COMPLETE &&
        !folder_publish_snapshot(store->folder, error))
        result = JOURNAL_FAILED;
    if (result != JOURNAL_COMPLETE) {
        folder_release_room(store->folder, ignored);
        return result;
    }
    store->has_snapshot = true;
    store->snapshot = info;
    snapshots_set_last(store->snapshots, &info);
    return JOURNAL_COMPLETE;
}

/*
 * Reach a shared journal, with a snapshot that it goes on from. If one of
 * another instance cannot be had, the replay tells whether it is indispensable.
 */
static enum journal_replayed join_journal(struct store *store,
                                          const struct journal_watch *watch,
                                          char error[JOURNAL_ERROR])
{
    const struct snapshot_info *info =
        store->has_snapshot ? &store->snapshot : NULL;
    bool needed;
    enum journal_replayed result =
        prepare_journal(store, info, &needed, watch, error);

    if (result != JOURNAL_COMPLETE || !needed)
        return result;
    result = fetch_snapshot(store, watch, error);
    if (result != JOURNAL_FAILED)
        return result;
    log_line(LOG_WARN,
             "this start goes on without a snapshot of another "
             "instance: %s",
             error);
    return JOURNAL_COMPLETE;
}

enum journal_replayed store_recover(struct store *store,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    uint64_t start = clock_us(CLOCK_MONOTONIC);
    struct journal_status status;
    const struct journal_methods *methods = store->journal->methods;
    enum journal_replayed result = JOURNAL_COMPLETE;

    if (store_is_shared(store))
        result = join_journal(store, watch, error);
    if (result != JOURNAL_COMPLETE)
        return result;
    store_status(store, &status);
    struct recovery recovery = {
        .watch = watch,
        .snapshot_bytes = store->snapshot.bytes,
        .journal_bytes = status.bytes,
        .shared = store_is_shared(store),
    };
    struct journal_watch load = {&recovery, report_load};
    struct journal_watch replay = {&recovery, report_replay};
    result = load_snapshot(store, watch == NULL ? NULL : &load, error);
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
