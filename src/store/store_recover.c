/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the state at the start: the snapshot, and the journal behind it. A
 * shared journal is reached first, and compared with the snapshot; if it does
 * not go on from that one, that of another instance is taken:
 *
 *     prepare --> fetch to snapshot.db.new --> sync --> check the whole file
 *         --> prepare with it --> publish --> load --> replay
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "error.h"
#include "folder.h"
#include "snapshot_check.h"
#include "snapshot_load.h"
#include "snapshots.h"
#include "store_parts.h"

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
    return snapshot_load(path, store_snapshot_kind(store), store->table, watch,
                         error);
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
